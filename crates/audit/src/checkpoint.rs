//! Checkpoints: the heads that changed since the last one, linked to it, and written outside the database.

use std::collections::BTreeMap;

use marketplace::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    ChainId, Digest, Head,
    canonical::{write_integer, write_separated},
    record::millis,
};

/// The most heads in one checkpoint; what has more becomes several, one behind the other. A line of an export
/// and a row of a database stay under two megabytes.
pub const CHECKPOINT_HEADS_MAX: usize = 10_000;

/// The heads of the chains that moved since the last checkpoint. Whoever keeps one outside, or its hash alone,
/// can later show that a tail was cut or rewritten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// From 1, without gaps.
    pub number: u64,
    /// When.
    #[serde(with = "millis")]
    pub at: Timestamp,
    /// The heads that changed.
    pub heads: BTreeMap<ChainId, Head>,
    /// The digest of the export that this checkpoint closes, see [`crate::ExportWriter`]; `None` for one that
    /// closes none.
    pub content: Option<Digest>,
    /// The hash of the checkpoint before, or [`CheckpointHead::genesis`]'s.
    pub prev_hash: Digest,
    /// The hash of this one.
    pub hash: Digest,
}

/// The last checkpoint's number and hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointHead {
    /// 0 before the first.
    pub number: u64,
    /// The last checkpoint's hash.
    pub hash: Digest,
}

impl CheckpointHead {
    /// Before the first checkpoint.
    pub fn genesis() -> Self {
        Self { number: 0, hash: Digest::tagged(b"genesis", b"checkpoints") }
    }
}

/// What is wrong with a series of checkpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointFault {
    /// A checkpoint is missing, moved or present twice.
    #[error("checkpoint {found} stands where checkpoint {expected} should")]
    OutOfOrder {
        /// The next number in order.
        expected: u64,
        /// The number that came.
        found: u64,
    },
    /// It does not follow the one before it.
    #[error("checkpoint {number} does not link to the one before it")]
    PrevMismatch {
        /// Where.
        number: u64,
    },
    /// Its content is not what was hashed.
    #[error("checkpoint {number} was changed: its hash does not fit its content")]
    HashMismatch {
        /// Where.
        number: u64,
    },
    /// A chain's head went back, changed without a new record, or names no record.
    #[error("checkpoint {number} takes chain {chain} back to record {seq}")]
    WentBack {
        /// Where.
        number: u64,
        /// The chain.
        chain: ChainId,
        /// The head it claims.
        seq: u64,
    },
}

impl Checkpoint {
    /// Makes the checkpoint that follows `prev`.
    pub fn link(
        prev: &CheckpointHead,
        at: Timestamp,
        heads: BTreeMap<ChainId, Head>,
        content: Option<Digest>,
    ) -> Self {
        let number = prev.number.saturating_add(1);
        let mut checkpoint = Self { number, at, heads, content, prev_hash: prev.hash, hash: prev.hash };
        checkpoint.hash = checkpoint.computed_hash();
        checkpoint
    }

    /// Makes as many checkpoints as so many heads need, at most [`CHECKPOINT_HEADS_MAX`] in each, and at least
    /// one. The last carries `content`.
    pub fn link_all(
        prev: &CheckpointHead,
        at: Timestamp,
        heads: BTreeMap<ChainId, Head>,
        content: Option<Digest>,
    ) -> Vec<Self> {
        let (mut made, mut prev) = (Vec::new(), *prev);
        let mut heads = heads.into_iter().peekable();
        loop {
            let some: BTreeMap<_, _> = heads.by_ref().take(CHECKPOINT_HEADS_MAX).collect();
            let last = heads.peek().is_none();
            let checkpoint = Self::link(&prev, at, some, content.filter(|_| last));
            prev = checkpoint.head();
            made.push(checkpoint);
            if last {
                return made;
            }
        }
    }

    /// The head of the series once this is its last.
    pub const fn head(&self) -> CheckpointHead {
        CheckpointHead { number: self.number, hash: self.hash }
    }

    /// What `hash` must be.
    pub fn computed_hash(&self) -> Digest {
        Digest::tagged(b"checkpoint", &self.canonical())
    }

    /// The canonical form that is hashed: everything but `hash`.
    pub fn canonical(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256 + self.heads.len() * 160);
        self.write_members(&mut out, false);
        out
    }

    /// Writes the canonical form with `hash` among the members, as an export holds it.
    pub(crate) fn write_with_hash(&self, out: &mut Vec<u8>) {
        self.write_members(out, true);
    }

    fn write_members(&self, out: &mut Vec<u8>, with_hash: bool) {
        out.extend_from_slice(b"{\"at\":");
        write_integer(out, self.at.as_millis());
        out.extend_from_slice(b",\"content\":");
        match &self.content {
            Some(content) => write_digest(out, content),
            None => out.extend_from_slice(b"null"),
        }
        if with_hash {
            out.extend_from_slice(b",\"hash\":");
            write_digest(out, &self.hash);
        }
        out.extend_from_slice(b",\"heads\":");
        self.write_heads(out);
        out.extend_from_slice(b",\"number\":");
        write_integer(out, self.number);
        out.extend_from_slice(b",\"prev_hash\":");
        write_digest(out, &self.prev_hash);
        out.push(b'}');
    }

    /// The heads alone, in canonical form: an object from chain to `hash` and `seq`.
    pub fn canonical_heads(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(16 + self.heads.len() * 160);
        self.write_heads(&mut out);
        out
    }

    /// The order of [`ChainId`]s is that of their names.
    fn write_heads(&self, out: &mut Vec<u8>) {
        write_separated(out, *b"{}", &self.heads, |out, (chain, head)| {
            out.push(b'"');
            chain.write(out);
            out.extend_from_slice(b"\":{\"hash\":");
            write_digest(out, &head.hash);
            out.extend_from_slice(b",\"seq\":");
            write_integer(out, head.seq);
            out.push(b'}');
        });
    }

    /// Checks that this checkpoint follows `prev` and is what was hashed.
    pub fn verify(&self, prev: &CheckpointHead) -> Result<CheckpointHead, CheckpointFault> {
        let (number, expected) = (self.number, prev.number.saturating_add(1));
        if number != expected {
            return Err(CheckpointFault::OutOfOrder { expected, found: number });
        }
        if self.prev_hash != prev.hash {
            return Err(CheckpointFault::PrevMismatch { number });
        }
        if self.computed_hash() != self.hash {
            return Err(CheckpointFault::HashMismatch { number });
        }
        Ok(self.head())
    }
}

/// Verifies a series of checkpoints one by one, from the first on.
#[derive(Debug)]
pub struct SeriesVerifier {
    last: CheckpointHead,
    latest: BTreeMap<ChainId, Head>,
}

impl Default for SeriesVerifier {
    fn default() -> Self {
        Self { last: CheckpointHead::genesis(), latest: BTreeMap::new() }
    }
}

impl SeriesVerifier {
    /// Checks the next checkpoint. After a fault the verifier has not moved.
    pub fn push(&mut self, checkpoint: &Checkpoint) -> Result<(), CheckpointFault> {
        let last = checkpoint.verify(&self.last)?;
        for (&chain, head) in &checkpoint.heads {
            let goes_back = match self.latest.get(&chain) {
                Some(before) => head.seq < before.seq || (head.seq == before.seq && head.hash != before.hash),
                None => head.seq == 0,
            };
            if goes_back {
                let (number, seq) = (checkpoint.number, head.seq);
                return Err(CheckpointFault::WentBack { number, chain, seq });
            }
        }
        self.latest.extend(&checkpoint.heads);
        self.last = last;
        Ok(())
    }

    /// The last checkpoint so far.
    pub const fn last(&self) -> CheckpointHead {
        self.last
    }

    /// The latest head of every chain that was named so far: the anchors for [`crate::verify_chain`].
    pub const fn latest(&self) -> &BTreeMap<ChainId, Head> {
        &self.latest
    }
}

/// Verifies all checkpoints from the first on and returns, for every chain they name, its latest head: the
/// anchors for [`crate::verify_chain`].
pub fn verify_checkpoints<'a>(
    checkpoints: impl IntoIterator<Item = &'a Checkpoint>,
) -> Result<BTreeMap<ChainId, Head>, CheckpointFault> {
    let mut series = SeriesVerifier::default();
    for checkpoint in checkpoints {
        series.push(checkpoint)?;
    }
    Ok(series.latest)
}

fn write_digest(out: &mut Vec<u8>, digest: &Digest) {
    out.push(b'"');
    digest.write_hex(out);
    out.push(b'"');
}
