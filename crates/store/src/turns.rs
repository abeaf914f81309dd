//! The journal of turns: what was asked, what was answered, what became of it.
//!
//! Three durable points: asked, answered, committed. An answer that is journaled is never asked for again.

use diesel::prelude::*;
use marketplace::{DataKeyId, RequestId, Timestamp, TurnId};

use crate::{
    StoreError, Tx, Vault, on_conn,
    requests::RequestGuard,
    schema::turns,
    tx::{closed, parse, parse_optional},
};

/// Where a turn stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum TurnStatus {
    /// Begun; nothing asked yet.
    Open,
    /// Moltbot was asked.
    Asked,
    /// Moltbot's answer is stored with its verdict.
    Answered,
    /// The plan took effect.
    Committed,
    /// The client wrote meanwhile; another turn read everything.
    Superseded,
    /// The request was closed or under human control.
    Dropped,
    /// Given up after too many attempts.
    Failed,
}

/// A turn as it stands.
#[derive(Debug, Clone)]
pub struct Turn {
    /// Its id.
    pub id: TurnId,
    /// Where it stands.
    pub status: TurnStatus,
    /// How often Moltbot was asked, 0 to 2.
    pub asks: i32,
    /// How many turns before this one were superseded in a row.
    pub superseded: i32,
    /// Moltbot's answer as received, once journaled.
    pub answer: Option<String>,
    /// What was rendered and searched for the answer, once journaled.
    pub plan: Option<String>,
    /// When it began.
    pub opened_at: Timestamp,
}

/// A settled turn for the evidence.
#[derive(Debug, Clone)]
pub struct TurnRecord {
    /// Its id.
    pub id: TurnId,
    /// When it began.
    pub opened_at: Timestamp,
    /// Where it ended.
    pub status: TurnStatus,
    /// Who decided.
    pub source: Option<String>,
    /// What validation said.
    pub verdict: Option<String>,
    /// What was decided.
    pub decision: Option<String>,
    /// Reasons and violations, JSON.
    pub detail: Option<String>,
}

/// How a turn ended.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// The final status.
    pub status: TurnStatus,
    /// Who decided: `moltbot`, `coded_workflow`, `client_choice`.
    pub source: String,
    /// `accepted`, `rejected`, `unavailable`, `not_asked`.
    pub verdict: String,
    /// The decision's type, `handoff` or `none`.
    pub decision: String,
    /// Reasons and violations, JSON.
    pub detail: String,
    /// The people whose data `detail` holds beside the client's own.
    pub also_sealed_by: Vec<DataKeyId>,
}

/// The unsettled turn of a request, or a new one.
pub fn open_or_resume(tx: &mut Tx<'_>, guard: &RequestGuard) -> Result<Turn, StoreError> {
    if let Some(turn) = unsettled(tx, guard.request().id)? {
        return Ok(turn);
    }
    let superseded = superseded_in_a_row(tx, guard.request().id)?;
    let id = TurnId::generate(tx.ids);
    let row = (
        turns::id.eq(id.to_string()),
        turns::request_id.eq(guard.request().id.to_string()),
        turns::status.eq(TurnStatus::Open.to_string()),
        turns::asks.eq(0),
        turns::superseded.eq(superseded),
        turns::opened_at.eq(tx.now.as_millis()),
    );
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(turns::table).values(row).execute(c))?;
    Ok(Turn {
        id,
        status: TurnStatus::Open,
        asks: 0,
        superseded,
        answer: None,
        plan: None,
        opened_at: tx.now,
    })
}

fn unsettled(tx: &mut Tx<'_>, request: RequestId) -> Result<Option<Turn>, StoreError> {
    type Row = (String, String, i32, i32, Option<Vec<u8>>, Option<Vec<u8>>, i64);
    let row: Option<Row> = on_conn!(&mut *tx.conn, |c| turns::table
        .filter(turns::request_id.eq(request.to_string()).and(turns::settled_at.is_null()))
        .select((
            turns::id,
            turns::status,
            turns::asks,
            turns::superseded,
            turns::answer,
            turns::plan,
            turns::opened_at
        ))
        .first(c)
        .optional())?;
    let Some((id, status, asks, superseded, answer, plan, opened_at)) = row else { return Ok(None) };
    Ok(Some(Turn {
        id: parse(&id, "turns.id")?,
        status: parse(&status, "turns.status")?,
        asks,
        superseded,
        answer: tx.open_optional(answer.as_deref())?,
        plan: tx.open_optional(plan.as_deref())?,
        opened_at: Timestamp::from_millis(opened_at),
    }))
}

fn superseded_in_a_row(tx: &mut Tx<'_>, request: RequestId) -> Result<i32, StoreError> {
    let last: Option<(String, i32)> = on_conn!(&mut *tx.conn, |c| turns::table
        .filter(turns::request_id.eq(request.to_string()).and(turns::settled_at.is_not_null()))
        .order((turns::opened_at.desc(), turns::id.desc()))
        .select((turns::status, turns::superseded))
        .first(c)
        .optional())?;
    Ok(last
        .filter(|(status, _)| *status == TurnStatus::Superseded.to_string())
        .map_or(0, |(_, superseded)| superseded + 1))
}

/// Durable point one: Moltbot is about to be asked with `pack`, which speaks of the client and of `also_sealed_by`.
pub fn journal_asked(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    turn: TurnId,
    pack: &str,
    also_sealed_by: &[DataKeyId],
) -> Result<(), StoreError> {
    let pack = tx.seal_or_drop(&keys(guard, also_sealed_by), pack.as_bytes())?;
    on_conn!(&mut *tx.conn, |c| diesel::update(turns::table.find(turn.to_string()))
        .set((
            turns::status.eq(TurnStatus::Asked.to_string()),
            turns::asks.eq(turns::asks + 1),
            turns::pack.eq(pack),
            turns::asked_at.eq(tx.now.as_millis()),
        ))
        .execute(c))?;
    Ok(())
}

/// Durable point two: the answer, or that there was none. `plan` is the decision's journal: a resume neither
/// asks nor validates again.
pub fn journal_answer(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    turn: TurnId,
    answer: Option<&str>,
    plan: &str,
    also_sealed_by: &[DataKeyId],
) -> Result<(), StoreError> {
    let keys = keys(guard, also_sealed_by);
    let answer = match answer {
        Some(answer) => tx.seal_or_drop(&keys, answer.as_bytes())?,
        None => None,
    };
    let plan = tx.seal_or_drop(&keys, plan.as_bytes())?;
    on_conn!(&mut *tx.conn, |c| diesel::update(turns::table.find(turn.to_string()))
        .set((
            turns::status.eq(TurnStatus::Answered.to_string()),
            turns::answer.eq(answer),
            turns::plan.eq(plan),
            turns::answered_at.eq(tx.now.as_millis()),
        ))
        .execute(c))?;
    Ok(())
}

/// Durable point three: how the turn ended, in the transaction of its effects.
pub fn settle(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    turn: TurnId,
    end: &Settlement,
) -> Result<(), StoreError> {
    let detail = tx.seal_or_drop(&keys(guard, &end.also_sealed_by), end.detail.as_bytes())?;
    on_conn!(&mut *tx.conn, |c| diesel::update(turns::table.find(turn.to_string()))
        .set((
            turns::status.eq(end.status.to_string()),
            turns::source.eq(closed(&end.source, "turns.source")?),
            turns::verdict.eq(closed(&end.verdict, "turns.verdict")?),
            turns::decision.eq(closed(&end.decision, "turns.decision")?),
            turns::detail.eq(detail),
            turns::settled_at.eq(tx.now.as_millis()),
        ))
        .execute(c))?;
    Ok(())
}

fn keys(guard: &RequestGuard, also: &[DataKeyId]) -> Vec<DataKeyId> {
    std::iter::once(guard.request().data_key).chain(also.iter().copied()).collect()
}

/// When a turn began; `None` when there is no such turn.
pub fn opened_at(tx: &mut Tx<'_>, turn: TurnId) -> Result<Option<Timestamp>, StoreError> {
    let at: Option<i64> = on_conn!(&mut *tx.conn, |c| turns::table
        .find(turn.to_string())
        .select(turns::opened_at)
        .get_result(c)
        .optional())?;
    Ok(at.map(Timestamp::from_millis))
}

/// The keys of everybody that the turn's Context Pack spoke of; empty when Moltbot was not asked.
pub fn people(tx: &mut Tx<'_>, turn: TurnId) -> Result<Vec<DataKeyId>, StoreError> {
    let pack: Option<Option<Vec<u8>>> = on_conn!(&mut *tx.conn, |c| turns::table
        .find(turn.to_string())
        .select(turns::pack)
        .get_result(c)
        .optional())?;
    pack.flatten().map_or(Ok(Vec::new()), |pack| Vault::key_ids(&pack))
}

/// Where a turn stands; `None` when there is no such turn.
pub fn status(tx: &mut Tx<'_>, turn: TurnId) -> Result<Option<TurnStatus>, StoreError> {
    let status: Option<String> = on_conn!(&mut *tx.conn, |c| turns::table
        .find(turn.to_string())
        .select(turns::status)
        .get_result(c)
        .optional())?;
    parse_optional(status.as_deref(), "turns.status")
}

/// Every turn of a request, in order.
pub fn of_request(tx: &mut Tx<'_>, request: RequestId) -> Result<Vec<TurnRecord>, StoreError> {
    type Row = (String, i64, String, Option<String>, Option<String>, Option<String>, Option<Vec<u8>>);
    let rows: Vec<Row> = on_conn!(&mut *tx.conn, |c| turns::table
        .filter(turns::request_id.eq(request.to_string()))
        .order((turns::opened_at, turns::id))
        .select((
            turns::id,
            turns::opened_at,
            turns::status,
            turns::source,
            turns::verdict,
            turns::decision,
            turns::detail
        ))
        .load(c))?;
    rows.into_iter()
        .map(|(id, opened_at, status, source, verdict, decision, detail)| {
            Ok(TurnRecord {
                id: parse(&id, "turns.id")?,
                opened_at: Timestamp::from_millis(opened_at),
                status: parse(&status, "turns.status")?,
                source,
                verdict,
                decision,
                detail: tx.open_optional(detail.as_deref())?,
            })
        })
        .collect()
}

/// The turn of a request that took a mailbox entry, for tests and evidence.
pub fn unsettled_id(tx: &mut Tx<'_>, request: RequestId) -> Result<Option<TurnId>, StoreError> {
    let id: Option<String> = on_conn!(&mut *tx.conn, |c| turns::table
        .filter(turns::request_id.eq(request.to_string()).and(turns::settled_at.is_null()))
        .select(turns::id)
        .first(c)
        .optional())?;
    parse_optional(id.as_deref(), "turns.id")
}
