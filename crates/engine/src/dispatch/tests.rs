//! The dispatcher on real databases against a scripted Meta.

mod breaker;
mod consents;
mod gates;
mod logs;
mod outcomes;
mod restarts;
mod silence;
mod stale;
mod statuses;
mod stop;
mod templates;
mod world;
