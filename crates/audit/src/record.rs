//! One record of a chain, and the draft it is made from.

use marketplace::{Actor, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    AuditError, ChainId, Digest, Head,
    canonical::{write_integer, write_separated, write_text},
    codes::{is_cause, is_code},
};

/// How what was tried ended.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Ok,
    /// A gate said no; nothing changed.
    Refused,
    /// The same call had been done before; its stored result was given again.
    Replayed,
    /// An answer or event did not pass validation.
    Rejected,
    /// It was tried and did not work.
    Failed,
    /// It may or may not have happened; it is not tried again.
    Unknown,
    /// Recorded without effect.
    Ignored,
}

/// A record that is not in a chain yet. Its constructor lets nothing in but closed codes and random ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    chain: ChainId,
    at: Timestamp,
    actor: Actor,
    action: String,
    outcome: Outcome,
    reasons: Vec<String>,
    commitment: Digest,
    caused_by: Option<String>,
}

impl Draft {
    /// What happened, by whom, how it ended, and the commitment to its payload (see [`crate::commit`]).
    ///
    /// # Errors
    /// [`AuditError::NotACode`] when the actor's name or the action is not a code ([`crate::is_code`]).
    pub fn new(
        chain: ChainId,
        at: Timestamp,
        actor: Actor,
        action: impl Into<String>,
        outcome: Outcome,
        commitment: Digest,
    ) -> Result<Self, AuditError> {
        let action = action.into();
        require_code("actor", &actor.name)?;
        require_code("action", &action)?;
        Ok(Self { chain, at, actor, action, outcome, reasons: Vec::new(), commitment, caused_by: None })
    }

    /// Adds the codes that say why, in order.
    ///
    /// # Errors
    /// [`AuditError::NotACode`] when one of them is not a code.
    pub fn with_reasons(
        mut self,
        reasons: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Self, AuditError> {
        for reason in reasons {
            let reason = reason.into();
            require_code("reason", &reason)?;
            self.reasons.push(reason);
        }
        Ok(self)
    }

    /// Names the event, turn or tool call that led to this record.
    ///
    /// # Errors
    /// [`AuditError::NotACause`] when it is not a random id ([`crate::is_cause`]).
    pub fn caused_by(mut self, id: impl std::fmt::Display) -> Result<Self, AuditError> {
        let id = id.to_string();
        if !is_cause(&id) {
            return Err(AuditError::NotACause);
        }
        self.caused_by = Some(id);
        Ok(self)
    }

    /// The chain this record will stand in.
    pub const fn chain(&self) -> &ChainId {
        &self.chain
    }

    /// Puts the record behind `prev`, the head of its chain ([`Head::genesis`] for the first one).
    pub fn link(self, prev: &Head) -> AuditRecord {
        let Self { chain, at, actor, action, outcome, reasons, commitment, caused_by } = self;
        let mut record = AuditRecord {
            chain,
            seq: prev.seq.saturating_add(1),
            at,
            actor,
            action,
            outcome,
            reasons,
            commitment,
            caused_by,
            prev_hash: prev.hash,
            hash: prev.hash,
        };
        record.hash = record.computed_hash();
        record
    }
}

/// One link of a chain. The fields are public because a store rebuilds records from rows: whether one is
/// genuine is the [`crate::Verifier`]'s to say.
///
/// In JSON: the members of the canonical form (see the crate) and `hash`; unknown members are refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditRecord {
    /// The chain it stands in.
    pub chain: ChainId,
    /// Its place there, from 1, without gaps.
    pub seq: u64,
    /// When, in domain time.
    #[serde(with = "millis")]
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What: a closed code such as `state.changed`.
    pub action: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why: closed codes.
    pub reasons: Vec<String>,
    /// Commitment to the payload kept beside the chain.
    pub commitment: Digest,
    /// The event, turn or tool call behind it.
    pub caused_by: Option<String>,
    /// The hash of the record before, or the chain's genesis hash.
    pub prev_hash: Digest,
    /// The hash of this record.
    pub hash: Digest,
}

impl AuditRecord {
    /// The head of the chain once this record is its last.
    pub const fn head(&self) -> Head {
        Head { seq: self.seq, hash: self.hash }
    }

    /// The canonical form that is hashed: everything but `hash`.
    pub fn canonical(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        self.write_canonical(&mut out);
        out
    }

    /// What `hash` must be.
    pub fn computed_hash(&self) -> Digest {
        Digest::tagged(b"record", &self.canonical())
    }

    /// Writes the canonical form into a buffer that a verifier reuses.
    pub(crate) fn write_canonical(&self, out: &mut Vec<u8>) {
        self.write_members(out, false);
    }

    /// Writes the canonical form with `hash` among the members, as an export holds it.
    pub(crate) fn write_with_hash(&self, out: &mut Vec<u8>) {
        self.write_members(out, true);
    }

    fn write_members(&self, out: &mut Vec<u8>, with_hash: bool) {
        out.extend_from_slice(b"{\"action\":");
        write_text(out, &self.action);
        out.extend_from_slice(b",\"actor\":{\"kind\":");
        write_text(out, self.actor.kind.into());
        out.extend_from_slice(b",\"name\":");
        write_text(out, &self.actor.name);
        out.extend_from_slice(b"},\"at\":");
        write_integer(out, self.at.as_millis());
        out.extend_from_slice(b",\"caused_by\":");
        match &self.caused_by {
            Some(id) => write_text(out, id),
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b",\"chain\":\"");
        self.chain.write(out);
        out.extend_from_slice(b"\",\"commitment\":\"");
        self.commitment.write_hex(out);
        if with_hash {
            out.extend_from_slice(b"\",\"hash\":\"");
            self.hash.write_hex(out);
        }
        out.extend_from_slice(b"\",\"outcome\":");
        write_text(out, self.outcome.into());
        out.extend_from_slice(b",\"prev_hash\":\"");
        self.prev_hash.write_hex(out);
        out.extend_from_slice(b"\",\"reasons\":");
        write_separated(out, *b"[]", &self.reasons, |out, reason| write_text(out, reason));
        out.extend_from_slice(b",\"seq\":");
        write_integer(out, self.seq);
        out.push(b'}');
    }
}

fn require_code(field: &'static str, text: &str) -> Result<(), AuditError> {
    if is_code(text) { Ok(()) } else { Err(AuditError::NotACode { field }) }
}

/// Times as integers: exact in any language, with no calendar in between.
pub(crate) mod millis {
    use marketplace::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
    pub(crate) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(at.as_millis())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(deserializer).map(Timestamp::from_millis)
    }
}
