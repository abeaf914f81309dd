//! `concierge-admin outbox breaker` and `outbox resume`: the breaker for outbound volume.

use std::io::Write;

use marketplace::{ContactId, Timestamp, VendorId};
use serde::Serialize;
use serde_json::json;
use store::{
    StoreError, Tx,
    outbox::breaker::{self, OpenBreaker, Scope},
    sourcing, vendors,
};
use tools::{AuditEntry, Caller, record_system};

use crate::{
    database::Database,
    failure::Failure,
    listing::{Columns, or_dash, second},
};

/// One breaker as an operator sees it.
#[derive(Debug, Serialize)]
struct Line {
    /// `product`, or `vendor`.
    scope: &'static str,
    vendor_id: Option<VendorId>,
    open: bool,
    opened_at: Option<Timestamp>,
    /// How many had gone out when it opened, and the limit they met.
    sent_then: Option<i64>,
    limit_then: Option<i64>,
    /// How many count now: of the last hour for the product, of the last 24 hours for a vendor.
    sent_now: i64,
}

pub(crate) fn show(vendor: Option<VendorId>, as_json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let lines = Database::open()?.read(move |tx| {
        let mut scopes = vec![Scope::Product];
        scopes.extend(breaker::open_breakers(tx)?.into_iter().map(|open| open.scope));
        if let Some(vendor) = &vendor {
            scopes.extend(people_behind(tx, vendor)?.into_iter().map(Scope::Vendor));
        }
        scopes.sort_unstable();
        scopes.dedup();
        scopes.into_iter().map(|scope| line(tx, scope)).collect::<Result<Vec<_>, Failure>>()
    })?;
    if as_json {
        return Ok(writeln!(out, "{}", json!({ "breakers": lines }))?);
    }
    let mut table = Columns::of(&["BREAKER", "STATE", "SINCE", "SENT THEN", "LIMIT THEN", "SENT NOW"]);
    for line in &lines {
        let name = line.vendor_id.as_ref().map_or(line.scope, VendorId::as_str);
        let number = |value: Option<i64>| or_dash(value.map(|value| value.to_string()).as_deref());
        table.row([
            name,
            if line.open { "open" } else { "closed" },
            &or_dash(line.opened_at.map(second).as_deref()),
            &number(line.sent_then),
            &number(line.limit_then),
            &line.sent_now.to_string(),
        ]);
    }
    table.print(out)
}

fn line(tx: &mut Tx<'_>, scope: Scope) -> Result<Line, Failure> {
    let open = breaker::open_breaker(tx, scope)?;
    Ok(Line {
        scope: name_of(scope),
        vendor_id: vendor_of(tx, scope)?,
        open: open.is_some(),
        opened_at: open.map(|open| open.opened_at),
        sent_then: open.map(|open| open.sent),
        limit_then: open.map(|open| open.limit),
        sent_now: breaker::sent(tx, scope)?,
    })
}

const fn name_of(scope: Scope) -> &'static str {
    match scope {
        Scope::Product => "product",
        Scope::Vendor(_) => "vendor",
    }
}

/// The vendor behind a breaker: by the directory, or by the last time this person was asked.
fn vendor_of(tx: &mut Tx<'_>, scope: Scope) -> Result<Option<VendorId>, Failure> {
    let Scope::Vendor(contact) = scope else { return Ok(None) };
    let listed = vendors::find_by_contact(tx, contact)?;
    Ok(match listed {
        Some(vendor) => Some(vendor),
        None => sourcing::latest_outreach_to(tx, contact)?.map(|outreach| outreach.vendor),
    })
}

/// The person behind a vendor now, and those of its former numbers whose breakers are open.
fn people_behind(tx: &mut Tx<'_>, vendor: &VendorId) -> Result<Vec<ContactId>, Failure> {
    let known = match vendors::load(tx, vendor) {
        Ok(vendor) => vendor.contact,
        Err(StoreError::NotFound) => {
            return Err(Failure::refused(format!(
                "there is no vendor {vendor}; `concierge-admin vendors list` shows them"
            )));
        }
        Err(error) => return Err(error.into()),
    };
    let mut people = vec![known];
    for open in breaker::open_breakers(tx)? {
        if let Scope::Vendor(contact) = open.scope
            && contact != known
            && vendor_of(tx, open.scope)?.as_ref() == Some(vendor)
        {
            people.push(contact);
        }
    }
    Ok(people)
}

pub(crate) fn resume(vendor: Option<VendorId>, out: &mut dyn Write) -> Result<(), Failure> {
    let closed = Database::open()?.write(move |tx| {
        let mut scopes: Vec<Scope> = match &vendor {
            Some(vendor) => people_behind(tx, vendor)?.into_iter().map(Scope::Vendor).collect(),
            None => breaker::open_breakers(tx)?.into_iter().map(|open| open.scope).collect(),
        };
        // People's rows in order, the product's row last, as every sender takes them.
        scopes.sort_unstable_by(|a, b| b.cmp(a));
        let mut closed = Vec::new();
        for scope in scopes {
            if let Some(open) = breaker::resume(tx, scope)? {
                closed.push((open, vendor_of(tx, scope)?));
            }
        }
        for (open, vendor) in &closed {
            record_system(tx, entry(open, vendor.as_ref()))?;
        }
        Ok(closed)
    })?;
    if closed.is_empty() {
        return Ok(writeln!(out, "no breaker was open; nothing changed")?);
    }
    for (open, vendor) in closed {
        let whose = match open.scope {
            Scope::Product => "everything".to_owned(),
            Scope::Vendor(_) => format!("vendor {}", or_dash(vendor.as_ref().map(VendorId::as_str))),
        };
        writeln!(
            out,
            "{whose}: closed, it was open since {} ({} sent, limit {}); counting starts anew",
            second(open.opened_at),
            open.sent,
            open.limit
        )?;
    }
    Ok(writeln!(out, "the held sends go out now, but for those that are stale: they are cancelled")?)
}

fn entry(open: &OpenBreaker, vendor: Option<&VendorId>) -> AuditEntry {
    let payload = json!({
        "vendor_id": vendor,
        "opened_at": open.opened_at,
        "sent": open.sent,
        "limit": open.limit,
    });
    AuditEntry::new(Caller::operator().actor, "breaker.closed", payload)
        .with_outcome(audit::Outcome::Ok, [open.scope.code().to_owned()])
}
