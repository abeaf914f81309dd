//! The database: schema, rows, queries as verbs, sealed personal data, group commit.
//!
//! SQLite and PostgreSQL stand behind one connection type, [`Conn`]. SQL lives nowhere else. A verb is a
//! function over `&mut Conn` that does one thing inside the caller's transaction; `Store::write` and
//! `Store::read` run closures of verbs.

pub mod answers;
pub mod audit_checkpoints;
pub mod audit_export;
pub mod audit_inspect;
pub mod audit_log;
pub mod calls;
pub mod conn;
pub mod contacts;
mod db;
pub mod dead_letters;
pub mod documents;
pub mod erasure;
mod error;
pub mod evidence;
pub mod flags;
pub mod idempotency;
pub mod identities;
pub mod inbound;
pub mod intake;
mod key_file;
pub mod lanes;
pub mod leases;
pub mod mentions;
pub mod messages;
mod migrate;
pub mod notifications;
pub mod observation;
pub mod outbox;
mod pool;
pub mod requests;
pub mod retention;
mod schema;
pub mod sourcing;
mod store;
pub mod template_faults;
#[cfg(any(test, feature = "test-util"))]
pub mod testing;
pub mod timers;
pub mod tokens;
mod transaction;
pub mod turns;
mod tx;
mod vault;
pub mod vendors;
#[cfg(test)]
mod verb_tests;
mod writer;

pub use conn::{Backend, Conn, savepoint};
pub use db::Db;
pub use error::StoreError;
pub use store::{DataKeySource, OpenOptions, Store};
pub use tx::Tx;
pub use vault::{DataKey, MasterKey, Opened, SEAL_KEYS_MAX, Vault};
