//! The audit chain: what was decided, by whom, with which outcome, in an order nobody can quietly change.
//!
//! One chain per request and one `system` chain. A [`Draft`] says what happened, [`Draft::link`] ties it to the
//! chain's [`Head`], [`Verifier`] and [`verify_chain`] prove that nothing was edited, removed, added or moved.
//! Records hold random ids, closed codes ([`is_code`]) and commitments only. The payload and its [`Salt`] lie
//! beside the chain, sealed; on erasure their key is destroyed, and the chain stays as it is and still verifies.
//! [`ExportWriter`] and [`ExportVerifier`] are the audit as a file that needs no database.
//!
//! # Canonical form
//! A record is hashed as JSON without its `hash` member: members sorted by code point, no white space, text in
//! ASCII with `\uXXXX` for everything outside printable ASCII, integers in decimal. That is what Python's
//! standard library writes, so a verifier needs nothing of ours (`docs/audit.md` has one):
//!
//! ```python
//! import hashlib, hmac, json
//!
//! def canonical(value):
//!     return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
//!
//! def digest(tag, body):
//!     return hashlib.sha256(b"concierge.audit.v1." + tag + b"\n" + body).hexdigest()
//!
//! genesis = digest(b"genesis", chain.encode())          # the chain's name: its request id, or `system`
//! first_checkpoint_prev = digest(b"genesis", b"checkpoints")
//! record_hash = digest(b"record", canonical({k: v for k, v in record.items() if k != "hash"}))
//! checkpoint_hash = digest(b"checkpoint", canonical({k: v for k, v in checkpoint.items() if k != "hash"}))
//! commitment = hmac.new(salt, canonical(payload), "sha256").hexdigest()
//! content = digest(b"export", lines_before_the_first_checkpoint)
//! ```
//!
//! Members of a record: `action`, `actor` (`kind`, `name`), `at` (milliseconds since the epoch), `caused_by`
//! (text or null), `chain`, `commitment`, `outcome`, `prev_hash`, `reasons`, `seq`. Digests are 64 lower-case
//! hexadecimal digits. The first record has `seq` 1 and the chain's genesis hash as `prev_hash`.
//!
//! # What a chain proves, and what it does not
//! An edit in the middle breaks the hashes after it. Someone who can rewrite the whole database can also
//! recompute every hash, or cut a tail off: that shows only against a head that was kept elsewhere, which is
//! what [`Checkpoint`]s and the `anchor` of [`verify_chain`] are for. The times in records are not checked.

mod canonical;
mod chain;
mod checkpoint;
mod codes;
mod commitment;
mod digest;
mod export;
mod record;

pub use canonical::canonical_json;
pub use chain::{ChainFault, ChainId, Head, Verifier, verify_chain};
pub use checkpoint::{
    CHECKPOINT_HEADS_MAX, Checkpoint, CheckpointFault, CheckpointHead, SeriesVerifier, verify_checkpoints,
};
pub use codes::{CODE_LENGTH_MAX, is_cause, is_code};
pub use commitment::{Salt, commit, commit_canonical, verify_canonical, verify_payload};
pub use digest::Digest;
pub use export::{
    ExportFault, ExportVerifier, ExportWriter, FORMAT, FaultKind, Footer, Header, Scope, VerifiedExport,
};
pub use record::{AuditRecord, Draft, Outcome};

/// Why a record cannot be written or a stored text is none of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// Something that is not a closed code was about to enter the chain. The text itself is not repeated
    /// here: it may be personal.
    #[error("{field} is not a closed code: 1 to 96 of a-z 0-9 _ . : - and no run of seven digits")]
    NotACode {
        /// Which field of the draft.
        field: &'static str,
    },
    /// A cause that is not one of our random ids.
    #[error("caused_by is not a random id of ours, such as trn_ and 32 hexadecimal digits")]
    NotACause,
    /// Not `system` and not a request id.
    #[error("a chain is named `system` or by a request id")]
    NotAChain,
    /// Not 32 bytes, or not 64 lower-case hexadecimal digits.
    #[error("a digest is 32 bytes, written as 64 lower-case hexadecimal digits")]
    NotADigest,
}
