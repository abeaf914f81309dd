//! STOP: what ends with it, in the transaction that records it. START: the way back.
//!
//! The caller has taken the rows of every request that [`concerned`] names, ascending, then the contact's.

use std::collections::BTreeSet;

use audit::Outcome;
use conversation::{Sentence, catalogue};
use marketplace::{ActorKind, ContactId, DataKeyId, PhoneNumberId, RequestId, Timestamp};
use serde_json::json;
use store::{
    Tx, calls,
    contacts::{self, Contact},
    messages::{self, Direction, MessageKind, NewMessage, Party},
    outbox::{self, NewSend, Purpose, SendPayload},
    requests::{self, RequestGuard},
    sourcing,
};

use crate::{
    AuditEntry, ToolError,
    calling::consent_ends,
    ending::{self, Ending},
    record_system, staleness,
};

/// The requests that a STOP of this person changes, ascending: their own open one, those in which they are asked as a
/// vendor, those in which they may be called, those with a message to them in the queue.
pub fn concerned(tx: &mut Tx<'_>, contact: ContactId) -> Result<BTreeSet<RequestId>, ToolError> {
    let mut found: BTreeSet<RequestId> = requests::open_of_client(tx, contact)?.into_iter().collect();
    found.extend(sourcing::unsettled_outreaches_to(tx, contact)?.iter().map(|outreach| outreach.request));
    found.extend(calls::consents_of_contact(tx, contact)?.iter().map(|stored| stored.consent.request()));
    found.extend(outbox::queued_to(tx, contact)?.into_iter().filter_map(|(_, request)| request));
    Ok(found)
}

/// Records a STOP said at `at` and ends what runs with the person. Calls to them end by themselves: the dialler asks
/// for the opt-out before the wire and on every step after it.
///
/// A message that was decided between [`concerned`] and the contact's row is ended by the dispatcher.
pub fn opt_out(
    tx: &mut Tx<'_>,
    guards: &mut [RequestGuard],
    contact: &Contact,
    at: Timestamp,
) -> Result<(), ToolError> {
    contacts::set_opt_out(tx, contact.id, Some(at))?;
    for guard in guards.iter_mut() {
        consent_ends::said_stop(tx, guard, contact.id)?;
        end_in(tx, guard, contact.id)?;
    }
    // What belongs to no request; the record of the STOP names it.
    let mut cancelled = 0_usize;
    for (id, request) in outbox::queued_to(tx, contact.id)? {
        if request.is_none() {
            outbox::cancel(tx, id, Ending::OptedOut.of_send())?;
            cancelled += 1;
        }
    }
    let payload =
        json!({ "contact_id": contact.id, "requests": guards.len(), "notices_cancelled": cancelled });
    let entry = AuditEntry::new(Ending::OptedOut.caller().actor, "contact.opted_out", payload);
    record_system(tx, entry.sealed_by([contact.data_key]))
}

/// Ends what one request has with the person: all of it where it is theirs, else the wait for them.
fn end_in(tx: &mut Tx<'_>, guard: &mut RequestGuard, contact: ContactId) -> Result<(), ToolError> {
    let request = guard.request().id;
    if guard.request().client == contact && guard.request().state.is_open() {
        ending::close(tx, guard, Ending::OptedOut)?;
    }
    let asked = sourcing::unsettled_outreaches_to(tx, contact)?;
    for outreach in asked.iter().filter(|outreach| outreach.request == request) {
        ending::end_outreach(tx, guard, outreach.id, Ending::OptedOut)?;
    }
    for (id, of) in outbox::queued_to(tx, contact)? {
        if of == Some(request) {
            ending::cancel(tx, guard, id, Ending::OptedOut, true)?;
        }
    }
    Ok(())
}

/// Records a START.
pub fn opt_in(tx: &mut Tx<'_>, contact: &Contact) -> Result<(), ToolError> {
    contacts::set_opt_out(tx, contact.id, None)?;
    let payload = json!({ "contact_id": contact.id });
    let entry = AuditEntry::new(Ending::OptedOut.caller().actor, "contact.opted_in", payload);
    record_system(tx, entry.sealed_by([contact.data_key]))
}

/// Queues a sentence of ours that belongs to no request, in the person's language.
pub fn say(
    tx: &mut Tx<'_>,
    number: &PhoneNumberId,
    contact: &Contact,
    purpose: Purpose,
    sentence: &Sentence<'_>,
) -> Result<(), ToolError> {
    say_with(tx, number, contact, purpose, sentence, (Vec::new(), Vec::new()))
}

/// As [`say`], with buttons, and the people of whom it speaks beside its reader.
pub fn say_with(
    tx: &mut Tx<'_>,
    number: &PhoneNumberId,
    contact: &Contact,
    purpose: Purpose,
    sentence: &Sentence<'_>,
    (buttons, also_sealed_by): (Vec<(String, String)>, Vec<DataKeyId>),
) -> Result<(), ToolError> {
    let body = catalogue::text(contact.language, sentence);
    let message = messages::insert(
        tx,
        &NewMessage {
            request: None,
            contact: contact.id,
            direction: Direction::Out,
            party: Party::Client,
            kind: MessageKind::Text,
            body: body.clone(),
            also_sealed_by: also_sealed_by.clone(),
            button_id: None,
            wamid: None,
            quoted_wamid: None,
            meta_at: tx.now,
        },
    )?;
    let send = NewSend {
        contact: contact.id,
        message,
        purpose,
        author: ActorKind::System,
        payload: SendPayload { body, buttons, template: None, reply_to: None },
        also_sealed_by,
        not_after: staleness::of(purpose).map(|lasts| tx.now + lasts),
    };
    outbox::enqueue_notice(tx, number, &send)?;
    Ok(())
}

/// The record of a message of a person who said STOP, and of a STOP said again: kept, not answered.
pub fn refused(tx: &mut Tx<'_>, contact: &Contact, message: marketplace::MessageId) -> Result<(), ToolError> {
    let payload = json!({ "contact_id": contact.id, "message_id": message });
    let entry = AuditEntry::new(Ending::OptedOut.caller().actor, "message.refused", payload)
        .with_outcome(Outcome::Refused, [Ending::OptedOut.of_send().to_owned()])
        .caused_by(message);
    record_system(tx, entry.sealed_by([contact.data_key]))
}
