//! What an operator's dashboard asks: how long what waits, how much, and how it went lately.
//!
//! Processes share nothing but the database, so what workers do is read here. Every query goes by an index and is
//! bounded: counts stop at [`COUNT_MAX`], of turns the newest [`TURNS_MAX`] are read.

use std::time::Duration;

use diesel::{QueryableByName, prelude::*, sql_query, sql_types};
use marketplace::{RequestState, Timestamp};

use crate::{
    StoreError, Tx,
    answers::LOOK_AFTER,
    dead_letters::DeadLetterSource,
    flags::{self, Flags},
    on_conn,
    outbox::{
        SendState,
        breaker::{self, Scope},
    },
    schema::{
        call_attempts, call_restrictions, heartbeats, inbound_events as events, lanes, notifications, outbox,
        turns,
    },
    turns::TurnStatus,
    tx::parse,
};

/// A count stops here: more is the same news.
pub const COUNT_MAX: i64 = 10_000;
/// The most turns that are looked at, the newest.
pub const TURNS_MAX: i64 = 10_000;
/// What counts as lately for decisions, turns and refusals; domain time.
pub const RECENT: Duration = Duration::from_mins(5);
/// What counts as lately for sends that came to nothing, and for calls that are over; domain time.
pub const ENDED_WITHIN: Duration = Duration::from_hours(1);
/// A process that was not heard of for this long is not counted as living; real time.
pub const LIVING_WITHIN: Duration = Duration::from_secs(30);

/// What the database says at one moment. Ages are of the oldest, `None` when nothing waits.
#[derive(Debug, Clone)]
pub struct Observation {
    /// The newest migration that has run.
    pub schema: String,
    /// Stored events that no worker has placed yet.
    pub events_pending: i64,
    /// Stored events that wait for a send of ours to become known.
    pub events_parked: i64,
    /// How long the oldest pending event has waited.
    pub webhook_lag: Option<Duration>,
    /// Requests whose mailbox is due, worked right now or not.
    pub lanes_due: i64,
    /// How long the longest-due of them has been due.
    pub lane_age: Option<Duration>,
    /// Intents that are queued, on the wire or in doubt, by state.
    pub outbox: Vec<(SendState, i64)>,
    /// Intents that failed or were cancelled within [`ENDED_WITHIN`].
    pub ended: Vec<(SendState, i64)>,
    /// How long the oldest send has been in doubt.
    pub unknown_age: Option<Duration>,
    /// The turns settled within [`RECENT`], newest first.
    pub turns: Vec<SettledTurn>,
    /// Tool calls refused within [`RECENT`]: tool, first code, how many.
    pub refusals: Vec<(String, String, i64)>,
    /// Dead letters that nobody dealt with, by where they come from.
    pub dead_letters: Vec<(DeadLetterSource, i64)>,
    /// Requests that are not over, by state.
    pub requests: Vec<(RequestState, i64)>,
    /// What the database switches off.
    pub flags: Flags,
    /// Messages that count against the hourly limit of the breaker for outbound volume.
    pub sent_last_hour: i64,
    /// The breakers that are open: the product's, or a vendor's.
    pub open_breakers: Vec<Scope>,
    /// Calls that are not over, by phase as it stands in a row: `intent`, `dialling`, `ringing` …
    pub calls: Vec<(String, i64)>,
    /// How long ago the first of them was dialled.
    pub call_age: Option<Duration>,
    /// Calls that ended within [`ENDED_WITHIN`], by reason as it stands in a row: `completed`, `no_answer` …
    pub calls_ended: Vec<(String, i64)>,
    /// Consents that are asked for or given, and not over: `requested`, `granted`.
    pub consents: Vec<(String, i64)>,
    /// Our numbers from which Meta lets nobody call now.
    pub numbers_paused: i64,
    /// Messages of people's that nothing became of.
    pub unanswered: i64,
    /// Notifications that wait to be delivered.
    pub notifications_pending: i64,
    /// How long the oldest of them has waited.
    pub notification_age: Option<Duration>,
    /// Notifications that were given up within [`ENDED_WITHIN`].
    pub notifications_failed: i64,
    /// Each role that ever said it lives.
    pub roles: Vec<RoleHealth>,
}

/// A turn that was settled lately.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettledTurn {
    /// Where it ended.
    pub status: TurnStatus,
    /// Who decided.
    pub source: Option<String>,
    /// What validation said.
    pub verdict: Option<String>,
    /// From its beginning to its commit.
    pub whole: Duration,
    /// From the question to Moltbot's answer, when it was asked.
    pub moltbot: Option<Duration>,
}

/// The processes of one role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleHealth {
    /// `api` or `worker`.
    pub role: String,
    /// How long ago the last of them was heard of; real time.
    pub age: Duration,
    /// How many were heard of within [`LIVING_WITHIN`].
    pub living: i64,
}

impl Observation {
    /// How many sends are in doubt.
    pub fn unknown_sends(&self) -> i64 {
        self.outbox.iter().find(|(state, _)| *state == SendState::Unknown).map_or(0, |(_, count)| *count)
    }

    /// How many processes of a role live.
    pub fn living(&self, role: &str) -> i64 {
        self.roles.iter().find(|health| health.role == role).map_or(0, |health| health.living)
    }
}

/// Looks once; call it in one consistent read.
pub fn observe(tx: &mut Tx<'_>) -> Result<Observation, StoreError> {
    let (events_pending, events_parked) = events_waiting(tx)?;
    Ok(Observation {
        schema: schema(tx)?,
        events_pending,
        events_parked,
        webhook_lag: webhook_lag(tx)?,
        lanes_due: lanes_due(tx)?,
        lane_age: lane_age(tx)?,
        outbox: outbox_waiting(tx)?,
        ended: outbox_ended(tx)?,
        unknown_age: unknown_age(tx)?,
        turns: settled_turns(tx)?,
        refusals: refusals(tx)?,
        dead_letters: dead_letters(tx)?,
        requests: open_requests(tx)?,
        flags: flags::load(tx.conn)?,
        sent_last_hour: breaker::sent(tx, Scope::Product)?,
        open_breakers: breaker::open_breakers(tx)?.into_iter().map(|open| open.scope).collect(),
        calls: calls(tx)?,
        call_age: call_age(tx)?,
        calls_ended: calls_ended(tx)?,
        consents: consents(tx)?,
        numbers_paused: numbers_paused(tx)?,
        unanswered: unanswered(tx)?,
        notifications_pending: notifications_pending(tx)?,
        notification_age: notification_age(tx)?,
        notifications_failed: notifications_failed(tx)?,
        roles: roles(tx)?,
    })
}

pub(crate) fn events_waiting(tx: &mut Tx<'_>) -> Result<(i64, i64), StoreError> {
    let counted =
        tally(tx, "SELECT status AS name FROM inbound_events WHERE status IN ('pending', 'parked')")?;
    let of = |status: &str| counted.iter().find(|tally| tally.name == status).map_or(0, |tally| tally.count);
    Ok((of("pending"), of("parked")))
}

pub(crate) fn webhook_lag(tx: &mut Tx<'_>) -> Result<Option<Duration>, StoreError> {
    let oldest: Option<i64> = on_conn!(&mut *tx.conn, |c| events::table
        // As in the partial index: a planner matches no bound value with it.
        .filter(diesel::dsl::sql::<sql_types::Bool>("inbound_events.status IN ('pending', 'parked')"))
        .filter(events::status.ne("parked"))
        .order((events::received_at, events::id))
        .select(events::received_at)
        .first(c)
        .optional())?;
    Ok(age(tx.now, oldest))
}

pub(crate) fn lanes_due(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    let now = tx.now.as_millis();
    let counted = tally(tx, &format!("SELECT 'due' AS name FROM lanes WHERE due_at <= {now}"))?;
    Ok(counted.iter().map(|tally| tally.count).sum())
}

pub(crate) fn lane_age(tx: &mut Tx<'_>) -> Result<Option<Duration>, StoreError> {
    let oldest: Option<Option<i64>> = on_conn!(&mut *tx.conn, |c| lanes::table
        .filter(lanes::due_at.le(tx.now.as_millis()))
        .order((lanes::due_at, lanes::request_id))
        .select(lanes::due_at)
        .first(c)
        .optional())?;
    Ok(age(tx.now, oldest.flatten()))
}

pub(crate) fn outbox_waiting(tx: &mut Tx<'_>) -> Result<Vec<(SendState, i64)>, StoreError> {
    // One query a partial index: a queue of thousands is counted without its rows.
    let mut counted = tally(tx, "SELECT 'queued' AS name FROM outbox WHERE outbox.state = 'queued'")?;
    counted
        .extend(tally(tx, "SELECT state AS name FROM outbox WHERE outbox.state IN ('sending', 'unknown')")?);
    typed(counted, "outbox.state")
}

pub(crate) fn outbox_ended(tx: &mut Tx<'_>) -> Result<Vec<(SendState, i64)>, StoreError> {
    let since = (tx.now - ENDED_WITHIN).as_millis();
    let rows = format!(
        "SELECT state AS name FROM outbox WHERE outbox.state IN ('failed', 'cancelled') AND settled_at >= {since}"
    );
    typed(tally(tx, &rows)?, "outbox.state")
}

pub(crate) fn unknown_age(tx: &mut Tx<'_>) -> Result<Option<Duration>, StoreError> {
    let oldest: Option<Option<i64>> = on_conn!(&mut *tx.conn, |c| outbox::table
        .filter(diesel::dsl::sql::<sql_types::Bool>("outbox.state IN ('sending', 'unknown')"))
        .filter(outbox::state.eq(SendState::Unknown.to_string()))
        .order((outbox::sending_at, outbox::id))
        .select(outbox::sending_at)
        .first(c)
        .optional())?;
    Ok(age(tx.now, oldest.flatten()))
}

pub(crate) fn settled_turns(tx: &mut Tx<'_>) -> Result<Vec<SettledTurn>, StoreError> {
    type Row = (String, Option<String>, Option<String>, i64, Option<i64>, Option<i64>, Option<i64>);
    let since = (tx.now - RECENT).as_millis();
    let rows: Vec<Row> = on_conn!(&mut *tx.conn, |c| turns::table
        .filter(turns::settled_at.ge(since))
        .order((turns::settled_at.desc(), turns::id.desc()))
        .select((
            turns::status,
            turns::source,
            turns::verdict,
            turns::opened_at,
            turns::asked_at,
            turns::answered_at,
            turns::settled_at
        ))
        .limit(TURNS_MAX)
        .load(c))?;
    rows.into_iter()
        .map(|(status, source, verdict, opened_at, asked_at, answered_at, settled_at)| {
            Ok(SettledTurn {
                status: parse(&status, "turns.status")?,
                source,
                verdict,
                whole: between(opened_at, settled_at.unwrap_or(opened_at)),
                moltbot: asked_at.zip(answered_at).map(|(asked, answered)| between(asked, answered)),
            })
        })
        .collect()
}

pub(crate) fn refusals(tx: &mut Tx<'_>) -> Result<Vec<(String, String, i64)>, StoreError> {
    let since = (tx.now - RECENT).as_millis();
    // Neither action nor reasons hold anything but codes, and a code holds no blank.
    let rows = format!(
        "SELECT action || ' ' || reasons AS name FROM audit_records WHERE outcome = 'refused' AND at >= {since} \
         AND action LIKE 'marketplace.%'"
    );
    Ok(tally(tx, &rows)?
        .into_iter()
        .map(|Tally { name, count }| {
            let mut words = name.split(' ').map(str::to_owned);
            (words.next().unwrap_or_default(), words.next().unwrap_or_default(), count)
        })
        .collect())
}

pub(crate) fn dead_letters(tx: &mut Tx<'_>) -> Result<Vec<(DeadLetterSource, i64)>, StoreError> {
    let rows = "SELECT source AS name FROM dead_letters WHERE resolved_at IS NULL";
    typed(tally(tx, rows)?, "dead_letters.source")
}

pub(crate) fn open_requests(tx: &mut Tx<'_>) -> Result<Vec<(RequestState, i64)>, StoreError> {
    let rows = "SELECT state AS name FROM requests WHERE state NOT IN ('handed_off', 'closed')";
    typed(tally(tx, rows)?, "requests.state")
}

pub(crate) fn calls(tx: &mut Tx<'_>) -> Result<Vec<(String, i64)>, StoreError> {
    Ok(named(tally(tx, "SELECT phase AS name FROM call_attempts WHERE phase <> 'ended'")?))
}

pub(crate) fn call_age(tx: &mut Tx<'_>) -> Result<Option<Duration>, StoreError> {
    let oldest: Option<Option<i64>> = on_conn!(&mut *tx.conn, |c| call_attempts::table
        // As in the partial index: a planner matches no bound value with it.
        .filter(diesel::dsl::sql::<sql_types::Bool>(
            "call_attempts.phase <> 'ended' AND call_attempts.dialled_at IS NOT NULL"
        ))
        .order(call_attempts::dialled_at)
        .select(call_attempts::dialled_at)
        .first(c)
        .optional())?;
    Ok(age(tx.now, oldest.flatten()))
}

pub(crate) fn calls_ended(tx: &mut Tx<'_>) -> Result<Vec<(String, i64)>, StoreError> {
    let since = (tx.now - ENDED_WITHIN).as_millis();
    let rows =
        format!("SELECT end_reason AS name FROM call_attempts WHERE phase = 'ended' AND ended_at >= {since}");
    Ok(named(tally(tx, &rows)?))
}

/// The status in the row is the last that was recorded; what time alone has ended since is not counted.
pub(crate) fn consents(tx: &mut Tx<'_>) -> Result<Vec<(String, i64)>, StoreError> {
    let now = tx.now.as_millis();
    let rows = format!(
        "SELECT status AS name FROM consents WHERE status IN ('requested', 'granted') AND expires_at > {now}"
    );
    Ok(named(tally(tx, &rows)?))
}

/// As many rows as numbers of ours: no index is worth it.
fn numbers_paused(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    Ok(on_conn!(&mut *tx.conn, |c| call_restrictions::table
        .filter(call_restrictions::until_at.gt(tx.now.as_millis()))
        .count()
        .get_result(c))?)
}

/// Those in mailboxes, and those that are not placed although their time is over.
pub(crate) fn unanswered(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    let before = (tx.now - LOOK_AFTER).as_millis();
    let read = "SELECT 'read' AS name FROM mailbox WHERE outcome = 'unanswered'";
    let unplaced = format!(
        "SELECT 'unplaced' AS name FROM inbound_events WHERE status IN ('pending', 'parked') \
         AND received_at < {before} AND kind = 'message'"
    );
    Ok(total(&tally(tx, read)?) + total(&tally(tx, &unplaced)?))
}

pub(crate) fn notifications_pending(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    Ok(total(&tally(tx, "SELECT status AS name FROM notifications WHERE status = 'pending'")?))
}

pub(crate) fn notification_age(tx: &mut Tx<'_>) -> Result<Option<Duration>, StoreError> {
    let oldest: Option<i64> = on_conn!(&mut *tx.conn, |c| notifications::table
        .filter(diesel::dsl::sql::<sql_types::Bool>("notifications.status = 'pending'"))
        .order(notifications::created_at)
        .select(notifications::created_at)
        .first(c)
        .optional())?;
    Ok(age(tx.now, oldest))
}

pub(crate) fn notifications_failed(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    let since = (tx.now - ENDED_WITHIN).as_millis();
    let rows =
        format!("SELECT status AS name FROM notifications WHERE status = 'failed' AND settled_at >= {since}");
    Ok(total(&tally(tx, &rows)?))
}

fn total(counted: &[Tally]) -> i64 {
    counted.iter().map(|tally| tally.count).sum()
}

/// As many rows as processes that ran lately: no index is worth it.
fn roles(tx: &mut Tx<'_>) -> Result<Vec<RoleHealth>, StoreError> {
    let now = tx.lease_now()?;
    let beats: Vec<(String, i64)> = on_conn!(&mut *tx.conn, |c| heartbeats::table
        .order((heartbeats::role, heartbeats::beat_at.desc(), heartbeats::process))
        .select((heartbeats::role, heartbeats::beat_at))
        .limit(COUNT_MAX)
        .load(c))?;
    let mut roles: Vec<RoleHealth> = Vec::new();
    for (role, beat_at) in beats {
        let age = now.since(Timestamp::from_millis(beat_at));
        if roles.last().is_none_or(|last| last.role != role) {
            // The newest of a role comes first.
            roles.push(RoleHealth { role, age, living: 0 });
        }
        if let Some(last) = roles.last_mut() {
            last.living += i64::from(age < LIVING_WITHIN);
        }
    }
    Ok(roles)
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = sql_types::Text)]
    version: String,
}

/// The table is Diesel's and has a row a migration.
fn schema(tx: &mut Tx<'_>) -> Result<String, StoreError> {
    let newest: Option<Version> = on_conn!(&mut *tx.conn, |c| sql_query(
        "SELECT version FROM __diesel_schema_migrations ORDER BY version DESC LIMIT 1"
    )
    .get_result(c)
    .optional())?;
    Ok(newest.map_or_else(|| "none".to_owned(), |row| row.version))
}

#[derive(QueryableByName)]
struct Tally {
    #[diesel(sql_type = sql_types::Text)]
    name: String,
    #[diesel(sql_type = sql_types::BigInt)]
    count: i64,
}

/// Counts the rows of a query by its column `name`, [`COUNT_MAX`] of them at most.
fn tally(tx: &mut Tx<'_>, rows: &str) -> Result<Vec<Tally>, StoreError> {
    let query = format!(
        "SELECT name, count(*) AS count FROM ({rows} LIMIT {COUNT_MAX}) AS counted GROUP BY name ORDER BY name"
    );
    Ok(on_conn!(&mut *tx.conn, |c| sql_query(query).load(c))?)
}

fn named(counted: Vec<Tally>) -> Vec<(String, i64)> {
    counted.into_iter().map(|tally| (tally.name, tally.count)).collect()
}

fn typed<T: std::str::FromStr>(counted: Vec<Tally>, what: &'static str) -> Result<Vec<(T, i64)>, StoreError> {
    counted.into_iter().map(|tally| Ok((parse(&tally.name, what)?, tally.count))).collect()
}

fn age(now: Timestamp, since: Option<i64>) -> Option<Duration> {
    since.map(|since| now.since(Timestamp::from_millis(since)))
}

fn between(from: i64, to: i64) -> Duration {
    Timestamp::from_millis(to).since(Timestamp::from_millis(from))
}
