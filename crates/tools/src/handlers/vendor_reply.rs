//! `marketplace.record_vendor_reply`: the text is kept, the reading is by rule, a price is never invented.

use conversation::{ButtonId, ReplyHints, vendor_reply};
use marketplace::ReplyId;
use moltbot_contract::{Availability, OutreachStatus};
use store::{
    StoreError, Tx, contacts, messages,
    messages::{Direction, Message, MessageKind},
    requests::RequestGuard,
    sourcing::{self, Outreach, Reply},
};
use tool_registry::{ParsedReply, RecordVendorReplyArgs, RecordVendorReplyResult, RefusalCode};

use super::Effect;
use crate::{ToolError, currency, error::refuse, outreach};

pub(super) fn run(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    args: &RecordVendorReplyArgs,
) -> Result<Effect, ToolError> {
    let request = guard.request().id;
    let outreach =
        sourcing::outreaches_of(tx, request)?.into_iter().find(|outreach| outreach.vendor == args.vendor_id);
    let Some(outreach) = outreach else {
        return refuse(RefusalCode::NotContacted, "this vendor was not contacted for this request");
    };
    let message = match messages::load(tx, args.inbound_message_id) {
        Ok(message) if message.request == Some(request) && message.direction == Direction::In => message,
        Ok(_) | Err(StoreError::NotFound) => {
            return refuse(RefusalCode::MessageNotFound, "there is no such message in this request");
        }
        Err(error) => return Err(error.into()),
    };
    if message.contact != outreach.contact {
        return refuse(RefusalCode::MessageNotOfVendor, "the message was not written by this vendor");
    }
    if sourcing::replies_of(tx, request)?.iter().any(|reply| reply.message == message.id) {
        return refuse(RefusalCode::Duplicate, "this message was recorded before");
    }
    let vendor = contacts::load(tx, outreach.contact)?;
    if vendor.erased_at.is_some() {
        return refuse(RefusalCode::MessageNotFound, "the vendor was erased, and what they wrote");
    }
    let reply = read(tx, guard, &outreach, &message, &vendor);
    sourcing::insert_reply(tx, guard, &outreach, &reply)?;
    settle(tx, guard, &outreach, &reply)?;
    let parsed = ParsedReply {
        availability: reply.availability,
        price_minor: reply.price.map(marketplace::Money::minor),
        currency: reply.price.map(marketplace::Money::currency),
        eta: reply.eta,
        confidence: reply.confidence,
    };
    Ok(Effect::new(RecordVendorReplyResult { reply_id: reply.id, parsed }).sealed_by(vendor.data_key))
}

fn read(
    tx: &Tx<'_>,
    guard: &RequestGuard,
    outreach: &Outreach,
    message: &Message,
    vendor: &contacts::Contact,
) -> Reply {
    let hints = ReplyHints {
        default_currency: vendor.phone.as_ref().and_then(currency::of_phone),
        language: vendor.language,
    };
    let button = message.button_id.as_deref().and_then(|id| id.parse().ok());
    let text = message.body.as_deref().unwrap_or_default();
    let parsed = match (button, message.kind) {
        (Some(ButtonId::Reply { yes, .. }), _) => vendor_reply::parse_button(yes),
        // A picture or a voice message says nothing that we can read.
        (_, MessageKind::Document | MessageKind::Media | MessageKind::Location | MessageKind::Other)
            if text.is_empty() =>
        {
            vendor_reply::parse("", &hints)
        }
        _ => vendor_reply::parse(text, &hints),
    };
    Reply {
        id: ReplyId::generate(tx.ids),
        vendor: outreach.vendor.clone(),
        message: message.id,
        availability: match parsed.availability {
            vendor_reply::Availability::InStock => Availability::InStock,
            vendor_reply::Availability::OutOfStock => Availability::OutOfStock,
            vendor_reply::Availability::Unclear => Availability::Unclear,
        },
        price: parsed.price,
        eta: parsed.eta,
        confidence: parsed.confidence,
        created_at: guard.now(tx),
    }
}

/// A clear answer settles the outreach; the last one settles the batch. An unclear one leaves the vendor
/// `waiting`: "let me check" is not an answer.
fn settle(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    contacted: &Outreach,
    reply: &Reply,
) -> Result<(), ToolError> {
    if reply.confidence < vendor_reply::AMBIGUOUS_BELOW {
        return Ok(());
    }
    let status = match reply.availability {
        Availability::InStock => OutreachStatus::Replied,
        Availability::OutOfStock => OutreachStatus::Declined,
        Availability::Unclear => return Ok(()),
    };
    outreach::settle(tx, guard, contacted, status)
}
