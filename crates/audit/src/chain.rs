//! Chains: their names, their heads, and the proof that one is whole.

use std::{fmt, io::Write as _, str::FromStr};

use marketplace::RequestId;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{AuditError, AuditRecord, Digest};

/// Which chain: one for each request, one for everything without a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChainId {
    /// What happened to one request.
    Request(RequestId),
    /// What belongs to no request.
    System,
}

impl ChainId {
    /// The name as it stands in the canonical form.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        // Writing into memory cannot fail.
        let _ = write!(out, "{self}");
    }
}

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(id) => id.fmt(f),
            Self::System => f.write_str("system"),
        }
    }
}

impl FromStr for ChainId {
    type Err = AuditError;
    fn from_str(text: &str) -> Result<Self, AuditError> {
        match text {
            "system" => Ok(Self::System),
            id => id.parse().map(Self::Request).map_err(|_| AuditError::NotAChain),
        }
    }
}

impl From<RequestId> for ChainId {
    fn from(id: RequestId) -> Self {
        Self::Request(id)
    }
}

impl Serialize for ChainId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ChainId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// The end of a chain: how many records it has and the last one's hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The last record's `seq`; 0 for an empty chain.
    pub seq: u64,
    /// The last record's hash; the genesis hash for an empty chain.
    pub hash: Digest,
}

impl Head {
    /// The head of a chain that has no record yet. Its hash comes from the chain's name, so that the records
    /// of one chain cannot be passed off as another's.
    pub fn genesis(chain: &ChainId) -> Self {
        Self { seq: 0, hash: Digest::tagged(b"genesis", chain.to_string().as_bytes()) }
    }
}

/// What is wrong with a chain, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChainFault {
    /// A record of another chain.
    #[error("record {seq} belongs to chain {found}")]
    WrongChain {
        /// Where.
        seq: u64,
        /// The chain the record names.
        found: ChainId,
    },
    /// Records are missing.
    #[error("records {expected} to {} are missing", found.saturating_sub(1))]
    Gap {
        /// The next `seq` in order.
        expected: u64,
        /// The `seq` that came.
        found: u64,
    },
    /// A record stands where a later one should: moved, or present twice.
    #[error("record {found} stands where record {expected} should")]
    Reordered {
        /// The next `seq` in order.
        expected: u64,
        /// The `seq` that came.
        found: u64,
    },
    /// The record does not follow the one before it.
    #[error("record {seq} does not link to the record before it")]
    PrevMismatch {
        /// Where.
        seq: u64,
    },
    /// The record's content is not what was hashed.
    #[error("record {seq} was changed: its hash does not fit its content")]
    HashMismatch {
        /// Where.
        seq: u64,
    },
    /// The chain is whole in itself, but is not the one that was anchored.
    #[error("record {seq} is not the one that was anchored: the chain was rewritten")]
    AnchorMismatch {
        /// Where.
        seq: u64,
    },
    /// The chain ends before its anchor.
    #[error("the chain ends at {last}, but record {anchored} was anchored: its tail was cut")]
    TailCut {
        /// The last `seq` that is there.
        last: u64,
        /// The `seq` that was anchored.
        anchored: u64,
    },
}

/// Verifies a chain record by record, in constant memory.
#[derive(Debug)]
pub struct Verifier {
    chain: ChainId,
    head: Head,
    anchor: Option<Head>,
    buffer: Vec<u8>,
}

impl Verifier {
    /// From the chain's beginning, against a head that was kept elsewhere, if there is one.
    pub fn new(chain: ChainId, anchor: Option<Head>) -> Self {
        Self { chain, head: Head::genesis(&chain), anchor, buffer: Vec::with_capacity(1024) }
    }

    /// Checks the next record. After a fault the verifier has not moved.
    pub fn push(&mut self, record: &AuditRecord) -> Result<(), ChainFault> {
        let seq = record.seq;
        if record.chain != self.chain {
            return Err(ChainFault::WrongChain { seq, found: record.chain });
        }
        let expected = self.head.seq.saturating_add(1);
        if seq > expected {
            return Err(ChainFault::Gap { expected, found: seq });
        }
        if seq < expected {
            return Err(ChainFault::Reordered { expected, found: seq });
        }
        if record.prev_hash != self.head.hash {
            return Err(ChainFault::PrevMismatch { seq });
        }
        self.buffer.clear();
        record.write_canonical(&mut self.buffer);
        if Digest::tagged(b"record", &self.buffer) != record.hash {
            return Err(ChainFault::HashMismatch { seq });
        }
        if self.anchor.is_some_and(|anchor| anchor.seq == seq && anchor.hash != record.hash) {
            return Err(ChainFault::AnchorMismatch { seq });
        }
        self.head = record.head();
        Ok(())
    }

    /// Goes on behind a record that [`Self::push`] found fault with, taking it for what it claims to be: a
    /// verifier that is to name every fault does not name the same one at each record that follows.
    pub fn skip(&mut self, record: &AuditRecord) {
        self.head = record.head();
    }

    /// The chain.
    pub const fn chain(&self) -> ChainId {
        self.chain
    }

    /// The head so far.
    pub const fn head(&self) -> Head {
        self.head
    }

    /// Ends the chain: says whether it reaches its anchor.
    pub fn finish(self) -> Result<Head, ChainFault> {
        match self.anchor {
            Some(anchor) if anchor.seq > self.head.seq => {
                Err(ChainFault::TailCut { last: self.head.seq, anchored: anchor.seq })
            }
            Some(anchor) if anchor.seq == 0 && anchor != Head::genesis(&self.chain) => {
                Err(ChainFault::AnchorMismatch { seq: 0 })
            }
            _ => Ok(self.head),
        }
    }
}

/// Verifies a whole chain in order and returns its head. With an `anchor`, a cut or rewritten tail is found
/// too; a chain may have grown since it was anchored.
///
/// # Errors
/// The first [`ChainFault`].
pub fn verify_chain<'a>(
    chain: ChainId,
    records: impl IntoIterator<Item = &'a AuditRecord>,
    anchor: Option<&Head>,
) -> Result<Head, ChainFault> {
    let mut verifier = Verifier::new(chain, anchor.copied());
    for record in records {
        verifier.push(record)?;
    }
    verifier.finish()
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
