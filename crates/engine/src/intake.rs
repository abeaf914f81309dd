//! Intake: a webhook body becomes stored events, each once. It decides nothing.

use marketplace::{EventId, Timestamp};
use meta_client::{BodyError, EventKind, SplitEvent, WhatsAppUser, split};
use store::{
    Db, StoreError,
    contacts::{self, Identity},
    dead_letters::{self, DeadLetterSource, NewDeadLetter},
    intake::NewInboundEvent,
};

pub use store::intake::IntakeReport;

/// How much of a body without readable events its dead letter keeps, in bytes.
pub const DETAIL_MAX: usize = 64 * 1024;

/// Whose data an event is when it is about no person: news of the account, errors, what could not be read.
const NOBODY: (&str, &str) = ("system", "system");

/// Why a body was not stored. Answer 5xx: Meta sends it again, and what was stored after all is recognised.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The store could not, or would not, take it.
    #[error("the webhook was not stored")]
    Store(#[from] StoreError),
}

/// Takes webhooks in. A clone is the same intake.
#[derive(Clone)]
pub struct Intake {
    db: Db,
}

impl Intake {
    /// Over a store.
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// Stores what a webhook's body holds; when it returns, that is durable. The signature was verified before.
    ///
    /// An event that can't be worked is stored as dead, with a dead letter; a body that holds no readable events
    /// is a dead letter as a whole. Neither is an error: Meta would send the same again for days.
    ///
    /// # Errors
    /// Nothing of the body counts as stored, though in doubt some of it may be.
    pub async fn accept(&self, body: &[u8]) -> Result<IntakeReport, IntakeError> {
        let now = self.db.clock.now();
        match split(body) {
            Ok(events) => {
                let events = events.into_iter().map(|event| self.to_store(event, now)).collect();
                Ok(self.db.store.intake(events).await?)
            }
            Err(error) => {
                self.keep_unreadable(body, reason(&error)).await?;
                Ok(IntakeReport { dead: 1, ..IntakeReport::default() })
            }
        }
    }

    /// Whether a webhook could be stored now.
    ///
    /// # Errors
    /// Why it could not.
    pub async fn check(&self) -> Result<(), IntakeError> {
        Ok(self.db.store.probe_intake().await?)
    }

    fn to_store(&self, event: SplitEvent, now: Timestamp) -> NewInboundEvent {
        let person = event.user.as_ref().and_then(|user| self.subject_hash(user));
        NewInboundEvent {
            id: EventId::generate(&*self.db.ids),
            key_hash: self.db.store.vault().lookup_hash("event", event.key.as_str()),
            phone_number_id: event.phone_number_id.map(String::from),
            sender_hash: person.filter(|_| is_sent_by_a_person(event.kind)).map(Vec::from),
            subject_hash: person.unwrap_or_else(|| self.nobody()).to_vec(),
            kind: event.kind.as_str().to_owned(),
            payload: event.raw.to_string(),
            meta_at: event.at,
            received_at: now,
            dead_reason: event.fault.map(|fault| fault.as_str().to_owned()),
        }
    }

    /// The same hash as [`contacts::subject_hash`], which the router compares with.
    fn subject_hash(&self, user: &WhatsAppUser) -> Option<[u8; 32]> {
        let identities = contacts::candidates(user.bsuid.as_ref(), user.wa_id.as_ref());
        let (kind, value) = contacts::subject(&identities).map(Identity::parts)?;
        Some(self.db.store.vault().lookup_hash(kind.into(), value))
    }

    fn nobody(&self) -> [u8; 32] {
        let (kind, value) = NOBODY;
        self.db.store.vault().lookup_hash(kind, value)
    }

    async fn keep_unreadable(&self, body: &[u8], reason: &'static str) -> Result<(), StoreError> {
        let (kept, _) = body.split_at_checked(DETAIL_MAX).unwrap_or((body, &[]));
        let detail = String::from_utf8_lossy(kept).into_owned();
        let reference = self.body_reference(body);
        let subject = self.nobody();
        self.db
            .write(move |tx| {
                let key = tx.vault.data_key_for_subject(tx.conn, &subject, tx.now)?.id();
                let letter = NewDeadLetter {
                    source: DeadLetterSource::Intake,
                    reference: &reference,
                    request: None,
                    reason,
                    detail: Some((key, &detail)),
                };
                dead_letters::insert(tx, &letter)
            })
            .await
    }

    /// Names a body, the same each time it comes, without telling what is in it.
    fn body_reference(&self, body: &[u8]) -> String {
        let hash = self.db.store.vault().lookup_hash("body", body);
        hash.iter().fold("body:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
    }
}

/// Whether the person of this event did something, rather than had something done to them: only that makes them
/// its sender, and only that holds our messages to them back until it is routed.
const fn is_sent_by_a_person(kind: EventKind) -> bool {
    match kind {
        EventKind::Message | EventKind::Call => true,
        EventKind::Status
        | EventKind::CallStatus
        | EventKind::Account
        | EventKind::Errors
        | EventKind::Unknown => false,
    }
}

const fn reason(error: &BodyError) -> &'static str {
    match error {
        BodyError::NotJson(_) => "not_json",
        BodyError::NotAnObject => "not_an_object",
        BodyError::TooDeep => "too_deep",
        BodyError::TooManyEvents => "too_many_events",
    }
}

#[cfg(test)]
#[path = "intake_tests.rs"]
mod tests;
