//! The database: schema, rows, queries as verbs, sealed personal data, group commit.
//!
//! SQLite and PostgreSQL stand behind one connection type, [`Conn`]. SQL lives nowhere else. A verb is a
//! function over `&mut Conn` that does one thing inside the caller's transaction; `Store::write` and
//! `Store::read` run closures of verbs.

pub mod conn;
mod error;

pub use conn::{Backend, Conn, savepoint};
pub use error::StoreError;
