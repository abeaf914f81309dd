//! What people write, and what we write to them.
//!
//! Readers turn a message into something typed by fixed rules: [`vendor_reply`], [`control_words`], [`pick`],
//! [`need`], [`document`], [`about_self`], [`button`], [`language`]. What a rule cannot read it leaves open, it never
//! guesses. The [`catalogue`] holds
//! every fixed sentence in six languages. Pure: no I/O, no clock.

pub mod about_self;
pub mod button;
pub mod catalogue;
pub mod control_words;
pub mod document;
pub mod language;
pub mod need;
pub mod pick;
mod text;
pub mod vendor_reply;

pub use button::ButtonId;
pub use catalogue::{Sentence, text};
pub use control_words::ControlWord;
pub use pick::{Pick, PickItem};
pub use vendor_reply::{Availability, ParsedReply, ReplyHints};
