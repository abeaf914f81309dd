//! `settings`
