//! A person has another number or another business-scoped id: Meta says so. They keep what they have with us; what they
//! allowed is void.
//!
//! The caller has taken the rows of every request that [`concerned`] names, ascending, then those of the contacts.

use std::collections::BTreeSet;

use audit::Outcome;
use marketplace::{ContactId, RequestId, RequestState};
use serde_json::json;
use store::{
    Tx,
    contacts::{self, Contact, Identity},
    identities::{self, KnownBy},
    lanes::{self, EntryKind},
    messages,
    requests::{self, RequestGuard},
    sourcing, vendors,
};

use crate::{
    AuditEntry, Caller, ToolError,
    calling::consent_ends,
    ending::{self, Ending},
    opt_out, record, record_system,
};

/// A change as Meta tells it.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// Whom the notice names by what they were known by.
    pub who: KnownBy,
    /// What they are known by now.
    pub new: &'a [Identity],
    /// Who is known by that already, if anybody: the same person, then.
    pub other: Option<ContactId>,
}

impl Change<'_> {
    /// The person that it is about, and that the other contact becomes a part of.
    pub const fn person(&self) -> ContactId {
        match self.who {
            KnownBy::Now(contact) | KnownBy::Before(contact) => contact,
        }
    }

    /// The contacts whose rows are taken, ascending.
    pub fn people(&self) -> BTreeSet<ContactId> {
        [Some(self.person()), self.other].into_iter().flatten().collect()
    }
}

/// The requests that the change touches, ascending.
pub fn concerned(tx: &mut Tx<'_>, change: &Change<'_>) -> Result<BTreeSet<RequestId>, ToolError> {
    let mut found = BTreeSet::new();
    for contact in change.people() {
        found.extend(opt_out::concerned(tx, contact)?);
        found.extend(identities::moving_requests(tx, contact)?);
    }
    Ok(found)
}

/// Why a change is left to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TwoVendors;

/// Carries a change out.
///
/// # Errors
/// The inner error when both contacts stand in the directory: its owner says whether these are two vendors.
pub fn change(
    tx: &mut Tx<'_>,
    guards: &mut [RequestGuard],
    change: &Change<'_>,
) -> Result<Result<(), TwoVendors>, ToolError> {
    let person = change.person();
    if let Some(other) = change.other
        && vendors::find_by_contact(tx, person)?.is_some()
        && vendors::find_by_contact(tx, other)?.is_some()
    {
        return Ok(Err(TwoVendors));
    }
    for guard in guards.iter() {
        for contact in change.people() {
            consent_ends::identity_changed(tx, guard, contact)?;
        }
    }
    let mut permissions = 0;
    for contact in change.people() {
        permissions += identities::forget_permissions(tx, contact)?;
    }
    // A second notice of one change only adds to what the first one said.
    if matches!(change.who, KnownBy::Now(_)) {
        identities::retire(tx, person)?;
    }
    let before = contacts::load(tx, person)?;
    let other = change.other.map(|other| contacts::load(tx, other)).transpose()?;
    if let Some(other) = &other {
        merge(tx, guards, &before, other)?;
    }
    identities::adopt(tx, person, change.new)?;
    let payload = json!({
        "contact_id": person, "merged": change.other, "permissions_void": permissions, "requests": guards.len(),
    });
    let mut keys = vec![before.data_key];
    keys.extend(other.as_ref().map(|other| other.data_key));
    let stopped =
        before.opted_out_at.into_iter().chain(other.as_ref().and_then(|other| other.opted_out_at)).min();
    if let (Some(at), Some(_)) = (stopped, &other) {
        // Whoever of the two said STOP said it for both.
        let person = contacts::load(tx, person)?;
        opt_out::opt_out(tx, guards, &person, at)?;
    }
    let entry = AuditEntry::new(Caller::system("router").actor, "contact.identity_changed", payload);
    record_system(tx, entry.sealed_by(keys))?;
    Ok(Ok(()))
}

/// Makes the other contact a part of this one. Of two open requests the one that has come further goes on, of two equal
/// ones the older; what the client wrote in the other one is read there.
fn merge(
    tx: &mut Tx<'_>,
    guards: &mut [RequestGuard],
    person: &Contact,
    other: &Contact,
) -> Result<(), ToolError> {
    let mut open: Vec<usize> = Vec::new();
    for (at, guard) in guards.iter().enumerate() {
        let is_theirs = [person.id, other.id].contains(&guard.request().client);
        if is_theirs && guard.request().state.is_open() {
            open.push(at);
        }
    }
    open.sort_by_key(|at| {
        guards.get(*at).map(|guard| {
            let request = guard.request();
            (std::cmp::Reverse(progress(request.state)), request.created_at, request.id)
        })
    });
    let closed = match open.as_slice() {
        [survives, ends] => Some((*survives, *ends)),
        _ => None,
    };
    let mut moved = Vec::new();
    if let Some((survives, ends)) = closed {
        if let (Some(into), Some(from)) = (guards.get(survives), guards.get(ends)) {
            moved = identities::move_client_messages(tx, from, into)?;
        }
        if let Some(from) = guards.get_mut(ends) {
            ending::close(tx, from, Ending::Merged)?;
        }
    }
    // Nobody is a vendor in a request of their own.
    for guard in guards.iter_mut().filter(|guard| [person.id, other.id].contains(&guard.request().client)) {
        let mut asked = sourcing::unsettled_outreaches_to(tx, person.id)?;
        asked.extend(sourcing::unsettled_outreaches_to(tx, other.id)?);
        let request = guard.request().id;
        for outreach in asked.iter().filter(|outreach| outreach.request == request) {
            ending::end_outreach(tx, guard, outreach.id, Ending::Merged)?;
        }
    }
    identities::merge(tx, guards, other.id, person.id)?;
    for guard in guards.iter_mut() {
        *guard = requests::lock(tx, guard.request().id)?;
    }
    if let Some(into) = closed.and_then(|(survives, _)| guards.get(survives)) {
        for id in &moved {
            let written_at = messages::load(tx, *id)?.meta_at;
            lanes::append(tx, into, EntryKind::ClientMessage, Some(*id), None, written_at)?;
        }
        let payload = json!({ "messages": moved.len(), "contact_id": other.id });
        let entry = AuditEntry::new(Caller::system("router").actor, "request.merged", payload)
            .with_outcome(Outcome::Ok, [Ending::Merged.of_client().to_owned()]);
        record(tx, into, entry)?;
    }
    Ok(())
}

/// How far a request has come; one that a person has is worth most.
const fn progress(state: RequestState) -> u8 {
    match state {
        RequestState::Escalated | RequestState::Error => 5,
        RequestState::Shortlisted => 4,
        RequestState::Sourcing => 3,
        RequestState::OcrProcessing | RequestState::Clarifying => 2,
        RequestState::New => 1,
        RequestState::HandedOff | RequestState::Closed => 0,
    }
}
