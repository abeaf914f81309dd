//! An export: the audit as a file that a stranger can verify, one canonical JSON object on each line.
//!
//! In this order: one `header`; for every chain, in the order of their names, its `record`s from the first on,
//! each followed by its `payload` if the header says so; every `checkpoint` from the first to the one that
//! closes the export; one `footer`. The closing checkpoint's `content` covers all lines before the first
//! checkpoint, byte for byte, so its hash is the anchor for the whole file.

mod line;
mod verify;

pub use line::{FORMAT, Footer, Header, Scope};
pub use verify::{ExportFault, ExportVerifier, FaultKind, VerifiedExport};

use crate::{
    AuditRecord, ChainId, Checkpoint, CheckpointHead, Digest, Salt,
    digest::TaggedHash,
    export::line::{write_checkpoint, write_payload, write_record},
};

/// The tag of the digest over the lines before the first checkpoint.
const CONTENT_TAG: &[u8] = b"export";

/// Writes an export into memory, from where the caller takes it piece by piece ([`Self::take`]).
///
/// It writes what it is given, in the order it is given; whether that is sound is the verifier's to say.
#[derive(Debug)]
pub struct ExportWriter {
    out: Vec<u8>,
    /// How much of `out` is in `content` already.
    hashed: usize,
    content: TaggedHash,
    chain: Option<ChainId>,
    footer: Footer,
}

impl ExportWriter {
    /// Begins an export with its header.
    pub fn new(header: &Header) -> Self {
        let mut writer = Self {
            out: Vec::new(),
            hashed: 0,
            content: TaggedHash::new(CONTENT_TAG),
            chain: None,
            footer: Footer::empty(),
        };
        header.write_line(&mut writer.out);
        writer
    }

    /// The next record.
    pub fn record(&mut self, record: &AuditRecord) {
        if self.chain != Some(record.chain) {
            self.chain = Some(record.chain);
            self.footer.chains += 1;
        }
        self.footer.records += 1;
        write_record(&mut self.out, record);
    }

    /// The payload of the record just written, in canonical form ([`crate::canonical_json`]).
    pub fn open_payload(&mut self, record: &AuditRecord, salt: &Salt, canonical: &[u8]) {
        self.footer.payloads_open += 1;
        write_payload(&mut self.out, &record.chain, record.seq, Some((salt, canonical)));
    }

    /// The same for a payload whose key was destroyed.
    pub fn erased_payload(&mut self, record: &AuditRecord) {
        self.footer.payloads_erased += 1;
        write_payload(&mut self.out, &record.chain, record.seq, None);
    }

    /// The digest over everything so far: the `content` of the closing checkpoint. Call it once, before the
    /// first checkpoint.
    pub fn content(&mut self) -> Digest {
        self.hash();
        self.content.clone().finish()
    }

    /// The next checkpoint, the closing one last.
    pub fn checkpoint(&mut self, checkpoint: &Checkpoint) {
        write_checkpoint(&mut self.out, checkpoint);
    }

    /// Ends the export.
    pub fn footer(&mut self, closing: &CheckpointHead) -> Footer {
        self.footer.checkpoint = closing.number;
        self.footer.hash = closing.hash;
        self.footer.write_line(&mut self.out);
        self.footer
    }

    /// How many bytes wait to be taken.
    pub fn waiting(&self) -> usize {
        self.out.len()
    }

    /// Takes what was written since the last time.
    pub fn take(&mut self) -> Vec<u8> {
        self.hash();
        self.hashed = 0;
        let next = Vec::with_capacity(self.out.capacity());
        std::mem::replace(&mut self.out, next)
    }

    fn hash(&mut self) {
        self.content.update(self.out.get(self.hashed..).unwrap_or_default());
        self.hashed = self.out.len();
    }
}

impl Checkpoint {
    /// The line that an export, or a file of checkpoints, holds; with its line break.
    pub fn line(&self) -> Vec<u8> {
        let mut out = Vec::new();
        write_checkpoint(&mut out, self);
        out
    }
}

#[cfg(test)]
#[path = "export_tests.rs"]
mod tests;
