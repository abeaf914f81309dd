//! Laws and tables over the public API; the facts with all keys in hand are in `keys`.

mod asks;
mod attempts;
mod boundaries;
mod consents;
mod document;
mod keys;
mod laws;
mod model;
mod permissions;
mod quiet_hours;
mod rules;
mod stops;
mod triggers;
mod words;
