//! Verifying an export, line by line and without a database.

use std::collections::BTreeMap;

use crate::{
    AuditRecord, ChainFault, ChainId, Checkpoint, CheckpointFault, CheckpointHead, Digest, Head,
    SeriesVerifier, Verifier,
    commitment::verify_canonical,
    digest::TaggedHash,
    export::{
        CONTENT_TAG, FORMAT, Footer, Header,
        line::{Line, PayloadLine},
    },
};

/// The longest line, in bytes. Ours are far shorter; without a bound a file could fill the memory.
const LINE_MAX: usize = 64 * 1024 * 1024;

/// Why a file is not, or not whole, what was exported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {kind}")]
pub struct ExportFault {
    /// The first line where it shows, from 1; one more than there are if the end is the fault.
    pub line: u64,
    /// What is wrong.
    pub kind: FaultKind,
}

/// What is wrong with an export.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// Not a line of this format, or not in the one spelling that it has.
    #[error("this is no line of an export in canonical form")]
    NotCanonical,
    /// A version that this program does not know.
    #[error("format {0} is not known here")]
    Format(u32),
    /// A line where none of its kind may stand.
    #[error("a {0} line may not stand here")]
    Misplaced(&'static str),
    /// The file ends too early.
    #[error("the file ends without its footer: it was cut, or the export did not finish")]
    NoFooter,
    /// A chain stands before one that its name follows, twice, or outside the scope.
    #[error("chain {0} may not stand here")]
    ChainOrder(ChainId),
    /// A record or its link.
    #[error("chain {chain}: {fault}")]
    Chain {
        /// The chain.
        chain: ChainId,
        /// Its fault.
        fault: ChainFault,
    },
    /// A payload that its record does not commit to.
    #[error("the payload is not the one that record {seq} of {chain} commits to")]
    PayloadAltered {
        /// The chain.
        chain: ChainId,
        /// The record.
        seq: u64,
    },
    /// A record without its payload line.
    #[error("record {seq} of {chain} has no payload line")]
    PayloadMissing {
        /// The chain.
        chain: ChainId,
        /// The record.
        seq: u64,
    },
    /// The series of checkpoints.
    #[error("{0}")]
    Checkpoint(CheckpointFault),
    /// A checkpoint names a record that the file does not have, or has otherwise.
    #[error("checkpoint {number} names record {seq} of {chain}, which is not in this file or is another one")]
    NotInChain {
        /// The checkpoint.
        number: u64,
        /// The chain.
        chain: ChainId,
        /// The record.
        seq: u64,
    },
    /// A chain goes beyond what the checkpoints cover.
    #[error("the checkpoints do not cover chain {0} to its end")]
    NotCovered(ChainId),
    /// The closing checkpoint is for other lines.
    #[error("the closing checkpoint is not about the lines of this file")]
    Content,
    /// The footer counts otherwise.
    #[error("the footer does not fit what stands before it")]
    Footer,
    /// The file is whole in itself, but is not the one that was anchored.
    #[error("the anchor is not the hash of the closing checkpoint: this is not the export that was anchored")]
    Anchor,
    /// A checkpoint that was kept is not in the series.
    #[error("the checkpoint that was kept is not in the series: the audit was rewritten or cut since")]
    NotIncluded,
}

/// Verifies an export line by line. Memory: 32 bytes for each record, and the latest heads.
#[derive(Debug)]
pub struct ExportVerifier {
    line: u64,
    header: Option<Header>,
    content: TaggedHash,
    verifier: Option<Verifier>,
    /// The record whose payload line has to come next.
    owed: Option<AuditRecord>,
    /// The hashes of each chain's records, in order.
    chains: BTreeMap<ChainId, Vec<Digest>>,
    counted: Footer,
    series: SeriesVerifier,
    /// Every checkpoint's hash, and the last one's `content`.
    checkpoints: Vec<Digest>,
    closing_content: Option<Digest>,
    footer: Option<Footer>,
}

/// An export that holds in itself. What it proves beyond that, an anchor says.
#[derive(Debug, Clone)]
pub struct VerifiedExport {
    /// The first line.
    pub header: Header,
    /// The last line.
    pub footer: Footer,
    lines: u64,
    checkpoints: Vec<Digest>,
}

impl Default for ExportVerifier {
    fn default() -> Self {
        Self {
            line: 0,
            header: None,
            content: TaggedHash::new(CONTENT_TAG),
            verifier: None,
            owed: None,
            chains: BTreeMap::new(),
            counted: Footer::empty(),
            series: SeriesVerifier::default(),
            checkpoints: Vec::new(),
            closing_content: None,
            footer: None,
        }
    }
}

impl ExportVerifier {
    /// How many bytes of a line to read at most; a longer one is refused by [`Self::push`].
    pub const LINE_READ_MAX: u64 = LINE_MAX as u64 + 1;

    /// Checks the next line, given with its line break.
    ///
    /// # Errors
    /// The first fault. What follows it proves nothing: stop there.
    pub fn push(&mut self, line: &[u8]) -> Result<(), ExportFault> {
        self.line += 1;
        self.check(line).map_err(|kind| ExportFault { line: self.line, kind })
    }

    /// How many records were seen.
    pub const fn records(&self) -> u64 {
        self.counted.records
    }

    fn check(&mut self, bytes: &[u8]) -> Result<(), FaultKind> {
        if bytes.len() > LINE_MAX {
            return Err(FaultKind::NotCanonical);
        }
        let line = Line::read(bytes).ok_or(FaultKind::NotCanonical)?;
        let name = line.name();
        let covered = matches!(line, Line::Header(_) | Line::Record(_) | Line::Payload(_));
        match (self.header, line) {
            (None, Line::Header(header)) => self.header(header)?,
            (Some(header), Line::Record(record)) if self.before_checkpoints() => {
                self.record(&header, record)?;
            }
            (Some(_), Line::Payload(payload)) if self.before_checkpoints() => self.payload(&payload)?,
            (Some(header), Line::Checkpoint(checkpoint)) if self.footer.is_none() => {
                self.checkpoint(&header, &checkpoint)?;
            }
            (Some(_), Line::Footer(footer)) if self.footer.is_none() => self.footer(footer)?,
            _ => return Err(FaultKind::Misplaced(name)),
        }
        if covered {
            self.content.update(bytes);
        }
        Ok(())
    }

    fn before_checkpoints(&self) -> bool {
        self.checkpoints.is_empty() && self.footer.is_none()
    }

    fn header(&mut self, header: Header) -> Result<(), FaultKind> {
        if header.format != FORMAT {
            return Err(FaultKind::Format(header.format));
        }
        self.header = Some(header);
        Ok(())
    }

    fn record(&mut self, header: &Header, record: AuditRecord) -> Result<(), FaultKind> {
        self.nothing_is_owed()?;
        let chain = record.chain;
        let last = self.chains.last_key_value().map(|(chain, _)| *chain);
        if last != Some(chain) {
            if last.is_some_and(|last| last > chain) || !header.scope.covers(&chain) {
                return Err(FaultKind::ChainOrder(chain));
            }
            self.verifier = Some(Verifier::new(chain, None));
        }
        let verifier = self.verifier.get_or_insert_with(|| Verifier::new(chain, None));
        verifier.push(&record).map_err(|fault| FaultKind::Chain { chain, fault })?;
        self.chains.entry(chain).or_default().push(record.hash);
        self.counted.records += 1;
        self.owed = header.payloads.then_some(record);
        Ok(())
    }

    fn payload(&mut self, payload: &PayloadLine) -> Result<(), FaultKind> {
        let record = self.owed.take().ok_or(FaultKind::Misplaced("payload"))?;
        let (chain, seq) = (record.chain, record.seq);
        if (payload.chain, payload.seq) != (chain, seq) {
            return Err(FaultKind::PayloadMissing { chain, seq });
        }
        match payload.open() {
            Some((salt, canonical)) if verify_canonical(&salt, &canonical, &record.commitment) => {
                self.counted.payloads_open += 1;
            }
            Some(_) => return Err(FaultKind::PayloadAltered { chain, seq }),
            None => self.counted.payloads_erased += 1,
        }
        Ok(())
    }

    fn nothing_is_owed(&self) -> Result<(), FaultKind> {
        match &self.owed {
            Some(record) => Err(FaultKind::PayloadMissing { chain: record.chain, seq: record.seq }),
            None => Ok(()),
        }
    }

    fn checkpoint(&mut self, header: &Header, checkpoint: &Checkpoint) -> Result<(), FaultKind> {
        self.nothing_is_owed()?;
        self.series.push(checkpoint).map_err(FaultKind::Checkpoint)?;
        for (&chain, head) in checkpoint.heads.iter().filter(|(chain, _)| header.scope.covers(chain)) {
            if self.hash_of(&chain, head.seq) != Some(head.hash) {
                let number = checkpoint.number;
                return Err(FaultKind::NotInChain { number, chain, seq: head.seq });
            }
        }
        self.checkpoints.push(checkpoint.hash);
        self.closing_content = checkpoint.content;
        Ok(())
    }

    fn hash_of(&self, chain: &ChainId, seq: u64) -> Option<Digest> {
        let index = usize::try_from(seq.checked_sub(1)?).ok()?;
        self.chains.get(chain)?.get(index).copied()
    }

    fn footer(&mut self, footer: Footer) -> Result<(), FaultKind> {
        if self.closing_content != Some(self.content.clone().finish()) {
            return Err(FaultKind::Content);
        }
        for (&chain, hashes) in &self.chains {
            let seq = u64::try_from(hashes.len()).unwrap_or(u64::MAX);
            let head = hashes.last().map(|&hash| Head { seq, hash });
            if self.series.latest().get(&chain).copied() != head {
                return Err(FaultKind::NotCovered(chain));
            }
        }
        let CheckpointHead { number, hash } = self.series.last();
        self.counted.chains = u64::try_from(self.chains.len()).unwrap_or(u64::MAX);
        (self.counted.checkpoint, self.counted.hash) = (number, hash);
        if footer != self.counted {
            return Err(FaultKind::Footer);
        }
        self.footer = Some(footer);
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// [`FaultKind::NoFooter`] if the last line was not the footer.
    pub fn finish(self) -> Result<VerifiedExport, ExportFault> {
        match (self.header, self.footer) {
            (Some(header), Some(footer)) => {
                Ok(VerifiedExport { header, footer, lines: self.line, checkpoints: self.checkpoints })
            }
            _ => Err(ExportFault { line: self.line + 1, kind: FaultKind::NoFooter }),
        }
    }
}

impl VerifiedExport {
    /// Whether this is, whole and unchanged, the export whose closing checkpoint had this hash.
    ///
    /// # Errors
    /// [`FaultKind::Anchor`].
    pub fn check_anchor(&self, anchor: &Digest) -> Result<(), ExportFault> {
        if self.footer.hash == *anchor { Ok(()) } else { Err(self.at_the_end(FaultKind::Anchor)) }
    }

    /// Whether a checkpoint that was kept from before is in the series: then nothing up to it was rewritten or
    /// cut. It says nothing about what came later.
    ///
    /// # Errors
    /// [`FaultKind::NotIncluded`].
    pub fn check_includes(&self, kept: &Digest) -> Result<(), ExportFault> {
        let included = self.checkpoints.contains(kept);
        if included { Ok(()) } else { Err(self.at_the_end(FaultKind::NotIncluded)) }
    }

    fn at_the_end(&self, kind: FaultKind) -> ExportFault {
        ExportFault { line: self.lines, kind }
    }
}
