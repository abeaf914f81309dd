//! `concierge-admin contacts`: finding a person and erasing them.

use std::io::{self, BufRead as _, IsTerminal as _, Write};

use clap::{Args, Subcommand};
use marketplace::{Bsuid, ContactId, E164, Language, RequestId, RequestState, Timestamp, VendorId};
use serde::Serialize;
use serde_json::json;
use store::{
    StoreError, Tx,
    contacts::{self, Identity},
    erasure::{self, Scrubbed},
    requests, sourcing, vendors,
};
use tools::{ToolError, erasure::Report};

use crate::{
    database::Database,
    failure::Failure,
    listing::{harmless, or_dash, second},
};

/// How many requests of a person are shown, the newest.
const REQUESTS_MAX: i64 = 100;

#[derive(Debug, Subcommand)]
pub(crate) enum ContactsCommand {
    /// Find a person by what they are known by; prints what `contacts show` prints
    ///
    /// Names are sealed and cannot be searched for. A number is found under any spelling with its country code.
    #[command(after_help = "\
Examples:
  concierge-admin contacts find --phone '+254 700 000 101'
  concierge-admin contacts find --vendor spare-parts-05
  concierge-admin contacts find --request req_0190a1b2c3d4e5f60718293a4b5c6d7e --json")]
    Find {
        #[command(flatten)]
        by: KnownBy,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Show a person: name, number, vendor, requests, and whether they were erased
    #[command(after_help = "\
Examples:
  concierge-admin contacts show con_0190a1b2c3d4e5f60718293a4b5c6d7e
  concierge-admin contacts show con_0190a1b2c3d4e5f60718293a4b5c6d7e --json")]
    Show {
        /// The person
        contact: ContactId,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Set the language a person is written to in; their open request follows
    ///
    /// It lasts until the person asks for another one ("english please"). What they write in changes it no more.
    #[command(after_help = "\
Examples:
  concierge-admin contacts language con_0190a1b2c3d4e5f60718293a4b5c6d7e fr")]
    Language {
        /// The person
        contact: ContactId,
        /// en, es, pt, fr, sw or ar
        language: Language,
    },
    /// Erase a person for good: nobody can read their data again, and they are not contacted again
    ///
    /// Destroys the key that seals their names, numbers, messages and everything that speaks of them. Open requests of
    /// theirs are closed; requests that wait for them as a vendor go on without them; queued messages are cancelled. The
    /// audit chains stay whole. Running it again finishes what was interrupted. What backups still hold: docs/erasure.md.
    #[command(after_help = "\
Examples:
  concierge-admin contacts erase con_0190a1b2c3d4e5f60718293a4b5c6d7e --dry-run
  concierge-admin contacts erase --phone +254700000101
  concierge-admin contacts erase --vendor spare-parts-05 --yes --json")]
    Erase {
        /// The person, as `contacts find` shows them
        #[arg(required_unless_present_any = ["phone", "bsuid", "vendor", "request"],
            conflicts_with_all = ["phone", "bsuid", "vendor", "request"])]
        contact: Option<ContactId>,
        #[command(flatten)]
        by: MaybeKnownBy,
        /// Do not ask; required when standard input is not a terminal
        #[arg(long)]
        yes: bool,
        /// Say what would happen, and change nothing
        #[arg(long)]
        dry_run: bool,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
}

/// What a person is known by, exactly one of these.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct KnownBy {
    /// Their number, with + and country code
    #[arg(long, value_name = "NUMBER", value_parser = written_phone)]
    phone: Option<E164>,
    /// Their business-scoped user id
    #[arg(long, value_name = "ID")]
    bsuid: Option<Bsuid>,
    /// The vendor of the directory
    #[arg(long, value_name = "VENDOR")]
    vendor: Option<VendorId>,
    /// The client of this request
    #[arg(long, value_name = "REQUEST")]
    request: Option<RequestId>,
}

/// The same where the person may be named by their id.
#[derive(Debug, Clone, Args)]
#[group(multiple = false)]
pub(crate) struct MaybeKnownBy {
    /// Their number, with + and country code
    #[arg(long, value_name = "NUMBER", value_parser = written_phone)]
    phone: Option<E164>,
    /// Their business-scoped user id
    #[arg(long, value_name = "ID")]
    bsuid: Option<Bsuid>,
    /// The vendor of the directory
    #[arg(long, value_name = "VENDOR")]
    vendor: Option<VendorId>,
    /// The client of this request
    #[arg(long, value_name = "REQUEST")]
    request: Option<RequestId>,
}

impl From<MaybeKnownBy> for KnownBy {
    fn from(by: MaybeKnownBy) -> Self {
        Self { phone: by.phone, bsuid: by.bsuid, vendor: by.vendor, request: by.request }
    }
}

fn written_phone(text: &str) -> Result<E164, String> {
    E164::parse_written(text).map_err(|error| error.to_string())
}

impl ContactsCommand {
    pub(crate) fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Self::Find { by, json } => {
                let found = Database::open()?.read(move |tx| {
                    let contact = find(tx, &by)?;
                    describe(tx, contact)
                })?;
                print(&found, json, out)
            }
            Self::Show { contact, json } => {
                let found = Database::open()?.read(move |tx| describe(tx, contact))?;
                print(&found, json, out)
            }
            Self::Language { contact, language } => {
                let database = Database::open()?;
                // Says who is unknown before anything is written.
                database.read(move |tx| describe(tx, contact))?;
                database.with(async |db| {
                    db.write(move |tx| tools::language::set(tx, contact, language))
                        .await
                        .map_err(ToolError::into)
                })?;
                writeln!(out, "{contact} is written to in {language}")?;
                Ok(())
            }
            Self::Erase { contact, by, yes, dry_run, json } => {
                let erasing = Erasing { yes, dry_run, json };
                erasing.run(contact, by.into(), out)
            }
        }
    }
}

/// A person as they are shown.
#[derive(Debug, Serialize)]
struct Shown {
    contact_id: ContactId,
    /// `active`, `opted_out`, `erasing` (begun and not finished: erase again) or `erased`.
    status: &'static str,
    name: Option<String>,
    phone: Option<String>,
    bsuid: Option<String>,
    vendor_id: Option<VendorId>,
    /// Requests of theirs, the newest first.
    requests: Vec<ShownRequest>,
    /// In how many requests somebody may still wait for them as a vendor.
    waited_for: usize,
    erased_at: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
struct ShownRequest {
    id: RequestId,
    state: RequestState,
}

fn find(tx: &mut Tx<'_>, by: &KnownBy) -> Result<ContactId, Failure> {
    if let Some(vendor) = &by.vendor {
        return match vendors::load(tx, vendor) {
            Ok(vendor) => Ok(vendor.contact),
            Err(StoreError::NotFound) => {
                Err(Failure::refused(format!("the directory has no vendor {vendor}")))
            }
            Err(error) => Err(error.into()),
        };
    }
    if let Some(request) = by.request {
        return match requests::load(tx, request) {
            Ok(request) => Ok(request.client),
            Err(StoreError::NotFound) => Err(Failure::refused(format!("there is no request {request}"))),
            Err(error) => Err(error.into()),
        };
    }
    let mut known_by: Vec<Identity> = by.bsuid.iter().cloned().map(Identity::Bsuid).collect();
    if let Some(phone) = &by.phone {
        known_by.push(Identity::Phone(phone.clone()));
        known_by.extend(phone.as_str().trim_start_matches('+').parse().ok().map(Identity::WaId));
    }
    if let Some(contact) = contacts::find(tx, &known_by)? {
        return Ok(contact);
    }
    let mut suppressed = false;
    for identity in &known_by {
        suppressed |= contacts::is_suppressed(tx, identity)?;
    }
    Err(Failure::refused(if suppressed {
        "nobody is known by this any more: the person was erased, and is not contacted again"
    } else {
        "nobody is known by this"
    }))
}

fn describe(tx: &mut Tx<'_>, id: ContactId) -> Result<Shown, Failure> {
    let contact = contacts::load(tx, id).map_err(|error| match error {
        StoreError::NotFound => Failure::refused(format!("there is no contact {id}")),
        other => other.into(),
    })?;
    let person = erasure::person(tx, id)?;
    let requests = requests::of_client(tx, id, REQUESTS_MAX)?;
    Ok(Shown {
        contact_id: id,
        status: match (person.key_destroyed, person.erased_at.is_some(), contact.opted_out_at.is_some()) {
            (true, ..) => "erased",
            (false, true, _) => "erasing",
            (false, false, true) => "opted_out",
            (false, false, false) => "active",
        },
        name: contact.name,
        phone: contact.phone.map(|phone| phone.as_str().to_owned()),
        bsuid: contact.bsuid.map(|bsuid| bsuid.as_str().to_owned()),
        vendor_id: vendors::find_by_contact(tx, id)?,
        requests: requests
            .into_iter()
            .map(|request| ShownRequest { id: request.id, state: request.state })
            .collect(),
        waited_for: sourcing::unsettled_outreaches_to(tx, id)?.len(),
        erased_at: person.erased_at,
    })
}

fn print(shown: &Shown, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    if json {
        writeln!(out, "{}", serde_json::to_string(shown)?)?;
        return Ok(());
    }
    let text = |value: Option<&str>| harmless(&or_dash(value)).replace('\n', " ");
    writeln!(out, "{}  {}", shown.contact_id, shown.status)?;
    writeln!(out, "  name      {}", text(shown.name.as_deref()))?;
    writeln!(out, "  number    {}", text(shown.phone.as_deref()))?;
    if let Some(bsuid) = &shown.bsuid {
        writeln!(out, "  user id   {}", text(Some(bsuid)))?;
    }
    if let Some(vendor) = &shown.vendor_id {
        writeln!(out, "  vendor    {vendor}, waited for in {} requests", shown.waited_for)?;
    }
    if let Some(at) = shown.erased_at {
        writeln!(out, "  erased    {}", second(at))?;
    }
    for request in &shown.requests {
        writeln!(out, "  request   {}  {}", request.id, request.state)?;
    }
    Ok(())
}

/// How an erasure is run.
#[derive(Debug, Clone, Copy)]
struct Erasing {
    yes: bool,
    dry_run: bool,
    json: bool,
}

impl Erasing {
    fn run(self, contact: Option<ContactId>, by: KnownBy, out: &mut dyn Write) -> Result<(), Failure> {
        if !self.yes && !self.dry_run && !io::stdin().is_terminal() {
            return Err(Failure::Startup(startup::Failure::Usage(
                "an erasure cannot be undone: without a terminal to ask at, say --yes (or --dry-run)"
                    .to_owned(),
            )));
        }
        let database = Database::open()?;
        let (shown, planned) = database.read(move |tx| {
            let contact = contact.map_or_else(|| find(tx, &by), Ok)?;
            let shown = describe(tx, contact)?;
            let planned = tools::erasure::plan(tx, contact)?;
            Ok((shown, planned))
        })?;
        if self.dry_run {
            return self.tell(shown.contact_id, planned, None, out);
        }
        if !self.yes && !planned.erased_before {
            confirm(&shown, planned)?;
        }
        let id = shown.contact_id;
        let report =
            database.with(async |db| tools::erasure::erase(db, id).await.map_err(ToolError::into))?;
        // Also when everything was done before: the process may have died just here.
        let scrubbed = database.scrub();
        self.tell(id, report, Some(scrubbed.as_ref().copied().unwrap_or(Scrubbed::Busy)), out)?;
        match scrubbed {
            Ok(Scrubbed::Done) => Ok(()),
            Ok(Scrubbed::Busy) => Err(Failure::refused(
                "the person is erased, but files of the database may still hold the wrapped key, for other programs \
                 are reading: erase again in a moment",
            )),
            Err(error) => Err(Failure::refused(format!(
                "the person is erased, but the database's files could not be tidied up: {}",
                startup::with_causes(&error)
            ))),
        }
    }

    fn tell(
        self,
        id: ContactId,
        report: Report,
        scrubbed: Option<Scrubbed>,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        if self.json {
            let object = json!({
                "contact_id": id,
                "dry_run": self.dry_run,
                "report": report,
                "files_scrubbed": scrubbed.map(|scrubbed| scrubbed == Scrubbed::Done),
            });
            return Ok(writeln!(out, "{object}")?);
        }
        if report.erased_before {
            return Ok(writeln!(out, "{id} was erased before; nothing was left to do")?);
        }
        if self.dry_run {
            writeln!(out, "{id} would be erased (dry run: nothing was changed)")?;
        } else {
            writeln!(out, "{id} is erased; this cannot be undone")?;
        }
        writeln!(out, "  requests closed      {}", report.requests_closed)?;
        writeln!(out, "  go on without them   {}", report.outreaches_ended)?;
        writeln!(out, "  messages cancelled   {}", report.sends_cancelled)?;
        if !self.dry_run {
            writeln!(out, "  events ignored       {}", report.events_ignored)?;
            writeln!(out, "  unreadable blanked   {}", report.unattributed_blanked)?;
            writeln!(out, "  not contacted again  {} identities", report.suppressed)?;
            writeln!(out, "  keys destroyed       {}", report.keys_destroyed)?;
        }
        Ok(())
    }
}

/// Asks at the terminal.
fn confirm(shown: &Shown, planned: Report) -> Result<(), Failure> {
    let name = harmless(&or_dash(shown.name.as_deref())).replace('\n', " ");
    let mut to = io::stderr();
    writeln!(to, "{} {name}", shown.contact_id)?;
    writeln!(
        to,
        "{} requests are closed, {} go on without them, {} messages are cancelled. This cannot be undone.",
        planned.requests_closed, planned.outreaches_ended, planned.sends_cancelled
    )?;
    write!(to, "Type erase to go on: ")?;
    to.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if answer.trim() == "erase" { Ok(()) } else { Err(Failure::refused("nothing was changed")) }
}
