//! What became of each message that came in: what the silence detector looks at, and what it found.
//!
//! Every message in a mailbox is looked at once its time is over, and again for as long as the answer to it is under
//! way; `look_at` says when. What is over has none.

use std::time::Duration;

use diesel::prelude::*;
use marketplace::{EventId, RequestId, Timestamp, TurnId};
use moltbot_contract::BatchStatus;

use crate::{
    StoreError, Tx, contacts, dead_letters,
    lanes::EntryKind,
    on_conn,
    outbox::SendState,
    requests::RequestGuard,
    schema::{dead_letters as letters, inbound_events as events, mailbox, outbox},
    sourcing,
    tx::{parse, parse_optional},
};

/// When a message is looked at for the first time, after it came.
pub const LOOK_AFTER: Duration = Duration::from_mins(5);
/// What a message with nothing to show for is called in `mailbox.outcome`.
pub const UNANSWERED: &str = "unanswered";

/// A message that is to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// The mailbox entry.
    pub id: EventId,
    /// Its request.
    pub request: RequestId,
    /// Whose message.
    pub kind: EntryKind,
    /// When it got here.
    pub arrived_at: Timestamp,
    /// When a turn read it.
    pub consumed_at: Option<Timestamp>,
    /// Which one.
    pub turn: Option<TurnId>,
    /// What was found the last time.
    pub outcome: Option<String>,
}

/// What is known of a client who waits for an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct AnswerFacts {
    /// How far what was said to the client is, from the commit that read the message on.
    pub sends: Vec<SendState>,
    /// Whether vendors are being asked.
    pub batch_open: bool,
    /// When that ended last.
    pub batch_settled_at: Option<Timestamp>,
    /// Whether the client said STOP.
    pub opted_out: bool,
    /// Whether the client was erased.
    pub erased: bool,
    /// Whether a person was told of it already, as a turn or a message of ours that failed.
    pub is_told: bool,
}

type Row = (String, String, String, i64, Option<i64>, Option<String>, Option<String>);

/// The messages to look at now, the longest due first.
pub fn to_look_at(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<Looked>, StoreError> {
    let rows: Vec<Row> = on_conn!(&mut *tx.conn, |c| mailbox::table
        .filter(mailbox::look_at.le(tx.now.as_millis()))
        .order((mailbox::look_at, mailbox::id))
        .select((
            mailbox::id,
            mailbox::request_id,
            mailbox::kind,
            mailbox::arrived_at,
            mailbox::consumed_at,
            mailbox::turn_id,
            mailbox::outcome
        ))
        .limit(limit)
        .load(c))?;
    rows.into_iter().map(looked).collect()
}

/// One of them again, under its request's row; `None` when it needs no look any more.
pub fn load(tx: &mut Tx<'_>, _guard: &RequestGuard, id: EventId) -> Result<Option<Looked>, StoreError> {
    let row: Option<Row> = on_conn!(&mut *tx.conn, |c| mailbox::table
        .find(id.to_string())
        .filter(mailbox::look_at.le(tx.now.as_millis()))
        .select((
            mailbox::id,
            mailbox::request_id,
            mailbox::kind,
            mailbox::arrived_at,
            mailbox::consumed_at,
            mailbox::turn_id,
            mailbox::outcome
        ))
        .get_result(c)
        .optional())?;
    row.map(looked).transpose()
}

fn looked(row: Row) -> Result<Looked, StoreError> {
    let (id, request, kind, arrived_at, consumed_at, turn, outcome) = row;
    Ok(Looked {
        id: parse(&id, "mailbox.id")?,
        request: parse(&request, "mailbox.request_id")?,
        kind: parse(&kind, "mailbox.kind")?,
        arrived_at: Timestamp::from_millis(arrived_at),
        consumed_at: consumed_at.map(Timestamp::from_millis),
        turn: parse_optional(turn.as_deref(), "mailbox.turn_id")?,
        outcome,
    })
}

/// What is known of the answer to a message of the client.
pub fn facts(tx: &mut Tx<'_>, guard: &RequestGuard, looked: &Looked) -> Result<AnswerFacts, StoreError> {
    let request = guard.request();
    let client = contacts::load(tx, request.client)?;
    let since = looked.consumed_at.unwrap_or(looked.arrived_at).as_millis();
    let states: Vec<String> = on_conn!(&mut *tx.conn, |c| outbox::table
        .filter(
            outbox::request_id
                .eq(request.id.to_string())
                .and(outbox::created_at.ge(since))
                .and(outbox::contact_id.eq(request.client.to_string()))
        )
        .order((outbox::created_at, outbox::id))
        .select(outbox::state)
        .load(c))?;
    let batches = sourcing::batches_of(tx, request.id)?;
    Ok(AnswerFacts {
        sends: states.iter().map(|state| parse(state, "outbox.state")).collect::<Result<_, _>>()?,
        batch_open: batches.iter().any(|batch| batch.status == BatchStatus::Open),
        batch_settled_at: sourcing::last_settled_at(tx, request.id)?,
        opted_out: client.opted_out_at.is_some(),
        erased: client.erased_at.is_some(),
        is_told: dead_letters::is_open_for(tx, request.id)?,
    })
}

/// Writes down what was found, and when it is looked at again; `None`: it is over.
pub fn note(
    tx: &mut Tx<'_>,
    _guard: &RequestGuard,
    id: EventId,
    outcome: &'static str,
    again: Option<Timestamp>,
) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::update(mailbox::table.find(id.to_string()))
        .set((mailbox::outcome.eq(outcome), mailbox::look_at.eq(again.map(Timestamp::as_millis))))
        .execute(c))?;
    Ok(())
}

/// What was found of each message of a request, in order of arrival: for tests and evidence.
pub fn of_request(
    tx: &mut Tx<'_>,
    request: RequestId,
) -> Result<Vec<(EntryKind, Option<String>)>, StoreError> {
    let rows: Vec<(String, Option<String>)> = on_conn!(&mut *tx.conn, |c| mailbox::table
        .filter(mailbox::request_id.eq(request.to_string()).and(mailbox::message_id.is_not_null()))
        .order((mailbox::arrived_at, mailbox::id))
        .select((mailbox::kind, mailbox::outcome))
        .load(c))?;
    rows.into_iter().map(|(kind, outcome)| Ok((parse(&kind, "mailbox.kind")?, outcome))).collect()
}

/// The condition of the partial index `inbound_events_waiting`. As text: a planner matches no bound value with it.
fn waits() -> diesel::expression::SqlLiteral<diesel::sql_types::Bool> {
    diesel::dsl::sql("inbound_events.status IN ('pending', 'parked')")
}

/// Messages that came before `before` and are not placed, the oldest first.
pub fn unplaced(tx: &mut Tx<'_>, before: Timestamp, limit: i64) -> Result<Vec<EventId>, StoreError> {
    let ids: Vec<String> = on_conn!(&mut *tx.conn, |c| events::table
        .filter(waits().and(events::received_at.lt(before.as_millis())))
        .filter(events::kind.eq("message"))
        .order((events::received_at, events::id))
        .select(events::id)
        .limit(limit)
        .load(c))?;
    ids.iter().map(|id| parse(id, "inbound_events.id")).collect()
}

/// Whether the silence about this was told before, dealt with by now or not.
pub fn was_told(tx: &mut Tx<'_>, about: EventId) -> Result<bool, StoreError> {
    Ok(on_conn!(&mut *tx.conn, |c| diesel::select(diesel::dsl::exists(
        letters::table
            // As in the partial index.
            .filter(diesel::dsl::sql::<diesel::sql_types::Bool>("dead_letters.source = 'silence'"))
            .filter(letters::reference.eq(about.to_string()))
    ))
    .get_result(c))?)
}

/// Whether a person has dealt with the silence about this.
pub fn was_dealt_with(tx: &mut Tx<'_>, about: EventId) -> Result<bool, StoreError> {
    Ok(on_conn!(&mut *tx.conn, |c| diesel::select(diesel::dsl::exists(
        letters::table
            .filter(diesel::dsl::sql::<diesel::sql_types::Bool>("dead_letters.source = 'silence'"))
            .filter(letters::reference.eq(about.to_string()).and(letters::resolved_at.is_not_null()))
    ))
    .get_result(c))?)
}

/// Messages of which was told that they are not placed, and which are placed by now; `limit` letters are looked at.
pub fn placed_by_now(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<EventId>, StoreError> {
    let told: Vec<String> = on_conn!(&mut *tx.conn, |c| letters::table
        .filter(diesel::dsl::sql::<diesel::sql_types::Bool>("dead_letters.source = 'silence'"))
        .filter(letters::resolved_at.is_null().and(letters::request_id.is_null()))
        .order(letters::reference)
        .select(letters::reference)
        .limit(limit)
        .load(c))?;
    if told.is_empty() {
        return Ok(Vec::new());
    }
    let waiting: Vec<String> = on_conn!(&mut *tx.conn, |c| events::table
        .filter(events::id.eq_any(&told))
        .filter(events::status.eq_any(["pending", "parked"]))
        .select(events::id)
        .load(c))?;
    let placed = told.into_iter().filter(|id| !waiting.contains(id));
    placed.map(|id| parse(&id, "dead_letters.reference")).collect()
}
