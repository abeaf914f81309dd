//! Calls: who allowed what, what Meta permits, and what became of each attempt.
//!
//! The state machines of `calling_policy` are stored whole, as JSON in a column `knowledge`; the columns beside it are
//! derived from them for people and for indexes. Whoever applies an event saves the machine in the same transaction.

mod attempts;
mod consents;
mod events;
mod facts;
mod permissions;

use serde::{Serialize, de::DeserializeOwned};

pub use attempts::{
    CallAttempt, NewAttempt, due, exists, hold, insert, learn_wacid, live, load, lock, mark_dialling,
    of_request, orphaned_dialling, past, save, set_sdp_answer, set_terminate, set_voice_session,
    to_terminate, with_voice,
};
pub use consents::{
    AskedBy, ConsentChange, HistoryEntry, HistoryEvent, NewConsent, StoredConsent, consent,
    consents_of_contact, consents_of_prompt, consents_of_request, history_of, insert_consent, save_consent,
};
pub use events::{CallEvent, NewCallEvent, events_of, find_by_wacid, keep_event, take_waiting};
pub use facts::{SentTo, cards_sent, client_wrote_at, newest_seen, sent_to};
pub use permissions::{permission, restrict, restricted_until, save_permission};

use crate::StoreError;

/// A state machine as it stands in a column.
fn knowledge_of<T: Serialize>(machine: &T) -> Result<String, StoreError> {
    serde_json::to_string(machine).map_err(|_| StoreError::Corrupt { what: "knowledge of a call" })
}

/// The state machine out of a column.
fn machine<T: DeserializeOwned>(knowledge: &str, what: &'static str) -> Result<T, StoreError> {
    serde_json::from_str(knowledge).map_err(|_| StoreError::Corrupt { what })
}
