//! Configuration from the environment: read once at start, validated as a whole, every fault listed at once.
//!
//! Values come in through a [`Lookup`], so nothing here touches the process or the file system; `from_env`
//! is the one edge that does. No value is ever repeated in a fault, and secrets are [`secrecy`] types.
//!
//! ```
//! let environment = |variable: &str| (variable == "DATABASE_URL").then(|| "mysql://nope".to_owned());
//! let error = settings::AdminSettings::read(&environment).unwrap_err();
//! assert_eq!(error.faults()[0].variable, "DATABASE_URL");
//! ```

mod database;
pub mod exit;
mod fault;
mod lookup;
mod meta;
mod moltbot;
mod ocr;
mod operators;
mod process;
mod reader;
mod shared;
mod variables;
mod voice;
mod web;

pub use database::{DataKey, DataKeySource, DatabaseUrl};
pub use fault::{ConfigError, Fault};
pub use lookup::{Lookup, NotUnicode, ProcessEnvironment};
pub use meta::{MetaGraph, MetaSending, MetaWebhook};
pub use moltbot::{Moltbot, MoltbotTransport};
pub use ocr::Ocr;
pub use operators::OperatorWebhook;
pub use process::{AdminSettings, ApiSettings, WorkerSettings};
pub use shared::{Flags, LogFormat, Logging, OutboundLimits};
pub use variables::{VARIABLES, Variable};
pub use voice::VoiceGateway;
pub use web::HttpUrl;

#[cfg(test)]
mod tests;
