//! Checkpoints: the heads that changed since the last one, linked to it, and written outside the database.

use std::collections::BTreeMap;

use marketplace::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    ChainId, Digest, Head,
    canonical::{write_integer, write_separated},
    record::millis,
};

/// The heads of the chains that moved since the last checkpoint. Whoever keeps one outside can later show
/// that a tail was cut or rewritten.
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
    /// A chain's head went back, or changed without a new record.
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
    pub fn link(prev: &CheckpointHead, at: Timestamp, heads: BTreeMap<ChainId, Head>) -> Self {
        let number = prev.number.saturating_add(1);
        let mut checkpoint = Self { number, at, heads, prev_hash: prev.hash, hash: prev.hash };
        checkpoint.hash = checkpoint.computed_hash();
        checkpoint
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
        // Sorted by the name as text, not by the order of the enum.
        let mut heads: Vec<_> = self.heads.iter().map(|(chain, head)| (chain.to_string(), head)).collect();
        heads.sort_unstable_by(|left, right| left.0.cmp(&right.0));
        let mut out = Vec::with_capacity(128 + heads.len() * 160);
        out.extend_from_slice(b"{\"at\":");
        write_integer(&mut out, self.at.as_millis());
        out.extend_from_slice(b",\"heads\":");
        write_separated(&mut out, *b"{}", heads, |out, (chain, head)| {
            out.push(b'"');
            out.extend_from_slice(chain.as_bytes());
            out.extend_from_slice(b"\":{\"hash\":\"");
            head.hash.write_hex(out);
            out.extend_from_slice(b"\",\"seq\":");
            write_integer(out, head.seq);
            out.push(b'}');
        });
        out.extend_from_slice(b",\"number\":");
        write_integer(&mut out, self.number);
        out.extend_from_slice(b",\"prev_hash\":\"");
        self.prev_hash.write_hex(&mut out);
        out.extend_from_slice(b"\"}");
        out
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

/// Verifies all checkpoints from the first on and returns, for every chain they name, its latest head: the
/// anchors for [`crate::verify_chain`].
pub fn verify_checkpoints<'a>(
    checkpoints: impl IntoIterator<Item = &'a Checkpoint>,
) -> Result<BTreeMap<ChainId, Head>, CheckpointFault> {
    let mut last = CheckpointHead::genesis();
    let mut anchors: BTreeMap<ChainId, Head> = BTreeMap::new();
    for checkpoint in checkpoints {
        last = checkpoint.verify(&last)?;
        for (&chain, &head) in &checkpoint.heads {
            let went_back = anchors.get(&chain).is_some_and(|before| {
                head.seq < before.seq || (head.seq == before.seq && head.hash != before.hash)
            });
            if went_back {
                return Err(CheckpointFault::WentBack { number: checkpoint.number, chain, seq: head.seq });
            }
            anchors.insert(chain, head);
        }
    }
    Ok(anchors)
}
