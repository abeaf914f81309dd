//! Notices of Meta that a person has another number or another business-scoped id.

use meta_client::event::{InboundMessage, SystemNotice};
use store::{
    Tx,
    contacts::{self, Contact, Identity},
    identities::{self, KnownBy},
    requests,
};
use tools::{
    ToolError,
    identity::{self, Change, TwoVendors},
};

use super::message::Placement;

/// Carries a notice out; what it names is the person's old identity.
pub(super) fn place(
    tx: &mut Tx<'_>,
    message: &InboundMessage,
    notice: &SystemNotice,
) -> Result<Placement, ToolError> {
    let old = contacts::candidates(message.sender.bsuid.as_ref(), message.sender.wa_id.as_ref());
    let new = match notice {
        SystemNotice::NumberChanged { new_wa_id: Some(wa_id) } => contacts::candidates(None, Some(wa_id)),
        SystemNotice::UserIdChanged { new_bsuid: Some(bsuid) } => contacts::candidates(Some(bsuid), None),
        SystemNotice::NumberChanged { new_wa_id: None } | SystemNotice::UserIdChanged { new_bsuid: None } => {
            return Ok(Placement::Ignored(None, "system_notice_without_identity"));
        }
        SystemNotice::Other { .. } => return Ok(Placement::Ignored(None, "system_notice")),
    };
    let Some(who) = identities::known_by(tx, &old)? else {
        return Ok(Placement::Ignored(None, "system_notice_of_nobody"));
    };
    let (KnownBy::Now(person) | KnownBy::Before(person)) = who;
    let owner = contacts::find(tx, &new)?;
    if owner == Some(person) && is_addressed_by(&contacts::load(tx, person)?, &new) {
        return Ok(Placement::Ignored(Some(person), "system_notice_known"));
    }
    // Known by both already: what is known stays, the address changes.
    let who = if owner == Some(person) { KnownBy::Before(person) } else { who };
    carry_out(tx, &Change { who, new: &new, other: owner.filter(|other| *other != person) })
}

/// A message that shows another number for a business-scoped id than messages go to: the person has a new one, and Meta
/// has said nothing of it. Gives the contact as it is then.
pub(super) fn moved_line(
    tx: &mut Tx<'_>,
    contact: Contact,
    known_by: &[Identity],
) -> Result<Contact, ToolError> {
    let shown = |contact: &Contact| {
        known_by.iter().find_map(|identity| match identity {
            Identity::Phone(phone) => Some(contact.phone.as_ref().is_some_and(|known| known != phone)),
            _ => None,
        })
    };
    let same_id =
        contact.bsuid.as_ref().is_some_and(|bsuid| known_by.contains(&Identity::Bsuid(bsuid.clone())));
    if contact.erased_at.is_some() || !same_id || shown(&contact) != Some(true) {
        return Ok(contact);
    }
    let change = Change { who: KnownBy::Now(contact.id), new: known_by, other: None };
    carry_out(tx, &change)?;
    Ok(contacts::load(tx, contact.id)?)
}

fn carry_out(tx: &mut Tx<'_>, change: &Change<'_>) -> Result<Placement, ToolError> {
    let mut guards = Vec::new();
    for request in identity::concerned(tx, change)? {
        guards.push(requests::lock(tx, request)?);
    }
    for contact in change.people() {
        contacts::lock(tx, contact)?;
        if contacts::load(tx, contact)?.erased_at.is_some() {
            return Ok(Placement::Ignored(Some(contact), "erased"));
        }
    }
    match identity::change(tx, &mut guards, change)? {
        Ok(()) => Ok(Placement::Done(change.person())),
        Err(TwoVendors) => Ok(Placement::Dead("two_vendors_one_person")),
    }
}

/// Whether messages to the person go to what is new already.
fn is_addressed_by(person: &Contact, new: &[Identity]) -> bool {
    new.iter().all(|identity| match identity {
        Identity::Phone(phone) => person.phone.as_ref() == Some(phone),
        Identity::Bsuid(bsuid) => person.bsuid.as_ref() == Some(bsuid),
        Identity::WaId(_) => true,
    })
}
