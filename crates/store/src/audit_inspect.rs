//! The whole audit, held against itself: every chain from its beginning, its head, the checkpoints, the payloads.
//!
//! One pass in the order of (chain, seq), a page at a time, on one snapshot: what is in memory is a page, the heads
//! and the keys, never the records. An export is the same pass with a pen.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};

use audit::{
    AuditRecord, ChainFault, ChainId, CheckpointHead, Digest, Head, Salt, SeriesVerifier, Verifier,
    canonical_json, verify_canonical,
};
use diesel::{
    ExpressionMethods, QueryDsl, RunQueryDsl,
    dsl::sql,
    sql_types::{BigInt, Bool, Text},
};
use serde::Serialize;

use crate::{
    Conn, StoreError, Vault,
    audit_checkpoints::{SeriesFault, series, stored_heads},
    audit_log::{PayloadRow, RecordRow, head_of},
    on_conn,
    schema::{audit_payloads, audit_records},
    vault::{Opened, Opener},
};

/// How many records are read at once. Few in tests, so that every one of them turns pages.
const PAGE: i64 = if cfg!(test) { 7 } else { 500 };
/// How many faults are named; all are counted.
pub const FAULTS_NAMED_MAX: usize = 100;

/// What is wrong with the stored audit, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditFault {
    /// A row under a name that is no chain, or with a column that no record can have.
    #[error("record {seq} of {chain:?} is not readable")]
    Unreadable {
        /// The chain as it is stored.
        chain: String,
        /// The record.
        seq: i64,
    },
    /// A record, its link, or the chain's end.
    #[error("chain {chain}: {fault}")]
    Chain {
        /// The chain.
        chain: ChainId,
        /// Its fault.
        fault: ChainFault,
    },
    /// A chain without a stored head, or a head that is none.
    #[error("chain {chain:?} has no valid head")]
    Head {
        /// The chain as it is stored.
        chain: String,
    },
    /// A record whose payload row is gone. Erasing destroys keys; it deletes no row.
    #[error("the payload of record {seq} of {chain} is missing")]
    PayloadMissing {
        /// The chain.
        chain: ChainId,
        /// The record.
        seq: u64,
    },
    /// A payload that its record does not commit to.
    #[error("the payload of record {seq} of {chain} was changed")]
    PayloadAltered {
        /// The chain.
        chain: ChainId,
        /// The record.
        seq: u64,
    },
    /// A payload without a record.
    #[error("there is a payload {seq} of {chain:?}, but no such record")]
    PayloadAlone {
        /// The chain as it is stored.
        chain: String,
        /// The record that it would belong to.
        seq: i64,
    },
    /// The checkpoints. Those behind the fault were not looked at.
    #[error("{0}")]
    Series(SeriesFault),
    /// A checkpoint names a record that is gone or another one now.
    #[error("checkpoint {number} names record {seq} of {chain}, which is gone or was rewritten")]
    NotInChain {
        /// The checkpoint.
        number: u64,
        /// The chain.
        chain: ChainId,
        /// The record.
        seq: u64,
    },
    /// No checkpoint of the series has the anchor's hash.
    #[error("no checkpoint has the hash {0}: the audit was rewritten or cut since it was anchored")]
    AnchorUnknown(Digest),
}

/// What became of the payloads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct PayloadCounts {
    /// As they were committed to.
    pub open: u64,
    /// Their key was destroyed: nobody can read them any more.
    pub erased: u64,
    /// Not what the record commits to.
    pub altered: u64,
    /// Without a row.
    pub missing: u64,
}

/// What was looked at, and what was found.
#[derive(Debug, Clone)]
pub struct AuditReport {
    /// Chains with at least one record.
    pub chains: u64,
    /// Records.
    pub records: u64,
    /// Their payloads.
    pub payloads: PayloadCounts,
    /// The last checkpoint that follows from the first.
    pub last_checkpoint: CheckpointHead,
    /// The number of the checkpoint whose hash is the anchor.
    pub anchored: Option<u64>,
    /// The first [`FAULTS_NAMED_MAX`] faults.
    pub faults: Vec<AuditFault>,
    /// How many there are.
    pub faults_total: u64,
}

impl AuditReport {
    /// Whether nothing is wrong.
    pub const fn holds(&self) -> bool {
        self.faults_total == 0
    }
}

/// A payload as it was committed to, or why not.
pub(crate) enum PayloadState {
    Open { salt: Salt, canonical: Vec<u8> },
    Erased,
    Altered,
    Missing,
}

/// What an inspection is for.
pub(crate) trait Sink {
    type Error: From<StoreError>;
    /// A record that follows the one before it, with its payload.
    fn record(&mut self, record: &AuditRecord, payload: &PayloadState) -> Result<(), Self::Error>;
    /// Something that is wrong. An error ends the inspection.
    fn fault(&mut self, fault: AuditFault) -> Result<(), Self::Error>;
    /// So many records were looked at.
    fn progress(&mut self, records: u64) -> Result<(), Self::Error>;
}

/// Verifies the audit, or one chain of it, on the snapshot of `conn`. With an `anchor`, a checkpoint of that hash must
/// be in the series. `progress` is told now and then how many records were looked at.
///
/// # Errors
/// The database's; what is wrong with the audit is in the report.
pub fn verify(
    conn: &mut Conn,
    vault: &Vault,
    only: Option<ChainId>,
    anchor: Option<Digest>,
    progress: &mut dyn FnMut(u64),
) -> Result<AuditReport, StoreError> {
    let mut found = Findings { faults: Vec::new(), faults_total: 0, progress };
    let inspected = inspect(conn, vault, only, anchor, &mut found)?;
    Ok(AuditReport {
        chains: inspected.chains,
        records: inspected.records,
        payloads: inspected.payloads,
        last_checkpoint: inspected.series.last(),
        anchored: inspected.anchored,
        faults: found.faults,
        faults_total: found.faults_total,
    })
}

struct Findings<'a> {
    faults: Vec<AuditFault>,
    faults_total: u64,
    progress: &'a mut dyn FnMut(u64),
}

impl Sink for Findings<'_> {
    type Error = StoreError;

    fn record(&mut self, _: &AuditRecord, _: &PayloadState) -> Result<(), StoreError> {
        Ok(())
    }

    fn fault(&mut self, fault: AuditFault) -> Result<(), StoreError> {
        self.faults_total += 1;
        if self.faults.len() < FAULTS_NAMED_MAX {
            self.faults.push(fault);
        }
        Ok(())
    }

    fn progress(&mut self, records: u64) -> Result<(), StoreError> {
        (self.progress)(records);
        Ok(())
    }
}

/// What an inspection has seen.
pub(crate) struct Inspected {
    pub(crate) chains: u64,
    pub(crate) records: u64,
    pub(crate) payloads: PayloadCounts,
    pub(crate) series: SeriesVerifier,
    pub(crate) anchored: Option<u64>,
}

/// Looks at everything, in order, and tells `sink`.
pub(crate) fn inspect<S: Sink>(
    conn: &mut Conn,
    vault: &Vault,
    only: Option<ChainId>,
    anchor: Option<Digest>,
    sink: &mut S,
) -> Result<Inspected, S::Error> {
    let mut points: HashMap<ChainId, Vec<Point>> = HashMap::new();
    let mut anchored = None;
    let verdict = series::<S::Error>(conn, |checkpoint| {
        anchored = anchored.or((Some(checkpoint.hash) == anchor).then_some(checkpoint.number));
        for (&chain, &head) in
            checkpoint.heads.iter().filter(|(chain, _)| only.is_none_or(|one| one == **chain))
        {
            points.entry(chain).or_default().push(Point { number: checkpoint.number, head });
        }
        Ok(())
    })?;
    let series = match verdict {
        Ok(series) => series,
        Err((series, fault)) => {
            sink.fault(AuditFault::Series(fault))?;
            series
        }
    };
    if let Some(anchor) = anchor.filter(|_| anchored.is_none()) {
        sink.fault(AuditFault::AnchorUnknown(anchor))?;
    }
    let only = only.map(|chain| chain.to_string());
    let heads = stored_heads(conn, only.as_deref())?;
    let mut pass = Pass {
        sink,
        opener: vault.opener(),
        heads,
        points,
        walk: None,
        chains: 0,
        records: 0,
        payloads: PayloadCounts::default(),
    };
    pass.run(conn, only.as_deref())?;
    let Pass { chains, records, payloads, .. } = pass;
    Ok(Inspected { chains, records, payloads, series, anchored })
}

/// A head that a checkpoint names.
#[derive(Clone, Copy)]
struct Point {
    number: u64,
    head: Head,
}

/// The chain that is being walked.
struct Walk {
    name: String,
    /// `None` where the name is no chain's.
    verifier: Option<Verifier>,
    /// What checkpoints say of the records to come, in order.
    points: std::iter::Peekable<std::vec::IntoIter<Point>>,
}

struct Pass<'a, 'v, S> {
    sink: &'a mut S,
    opener: Opener<'v>,
    /// Those whose chain has not been walked yet.
    heads: BTreeMap<String, (i64, Vec<u8>)>,
    points: HashMap<ChainId, Vec<Point>>,
    walk: Option<Walk>,
    chains: u64,
    records: u64,
    payloads: PayloadCounts,
}

impl<S: Sink> Pass<'_, '_, S> {
    fn run(&mut self, conn: &mut Conn, only: Option<&str>) -> Result<(), S::Error> {
        let mut after = (only.unwrap_or_default().to_owned(), i64::MIN);
        loop {
            let (records, payloads) = page(conn, &after, only)?;
            let sealed = payloads.iter().flat_map(|row| [row.payload.as_slice(), row.salt.as_slice()]);
            self.opener.fetch(conn, sealed)?;
            let last = records.last().map(|row| (row.chain.clone(), row.seq));
            if let Some((chain, seq)) = last.clone().filter(|last| *last <= after) {
                // A key that reads as less than it sorts as, such as text in SQLite: the next page would be this one
                // again, for ever. Nothing is said of what follows; that there is a fault is.
                return self.sink.fault(AuditFault::Unreadable { chain, seq });
            }
            let mut payloads = payloads.into_iter().peekable();
            for row in records {
                while let Some(alone) = payloads.next_if(|payload| key(payload) < (&row.chain, row.seq)) {
                    self.sink.fault(AuditFault::PayloadAlone { chain: alone.chain, seq: alone.seq })?;
                }
                let payload = payloads.next_if(|payload| key(payload) == (&row.chain, row.seq));
                self.record(row, payload.as_ref())?;
            }
            for alone in payloads {
                self.sink.fault(AuditFault::PayloadAlone { chain: alone.chain, seq: alone.seq })?;
            }
            let Some(last) = last else { break };
            after = last;
            self.sink.progress(self.records)?;
        }
        self.end_chain()?;
        self.what_is_left()
    }

    fn record(&mut self, row: RecordRow, payload: Option<&PayloadRow>) -> Result<(), S::Error> {
        if self.walk.as_ref().is_none_or(|walk| walk.name != row.chain) {
            self.end_chain()?;
            self.begin_chain(&row.chain);
        }
        self.records += 1;
        let Some(walk) = &mut self.walk else { return Ok(()) };
        let seq = row.seq;
        let (Some(verifier), Ok(record)) = (&mut walk.verifier, row.into_record()) else {
            return self.sink.fault(AuditFault::Unreadable { chain: walk.name.clone(), seq });
        };
        if let Err(fault) = verifier.push(&record) {
            verifier.skip(&record);
            self.sink.fault(AuditFault::Chain { chain: record.chain, fault })?;
        }
        while let Some(point) = walk.points.next_if(|point| point.head.seq <= record.seq) {
            if point.head != record.head() {
                let Point { number, head } = point;
                self.sink.fault(AuditFault::NotInChain { number, chain: record.chain, seq: head.seq })?;
            }
        }
        let state = match payload {
            Some(row) => open(&mut self.opener, row, &record.commitment)?,
            None => PayloadState::Missing,
        };
        self.count(&record, &state)?;
        self.sink.record(&record, &state)
    }

    fn count(&mut self, record: &AuditRecord, state: &PayloadState) -> Result<(), S::Error> {
        let (chain, seq) = (record.chain, record.seq);
        match state {
            PayloadState::Open { .. } => self.payloads.open += 1,
            PayloadState::Erased => self.payloads.erased += 1,
            PayloadState::Altered => {
                self.payloads.altered += 1;
                self.sink.fault(AuditFault::PayloadAltered { chain, seq })?;
            }
            PayloadState::Missing => {
                self.payloads.missing += 1;
                self.sink.fault(AuditFault::PayloadMissing { chain, seq })?;
            }
        }
        Ok(())
    }

    fn begin_chain(&mut self, name: &str) {
        let chain: Option<ChainId> = name.parse().ok();
        let points = chain.and_then(|chain| self.points.remove(&chain)).unwrap_or_default();
        self.chains += 1;
        self.walk = Some(Walk {
            name: name.to_owned(),
            verifier: chain.map(|chain| Verifier::new(chain, None)),
            points: points.into_iter().peekable(),
        });
    }

    /// Holds the end of a chain against its stored head and what checkpoints say beyond it.
    fn end_chain(&mut self) -> Result<(), S::Error> {
        let Some(Walk { name, verifier, points }) = self.walk.take() else { return Ok(()) };
        let stored = self.heads.remove(&name);
        // Its records were named as unreadable already.
        let Some(verifier) = verifier else { return Ok(()) };
        let (chain, head) = (verifier.chain(), verifier.head());
        match stored.map(|(seq, hash)| head_of(seq, &hash)) {
            Some(Ok(stored)) if stored == head => {}
            Some(Ok(stored)) => {
                let fault = if head.seq < stored.seq {
                    ChainFault::TailCut { last: head.seq, anchored: stored.seq }
                } else {
                    ChainFault::AnchorMismatch { seq: stored.seq }
                };
                self.sink.fault(AuditFault::Chain { chain, fault })?;
            }
            Some(Err(_)) | None => self.sink.fault(AuditFault::Head { chain: name })?,
        }
        for Point { number, head } in points {
            self.sink.fault(AuditFault::NotInChain { number, chain, seq: head.seq })?;
        }
        Ok(())
    }

    /// Chains of which a head or a checkpoint speaks, but no record.
    fn what_is_left(&mut self) -> Result<(), S::Error> {
        for (name, (seq, hash)) in std::mem::take(&mut self.heads) {
            match (name.parse(), head_of(seq, &hash)) {
                // A chain that was begun in a transaction that appended nothing.
                (Ok(chain), Ok(head)) if head == Head::genesis(&chain) => {}
                (Ok(chain), Ok(head)) => {
                    let fault = ChainFault::TailCut { last: 0, anchored: head.seq };
                    self.sink.fault(AuditFault::Chain { chain, fault })?;
                }
                _ => self.sink.fault(AuditFault::Head { chain: name })?,
            }
        }
        let left: BTreeMap<ChainId, Vec<Point>> = self.points.drain().collect();
        for (chain, points) in left {
            for Point { number, head } in points {
                self.sink.fault(AuditFault::NotInChain { number, chain, seq: head.seq })?;
            }
        }
        Ok(())
    }
}

fn key(row: &PayloadRow) -> (&String, i64) {
    (&row.chain, row.seq)
}

fn open(opener: &mut Opener<'_>, row: &PayloadRow, commitment: &Digest) -> Result<PayloadState, StoreError> {
    let (payload, salt) = match (opener.open(&row.payload), opener.open(&row.salt)) {
        (Ok(Opened::Plain(payload)), Ok(Opened::Plain(salt))) => (payload, salt),
        (Ok(_), Ok(_)) => return Ok(PayloadState::Erased),
        (Err(StoreError::Corrupt { .. }), _) | (_, Err(StoreError::Corrupt { .. })) => {
            return Ok(PayloadState::Altered);
        }
        (Err(error), _) | (_, Err(error)) => return Err(error),
    };
    let Ok(salt) = <[u8; 32]>::try_from(salt) else { return Ok(PayloadState::Altered) };
    let salt = Salt::from_bytes(salt);
    if verify_canonical(&salt, &payload, commitment) {
        return Ok(PayloadState::Open { salt, canonical: payload });
    }
    // Rows of the first release hold the payload in another spelling.
    let canonical = serde_json::from_slice(&payload).map(|value| canonical_json(&value));
    Ok(match canonical {
        Ok(canonical) if verify_canonical(&salt, &canonical, commitment) => {
            PayloadState::Open { salt, canonical }
        }
        _ => PayloadState::Altered,
    })
}

/// The records behind `after`, and all payload rows up to the last of them; with the last page, all that are left.
fn page(
    conn: &mut Conn,
    (chain, seq): &(String, i64),
    only: Option<&str>,
) -> Result<(Vec<RecordRow>, Vec<PayloadRow>), StoreError> {
    // Row values, which Diesel's own builder has not: both databases walk the primary key with them.
    macro_rules! behind {
        () => {
            sql::<Bool>("(chain, seq) > (").bind::<Text, _>(chain).sql(", ").bind::<BigInt, _>(seq).sql(")")
        };
    }
    macro_rules! up_to {
        ($last:expr) => {
            sql::<Bool>("(chain, seq) <= (")
                .bind::<Text, _>(&$last.chain)
                .sql(", ")
                .bind::<BigInt, _>($last.seq)
                .sql(")")
        };
    }
    let records: Vec<RecordRow> = on_conn!(&mut *conn, |c| {
        let page = audit_records::table
            .filter(behind!())
            .order((audit_records::chain, audit_records::seq))
            .limit(PAGE);
        match only {
            Some(only) => page.filter(audit_records::chain.eq(only)).load(c),
            None => page.load(c),
        }
    })?;
    let payloads: Vec<PayloadRow> = on_conn!(&mut *conn, |c| {
        let page =
            audit_payloads::table.filter(behind!()).order((audit_payloads::chain, audit_payloads::seq));
        match (records.last(), only) {
            (Some(last), _) => page.filter(up_to!(last)).load(c),
            (None, Some(only)) => page.filter(audit_payloads::chain.eq(only)).limit(PAGE).load(c),
            (None, None) => page.limit(PAGE).load(c),
        }
    })?;
    Ok((records, payloads))
}

impl fmt::Display for PayloadCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} open, {} erased", self.open, self.erased)?;
        if self.altered > 0 {
            write!(f, ", {} changed", self.altered)?;
        }
        if self.missing > 0 {
            write!(f, ", {} missing", self.missing)?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "audit_inspect_tests.rs"]
mod tests;
