//! The handoff: only on the client's own stored choice; each side gets the other's contact, in the transaction
//! that changes the state.

use std::time::Duration;

use conversation::{Pick, PickItem, Sentence, catalogue, pick};
use marketplace::{ActorKind, ContactId, DataKeyId, MessageId, VendorId};
use serde_json::json;
use store::{
    Tx,
    messages::{self, Direction, Message, MessageKind, NewMessage, Party},
    outbox::{self, NewSend, Purpose, SendPayload, TemplateUse},
    requests::RequestGuard,
    sourcing::{self, Shortlist},
    timers::{self, TimerKind},
    vendors,
};
use tool_registry::{Handoff, RefusalCode};

use crate::{AuditEntry, Caller, ToolError, error::refuse, gates, record, staleness};

/// A handed-off request closes after this long.
pub const HANDOFF_CLOSES_AFTER: Duration = Duration::from_hours(24);
/// How far back the choice is looked for.
const LOOK_BACK: i64 = 40;

pub(super) fn hand_off(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    caller: &Caller,
    args: Option<&Handoff>,
) -> Result<(), ToolError> {
    let Some(Handoff { vendor_id }) = args else {
        return refuse(RefusalCode::PickMissing, "a handoff names the vendor that the client chose");
    };
    let request = guard.request().id;
    let Some(shortlist) = sourcing::shortlists_of(tx, request)?.pop() else {
        return refuse(RefusalCode::PickMissing, "no shortlist was sent");
    };
    let Some(choice) = choice_of(tx, request, &shortlist, vendor_id)? else {
        return refuse(RefusalCode::PickMissing, "no stored message of the client chooses this vendor");
    };
    let vendor = vendors::load(tx, vendor_id)?;
    sourcing::insert_handoff(tx, guard, vendor_id, choice)?;
    exchange_contacts(tx, guard, caller.actor.kind, &vendor)?;
    timers::set(tx, guard, TimerKind::CloseAfterHandoff, "", guard.now(tx) + HANDOFF_CLOSES_AFTER)?;
    let payload = json!({ "vendor_id": vendor_id, "choice_message_id": choice });
    record(tx, guard, AuditEntry::new(caller.actor.clone(), "handoff.done", payload).caused_by(choice))
}

/// The client's newest message after the shortlist that chooses one of its items (a YES to a call chooses none), if it chose this vendor.
fn choice_of(
    tx: &mut Tx<'_>,
    request: marketplace::RequestId,
    shortlist: &Shortlist,
    vendor: &VendorId,
) -> Result<Option<MessageId>, ToolError> {
    let items = pick_items(tx, shortlist)?;
    let newest_first = messages::latest(tx, request, LOOK_BACK)?.into_iter().rev();
    let after = newest_first.filter(|message| {
        message.direction == Direction::In
            && message.party == Party::Client
            && message.kind != MessageKind::Consent
            && message.created_at >= shortlist.created_at
            // Meta's time has whole seconds: what was written before the list was there chooses nothing on it.
            && message.meta_at.as_seconds() >= shortlist.created_at.as_seconds()
    });
    for message in after {
        match pick::recognise(chosen_text(&message), &items) {
            Pick::Chosen(index) => {
                let chosen = items.get(index).is_some_and(|item| item.vendor_id == *vendor);
                return Ok(chosen.then_some(message.id));
            }
            Pick::Ambiguous | Pick::None => {}
        }
    }
    Ok(None)
}

fn chosen_text(message: &Message) -> &str {
    message.button_id.as_deref().or(message.body.as_deref()).unwrap_or_default()
}

fn pick_items(tx: &mut Tx<'_>, shortlist: &Shortlist) -> Result<Vec<PickItem>, ToolError> {
    shortlist
        .items
        .iter()
        .zip(1_u8..)
        .map(|((vendor_id, _), position)| {
            let vendor_name = vendors::load(tx, vendor_id)?.name;
            Ok(PickItem { position, vendor_id: vendor_id.clone(), vendor_name })
        })
        .collect()
}

fn exchange_contacts(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    author: ActorKind,
    vendor: &vendors::Vendor,
) -> Result<(), ToolError> {
    let request = guard.request();
    let client = gates::not_opted_out(tx, request.client, RefusalCode::ClientOptedOut)?;
    let merchant = gates::not_opted_out(tx, vendor.contact, RefusalCode::VendorOptedOut)?;
    let keys = [client.data_key, merchant.data_key];
    let Some(vendor_phone) = &merchant.phone else {
        return refuse(RefusalCode::NoAddress, "the vendor has no number to hand over");
    };
    let need = request.need.clone().unwrap_or_default();
    let to_client = catalogue::text(
        request.language,
        &Sentence::HandoffToClient { vendor: &vendor.name, phone: vendor_phone.as_str() },
    );
    let to_vendor = catalogue::text(
        merchant.language,
        &Sentence::HandoffToVendor {
            need: &need,
            client: client.name.as_deref(),
            phone: client.phone.as_ref().map(marketplace::E164::as_str),
        },
    );
    send(tx, guard, author, client.id, Party::Client, &keys, "handoff_client", to_client)?;
    send(tx, guard, author, merchant.id, Party::Vendor, &keys, "handoff_vendor", to_vendor)
}

#[expect(clippy::too_many_arguments, reason = "two calls just above; a struct would only rename them")]
fn send(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    author: ActorKind,
    contact: ContactId,
    party: Party,
    keys: &[DataKeyId],
    template: &str,
    body: String,
) -> Result<(), ToolError> {
    let new = NewMessage {
        request: Some(guard.request().id),
        contact,
        direction: Direction::Out,
        party,
        kind: MessageKind::Text,
        body: body.clone(),
        also_sealed_by: keys.to_vec(),
        button_id: None,
        wamid: None,
        quoted_wamid: None,
        meta_at: guard.now(tx),
    };
    let message = messages::insert(tx, &new)?;
    let parameters = vec![super::client_message::one_line(&body)];
    let intent = NewSend {
        contact,
        message,
        purpose: Purpose::Handoff,
        author,
        payload: SendPayload {
            body,
            buttons: Vec::new(),
            template: Some(TemplateUse { purpose: template.to_owned(), parameters }),
            reply_to: None,
        },
        also_sealed_by: keys.to_vec(),
        not_after: Some(guard.now(tx) + staleness::HANDOFF),
    };
    outbox::enqueue(tx, guard, &intent)?;
    Ok(())
}
