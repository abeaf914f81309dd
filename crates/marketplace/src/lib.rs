//! The domain's words: ids, time, people, money and the states of a request.
//!
//! Pure: no I/O, no wall clock, no database. Time and ids come in through [`Clock`] and [`IdSource`].

mod clock;
mod contact;
mod ids;
mod language;
mod limits;
pub mod look;
mod money;
mod request;

pub use clock::{Clock, ManualClock, ScaledClock, SystemClock, Timestamp, TimestampError};
pub use contact::{Bsuid, ContactError, E164, IdentityKind, PhoneNumberId, WaId, mask};
pub use ids::{
    AuditId, BatchId, CallAttemptId, ConsentId, ContactId, DataKeyId, DeadLetterId, EventId, HttpRequestId,
    IdError, IdSource, MediaId, MessageId, NotificationId, OcrJobId, OutboxId, OutreachId, RandomIds,
    ReplyId, RequestId, SeededIds, ShortlistId, TimerId, TokenId, TurnId, VendorId,
};
pub use language::Language;
pub use limits::{BATCH_SIZE_MAX, VENDORS_PER_REQUEST_MAX};
pub use money::{Currency, Money, MoneyError};
pub use request::{
    Actor, ActorKind, Control, RequestState, TransitionError, allowed_next, mermaid_diagram, transition,
};
