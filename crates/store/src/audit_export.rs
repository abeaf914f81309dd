//! The audit as a file: see [`audit::ExportWriter`] for its lines. Everything is held against itself on the way out,
//! so what leaves verifies.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    sync::Arc,
};

use audit::{
    AuditRecord, ChainId, Checkpoint, CheckpointHead, Digest, ExportWriter, Footer, Head, Header, Scope,
};

use crate::{
    Conn, StoreError, Tx, Vault,
    audit_checkpoints::{self, changed, series},
    audit_inspect::{AuditFault, PayloadState, Sink, inspect},
};

/// How much is handed on at once, in bytes.
const PIECE: usize = 64 * 1024;

/// Why nothing, or not all, was exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Where it was to go does not take it.
    #[error("the export cannot be written")]
    Output(#[from] io::Error),
    /// The audit itself is not sound.
    #[error("the audit does not hold: {0}")]
    Unsound(AuditFault),
    /// No record of this chain.
    #[error("there is no record of {0}")]
    NoSuchChain(ChainId),
    /// Someone else wrote a checkpoint meanwhile: this one would not follow the last.
    #[error("another checkpoint was written meanwhile")]
    Overtaken,
}

/// An export whose last lines are still to come: it has to be closed.
pub struct OpenExport {
    writer: ExportWriter,
    closing: Arc<Closing>,
}

/// What the checkpoint that closes an export says.
pub struct Closing {
    /// The last checkpoint of the snapshot.
    last: CheckpointHead,
    /// What changed since.
    heads: BTreeMap<ChainId, Head>,
    content: Digest,
}

impl OpenExport {
    /// Writes everything but the closing checkpoint and the footer, on the snapshot of `conn`.
    ///
    /// # Errors
    /// [`ExportError::Unsound`] with the first fault: such an export would not verify.
    pub fn begin(
        conn: &mut Conn,
        vault: &Vault,
        scope: Scope,
        payloads: bool,
        out: &mut dyn Write,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Self, ExportError> {
        let only = match scope {
            Scope::All => None,
            Scope::Chain(chain) => Some(chain),
        };
        let mut pen =
            Pen { writer: ExportWriter::new(&Header::new(scope, payloads)), payloads, out, progress };
        let inspected = inspect(conn, vault, only, None, &mut pen)?;
        if let (Some(chain), 0) = (only, inspected.records) {
            return Err(ExportError::NoSuchChain(chain));
        }
        let content = pen.writer.content();
        let seen = series::<ExportError>(conn, |checkpoint| {
            pen.writer.checkpoint(checkpoint);
            pen.hand_on(PIECE)
        })?;
        let series = seen.map_err(|(_, fault)| ExportError::Unsound(AuditFault::Series(fault)))?;
        pen.hand_on(0)?;
        let heads = changed(conn, series.latest())?;
        let closing = Arc::new(Closing { last: series.last(), heads, content });
        Ok(Self { writer: pen.writer, closing })
    }

    /// What closes it.
    pub fn closing(&self) -> Arc<Closing> {
        Arc::clone(&self.closing)
    }

    /// Writes the closing checkpoints, as [`Closing::store`] gave them, and the footer.
    pub fn finish(mut self, closing: &[Checkpoint], out: &mut dyn Write) -> io::Result<Footer> {
        for checkpoint in closing {
            self.writer.checkpoint(checkpoint);
        }
        let footer = self.writer.footer(&closing.last().map_or(self.closing.last, Checkpoint::head));
        out.write_all(&self.writer.take())?;
        out.flush()?;
        Ok(footer)
    }
}

impl Closing {
    /// Stores the checkpoints that close it. Append what is to be recorded about the export to the `system` chain
    /// afterwards, in the same transaction.
    ///
    /// # Errors
    /// [`ExportError::Overtaken`]: begin again.
    pub fn store(&self, tx: &mut Tx<'_>) -> Result<Vec<Checkpoint>, ExportError> {
        if audit_checkpoints::lock(tx)? != self.last {
            return Err(ExportError::Overtaken);
        }
        Ok(audit_checkpoints::write(tx, &self.last, self.heads.clone(), Some(self.content))?)
    }
}

struct Pen<'a> {
    writer: ExportWriter,
    payloads: bool,
    out: &'a mut dyn Write,
    progress: &'a mut dyn FnMut(u64),
}

impl Pen<'_> {
    /// Hands on what waits, if it is more than so many bytes.
    fn hand_on(&mut self, more_than: usize) -> Result<(), ExportError> {
        if self.writer.waiting() > more_than {
            self.out.write_all(&self.writer.take())?;
        }
        Ok(())
    }
}

impl Sink for Pen<'_> {
    type Error = ExportError;

    fn record(&mut self, record: &AuditRecord, payload: &PayloadState) -> Result<(), ExportError> {
        self.writer.record(record);
        match payload {
            _ if !self.payloads => {}
            PayloadState::Open { salt, canonical } => self.writer.open_payload(record, salt, canonical),
            // The other two were faults, and ended it.
            PayloadState::Erased | PayloadState::Altered | PayloadState::Missing => {
                self.writer.erased_payload(record);
            }
        }
        self.hand_on(PIECE)
    }

    fn fault(&mut self, fault: AuditFault) -> Result<(), ExportError> {
        Err(ExportError::Unsound(fault))
    }

    fn progress(&mut self, records: u64) -> Result<(), ExportError> {
        (self.progress)(records);
        Ok(())
    }
}
