//! Pictures and documents that clients sent, and what was read from them.
//!
//! The bytes are stored nowhere. Where they can be fetched, and the text that was read, is sealed under the client's key
//! and under a key of the request's documents, so that a text that quotes one dies with it: [`destroy`] takes rows and
//! key. Any picture may be a prescription, so none is kept longer than one.

use std::{fmt, time::Duration};

use diesel::prelude::*;
use marketplace::{DataKeyId, MediaId, MessageId, OcrJobId, PhoneNumberId, RequestId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Conn, StoreError, Tx, on_conn,
    requests::{Request, RequestGuard},
    schema::{media, ocr_jobs, requests},
    tx::{closed, parse},
};

/// How long Meta keeps what a webhook named.
pub const FETCHABLE_FOR: Duration = Duration::from_hours(7 * 24);
/// Documents of a request are destroyed this long after the last of them came and the request last changed.
pub const KEPT_FOR: Duration = Duration::from_hours(72);
/// How long a claim of a job lasts, in real time: longer than fetching and reading may take.
pub const LEASE: Duration = Duration::from_mins(3);

/// Where a picture or document can be fetched, as the webhook said. All of it is personal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaSource {
    /// Meta's id.
    pub id: String,
    /// The media type, as Meta says it.
    pub mime_type: Option<String>,
    /// The digest of the content, hexadecimal or base64.
    pub sha256: Option<String>,
}

impl fmt::Debug for MediaSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MediaSource(..)")
    }
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum JobStatus {
    /// Waiting, or being read.
    Pending,
    /// Read, whatever came of it.
    Done,
    /// Given up.
    Failed,
}

/// One reading of one picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: OcrJobId,
    /// What is read; there is one job for each.
    pub media: MediaId,
    /// Whose it is.
    pub request: RequestId,
    /// Where it stands.
    pub status: JobStatus,
    /// The text once it is done; `None` too when the client was erased.
    pub text: Option<String>,
    /// 0 to 1, once it is done.
    pub confidence: Option<f64>,
    /// A closed code, once it failed.
    pub error: Option<String>,
}

/// The right to read one picture until the lease runs out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The job.
    pub job: OcrJobId,
    /// Whose it is.
    pub request: RequestId,
    /// The business number that the picture was sent to.
    pub phone_number_id: PhoneNumberId,
    /// Where it can be fetched; `None` when the client was erased.
    pub source: Option<MediaSource>,
    /// Meta has forgotten it from then on.
    pub fetch_until: Timestamp,
    /// Grows with every claim; what an old one brings is refused.
    pub fence: i64,
    /// How often it was claimed, this time included.
    pub attempts: i32,
}

/// How a job ends.
#[derive(Clone, PartialEq)]
pub enum JobEnd {
    /// This was read.
    Read {
        /// The lines, one below the other; may be empty.
        text: String,
        /// 0 to 1.
        confidence: f64,
    },
    /// It could not be read, for this closed code.
    Failed(&'static str),
}

/// What was read is nobody's to see.
impl fmt::Debug for JobEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { text, confidence } => {
                f.debug_struct("Read").field("bytes", &text.len()).field("confidence", confidence).finish()
            }
            Self::Failed(code) => f.debug_tuple("Failed").field(code).finish(),
        }
    }
}

/// Keeps where a client's picture can be fetched. Its id has the message's UUID: a message holds one.
pub fn keep(
    tx: &mut Tx<'_>,
    request: &Request,
    message: MessageId,
    source: &MediaSource,
    sent_at: Timestamp,
) -> Result<MediaId, StoreError> {
    let id = MediaId::from_uuid(message.uuid());
    let document_key = match key(tx, request.id)? {
        Some(key) => key,
        None => tx.vault.new_data_key(tx.conn, tx.now)?.id(),
    };
    let text = serde_json::to_vec(source).map_err(|_| StoreError::Corrupt { what: "media.source" })?;
    let row = (
        media::id.eq(id.to_string()),
        media::message_id.eq(message.to_string()),
        media::request_id.eq(request.id.to_string()),
        media::document_key_id.eq(document_key.to_string()),
        media::source.eq(tx.seal(&[request.data_key, document_key], &text)?),
        media::fetch_until.eq((sent_at + FETCHABLE_FOR).as_millis()),
        media::expires_at.eq((tx.now + KEPT_FOR).as_millis()),
        media::created_at.eq(tx.now.as_millis()),
    );
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(media::table).values(row).execute(c))?;
    Ok(id)
}

/// The key of a request's documents; `None` when it has none, or they are gone.
pub fn key(tx: &mut Tx<'_>, request: RequestId) -> Result<Option<DataKeyId>, StoreError> {
    let key: Option<String> = on_conn!(&mut *tx.conn, |c| media::table
        .filter(media::request_id.eq(request.to_string()))
        .order((media::created_at, media::id))
        .select(media::document_key_id)
        .first(c)
        .optional())?;
    key.map(|key| parse(&key, "media.document_key_id")).transpose()
}

/// Whether the request has such a picture.
pub fn has_media(tx: &mut Tx<'_>, request: RequestId, id: MediaId) -> Result<bool, StoreError> {
    let found: Option<String> = on_conn!(&mut *tx.conn, |c| media::table
        .filter(media::id.eq(id.to_string()).and(media::request_id.eq(request.to_string())))
        .select(media::id)
        .first(c)
        .optional())?;
    Ok(found.is_some())
}

/// Opens a job for a picture of this request that has none yet.
pub fn create_job(tx: &mut Tx<'_>, guard: &RequestGuard, of: MediaId) -> Result<OcrJobId, StoreError> {
    let id = OcrJobId::generate(tx.ids);
    let row = (
        ocr_jobs::id.eq(id.to_string()),
        ocr_jobs::media_id.eq(of.to_string()),
        ocr_jobs::request_id.eq(guard.request().id.to_string()),
        ocr_jobs::status.eq(JobStatus::Pending.to_string()),
        ocr_jobs::attempts.eq(0),
        ocr_jobs::due_at.eq(tx.now.as_millis()),
        ocr_jobs::fence.eq(0_i64),
        ocr_jobs::created_at.eq(tx.now.as_millis()),
    );
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(ocr_jobs::table).values(row).execute(c))?;
    Ok(id)
}

type JobRow = (String, String, String, String, Option<Vec<u8>>, Option<f64>, Option<String>);

macro_rules! job_columns {
    () => {
        (
            ocr_jobs::id,
            ocr_jobs::media_id,
            ocr_jobs::request_id,
            ocr_jobs::status,
            ocr_jobs::result,
            ocr_jobs::confidence,
            ocr_jobs::error,
        )
    };
}

/// The jobs of a request, the oldest first.
pub fn jobs_of(tx: &mut Tx<'_>, request: RequestId) -> Result<Vec<Job>, StoreError> {
    let rows: Vec<JobRow> = on_conn!(&mut *tx.conn, |c| ocr_jobs::table
        .filter(ocr_jobs::request_id.eq(request.to_string()))
        .order((ocr_jobs::created_at, ocr_jobs::id))
        .select(job_columns!())
        .load(c))?;
    rows.into_iter().map(|row| job(tx, row)).collect()
}

/// Whether a job is due that nobody works: what a worker looks at before it claims.
pub fn any_due(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    let lease_now = tx.lease_now()?.as_millis();
    let free = ocr_jobs::lease_until.is_null().or(ocr_jobs::lease_until.le(lease_now));
    let found: Option<String> = on_conn!(&mut *tx.conn, |c| ocr_jobs::table
        .filter(pending().and(ocr_jobs::due_at.le(tx.now.as_millis())).and(free))
        .select(ocr_jobs::id)
        .first(c)
        .optional())?;
    Ok(found.is_some())
}

/// Claims the job that has been due the longest. Of one request one is read at a time: nobody's pictures take every
/// place.
pub fn claim(tx: &mut Tx<'_>, owner: &str) -> Result<Option<Claim>, StoreError> {
    let lease_now = tx.lease_now()?;
    let now = lease_now.as_millis();
    let held: Vec<String> = on_conn!(&mut *tx.conn, |c| ocr_jobs::table
        .filter(pending().and(ocr_jobs::lease_until.gt(now)))
        .order(ocr_jobs::id)
        .select(ocr_jobs::request_id)
        .load(c))?;
    let free = ocr_jobs::lease_until.is_null().or(ocr_jobs::lease_until.le(now));
    let query = ocr_jobs::table
        .filter(pending().and(ocr_jobs::due_at.le(tx.now.as_millis())).and(free))
        .filter(ocr_jobs::request_id.ne_all(&held))
        .order((ocr_jobs::due_at, ocr_jobs::id))
        .select(ocr_jobs::id)
        .limit(1);
    let found: Option<String> = match &mut *tx.conn {
        Conn::Sqlite(c) => query.first(c).optional()?,
        Conn::Pg(c) => query.for_update().skip_locked().first(c).optional()?,
    };
    let Some(id) = found else { return Ok(None) };
    let (request, of, fence, attempts): (String, String, i64, i32) =
        on_conn!(&mut *tx.conn, |c| diesel::update(ocr_jobs::table.find(&id))
            .set((
                ocr_jobs::owner.eq(owner),
                ocr_jobs::fence.eq(ocr_jobs::fence + 1),
                ocr_jobs::lease_until.eq((lease_now + LEASE).as_millis()),
                ocr_jobs::attempts.eq(ocr_jobs::attempts + 1),
            ))
            .returning((ocr_jobs::request_id, ocr_jobs::media_id, ocr_jobs::fence, ocr_jobs::attempts))
            .get_result(c))?;
    let (source, fetch_until): (Vec<u8>, i64) = on_conn!(&mut *tx.conn, |c| media::table
        .find(&of)
        .select((media::source, media::fetch_until))
        .get_result(c))?;
    let number: String = on_conn!(&mut *tx.conn, |c| requests::table
        .find(&request)
        .select(requests::phone_number_id)
        .get_result(c))?;
    let source = tx.open_text(&source)?.map(|text| serde_json::from_str(&text)).transpose();
    Ok(Some(Claim {
        job: parse(&id, "ocr_jobs.id")?,
        request: parse(&request, "ocr_jobs.request_id")?,
        phone_number_id: parse(&number, "requests.phone_number_id")?,
        source: source.map_err(|_| StoreError::Corrupt { what: "media.source" })?,
        fetch_until: Timestamp::from_millis(fetch_until),
        fence,
        attempts,
    }))
}

/// Gives a claimed job back, to be tried again from `due_at` on.
pub fn put_off(tx: &mut Tx<'_>, claim: &Claim, due_at: Timestamp) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::update(ocr_jobs::table.filter(
        ocr_jobs::id.eq(claim.job.to_string()).and(ocr_jobs::fence.eq(claim.fence)).and(pending())
    ))
    .set((
        ocr_jobs::due_at.eq(due_at.as_millis()),
        ocr_jobs::owner.eq(None::<String>),
        ocr_jobs::lease_until.eq(None::<i64>),
    ))
    .execute(c))?;
    Ok(())
}

/// Ends a job that is pending, under `fence` if one is given; false when it had ended, or somebody else works it.
pub fn end(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    id: OcrJobId,
    fence: Option<i64>,
    how: &JobEnd,
) -> Result<bool, StoreError> {
    let request = guard.request();
    let held: Option<i64> = on_conn!(&mut *tx.conn, |c| ocr_jobs::table
        .filter(
            ocr_jobs::id
                .eq(id.to_string())
                .and(ocr_jobs::request_id.eq(request.id.to_string()))
                .and(pending())
        )
        .select(ocr_jobs::fence)
        .first(c)
        .optional())?;
    if held.is_none() || fence.is_some_and(|fence| held != Some(fence)) {
        return Ok(false);
    }
    let (status, text, confidence, error) = match how {
        JobEnd::Read { text, confidence } => {
            let document = key(tx, request.id)?.ok_or(StoreError::NotFound)?;
            // Erased meanwhile: then it was read for nobody.
            let text = tx.seal_or_drop(&[request.data_key, document], text.as_bytes())?;
            (JobStatus::Done, text, Some(*confidence), None)
        }
        JobEnd::Failed(code) => (JobStatus::Failed, None, None, Some(closed(code, "ocr_jobs.error")?)),
    };
    on_conn!(&mut *tx.conn, |c| diesel::update(ocr_jobs::table.find(id.to_string()))
        .set((
            ocr_jobs::status.eq(status.to_string()),
            ocr_jobs::result.eq(text),
            ocr_jobs::confidence.eq(confidence),
            ocr_jobs::error.eq(error),
            ocr_jobs::owner.eq(None::<String>),
            ocr_jobs::lease_until.eq(None::<i64>),
            ocr_jobs::ended_at.eq(tx.now.as_millis()),
        ))
        .execute(c))?;
    Ok(true)
}

/// Requests whose documents may be over, the oldest first; [`lasts_until`] says whether they are.
pub fn expiring(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<RequestId>, StoreError> {
    let mut ids: Vec<String> = on_conn!(&mut *tx.conn, |c| media::table
        .filter(media::expires_at.le(tx.now.as_millis()))
        .order((media::expires_at, media::request_id))
        .select(media::request_id)
        .limit(limit)
        .load(c))?;
    ids.dedup();
    ids.iter().map(|id| parse(id, "media.request_id")).collect()
}

/// Until when the documents of a request are kept, as it is now; `None` when it has none.
pub fn lasts_until(tx: &mut Tx<'_>, guard: &RequestGuard) -> Result<Option<Timestamp>, StoreError> {
    let request = guard.request();
    let newest: Option<i64> = on_conn!(&mut *tx.conn, |c| media::table
        .filter(media::request_id.eq(request.id.to_string()))
        .select(diesel::dsl::max(media::created_at))
        .get_result(c))?;
    Ok(newest.map(|newest| Timestamp::from_millis(newest).max(request.updated_at) + KEPT_FOR))
}

/// Looks at the documents of a request again at this time.
pub fn look_again(tx: &mut Tx<'_>, guard: &RequestGuard, at: Timestamp) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::update(
        media::table.filter(media::request_id.eq(guard.request().id.to_string()))
    )
    .set(media::expires_at.eq(at.as_millis()))
    .execute(c))?;
    Ok(())
}

/// Destroys the documents of a request: their rows, and the key that every text quoting them is sealed under, too.
/// Returns how many there were.
pub fn destroy(tx: &mut Tx<'_>, guard: &RequestGuard) -> Result<usize, StoreError> {
    let request = guard.request().id;
    let key = key(tx, request)?;
    on_conn!(&mut *tx.conn, |c| diesel::delete(
        ocr_jobs::table.filter(ocr_jobs::request_id.eq(request.to_string()))
    )
    .execute(c))?;
    let gone = on_conn!(&mut *tx.conn, |c| diesel::delete(
        media::table.filter(media::request_id.eq(request.to_string()))
    )
    .execute(c))?;
    if let Some(key) = key {
        tx.vault.destroy_data_key(tx.conn, key)?;
    }
    Ok(gone)
}

/// As in the partial index: a planner matches no bound value with it.
fn pending() -> diesel::expression::SqlLiteral<diesel::sql_types::Bool> {
    diesel::dsl::sql("ocr_jobs.status = 'pending'")
}

fn job(tx: &mut Tx<'_>, row: JobRow) -> Result<Job, StoreError> {
    let (id, of, request, status, result, confidence, error) = row;
    Ok(Job {
        id: parse(&id, "ocr_jobs.id")?,
        media: parse(&of, "ocr_jobs.media_id")?,
        request: parse(&request, "ocr_jobs.request_id")?,
        status: parse(&status, "ocr_jobs.status")?,
        text: tx.open_optional(result.as_deref())?,
        confidence,
        error,
    })
}
