//! Idempotency records: the stored answer of an effect that was done, in the transaction that did it.

use diesel::prelude::*;
use marketplace::{DataKeyId, RequestId};

use crate::{Conn, StoreError, Tx, Vault, on_conn, schema::idempotency_keys};

/// Who asked for what under which key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The caller: a token's name, or `orchestrator`.
    pub caller: String,
    /// The tool.
    pub tool: &'static str,
    /// The caller's key.
    pub key: String,
}

/// A caller may make a key of anything, a phone number too: it is stored as a keyed hash.
fn stored_key(vault: &Vault, key: &IdempotencyKey) -> String {
    hex::encode(vault.lookup_hash("idempotency_key", &key.key))
}

/// A finished effect.
#[derive(Debug, Clone)]
pub struct Finished {
    /// Keyed hash of the canonical body it was asked with.
    pub body_hash: Vec<u8>,
    /// The answer, JSON; `None` when the person it speaks of was erased.
    pub response: Option<String>,
}

/// The finished effect under this key, if there is one.
pub fn find(tx: &mut Tx<'_>, key: &IdempotencyKey) -> Result<Option<Finished>, StoreError> {
    let row: Option<(Vec<u8>, Vec<u8>)> = on_conn!(&mut *tx.conn, |c| idempotency_keys::table
        .find((&key.caller, key.tool, stored_key(tx.vault, key)))
        .select((idempotency_keys::body_hash, idempotency_keys::response))
        .get_result(c)
        .optional())?;
    row.map(|(body_hash, response)| Ok(Finished { body_hash, response: tx.open_text(&response)? }))
        .transpose()
}

/// Stores a finished effect.
pub fn insert(
    tx: &mut Tx<'_>,
    key: &IdempotencyKey,
    body_hash: &[u8],
    request: RequestId,
    sealed_by: &[DataKeyId],
    response: &str,
) -> Result<(), StoreError> {
    let row = (
        idempotency_keys::caller.eq(&key.caller),
        idempotency_keys::tool.eq(key.tool),
        idempotency_keys::key.eq(stored_key(tx.vault, key)),
        idempotency_keys::body_hash.eq(body_hash),
        idempotency_keys::request_id.eq(request.to_string()),
        idempotency_keys::response.eq(tx.seal(sealed_by, response.as_bytes())?),
        idempotency_keys::created_at.eq(tx.now.as_millis()),
    );
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(idempotency_keys::table).values(row).execute(c))?;
    Ok(())
}

/// Takes the key for this transaction; false when another transaction holds it. SQLite's one writer makes a
/// second holder impossible there.
pub fn try_lock(tx: &mut Tx<'_>, key: &IdempotencyKey) -> Result<bool, StoreError> {
    use diesel::sql_types::{BigInt, Bool};
    let text = format!("{}\n{}\n{}", key.caller, key.tool, key.key);
    let hash = tx.vault.lookup_hash("idempotency", &text);
    let number = hash.iter().take(8).fold(0_i64, |number, byte| (number << 8) | i64::from(*byte));
    match &mut *tx.conn {
        Conn::Sqlite(_) => Ok(true),
        Conn::Pg(c) => Ok(diesel::select(
            diesel::dsl::sql::<Bool>("pg_try_advisory_xact_lock(").bind::<BigInt, _>(number).sql(")"),
        )
        .get_result(c)?),
    }
}
