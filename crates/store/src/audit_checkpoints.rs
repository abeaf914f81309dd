//! Checkpoints as rows: each says which heads changed since the one before, and links to it. They are made to be
//! kept outside the database; the rows are there so that one kept outside can be looked up.

use std::collections::BTreeMap;

use audit::{ChainId, Checkpoint, CheckpointFault, CheckpointHead, Digest, Head, SeriesVerifier};
use diesel::{ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};
use marketplace::Timestamp;

use crate::{
    Conn, StoreError, Tx,
    audit_log::{self, to_seq},
    on_conn,
    schema::{audit_checkpoints, audit_heads},
};

/// How many checkpoints are read at once; each is below two megabytes.
const PAGE: i64 = 16;

/// What is wrong with the stored series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SeriesFault {
    /// A row that is no checkpoint.
    #[error("checkpoint {number} is not readable")]
    Unreadable {
        /// Its number.
        number: u64,
    },
    /// A checkpoint that does not follow the one before it, or was changed.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointFault),
}

/// Reads all checkpoints from the first on, verifies that each follows the one before, and shows each to `each`.
/// The inner result is the verdict; after a fault nothing more is shown.
pub fn series<E: From<StoreError>>(
    conn: &mut Conn,
    mut each: impl FnMut(&Checkpoint) -> Result<(), E>,
) -> Result<Result<SeriesVerifier, (SeriesVerifier, SeriesFault)>, E> {
    let mut verifier = SeriesVerifier::default();
    let mut after = 0;
    loop {
        let rows: Vec<Row> = on_conn!(&mut *conn, |c| audit_checkpoints::table
            .filter(audit_checkpoints::number.gt(after))
            .order(audit_checkpoints::number)
            .limit(PAGE)
            .load(c))
        .map_err(StoreError::from)?;
        let Some(last) = rows.last() else { return Ok(Ok(verifier)) };
        after = last.number;
        for row in rows {
            let number = u64::try_from(row.number).unwrap_or_default();
            let Some(checkpoint) = row.into_checkpoint() else {
                return Ok(Err((verifier, SeriesFault::Unreadable { number })));
            };
            if let Err(fault) = verifier.push(&checkpoint) {
                return Ok(Err((verifier, fault.into())));
            }
            each(&checkpoint)?;
        }
    }
}

/// The last checkpoint, unverified; [`CheckpointHead::genesis`] before the first.
pub fn last(conn: &mut Conn) -> Result<CheckpointHead, StoreError> {
    let row: Option<(i64, Vec<u8>)> = on_conn!(conn, |c| audit_checkpoints::table
        .order(audit_checkpoints::number.desc())
        .select((audit_checkpoints::number, audit_checkpoints::hash))
        .first(c)
        .optional())?;
    let Some((number, hash)) = row else { return Ok(CheckpointHead::genesis()) };
    match (u64::try_from(number), hash.as_slice().try_into()) {
        (Ok(number), Ok(hash)) => Ok(CheckpointHead { number, hash }),
        _ => Err(StoreError::Corrupt { what: "audit_checkpoints" }),
    }
}

/// The heads that differ from those that the checkpoints named last.
pub fn changed(
    conn: &mut Conn,
    latest: &BTreeMap<ChainId, Head>,
) -> Result<BTreeMap<ChainId, Head>, StoreError> {
    let heads = audit_log::chains(conn)?;
    let moved = |(chain, head): &(ChainId, Head)| head.seq > 0 && latest.get(chain) != Some(head);
    Ok(heads.into_iter().filter(moved).collect())
}

/// Makes this transaction the only one that writes checkpoints until it ends, and says which is the last. The
/// `system` chain's head is what it takes: append to that chain and to no other from here on.
pub fn lock(tx: &mut Tx<'_>) -> Result<CheckpointHead, StoreError> {
    audit_log::lock_head(tx.conn, ChainId::System)?;
    last(tx.conn)
}

/// Stores the checkpoints over `heads` behind `prev`, as [`lock`] gave it; the last one carries `content`.
pub fn write(
    tx: &mut Tx<'_>,
    prev: &CheckpointHead,
    heads: BTreeMap<ChainId, Head>,
    content: Option<Digest>,
) -> Result<Vec<Checkpoint>, StoreError> {
    let made = Checkpoint::link_all(prev, tx.now, heads, content);
    for checkpoint in &made {
        let row = Row::of(checkpoint)?;
        on_conn!(&mut *tx.conn, |c| diesel::insert_into(audit_checkpoints::table).values(&row).execute(c))?;
    }
    Ok(made)
}

#[derive(Insertable, Queryable)]
#[diesel(table_name = audit_checkpoints)]
struct Row {
    number: i64,
    at: i64,
    heads: String,
    content: Option<Vec<u8>>,
    prev_hash: Vec<u8>,
    hash: Vec<u8>,
}

impl Row {
    fn of(checkpoint: &Checkpoint) -> Result<Self, StoreError> {
        Ok(Self {
            number: to_seq(checkpoint.number),
            at: checkpoint.at.as_millis(),
            heads: String::from_utf8(checkpoint.canonical_heads())
                .map_err(|_| StoreError::Corrupt { what: "heads of a checkpoint" })?,
            content: checkpoint.content.map(|content| content.as_bytes().to_vec()),
            prev_hash: checkpoint.prev_hash.as_bytes().to_vec(),
            hash: checkpoint.hash.as_bytes().to_vec(),
        })
    }

    /// `None` if it is none of ours.
    fn into_checkpoint(self) -> Option<Checkpoint> {
        let checkpoint = Checkpoint {
            number: u64::try_from(self.number).ok()?,
            at: Timestamp::from_millis(self.at),
            heads: serde_json::from_str(&self.heads).ok()?,
            content: match self.content {
                Some(content) => Some(content.as_slice().try_into().ok()?),
                None => None,
            },
            prev_hash: self.prev_hash.as_slice().try_into().ok()?,
            hash: self.hash.as_slice().try_into().ok()?,
        };
        // Text that reads the same but is written otherwise was not written by us.
        (checkpoint.canonical_heads() == self.heads.as_bytes()).then_some(checkpoint)
    }
}

/// Every stored head, or one chain's, by the chain's name; unparsed, because a verification names what is wrong.
pub(crate) fn stored_heads(
    conn: &mut Conn,
    only: Option<&str>,
) -> Result<BTreeMap<String, (i64, Vec<u8>)>, StoreError> {
    let rows: Vec<(String, i64, Vec<u8>)> = match only {
        Some(chain) => on_conn!(conn, |c| audit_heads::table.filter(audit_heads::chain.eq(chain)).load(c))?,
        None => on_conn!(conn, |c| audit_heads::table.order(audit_heads::chain).load(c))?,
    };
    Ok(rows.into_iter().map(|(chain, seq, hash)| (chain, (seq, hash))).collect())
}
