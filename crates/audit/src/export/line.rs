//! The lines of an export: how each is written, and how one is read back without accepting any other spelling.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use crate::{
    AuditError, AuditRecord, ChainId, Checkpoint, CheckpointHead, Digest, Salt,
    canonical::{canonical_json, write_integer},
};

/// The version of the format.
pub const FORMAT: u32 = 1;

/// What an export covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Every chain.
    All,
    /// One chain.
    Chain(ChainId),
}

impl Scope {
    /// Whether a chain belongs to it.
    pub fn covers(&self, chain: &ChainId) -> bool {
        match self {
            Self::All => true,
            Self::Chain(one) => one == chain,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Chain(chain) => chain.fmt(f),
        }
    }
}

impl FromStr for Scope {
    type Err = AuditError;
    fn from_str(text: &str) -> Result<Self, AuditError> {
        if text == "all" { Ok(Self::All) } else { text.parse().map(Self::Chain) }
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// The first line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`FORMAT`].
    pub format: u32,
    /// Whether each record is followed by its payload.
    pub payloads: bool,
    /// `all`, or the name of the one chain.
    pub scope: Scope,
}

/// The last line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Footer {
    /// Chains with at least one record.
    pub chains: u64,
    /// The closing checkpoint's number.
    pub checkpoint: u64,
    /// The closing checkpoint's hash: the anchor.
    pub hash: Digest,
    /// Payloads whose key was destroyed.
    pub payloads_erased: u64,
    /// Payloads that can be read.
    pub payloads_open: u64,
    /// Records.
    pub records: u64,
}

impl Header {
    /// Of this version.
    pub const fn new(scope: Scope, payloads: bool) -> Self {
        Self { format: FORMAT, payloads, scope }
    }

    pub(super) fn write_line(&self, out: &mut Vec<u8>) {
        write_small(out, "header", self);
    }
}

impl Footer {
    pub(super) fn empty() -> Self {
        let CheckpointHead { number, hash } = CheckpointHead::genesis();
        Self { chains: 0, checkpoint: number, hash, payloads_erased: 0, payloads_open: 0, records: 0 }
    }

    pub(super) fn write_line(&self, out: &mut Vec<u8>) {
        write_small(out, "footer", self);
    }
}

/// A line as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    Header(Header),
    Record(AuditRecord),
    Payload(PayloadLine),
    Checkpoint(Checkpoint),
    Footer(Footer),
}

/// A payload, or that it was erased.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PayloadLine {
    pub(super) chain: ChainId,
    erased: bool,
    salt: Option<Digest>,
    pub(super) seq: u64,
    value: Value,
}

impl PayloadLine {
    /// The salt and the value's canonical form; `None` if it was erased.
    pub(super) fn open(&self) -> Option<(Salt, Vec<u8>)> {
        let salt = self.salt.filter(|_| !self.erased)?;
        Some((Salt::from_bytes(*salt.as_bytes()), canonical_json(&self.value)))
    }
}

impl Line {
    /// Reads a line, its line break included. `None` if it is not, byte for byte, what this program would write.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let line: Self = serde_json::from_slice(bytes.strip_suffix(b"\n")?).ok()?;
        let mut written = Vec::with_capacity(bytes.len());
        line.write(&mut written);
        (written == bytes).then_some(line)
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Header(header) => header.write_line(out),
            Self::Record(record) => write_record(out, record),
            Self::Payload(payload) => {
                let open = payload.open();
                let open = open.as_ref().map(|(salt, canonical)| (salt, canonical.as_slice()));
                write_payload(out, &payload.chain, payload.seq, open);
            }
            Self::Checkpoint(checkpoint) => write_checkpoint(out, checkpoint),
            Self::Footer(footer) => footer.write_line(out),
        }
    }

    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Header(_) => "header",
            Self::Record(_) => "record",
            Self::Payload(_) => "payload",
            Self::Checkpoint(_) => "checkpoint",
            Self::Footer(_) => "footer",
        }
    }
}

pub(super) fn write_record(out: &mut Vec<u8>, record: &AuditRecord) {
    out.extend_from_slice(b"{\"record\":");
    record.write_with_hash(out);
    out.extend_from_slice(b"}\n");
}

pub(super) fn write_checkpoint(out: &mut Vec<u8>, checkpoint: &Checkpoint) {
    out.extend_from_slice(b"{\"checkpoint\":");
    checkpoint.write_with_hash(out);
    out.extend_from_slice(b"}\n");
}

/// `open` is the salt and the payload's canonical form.
pub(super) fn write_payload(out: &mut Vec<u8>, chain: &ChainId, seq: u64, open: Option<(&Salt, &[u8])>) {
    out.extend_from_slice(b"{\"payload\":{\"chain\":\"");
    chain.write(out);
    out.extend_from_slice(b"\",\"erased\":");
    out.extend_from_slice(if open.is_some() { b"false" } else { b"true" });
    out.extend_from_slice(b",\"salt\":");
    match open {
        Some((salt, _)) => {
            out.push(b'"');
            Digest::from_bytes(*salt.as_bytes()).write_hex(out);
            out.push(b'"');
        }
        None => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(b",\"seq\":");
    write_integer(out, seq);
    out.extend_from_slice(b",\"value\":");
    out.extend_from_slice(open.map_or(b"null", |(_, canonical)| canonical));
    out.extend_from_slice(b"}}\n");
}

/// For the two lines that every export has once.
fn write_small(out: &mut Vec<u8>, name: &str, content: &impl Serialize) {
    // Numbers, booleans and texts alone: this cannot fail.
    let content = serde_json::to_value(content).unwrap_or_default();
    out.extend(canonical_json(&serde_json::json!({ name: content })));
    out.push(b'\n');
}
