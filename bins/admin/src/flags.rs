//! `concierge-admin flags`: what the database switches off, at once and on every process.

use std::io::Write;

use clap::Subcommand;
use marketplace::Timestamp;
use serde::Serialize;
use serde_json::json;
use store::{
    Tx,
    flags::{self, Flag, Switch},
};
use strum::IntoEnumIterator as _;
use tools::{AuditEntry, Caller, record_system};

use crate::{
    database::Database,
    failure::Failure,
    listing::{Columns, or_dash, second},
};

/// What a list cannot say by itself.
const CEILING: &str = "\
The environment of each process is the ceiling: what is on here is on where AI_CONCIERGE_ENABLED, OCR_ENABLED or
CALLING_ENABLED says so too. Nothing in the environment limits outbound, the kill switch.";

#[derive(Debug, Subcommand)]
pub(crate) enum FlagsCommand {
    /// List the four switches: what the database lets be on, and since when
    #[command(after_help = "Examples:\n  concierge-admin flags list\n  concierge-admin flags list --json")]
    List {
        /// Print one JSON object instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Switch something off, at once and on every process
    ///
    /// No process is restarted and nothing is lost. With `outbound` off nothing is sent and nobody is called; what is
    /// on the wire already arrives, the rest stays queued. Recorded in the audit as yours.
    #[command(after_help = "\
Examples:
  concierge-admin flags off outbound
  concierge-admin flags off ai_concierge")]
    Off {
        /// What to switch off
        #[arg(value_parser = names())]
        name: String,
    },
    /// Let something be on again, as far as the environment of each process allows
    ///
    /// With `outbound` on again the held sends go out, but for those that are stale by now: they are cancelled.
    /// Recorded in the audit as yours.
    #[command(after_help = "Example:\n  concierge-admin flags on outbound")]
    On {
        /// What to let be on
        #[arg(value_parser = names())]
        name: String,
    },
}

fn names() -> clap::builder::PossibleValuesParser {
    Flag::iter().map(<&'static str>::from).collect::<Vec<_>>().into()
}

impl FlagsCommand {
    pub(crate) fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Self::List { json } => list(json, out),
            Self::Off { name } => switch(&name, false, out),
            Self::On { name } => switch(&name, true, out),
        }
    }
}

/// One line of the list.
#[derive(Debug, Serialize)]
struct Line {
    name: &'static str,
    on: bool,
    since: Option<Timestamp>,
}

fn list(json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let switches = Database::open()?.read(|tx| Ok(flags::switches(tx.conn)?))?;
    let lines: Vec<Line> = switches
        .into_iter()
        .map(|Switch { flag, on, since }| Line { name: flag.into(), on, since })
        .collect();
    if json {
        return Ok(writeln!(out, "{}", json!({ "flags": lines, "ceiling": "environment" }))?);
    }
    let mut table = Columns::of(&["FLAG", "IN THE DATABASE", "SINCE"]);
    for line in &lines {
        let state = if line.on { "on" } else { "switched off" };
        table.row([line.name, state, &or_dash(line.since.map(second).as_deref())]);
    }
    table.print(out)?;
    Ok(writeln!(out, "\n{CEILING}")?)
}

fn switch(name: &str, on: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let flag: Flag =
        name.parse().map_err(|_| Failure::refused(format!("there is no flag {name}: see `flags list`")))?;
    let changed = Database::open()?.write(move |tx| set(tx, flag, on))?;
    if !changed {
        let state = if on { "on" } else { "off" };
        return Ok(writeln!(out, "{flag} is {state} in the database already; nothing changed")?);
    }
    let now = if on { "may be on again" } else { "is switched off" };
    Ok(writeln!(out, "{flag} {now}, on every process\n{}", what_follows(flag, on))?)
}

/// Switches, and records it; false when it stood so already.
fn set(tx: &mut Tx<'_>, flag: Flag, on: bool) -> Result<bool, Failure> {
    if flags::load(tx.conn)?.is_on(flag) == on {
        return Ok(false);
    }
    flags::set(tx.conn, flag, on, tx.now)?;
    let action = if on { "flag.switched_on" } else { "flag.switched_off" };
    let entry = AuditEntry::new(Caller::operator().actor, action, json!({ "flag": flag.to_string() }))
        .with_outcome(audit::Outcome::Ok, [flag.to_string()]);
    record_system(tx, entry)?;
    Ok(true)
}

const fn what_follows(flag: Flag, on: bool) -> &'static str {
    match (flag, on) {
        (Flag::Outbound, false) => {
            "nothing is lost: what is on the wire already arrives, the rest is held until `flags on outbound`"
        }
        (Flag::Outbound, true) => {
            "the held sends go out now, but for those that are stale: they are cancelled, and a word to a client \
             that was not said is under `dead-letters list`"
        }
        (Flag::AiConcierge, false) => "the coded workflow decides every turn; no request stops",
        (Flag::AiConcierge, true) => "Moltbot is asked where AI_CONCIERGE_ENABLED is true",
        (Flag::Ocr, false) => "clients who send a picture are asked to type it",
        (Flag::Ocr, true) => "pictures are read where OCR_ENABLED is true",
        (Flag::Calling, false) => "no call is placed; requests go on in chat",
        (Flag::Calling, true) => "calls may be placed, with consent, where CALLING_ENABLED is true",
    }
}
