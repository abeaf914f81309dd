//! `concierge-admin consent`: who may be called for a request, and how we know.

use std::{fmt::Write as _, io::Write};

use calling_policy::{ConsentKey, ConsentStatus, Party, PermissionState, RefusedBy};
use clap::Subcommand;
use marketplace::{ContactId, Control, PhoneNumberId, RequestId, RequestState, Timestamp, VendorId, mask};
use serde::Serialize;
use store::{
    Tx,
    calls::{self, HistoryEvent},
    contacts, erasure,
    requests::Request,
};
use tools::calling::facts::ruling;

use crate::{
    database::Database,
    failure::Failure,
    listing::{harmless, second},
    requests::{
        calls::{Consent, HistoryLine, consent},
        existing,
        names::VendorNames,
    },
};

/// What stands for what belonged to an erased person.
const ERASED: &str = "(erased)";

#[derive(Debug, Subcommand)]
pub(crate) enum ConsentCommand {
    /// Show who was asked for a consent to calls, and what WhatsApp permits: every word of it, with its time
    ///
    /// For each person: Meta's permission and its end; then each consent with its key and scope, in which wording
    /// and language it was asked for, how and when, and its whole history, refusals included. What is shown was
    /// stored, or follows from it at this moment; whether a call would go through is not guessed. Numbers are masked.
    #[command(after_help = "\
Examples:
  concierge-admin consent show req_0190a1b2c3d4e5f60718293a4b5c6d7e
  concierge-admin consent show req_0190a1b2c3d4e5f60718293a4b5c6d7e --json")]
    Show {
        /// The request, as `requests list` shows it
        request: RequestId,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
}

impl ConsentCommand {
    pub(crate) fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let Self::Show { request, json } = self;
        let shown = Database::open()?.read(move |tx| gather(tx, request))?;
        if json {
            return Ok(writeln!(out, "{}", serde_json::to_string(&shown)?)?);
        }
        Ok(write!(out, "{}", told(&shown))?)
    }
}

/// What is stored about consents to calls for one request.
#[derive(Debug, Serialize)]
struct Shown {
    request_id: RequestId,
    state: RequestState,
    control: Control,
    /// Everything that depends on the time is as of now.
    as_of: Timestamp,
    /// Our number that calls.
    phone_number_id: PhoneNumberId,
    /// Until when Meta lets nobody call from it.
    paused_until: Option<Timestamp>,
    people: Vec<Person>,
}

/// Everybody who was asked or called.
#[derive(Debug, Serialize)]
struct Person {
    contact_id: ContactId,
    party: Party,
    vendor_id: Option<VendorId>,
    /// `null` when we know none, or the person was erased.
    name: Option<String>,
    erased: bool,
    /// When they said STOP, if they have not said START since: nobody calls them.
    opted_out_at: Option<Timestamp>,
    /// Of this person, for the number that calls.
    meta_permission: MetaPermission,
    consents: Vec<Asked>,
}

/// What Meta permits.
#[derive(Debug, Serialize)]
struct MetaPermission {
    /// `unknown`, `temporary`, `permanent`, `expired` or `refused`.
    state: &'static str,
    /// Since when.
    since: Option<Timestamp>,
    /// Its end, where it has one.
    until: Option<Timestamp>,
    /// `person`, `meta`, or `unstated`.
    refused_by: Option<RefusedBy>,
}

/// A consent with what the person was known by when they were asked.
#[derive(Debug, Serialize)]
struct Asked {
    /// Masked; `null` where Meta gave none, or the person was erased.
    phone: Option<String>,
    /// Masked.
    bsuid: Option<String>,
    /// Granted, and yet not what counts: a newer answer of this person to another prompt does.
    outweighed: bool,
    #[serde(flatten)]
    consent: Consent,
}

fn gather(tx: &mut Tx<'_>, id: RequestId) -> Result<Shown, Failure> {
    let request = existing(tx, id)?;
    let mut names = VendorNames::default();
    let mut people: Vec<Person> = Vec::new();
    let stored = calls::consents_of_request(tx, id)?;
    let all: Vec<_> = stored.iter().map(|stored| stored.consent).collect();
    for stored in stored {
        let asked = Asked {
            phone: stored.phone.as_ref().map(|phone| mask(phone.as_str())),
            bsuid: stored.bsuid.as_ref().map(|bsuid| mask(bsuid.as_str())),
            outweighed: is_outweighed(&all, &stored.consent, tx.now),
            consent: consent(tx, &stored, &mut names)?,
        };
        known(tx, &mut people, &request, asked.consent.contact_id, stored.party, &mut names)?.push(asked);
    }
    for call in calls::of_request(tx, id)? {
        known(tx, &mut people, &request, call.contact, call.party, &mut names)?;
    }
    people.sort_by_key(|person| person.party);
    Ok(Shown {
        request_id: id,
        state: request.state,
        control: request.control,
        as_of: tx.now,
        paused_until: calls::restricted_until(tx, &request.phone_number_id)?,
        phone_number_id: request.phone_number_id,
        people,
    })
}

/// Whether a consent is granted and rules for no call that its scope covers.
fn is_outweighed(all: &[calling_policy::Consent], of: &calling_policy::Consent, now: Timestamp) -> bool {
    let rules = |party| ruling(all, of.key(), of.contact(), party).is_some_and(|rules| rules == *of);
    let covered = [Party::Client, Party::Vendor].into_iter().filter(|party| of.scope().covers(*party));
    of.status(now) == ConsentStatus::Granted && !covered.into_iter().any(rules)
}

/// The consents of a person among `people`, who is put there at first sight.
fn known<'a>(
    tx: &mut Tx<'_>,
    people: &'a mut Vec<Person>,
    request: &Request,
    contact: ContactId,
    party: Party,
    names: &mut VendorNames,
) -> Result<&'a mut Vec<Asked>, Failure> {
    let found = people.iter().position(|person| person.contact_id == contact && person.party == party);
    let at = if let Some(at) = found {
        at
    } else {
        people.push(person(tx, request, contact, party, names)?);
        people.len() - 1
    };
    let person = people.get_mut(at).ok_or(store::StoreError::NotFound)?;
    Ok(&mut person.consents)
}

fn person(
    tx: &mut Tx<'_>,
    request: &Request,
    contact: ContactId,
    party: Party,
    names: &mut VendorNames,
) -> Result<Person, Failure> {
    let erased = erasure::person(tx, contact)?.erased_at.is_some();
    let vendor = match party {
        Party::Vendor => names.of_contact(tx, contact)?,
        Party::Client => None,
    };
    let (vendor_id, vendor_name) = vendor.unzip();
    let known = contacts::load(tx, contact)?;
    let name = vendor_name.or(known.name);
    let permission = calls::permission(tx, contact, &request.phone_number_id)?;
    let (state, until, refused_by) = match permission.state(tx.now) {
        PermissionState::Unknown => ("unknown", None, None),
        PermissionState::Temporary { until } => ("temporary", Some(until), None),
        PermissionState::Permanent => ("permanent", None, None),
        PermissionState::Expired { until } => ("expired", Some(until), None),
        PermissionState::Refused { by, .. } => ("refused", None, Some(by)),
    };
    Ok(Person {
        contact_id: contact,
        party,
        vendor_id,
        name: name.filter(|_| !erased),
        erased,
        opted_out_at: known.opted_out_at,
        meta_permission: MetaPermission { state, since: permission.since(), until, refused_by },
        consents: Vec::new(),
    })
}

/// For people.
fn told(shown: &Shown) -> String {
    let driver = match shown.control {
        Control::Bot => "driven by the bot",
        Control::Human => "driven by a person",
    };
    let mut text = format!("{}\n", shown.request_id);
    let _ = writeln!(text, "  {} · {driver} · as of {}", shown.state, second(shown.as_of));
    if let Some(until) = shown.paused_until {
        let _ = writeln!(
            text,
            "  Meta pauses calls from {} until {}",
            shown.phone_number_id.as_str(),
            second(until)
        );
    }
    if shown.people.is_empty() {
        text.push_str("\nNobody was asked for a consent to calls.\n");
    }
    for person in &shown.people {
        tell_person(&mut text, person);
    }
    text
}

fn tell_person(text: &mut String, person: &Person) {
    let role = match person.party {
        Party::Client => "Client",
        Party::Vendor => "Vendor",
    };
    let name = match &person.name {
        Some(name) => format!(" {}", harmless(name).replace('\n', " ")),
        None if person.erased => format!(" {ERASED}"),
        None => String::new(),
    };
    let vendor = person.vendor_id.as_ref().map(|id| format!(" · {id}")).unwrap_or_default();
    let _ = writeln!(text, "\n{role}{name}{vendor} · {}", person.contact_id);
    if let Some(at) = person.opted_out_at {
        let _ = writeln!(text, "  Said STOP {}: is not called", second(at));
    }
    let _ = writeln!(text, "  Meta's permission  {}", told_permission(&person.meta_permission));
    if person.consents.is_empty() {
        text.push_str("  Not asked for a consent.\n");
    }
    for asked in &person.consents {
        tell_consent(text, asked, person.erased);
    }
}

fn told_permission(permission: &MetaPermission) -> String {
    let since = permission.since.map(|at| format!(", since {}", second(at))).unwrap_or_default();
    let until = permission.until.map(second).unwrap_or_default();
    match (permission.state, permission.refused_by) {
        ("temporary", _) => format!("given until {until}{since}"),
        ("permanent", _) => format!("given for good{since}"),
        ("expired", _) => format!("over since {until}"),
        ("refused", Some(RefusedBy::Person)) => format!("refused by the person{since}"),
        ("refused", Some(RefusedBy::Meta)) => {
            format!("taken back by Meta, after calls that were not answered{since}")
        }
        ("refused", _) => format!("none, says Meta{since}"),
        _ => "never heard of".to_owned(),
    }
}

fn tell_consent(text: &mut String, asked: &Asked, erased: bool) {
    let consent = &asked.consent;
    let stands = match consent.status {
        ConsentStatus::Requested => format!("asked, open until {}", second(consent.expires_at)),
        ConsentStatus::Granted if asked.outweighed => "granted, outweighed by a newer answer".to_owned(),
        ConsentStatus::Granted => format!("granted until {}", second(consent.expires_at)),
        ConsentStatus::Denied => "denied".to_owned(),
        ConsentStatus::Expired => format!("expired since {}", second(consent.expires_at)),
    };
    let key = match consent.key {
        ConsentKey::Authorisation => "authorisation: the client allows calls for this request",
        ConsentKey::Callee => "callee: this person allows to be called",
    };
    let by = match consent.asked_by.as_str() {
        "card" => "Meta's card",
        _ => "buttons",
    };
    let at = asked.phone.as_deref().or(asked.bsuid.as_deref());
    let at = at.unwrap_or(if erased { ERASED } else { "no number known" });
    let _ = writeln!(text, "  {}  {stands}", consent.id);
    let _ = writeln!(text, "    Key       {key}");
    let _ = writeln!(text, "    Scope     {}", consent.scope);
    let _ = writeln!(
        text,
        "    Asked     {} by {by}, {} in {}, at {at}",
        second(consent.requested_at),
        consent.wording,
        consent.language
    );
    if let Some(answered) = consent.answered_at {
        let _ = writeln!(text, "    Answered  {}", second(answered));
    }
    for line in &consent.history {
        let _ = writeln!(text, "    {:>2}  {}", line.seq, told_line(line, consent));
    }
}

fn told_line(line: &HistoryLine, consent: &Consent) -> String {
    let by = match line.by {
        Some(by) if by == consent.contact_id => " by this person".to_owned(),
        Some(by) => format!(" by {by}"),
        None => String::new(),
    };
    let message = line.message_id.map(|id| format!(", {id}")).unwrap_or_default();
    let late = if second(line.recorded_at) == second(line.happened_at) {
        String::new()
    } else {
        format!(", recorded {}", second(line.recorded_at))
    };
    let status = match line.event {
        HistoryEvent::Requested => String::new(),
        _ => format!(" → {}", line.status),
    };
    format!("{}  {}{status}{by}{message}{late}", second(line.happened_at), line.event)
}

#[cfg(test)]
#[path = "consent_tests.rs"]
mod tests;
