//! The audit chains as rows: appended in the transaction of what they record, never changed.

use audit::{
    AuditRecord, ChainFault, ChainId, Digest, Draft, Head, Outcome, Salt, Verifier, canonical_json,
    commit_canonical, verify_payload,
};
use diesel::{ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};
use marketplace::{Actor, DataKeyId, Timestamp};
use serde_json::Value;

use crate::{
    Conn, StoreError, Vault, on_conn,
    schema::{audit_heads, audit_payloads, audit_records},
    vault::{DataKey, Opened},
};

/// How many records a verification reads at once.
const PAGE: i64 = 500;

/// What happened, to be appended to a chain.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRecord {
    /// When, in domain time.
    pub at: Timestamp,
    /// Who; its name is a closed code.
    pub actor: Actor,
    /// What: a closed code such as `state.changed`.
    pub action: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why: closed codes.
    pub reasons: Vec<String>,
    /// The event, turn or call behind it: a random id of ours.
    pub caused_by: Option<String>,
    /// What may be personal: lies beside the chain and dies on erasure. `Null` if there is none.
    pub payload: Value,
    /// The keys of the people in `payload`. Without any, it is sealed under a key of the system's.
    pub sealed_by: Vec<DataKeyId>,
}

/// What became of a record's payload.
#[derive(Debug, Clone, PartialEq)]
pub enum Payload {
    /// As it was committed to.
    Open(Value),
    /// Someone in it was erased.
    Erased,
    /// Not what the record commits to, or not there at all.
    Altered,
}

/// Appends records to a chain in the caller's transaction and returns the new head.
///
/// The chain's head row stays locked until the end of the transaction: take it last, after the request and
/// its contacts, and `system` after a request's own chain.
///
/// # Errors
/// [`StoreError::Audit`] if something that is not a closed code or a random id would enter the chain;
/// [`StoreError::Erased`] if one of the keys is gone.
pub fn append(
    conn: &mut Conn,
    vault: &Vault,
    chain: ChainId,
    records: &[NewRecord],
) -> Result<Head, StoreError> {
    let before = lock_head(conn, chain)?;
    let mut head = before;
    for new in records {
        let salt = Salt::generate(vault.ids());
        // Stored in the form that is committed to: to verify it, nothing has to be parsed.
        let payload = canonical_json(&new.payload);
        let record = draft(chain, new, commit_canonical(&salt, &payload))?.link(&head);
        head = record.head();
        let keys = payload_keys(conn, vault, new)?;
        let keys: Vec<&DataKey> = keys.iter().collect();
        let row = PayloadRow {
            chain: chain.to_string(),
            seq: to_seq(record.seq),
            payload: vault.seal(&keys, &payload)?,
            salt: vault.seal(&keys, salt.as_bytes())?,
        };
        let record = RecordRow::of(&record);
        on_conn!(conn, |c| diesel::insert_into(audit_records::table).values(&record).execute(c))?;
        on_conn!(conn, |c| diesel::insert_into(audit_payloads::table).values(&row).execute(c))?;
    }
    if head != before {
        move_head(conn, chain, head)?;
    }
    Ok(head)
}

/// A chain's records, oldest first.
pub fn chain_records(conn: &mut Conn, chain: ChainId) -> Result<Vec<AuditRecord>, StoreError> {
    page(conn, chain, 0, i64::MAX)
}

/// A chain's records with their payloads, oldest first.
pub fn chain_with_payloads(
    conn: &mut Conn,
    vault: &Vault,
    chain: ChainId,
) -> Result<Vec<(AuditRecord, Payload)>, StoreError> {
    let mut whole = Vec::new();
    for record in chain_records(conn, chain)? {
        let payload = payload_of(conn, vault, &record)?;
        whole.push((record, payload));
    }
    Ok(whole)
}

/// Every chain with its head, in the order of their names.
pub fn chains(conn: &mut Conn) -> Result<Vec<(ChainId, Head)>, StoreError> {
    let rows: Vec<(String, i64, Vec<u8>)> =
        on_conn!(conn, |c| audit_heads::table.order(audit_heads::chain).load(c))?;
    rows.into_iter()
        .map(|(chain, seq, hash)| {
            let chain = chain.parse().map_err(|_| StoreError::Corrupt { what: "audit_heads.chain" })?;
            Ok((chain, head_of(seq, &hash)?))
        })
        .collect()
}

/// Verifies a chain from its beginning, against the stored head and, if given, a head kept elsewhere. The
/// inner result is the verdict.
pub fn verify(
    conn: &mut Conn,
    chain: ChainId,
    anchor: Option<Head>,
) -> Result<Result<Head, ChainFault>, StoreError> {
    let stored = stored_head(conn, chain)?.unwrap_or_else(|| Head::genesis(&chain));
    let mut verifier = Verifier::new(chain, anchor);
    loop {
        let records = page(conn, chain, verifier.head().seq, PAGE)?;
        if records.is_empty() {
            break;
        }
        for record in &records {
            if let Err(fault) = verifier.push(record) {
                return Ok(Err(fault));
            }
        }
    }
    Ok(verifier.finish().and_then(|head| {
        if head.seq < stored.seq {
            Err(ChainFault::TailCut { last: head.seq, anchored: stored.seq })
        } else if head != stored {
            Err(ChainFault::AnchorMismatch { seq: stored.seq })
        } else {
            Ok(head)
        }
    }))
}

fn draft(chain: ChainId, new: &NewRecord, commitment: Digest) -> Result<Draft, StoreError> {
    let draft = Draft::new(chain, new.at, new.actor.clone(), new.action.clone(), new.outcome, commitment)?
        .with_reasons(new.reasons.iter().cloned())?;
    Ok(match &new.caused_by {
        Some(cause) => draft.caused_by(cause)?,
        None => draft,
    })
}

fn payload_keys(conn: &mut Conn, vault: &Vault, new: &NewRecord) -> Result<Vec<DataKey>, StoreError> {
    if new.sealed_by.is_empty() {
        let subject = vault.lookup_hash("subject", "system");
        return Ok(vec![vault.data_key_for_subject(conn, &subject, new.at)?]);
    }
    new.sealed_by.iter().map(|id| vault.data_key(conn, *id)?.ok_or(StoreError::Erased)).collect()
}

fn payload_of(conn: &mut Conn, vault: &Vault, record: &AuditRecord) -> Result<Payload, StoreError> {
    let key = (record.chain.to_string(), to_seq(record.seq));
    let row: Option<(Vec<u8>, Vec<u8>)> = on_conn!(conn, |c| audit_payloads::table
        .find(key)
        .select((audit_payloads::payload, audit_payloads::salt))
        .get_result(c)
        .optional())?;
    // Rows are never deleted: erasing destroys a key.
    let Some((payload, salt)) = row else { return Ok(Payload::Altered) };
    let (payload, salt) = match (vault.open(conn, &payload), vault.open(conn, &salt)) {
        (Ok(Opened::Plain(payload)), Ok(Opened::Plain(salt))) => (payload, salt),
        (Ok(_), Ok(_)) => return Ok(Payload::Erased),
        (Err(StoreError::Corrupt { .. }), _) | (_, Err(StoreError::Corrupt { .. })) => {
            return Ok(Payload::Altered);
        }
        (Err(error), _) | (_, Err(error)) => return Err(error),
    };
    let salt: Option<[u8; 32]> = salt.try_into().ok();
    match (serde_json::from_slice(&payload), salt) {
        (Ok(value), Some(salt)) if verify_payload(&Salt::from_bytes(salt), &value, &record.commitment) => {
            Ok(Payload::Open(value))
        }
        _ => Ok(Payload::Altered),
    }
}

/// The head, locked until the transaction ends.
pub(crate) fn lock_head(conn: &mut Conn, chain: ChainId) -> Result<Head, StoreError> {
    if let Some(head) = stored_head_locked(conn, chain)? {
        return Ok(head);
    }
    let genesis = Head::genesis(&chain);
    on_conn!(conn, |c| diesel::insert_into(audit_heads::table)
        .values((
            audit_heads::chain.eq(chain.to_string()),
            audit_heads::seq.eq(to_seq(genesis.seq)),
            audit_heads::hash.eq(genesis.hash.as_bytes().as_slice()),
        ))
        .on_conflict(audit_heads::chain)
        .do_nothing()
        .execute(c))?;
    stored_head_locked(conn, chain)?.ok_or(StoreError::NotFound)
}

fn stored_head_locked(conn: &mut Conn, chain: ChainId) -> Result<Option<Head>, StoreError> {
    match conn {
        // A writing transaction on SQLite is alone.
        Conn::Sqlite(_) => stored_head(conn, chain),
        Conn::Pg(c) => {
            let row: Option<(i64, Vec<u8>)> = audit_heads::table
                .find(chain.to_string())
                .select((audit_heads::seq, audit_heads::hash))
                .for_update()
                .first(c)
                .optional()?;
            row.map(|(seq, hash)| head_of(seq, &hash)).transpose()
        }
    }
}

fn stored_head(conn: &mut Conn, chain: ChainId) -> Result<Option<Head>, StoreError> {
    let row: Option<(i64, Vec<u8>)> = on_conn!(conn, |c| audit_heads::table
        .find(chain.to_string())
        .select((audit_heads::seq, audit_heads::hash))
        .get_result(c)
        .optional())?;
    row.map(|(seq, hash)| head_of(seq, &hash)).transpose()
}

fn move_head(conn: &mut Conn, chain: ChainId, head: Head) -> Result<(), StoreError> {
    let moved = on_conn!(conn, |c| diesel::update(audit_heads::table.find(chain.to_string()))
        .set((audit_heads::seq.eq(to_seq(head.seq)), audit_heads::hash.eq(head.hash.as_bytes().as_slice()),))
        .execute(c))?;
    if moved == 1 { Ok(()) } else { Err(StoreError::NotFound) }
}

fn page(conn: &mut Conn, chain: ChainId, after: u64, limit: i64) -> Result<Vec<AuditRecord>, StoreError> {
    let rows: Vec<RecordRow> = on_conn!(conn, |c| audit_records::table
        .filter(audit_records::chain.eq(chain.to_string()))
        .filter(audit_records::seq.gt(to_seq(after)))
        .order(audit_records::seq)
        .limit(limit)
        .load(c))?;
    rows.into_iter().map(RecordRow::into_record).collect()
}

pub(crate) fn head_of(seq: i64, hash: &[u8]) -> Result<Head, StoreError> {
    let corrupt = StoreError::Corrupt { what: "audit_heads" };
    match (u64::try_from(seq), hash.try_into()) {
        (Ok(seq), Ok(hash)) => Ok(Head { seq, hash }),
        _ => Err(corrupt),
    }
}

/// A chain of 2⁶³ records is not reached.
pub(crate) fn to_seq(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

#[derive(Insertable, Queryable)]
#[diesel(table_name = audit_payloads)]
pub(crate) struct PayloadRow {
    pub(crate) chain: String,
    pub(crate) seq: i64,
    pub(crate) payload: Vec<u8>,
    pub(crate) salt: Vec<u8>,
}

#[derive(Insertable, Queryable)]
#[diesel(table_name = audit_records)]
pub(crate) struct RecordRow {
    pub(crate) chain: String,
    pub(crate) seq: i64,
    at: i64,
    actor_kind: String,
    actor_name: String,
    action: String,
    outcome: String,
    reasons: String,
    caused_by: Option<String>,
    commitment: Vec<u8>,
    prev_hash: Vec<u8>,
    hash: Vec<u8>,
}

impl RecordRow {
    fn of(record: &AuditRecord) -> Self {
        Self {
            chain: record.chain.to_string(),
            seq: to_seq(record.seq),
            at: record.at.as_millis(),
            actor_kind: record.actor.kind.to_string(),
            actor_name: record.actor.name.clone(),
            action: record.action.clone(),
            outcome: record.outcome.to_string(),
            // Codes hold no blank.
            reasons: record.reasons.join(" "),
            caused_by: record.caused_by.clone(),
            commitment: record.commitment.as_bytes().to_vec(),
            prev_hash: record.prev_hash.as_bytes().to_vec(),
            hash: record.hash.as_bytes().to_vec(),
        }
    }

    pub(crate) fn into_record(self) -> Result<AuditRecord, StoreError> {
        let corrupt = || StoreError::Corrupt { what: "audit_records" };
        let digest = |bytes: &[u8]| bytes.try_into().map_err(|_| corrupt());
        Ok(AuditRecord {
            chain: self.chain.parse().map_err(|_| corrupt())?,
            seq: u64::try_from(self.seq).map_err(|_| corrupt())?,
            at: Timestamp::from_millis(self.at),
            actor: Actor::new(self.actor_kind.parse().map_err(|_| corrupt())?, self.actor_name),
            action: self.action,
            outcome: self.outcome.parse().map_err(|_| corrupt())?,
            reasons: self.reasons.split_whitespace().map(str::to_owned).collect(),
            commitment: digest(&self.commitment)?,
            caused_by: self.caused_by,
            prev_hash: digest(&self.prev_hash)?,
            hash: digest(&self.hash)?,
        })
    }
}

#[cfg(test)]
#[path = "audit_log_tests.rs"]
pub(crate) mod tests;
