//! The dispatcher on real databases against a scripted Meta.

mod gates;
mod logs;
mod outcomes;
mod restarts;
mod statuses;
mod world;
