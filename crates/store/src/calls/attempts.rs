//! Attempts to call. An attempt in phase `intent` is what the outbox is to a message: it is dialled at most once.

use calling_policy::{Attempt, EndReason, Party, PastAttempt, Phase, Trigger};
use diesel::{dsl::sql, prelude::*, sql_types::Bool};
use marketplace::{ActorKind, CallAttemptId, ContactId, PhoneNumberId, RequestId, Timestamp, VendorId};

use super::{events::wacid_hash, knowledge_of, machine};
use crate::{
    StoreError, Tx, contacts, on_conn,
    requests::RequestGuard,
    schema::call_attempts as attempts,
    tx::{closed, locked, parse, parse_optional},
};

/// An attempt to store, in phase `intent`.
#[derive(Debug, Clone)]
pub struct NewAttempt {
    /// Who is called.
    pub contact: ContactId,
    /// Whether the client or a vendor is called.
    pub party: Party,
    /// The vendor, if one is called.
    pub vendor: Option<VendorId>,
    /// What the caller says justifies it.
    pub claim: Trigger,
    /// Who decided it: a person's call goes on under human control too.
    pub author: ActorKind,
}

/// An attempt.
#[derive(Debug, Clone)]
pub struct CallAttempt {
    /// Its id, which Meta echoes.
    pub id: CallAttemptId,
    /// The request it is for.
    pub request: RequestId,
    /// Who is called.
    pub contact: ContactId,
    /// Whether the client or a vendor is called.
    pub party: Party,
    /// The vendor, if one is called.
    pub vendor: Option<VendorId>,
    /// Our number that calls.
    pub phone_number_id: PhoneNumberId,
    /// What the caller said justifies it.
    pub claim: Trigger,
    /// Who decided it.
    pub author: ActorKind,
    /// The control epoch it was decided in.
    pub control_epoch: i64,
    /// What is known of it.
    pub attempt: Attempt,
    /// Meta's id of the call; `None` while unknown, and after the person was erased.
    pub wacid: Option<String>,
    /// The voice gateway's session, until it was told to hang up.
    pub voice_session: Option<String>,
    /// Meta's media answer, until the voice gateway has it.
    pub sdp_answer: Option<String>,
    /// When `terminate` is sent next; `None`: not, or no more.
    pub terminate_at: Option<Timestamp>,
    /// How often `terminate` was tried.
    pub terminate_tries: i32,
    /// When it was decided.
    pub created_at: Timestamp,
    /// When we recorded that it is over.
    pub ended_at: Option<Timestamp>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = attempts)]
struct AttemptRow {
    id: String,
    request_id: String,
    contact_id: String,
    party: String,
    vendor_id: Option<String>,
    phone_number_id: String,
    claim: String,
    author: String,
    control_epoch: i64,
    knowledge: String,
    wacid: Option<Vec<u8>>,
    voice_session: Option<String>,
    sdp_answer: Option<Vec<u8>>,
    terminate_at: Option<i64>,
    terminate_tries: i32,
    created_at: i64,
    ended_at: Option<i64>,
}

/// Commits to a call: stores the attempt in phase `intent`. A second live one of the same request is refused by a
/// constraint.
pub fn insert(tx: &mut Tx<'_>, guard: &RequestGuard, new: &NewAttempt) -> Result<CallAttemptId, StoreError> {
    let id = CallAttemptId::generate(tx.ids);
    let request = guard.request();
    let now = guard.now(tx);
    let attempt = Attempt::intent(now);
    let row = (
        attempts::id.eq(id.to_string()),
        attempts::request_id.eq(request.id.to_string()),
        attempts::contact_id.eq(new.contact.to_string()),
        attempts::party.eq(new.party.to_string()),
        attempts::vendor_id.eq(new.vendor.as_ref().map(ToString::to_string)),
        attempts::phone_number_id.eq(request.phone_number_id.as_str()),
        attempts::claim.eq(new.claim.to_string()),
        attempts::author.eq(new.author.to_string()),
        attempts::control_epoch.eq(request.control_epoch),
        attempts::phase.eq(attempt.phase().code()),
        attempts::knowledge.eq(knowledge_of(&attempt)?),
        attempts::due_at.eq(tx.now.as_millis()),
        attempts::terminate_tries.eq(0),
        attempts::created_at.eq(now.as_millis()),
        attempts::updated_at.eq(now.as_millis()),
    );
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(attempts::table).values(row).execute(c))?;
    Ok(id)
}

/// Loads one attempt.
///
/// # Errors
/// [`StoreError::NotFound`] when there is none.
pub fn load(tx: &mut Tx<'_>, id: CallAttemptId) -> Result<CallAttempt, StoreError> {
    let row = on_conn!(&mut *tx.conn, |c| attempts::table
        .find(id.to_string())
        .select(AttemptRow::as_select())
        .get_result(c))?;
    stored(tx, row)
}

/// Loads one attempt and takes its row.
///
/// # Errors
/// [`StoreError::NotFound`] when there is none.
pub fn lock(tx: &mut Tx<'_>, id: CallAttemptId) -> Result<CallAttempt, StoreError> {
    let row = locked!(
        &mut *tx.conn,
        attempts::table.find(id.to_string()).select(AttemptRow::as_select()),
        |query, c| query.get_result(c)
    )?;
    stored(tx, row)
}

/// Whether there is an attempt with this id.
pub fn exists(tx: &mut Tx<'_>, id: CallAttemptId) -> Result<bool, StoreError> {
    Ok(on_conn!(&mut *tx.conn, |c| diesel::select(diesel::dsl::exists(
        attempts::table.find(id.to_string())
    ))
    .get_result(c))?)
}

/// Every attempt of a request, oldest first.
pub fn of_request(tx: &mut Tx<'_>, request: RequestId) -> Result<Vec<CallAttempt>, StoreError> {
    let rows: Vec<AttemptRow> = on_conn!(&mut *tx.conn, |c| attempts::table
        .filter(attempts::request_id.eq(request.to_string()))
        .order((attempts::created_at, attempts::id))
        .select(AttemptRow::as_select())
        .load(c))?;
    rows.into_iter().map(|row| stored(tx, row)).collect()
}

/// What the policy looks at: every attempt of the request, and every attempt to this person since `since`.
pub fn past(
    tx: &mut Tx<'_>,
    request: RequestId,
    contact: ContactId,
    since: Timestamp,
) -> Result<Vec<PastAttempt>, StoreError> {
    type Row = (String, String, String, String);
    let columns = (attempts::id, attempts::request_id, attempts::contact_id, attempts::knowledge);
    let mut rows: Vec<Row> = on_conn!(&mut *tx.conn, |c| attempts::table
        .filter(attempts::request_id.eq(request.to_string()))
        .order((attempts::created_at, attempts::id))
        .select(columns)
        .load(c))?;
    let elsewhere: Vec<Row> = on_conn!(&mut *tx.conn, |c| attempts::table
        .filter(
            attempts::contact_id
                .eq(contact.to_string())
                .and(attempts::created_at.ge(since.as_millis()))
                .and(attempts::request_id.ne(request.to_string()))
        )
        .order((attempts::created_at, attempts::id))
        .select(columns)
        .load(c))?;
    rows.extend(elsewhere);
    rows.into_iter()
        .map(|(id, request, callee, knowledge)| {
            Ok(PastAttempt {
                id: parse(&id, "call_attempts.id")?,
                request: parse(&request, "call_attempts.request_id")?,
                callee: parse(&callee, "call_attempts.contact_id")?,
                attempt: machine(&knowledge, "call_attempts.knowledge")?,
            })
        })
        .collect()
}

/// Saves what is known of an attempt. The caller has taken its request's row.
pub fn save(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    id: CallAttemptId,
    attempt: &Attempt,
) -> Result<(), StoreError> {
    let now = guard.now(tx).as_millis();
    let reason = attempt.end_reason();
    let code = match reason {
        Some(EndReason::Failed(code)) => Some(code.to_string()),
        Some(EndReason::Refused(rule)) => Some(rule.code().to_owned()),
        _ => None,
    };
    let ended_at: Option<i64> = on_conn!(&mut *tx.conn, |c| attempts::table
        .find(id.to_string())
        .select(attempts::ended_at)
        .get_result(c))?;
    on_conn!(&mut *tx.conn, |c| diesel::update(attempts::table.find(id.to_string()))
        .set((
            attempts::phase.eq(attempt.phase().code()),
            attempts::end_reason.eq(reason.map(EndReason::code)),
            attempts::end_code
                .eq(code.as_deref().map(|code| closed(code, "call_attempts.end_code")).transpose()?),
            attempts::knowledge.eq(knowledge_of(attempt)?),
            attempts::dialled_at.eq(attempt.dialled_at().map(Timestamp::as_millis)),
            attempts::ended_at.eq(ended_at.or(reason.map(|_| now))),
            attempts::updated_at.eq(now),
        ))
        .execute(c))?;
    Ok(())
}

/// Learns Meta's id of the call, the first one that is heard. False when the attempt has another one already, or the
/// id is another attempt's.
pub fn learn_wacid(tx: &mut Tx<'_>, id: CallAttemptId, wacid: &str) -> Result<bool, StoreError> {
    if let Some(owner) = super::find_by_wacid(tx, wacid)? {
        return Ok(owner == id);
    }
    let contact: String = on_conn!(&mut *tx.conn, |c| attempts::table
        .find(id.to_string())
        .select(attempts::contact_id)
        .get_result(c))?;
    let key = contacts::data_key(tx, parse(&contact, "call_attempts.contact_id")?)?;
    let sealed = tx.seal_or_drop(&[key], wacid.as_bytes())?;
    let hash = wacid_hash(tx, wacid);
    let learnt = on_conn!(&mut *tx.conn, |c| diesel::update(
        attempts::table.filter(attempts::id.eq(id.to_string()).and(attempts::wacid_hash.is_null()))
    )
    .set((attempts::wacid.eq(sealed), attempts::wacid_hash.eq(hash)))
    .execute(c))?;
    Ok(learnt == 1)
}

/// Commits to dialling under a lease's fence. The caller has taken its row and asked for every key.
pub fn mark_dialling(tx: &mut Tx<'_>, id: CallAttemptId, fence: i64) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::update(attempts::table.find(id.to_string()))
        .set(attempts::fence.eq(fence))
        .execute(c))?;
    Ok(())
}

/// Looks at an intent again only from `until` on.
pub fn hold(tx: &mut Tx<'_>, id: CallAttemptId, until: Timestamp) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::update(attempts::table.find(id.to_string()))
        .set(attempts::due_at.eq(until.as_millis()))
        .execute(c))?;
    Ok(())
}

/// Sets the voice gateway's session of a call, or that there is none any more.
pub fn set_voice_session(
    tx: &mut Tx<'_>,
    id: CallAttemptId,
    session: Option<&str>,
) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::update(attempts::table.find(id.to_string()))
        .set(attempts::voice_session.eq(session))
        .execute(c))?;
    Ok(())
}

/// Keeps Meta's media answer for the voice gateway, or that the gateway has it. One of an erased person is not kept.
pub fn set_sdp_answer(tx: &mut Tx<'_>, id: CallAttemptId, sdp: Option<&str>) -> Result<(), StoreError> {
    let contact: String = on_conn!(&mut *tx.conn, |c| attempts::table
        .find(id.to_string())
        .select(attempts::contact_id)
        .get_result(c))?;
    let key = contacts::data_key(tx, parse(&contact, "call_attempts.contact_id")?)?;
    let sealed = match sdp {
        Some(sdp) => tx.seal_or_drop(&[key], sdp.as_bytes())?,
        None => None,
    };
    on_conn!(&mut *tx.conn, |c| diesel::update(attempts::table.find(id.to_string()))
        .set(attempts::sdp_answer.eq(sealed))
        .execute(c))?;
    Ok(())
}

/// When `terminate` is to be sent next; `None`: no more. Counts the tries.
pub fn set_terminate(
    tx: &mut Tx<'_>,
    id: CallAttemptId,
    at: Option<Timestamp>,
    tries: i32,
) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::update(attempts::table.find(id.to_string()))
        .set((attempts::terminate_at.eq(at.map(Timestamp::as_millis)), attempts::terminate_tries.eq(tries)))
        .execute(c))?;
    Ok(())
}

/// The intents of a number that may be dialled now, the longest due first.
pub fn due(tx: &mut Tx<'_>, number: &PhoneNumberId, limit: i64) -> Result<Vec<CallAttemptId>, StoreError> {
    ids(&on_conn!(&mut *tx.conn, |c| attempts::table
        .filter(
            of_number(number)
                .and(is_live())
                .and(attempts::phase.eq(Phase::Intent.code()))
                .and(attempts::due_at.le(tx.now.as_millis()))
        )
        .order((attempts::due_at, attempts::id))
        .select(attempts::id)
        .limit(limit)
        .load(c))?)
}

/// The attempts of a number that are not over.
pub fn live(tx: &mut Tx<'_>, number: &PhoneNumberId, limit: i64) -> Result<Vec<CallAttemptId>, StoreError> {
    ids(&on_conn!(&mut *tx.conn, |c| attempts::table
        .filter(of_number(number).and(is_live()))
        .order((attempts::due_at, attempts::id))
        .select(attempts::id)
        .limit(limit)
        .load(c))?)
}

/// The attempts of a number that were being dialled under an earlier fence: whoever dialled them is gone.
pub fn orphaned_dialling(
    tx: &mut Tx<'_>,
    number: &PhoneNumberId,
    fence: i64,
    limit: i64,
) -> Result<Vec<CallAttemptId>, StoreError> {
    ids(&on_conn!(&mut *tx.conn, |c| attempts::table
        .filter(
            of_number(number)
                .and(is_live())
                .and(attempts::phase.eq(Phase::Dialling.code()))
                .and(attempts::fence.lt(fence))
        )
        .order(attempts::id)
        .select(attempts::id)
        .limit(limit)
        .load(c))?)
}

/// The calls of a number that must be ended at Meta now.
pub fn to_terminate(
    tx: &mut Tx<'_>,
    number: &PhoneNumberId,
    limit: i64,
) -> Result<Vec<CallAttemptId>, StoreError> {
    ids(&on_conn!(&mut *tx.conn, |c| attempts::table
        .filter(of_number(number).and(attempts::terminate_at.le(tx.now.as_millis())))
        .order((attempts::terminate_at, attempts::id))
        .select(attempts::id)
        .limit(limit)
        .load(c))?)
}

/// The calls of a number for which the voice gateway has something to do: it lacks Meta's answer, or the call is
/// over.
pub fn with_voice(
    tx: &mut Tx<'_>,
    number: &PhoneNumberId,
    limit: i64,
) -> Result<Vec<CallAttemptId>, StoreError> {
    ids(&on_conn!(&mut *tx.conn, |c| attempts::table
        .filter(
            of_number(number)
                .and(attempts::voice_session.is_not_null())
                .and(attempts::phase.eq("ended").or(attempts::sdp_answer.is_not_null()))
        )
        .order(attempts::id)
        .select(attempts::id)
        .limit(limit)
        .load(c))?)
}

#[diesel::dsl::auto_type(no_type_alias)]
fn of_number<'a>(number: &'a PhoneNumberId) -> _ {
    let text: &'a str = number.as_str();
    attempts::phone_number_id.eq(text)
}

/// The condition of the partial indexes of live attempts. As text: a planner matches no bound value with it.
fn is_live() -> diesel::expression::SqlLiteral<Bool> {
    sql("call_attempts.phase <> 'ended'")
}

fn ids(found: &[String]) -> Result<Vec<CallAttemptId>, StoreError> {
    found.iter().map(|id| parse(id, "call_attempts.id")).collect()
}

fn stored(tx: &mut Tx<'_>, row: AttemptRow) -> Result<CallAttempt, StoreError> {
    Ok(CallAttempt {
        id: parse(&row.id, "call_attempts.id")?,
        request: parse(&row.request_id, "call_attempts.request_id")?,
        contact: parse(&row.contact_id, "call_attempts.contact_id")?,
        party: parse(&row.party, "call_attempts.party")?,
        vendor: parse_optional(row.vendor_id.as_deref(), "call_attempts.vendor_id")?,
        phone_number_id: parse(&row.phone_number_id, "call_attempts.phone_number_id")?,
        claim: parse(&row.claim, "call_attempts.claim")?,
        author: parse(&row.author, "call_attempts.author")?,
        control_epoch: row.control_epoch,
        attempt: machine(&row.knowledge, "call_attempts.knowledge")?,
        wacid: tx.open_optional(row.wacid.as_deref())?,
        voice_session: row.voice_session,
        sdp_answer: tx.open_optional(row.sdp_answer.as_deref())?,
        terminate_at: row.terminate_at.map(Timestamp::from_millis),
        terminate_tries: row.terminate_tries,
        created_at: Timestamp::from_millis(row.created_at),
        ended_at: row.ended_at.map(Timestamp::from_millis),
    })
}
