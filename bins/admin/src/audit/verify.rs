//! `audit verify`: the database against itself, or a file against itself.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read as _, Write},
    path::Path,
};

use audit::{ChainId, CheckpointHead, Digest, ExportFault, ExportVerifier, Scope, VerifiedExport};
use serde_json::{Value, json};
use store::audit_inspect::{self, AuditFault, AuditReport};

use super::{Progress, grouped};
use crate::{database::Database, failure::Failure};

pub(super) fn database(
    only: Option<ChainId>,
    anchor: Option<Digest>,
    as_json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mut progress = Progress::new();
    let report = Database::open()?.snapshot(|conn, vault| {
        audit_inspect::verify(conn, vault, only, anchor, &mut |records| progress.tell(records))
    })?;
    if let (Some(chain), 0, true) = (only, report.records, report.holds()) {
        return Err(Failure::refused(format!("there is no record of {chain}")));
    }
    if as_json {
        writeln!(out, "{}", report_json(&report))?;
    } else {
        tell(&report, anchor, out)?;
    }
    if report.holds() { Ok(()) } else { Err(Failure::Shown) }
}

fn report_json(report: &AuditReport) -> Value {
    let CheckpointHead { number, hash } = report.last_checkpoint;
    let faults: Vec<String> = report.faults.iter().map(AuditFault::to_string).collect();
    json!({
        "holds": report.holds(),
        "chains": report.chains,
        "records": report.records,
        "payloads": report.payloads,
        "checkpoints": number,
        "last_checkpoint": (number > 0).then_some(hash),
        "anchored": report.anchored,
        "faults": faults,
        "faults_total": report.faults_total,
    })
}

fn tell(report: &AuditReport, anchor: Option<Digest>, out: &mut dyn Write) -> io::Result<()> {
    if report.holds() {
        writeln!(out, "the audit holds")?;
    } else {
        writeln!(out, "the audit DOES NOT HOLD: {} faults", grouped(report.faults_total))?;
        for fault in &report.faults {
            writeln!(out, "  {fault}")?;
        }
        let more = report.faults_total - u64::try_from(report.faults.len()).unwrap_or_default();
        if more > 0 {
            writeln!(out, "  … and {} more", grouped(more))?;
        }
    }
    writeln!(out, "records:     {} in {} chains", grouped(report.records), grouped(report.chains))?;
    writeln!(out, "payloads:    {}", report.payloads)?;
    match report.last_checkpoint {
        CheckpointHead { number: 0, .. } => writeln!(out, "checkpoints: none yet")?,
        CheckpointHead { number, hash } => writeln!(out, "checkpoints: {number}, the last is {hash}")?,
    }
    match (report.anchored, anchor) {
        (Some(number), _) => {
            writeln!(out, "anchor:      checkpoint {number}; nothing up to it was rewritten or cut")
        }
        (None, Some(_)) => writeln!(out, "anchor:      NOT FOUND"),
        (None, None) => writeln!(
            out,
            "anchor:      none given; who can rewrite the whole database can make one that holds as well"
        ),
    }
}

pub(super) fn file(
    path: &Path,
    anchor: Option<Digest>,
    includes: Option<Digest>,
    as_json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    // Not 1: that says that a file was looked at and does not hold.
    let unreadable =
        |error| Failure::from(startup::Failure::Usage(format!("cannot read {}: {error}", path.display())));
    let verdict = if path == Path::new("-") {
        read(io::stdin().lock()).map_err(unreadable)?
    } else {
        let file = File::open(path).map_err(unreadable)?;
        read(BufReader::with_capacity(256 * 1024, file)).map_err(unreadable)?
    };
    let verdict = verdict.and_then(|export| {
        anchor.map_or(Ok(()), |anchor| export.check_anchor(&anchor))?;
        includes.map_or(Ok(()), |kept| export.check_includes(&kept))?;
        Ok(export)
    });
    let holds = verdict.is_ok();
    if as_json {
        let said = json!({
            "holds": holds,
            "anchored": holds && anchor.is_some(),
            "fault": verdict.as_ref().err().map(ExportFault::to_string),
            "footer": verdict.as_ref().ok().map(|export| export.footer),
        });
        writeln!(out, "{said}")?;
    } else {
        match &verdict {
            Ok(export) => tell_file(export, anchor, includes, out)?,
            Err(fault) => writeln!(out, "the file DOES NOT HOLD: {fault}")?,
        }
    }
    if holds { Ok(()) } else { Err(Failure::Shown) }
}

/// The inner result is the verdict.
fn read(mut from: impl BufRead) -> io::Result<Result<VerifiedExport, ExportFault>> {
    let (mut verifier, mut progress) = (ExportVerifier::default(), Progress::new());
    let mut line = Vec::new();
    loop {
        line.clear();
        if from.by_ref().take(ExportVerifier::LINE_READ_MAX).read_until(b'\n', &mut line)? == 0 {
            return Ok(verifier.finish());
        }
        if let Err(fault) = verifier.push(&line) {
            return Ok(Err(fault));
        }
        progress.tell(verifier.records());
    }
}

fn tell_file(
    export: &VerifiedExport,
    anchor: Option<Digest>,
    includes: Option<Digest>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let VerifiedExport { header, footer, .. } = export;
    writeln!(out, "the file holds")?;
    let scope = match header.scope {
        Scope::All => "the whole audit".to_owned(),
        Scope::Chain(chain) => format!("one chain, {chain}"),
    };
    writeln!(out, "scope:       {scope}")?;
    writeln!(out, "records:     {} in {} chains", grouped(footer.records), grouped(footer.chains))?;
    if header.payloads {
        let (open, erased) = (grouped(footer.payloads_open), grouped(footer.payloads_erased));
        writeln!(out, "payloads:    {open} open, {erased} erased")?;
    } else {
        writeln!(out, "payloads:    not in the file")?;
    }
    writeln!(out, "closed by:   checkpoint {}, {}", footer.checkpoint, footer.hash)?;
    if includes.is_some() {
        writeln!(out, "includes:    the checkpoint that was kept; nothing up to it was rewritten or cut")?;
    }
    match anchor {
        Some(_) => {
            writeln!(out, "anchor:      fits; this is the export that was anchored, whole and unchanged")
        }
        None => writeln!(
            out,
            "anchor:      none given; the file fits together, but a rewritten or shortened one would too"
        ),
    }
}
