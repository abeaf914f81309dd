//! Reads the pictures that clients sent: fetches one, has it read, keeps the text and forgets the bytes.
//!
//! The bytes are in this process's memory for the length of one step and are stored nowhere: whatever is tried again is
//! fetched again, which Meta allows for a week. A step holds no transaction while it fetches and reads.

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use marketplace::{RequestState, Timestamp};
use meta_client::{MediaApi, MediaError, MediaRef};
use ocr::{OcrEngine, OcrError, OcrLanguage, PictureError};
use store::{
    Db,
    documents::{self, Claim, JobEnd},
    requests,
};
use tools::{Policy, ToolError};
use tracing::Instrument as _;

/// Attempts at one picture; then it counts as unreadable.
pub const ATTEMPTS_MAX: i32 = 3;
/// The rest after the first attempt that failed for the moment; four times as long after the second.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Reads pictures, one a step. Steps may run side by side: one slow host holds up nobody else's picture.
#[derive(Clone)]
pub struct Reader {
    db: Db,
    media: Arc<dyn MediaApi>,
    engine: Option<Arc<dyn OcrEngine>>,
    languages: Arc<[OcrLanguage]>,
    policy: Policy,
    owner: String,
}

/// What came of one attempt.
#[derive(Debug, PartialEq)]
enum Attempt {
    /// The job is over.
    Ended(JobEnd),
    /// Later it may succeed; the code says why it did not.
    Later(&'static str),
}

const fn failed(code: &'static str) -> Attempt {
    Attempt::Ended(JobEnd::Failed(code))
}

impl Reader {
    /// Without an `engine` every picture counts as unreadable at once, and the client is asked to type it. `owner` names
    /// this process in leases.
    pub fn new(
        db: Db,
        media: Arc<dyn MediaApi>,
        engine: Option<Arc<dyn OcrEngine>>,
        languages: Vec<OcrLanguage>,
        policy: Policy,
        owner: String,
    ) -> Self {
        Self { db, media, engine, languages: languages.into(), policy, owner }
    }

    /// Claims the picture that has been due the longest and reads it; false when none is due. When `stop` comes first the
    /// picture is given back: another process begins anew.
    ///
    /// # Errors
    /// [`ToolError`] when the store fails. The picture's lease runs out and it is read again.
    pub async fn step(&self, stop: impl Future<Output = ()> + Send) -> Result<bool, ToolError> {
        // Looking costs a read; claiming costs a commit.
        if !self.db.read(documents::any_due).await? {
            return Ok(false);
        }
        let owner = self.owner.clone();
        let Some(claim) = self.db.write(move |tx| documents::claim(tx, &owner)).await? else {
            return Ok(false);
        };
        let span =
            tracing::info_span!("picture", job = %claim.job, request = %claim.request, fence = claim.fence);
        self.work(claim, stop).instrument(span).await?;
        Ok(true)
    }

    async fn work(&self, claim: Claim, stop: impl Future<Output = ()> + Send) -> Result<(), ToolError> {
        let now = self.db.clock.now();
        let hindrance = self.hindrance(&claim, now).await?;
        let attempt = tokio::select! {
            attempt = self.attempt(&claim, hindrance) => attempt,
            () = stop => return Ok(self.db.write(move |tx| documents::put_off(tx, &claim, now)).await?),
        };
        let attempt = match attempt {
            Attempt::Later(code) if claim.attempts >= ATTEMPTS_MAX => failed(code),
            attempt => attempt,
        };
        match attempt {
            Attempt::Ended(end) => {
                if let JobEnd::Failed(code) = end {
                    tracing::warn!(code, "a picture was not read; the client is asked to type it");
                }
                self.db
                    .write(move |tx| {
                        let mut guard = requests::lock(tx, claim.request)?;
                        // Somebody else's by now, or given up: then this reading is nobody's.
                        tools::documents::ended(tx, &mut guard, claim.job, Some(claim.fence), &end)
                    })
                    .await?;
            }
            Attempt::Later(code) => {
                tracing::warn!(code, attempt = claim.attempts, "a picture is tried again");
                let due_at = now + pause_after(claim.attempts);
                self.db.write(move |tx| documents::put_off(tx, &claim, due_at)).await?;
            }
        }
        Ok(())
    }

    /// Why the picture is not even fetched.
    async fn hindrance(&self, claim: &Claim, now: Timestamp) -> Result<Option<&'static str>, ToolError> {
        let id = claim.request;
        let request = self.db.read(move |tx| Ok::<_, ToolError>(requests::load(tx, id)?)).await?;
        let is_over = matches!(request.state, RequestState::HandedOff | RequestState::Closed);
        let is_off = !self.policy.ocr || !self.db.store.flags().await.ocr;
        let rules = [
            // Whoever tried last died of it.
            (claim.attempts > ATTEMPTS_MAX, "attempts_exhausted"),
            (claim.source.is_none(), "erased"),
            (is_over, "request_over"),
            (is_off, "ocr_disabled"),
            (claim.fetch_until <= now, "media_expired"),
        ];
        Ok(rules.into_iter().find(|(holds, _)| *holds).map(|(_, code)| code))
    }

    /// Fetches and reads. Dropping it stops both, Tesseract included; it touches no store.
    async fn attempt(&self, claim: &Claim, hindrance: Option<&'static str>) -> Attempt {
        if let Some(code) = hindrance {
            return failed(code);
        }
        let Some(source) = &claim.source else { return failed("erased") };
        let Some(engine) = &self.engine else { return failed("ocr_unavailable") };
        let media = MediaRef { id: &source.id, sha256: source.sha256.as_deref() };
        let bytes = match self.media.fetch(&claim.phone_number_id, media).await {
            Ok(bytes) => bytes,
            Err(error) => return after_fetch(error),
        };
        match engine.read(&bytes, &self.languages).await {
            Ok(reading) => {
                Attempt::Ended(JobEnd::Read { text: reading.text(), confidence: reading.confidence })
            }
            Err(error) => after_reading(&error),
        }
    }
}

fn pause_after(attempts: i32) -> Duration {
    if attempts > 1 { RETRY_AFTER * 4 } else { RETRY_AFTER }
}

fn after_fetch(error: MediaError) -> Attempt {
    match error {
        MediaError::Moment(why) => {
            tracing::debug!(why, "a medium could not be fetched");
            Attempt::Later("media_unavailable")
        }
        MediaError::Token => {
            tracing::error!("Meta refuses the token for media");
            Attempt::Later("media_token_refused")
        }
        MediaError::Gone => failed("media_gone"),
        MediaError::TooLarge => failed("media_too_large"),
        MediaError::ForeignHost => {
            tracing::error!(
                "a medium lies on a host that META_MEDIA_HOSTS does not list; the token was not shown"
            );
            failed("media_host_refused")
        }
        MediaError::Digest => failed("media_digest_differs"),
    }
}

/// A picture that Tesseract cannot read today it cannot read tomorrow; a machine without Tesseract needs its operator.
fn after_reading(error: &OcrError) -> Attempt {
    match error {
        OcrError::Busy | OcrError::System(_) => Attempt::Later("ocr_busy"),
        OcrError::Picture(PictureError::UnknownFormat) => failed("not_a_picture"),
        OcrError::Picture(PictureError::Damaged(_)) | OcrError::Undecodable => failed("picture_damaged"),
        OcrError::Picture(_) => failed("picture_out_of_bounds"),
        OcrError::TimedOut(_) | OcrError::Killed { .. } | OcrError::TooMuchOutput { .. } => {
            failed("picture_not_readable")
        }
        OcrError::Failed { .. }
        | OcrError::Garbage
        | OcrError::NotInstalled
        | OcrError::NotTesseract
        | OcrError::TooOld { .. }
        | OcrError::LanguageMissing(_)
        | OcrError::NoLanguage => {
            tracing::error!(%error, "pictures cannot be read on this machine");
            failed("ocr_unavailable")
        }
    }
}
