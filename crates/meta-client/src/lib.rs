//! Meta's WhatsApp Cloud API: who signed a webhook, what is in it, and how a message is sent.
//!
//! - [`signature`]: is this body from Meta? Over the raw bytes, in constant time.
//! - [`webhook`]: one body into events, each with its dedup key; one bad event never fails the others.
//! - [`event`]: the typed reading of one event.
//! - [`outbound`]: a message to send, its limits checked before it is stored.
//! - [`calling`]: a call to place, the permission it needs, and what Meta's calling codes mean.
//! - [`client`]: the HTTP client behind [`MetaApi`], [`CallingApi`] and [`MediaApi`], and what its answers prove.
//!
//! Meta's pages contradict each other, so everything read here is read leniently: enums are open and compared
//! without case, numbers may be texts, every identifier may be missing, unknown values are kept.

mod json;
mod open_enum;

pub mod calling;
pub mod client;
pub mod error;
pub mod event;
pub mod explain;
pub mod identity;
pub mod outbound;
pub mod signature;
pub mod webhook;

pub use calling::{
    CallErrorClass, CallingApi, DialOutcome, OutboundCall, PermissionLookupError, PermissionState, SdpOffer,
    TerminateError, call_error_class,
};
pub use client::{
    ClientError, MarkReadError, MediaApi, MediaError, MediaRef, MetaApi, MetaClient, MetaConfig, SendOutcome,
};
pub use error::{MetaError, Reading, SendErrorClass};
pub use event::Event;
pub use identity::{MetaId, WhatsAppUser};
pub use outbound::{OutboundMessage, Recipient};
pub use signature::{SignatureError, WebhookSecrets, verify_challenge};
pub use webhook::{BodyError, EventKey, EventKind, Fault, SplitEvent, split};
