//! Meta in a box: enough of the WhatsApp Cloud API to run a business against scripted people.
//!
//! The wire types here are the simulator's own, read and written as raw JSON. Sharing types with the client
//! under test would share its mistakes, so this crate depends on no other crate of the workspace.
//!
//! # Inside a process
//! ```no_run
//! # async fn example() -> Result<(), meta_simulator::Error> {
//! use std::time::Duration;
//! use meta_simulator::{Config, MetaSimulator, Template};
//!
//! let mut config = Config::new("token", "app secret", "verify token", "300000000000001", "+15550100001");
//! config.templates.push(Template::new("vendor_inquiry", "en", "Do you have {{1}}?"));
//! let meta = MetaSimulator::start(config)?;
//! // META_API_BASE of the program under test is meta.base_url().
//! meta.set_webhook_url("http://127.0.0.1:8080/webhooks/whatsapp");
//! meta.verify_webhook().await?;
//!
//! meta.person("+254700000101", "Asha");
//! meta.send_text("+254700000101", "I need a phone charger")?;
//! let answer = meta.wait_for_message("+254700000101", 0, Duration::from_secs(5)).await?;
//! println!("{}", answer.text);
//! meta.shutdown();
//! # Ok(()) }
//! ```
//!
//! # On its own
//! ```text
//! meta-simulator --token T --app-secret S --verify-token V --phone-number-id 300000000000001=+15550100001 \
//!     --webhook-url http://127.0.0.1:8080/webhooks/whatsapp
//! curl -d '{"text":"hello"}' http://127.0.0.1:9200/simulator/people/254700000101/messages
//! curl http://127.0.0.1:9200/simulator/people/254700000101/inbox
//! curl http://127.0.0.1:9200/simulator/log
//! ```
//! The control surface under `/simulator` asks for no password: bind to a loopback address.
//!
//! # What is reproduced
//! - `POST /{version}/{phone-number-id}/messages`: text, reply buttons, lists, templates, call permission
//!   requests, read marks and typing, with Meta's limits, error JSON and HTTP statuses.
//! - A number without `+` gets the country code of the business number in front and goes to somebody else.
//! - The 24-hour window (131047) and the template catalogue (132001, 132000).
//! - Signed webhooks, escaped as Meta escapes them, retried on anything but 200; `sent`, `delivered`, `read`
//!   and `failed` statuses which echo `biz_opaque_callback_data`.
//! - Same body twice is two messages: there is no idempotency key.
//! - Message ids which contain the user's number.
//! - `POST /{version}/{phone-number-id}/calls`: `connect`, `terminate`, `pre_accept`, `accept`, `reject`; and
//!   `GET …/call_permissions`. A call needs the person's permission (138006), which lasts 168 hours and runs out
//!   silently, or for good; one request for it in 24 hours and two in 7 days (138009) until a call connects; none
//!   beside a permanent one (138017); 100 connected calls in 24 hours (138012), one at a time (138003). Four calls
//!   missed in a row take the permission back.
//! - Every call webhook: `connect` with a media answer, RINGING, ACCEPTED, REJECTED, `terminate` with or without
//!   times and errors, recordings, unknown events; permission replies in every shape. No media flows.
//!
//! Faults are chosen by a [`FaultPlan`]. Decisions depend on the seed and the message alone, never on timing.
//!
//! # Time
//! What people see and what the 24-hour window compares is [`Config::clock`], in milliseconds since 1970. Calls and
//! permissions live by it alone: ringing, talking, limits, expiry, a person's thinking.
//! Delays and retries of webhooks run in real milliseconds.

mod config;
mod core;
mod error;
mod phone;
mod shell;
mod wire;

pub use config::{BusinessNumber, Calling, Clock, Config, RetryPolicy, StatusDelays, Template};
pub use core::{
    Answer, AnswerFate, Button, Call, CallAction, CallAttempt, CallDirection, CallEnd, CallFault, CallLog,
    CallVerdict, Core, Counters, Delivered, Event, EventKind, FaultPlan, LogEntry, LogEvent, MediaFault,
    MessageKind, Oddity, OnCall, OnCard, Outcome, PermissionAnswer, PermissionLog, Person, Reachability,
    Reply, Rule, Said, Saying, Scheduled, SendAttempt, SendFault, SendRequest, StatusLog, Target,
    WebhookFault, WebhookKind, WebhookPlan, Which,
};
pub use error::Error;
pub use shell::{Handle, MetaSimulator};
pub use wire::{escape_like_meta, sign};
