//! A media server in a box: speaks the protocol of `docs/calling/voice-gateway.md`, and no media flows.
//!
//! It gives offers that Meta would take, checks the answers it is handed, keeps sessions as a media server must, and
//! does on demand what media servers do on bad days. It shares no type with the client that it tests: sharing types
//! would share mistakes.
//!
//! # Inside a process
//! ```no_run
//! # async fn example() -> Result<(), voice_simulator::Error> {
//! use std::time::Duration;
//! use voice_simulator::{Config, Fault, Step, VoiceSimulator};
//!
//! let voice = VoiceSimulator::start(Config::with_token("token"))?;
//! // VOICE_GATEWAY_URL of the program under test is voice.base_url(), VOICE_GATEWAY_TOKEN the token.
//! voice.fault(Step::Offer, Fault::Status(503), 1);
//! let attempt = "cal_019aa7a52c0070008000000000000001";
//! let session = voice.wait_for_session(attempt, Duration::from_secs(5), |it| it.answer.is_some()).await?;
//! assert_eq!((session.offers, session.hang_ups), (1, 0));
//! voice.shutdown();
//! # Ok(()) }
//! ```
//!
//! # On its own
//! ```text
//! voice-simulator --token T
//! curl -X PUT -H 'authorization: Bearer T' http://127.0.0.1:9300/v1/calls/cal_1
//! curl http://127.0.0.1:9300/simulator/sessions
//! curl -d '{"on":"offer","fault":{"status":503}}' http://127.0.0.1:9300/simulator/faults
//! ```
//! The control surface under `/simulator` asks for no password: bind to a loopback address.
//!
//! # Time
//! A session that gets no answer is given up by [`Config::clock`], in milliseconds since 1970, which may run at any
//! speed. How slow an answer is by [`Fault::Slow`] counts in real milliseconds.

mod config;
mod core;
mod error;
mod shell;

pub use config::{Clock, Config};
pub use core::{Answer, Body, Core, Fate, Fault, LogEntry, Request, Session, SessionEnd, Step};
pub use error::Error;
pub use shell::{Handle, VoiceSimulator};
