//! `marketplace.send_client_message`.

use marketplace::{MessageId, look};
use store::{
    StoreError, Tx,
    messages::{self, Direction, MessageKind, NewMessage, Party},
    outbox::{self, NewSend, Purpose, SendPayload, TemplateUse},
    requests::RequestGuard,
};
use tool_registry::{MessageStatus, RefusalCode, SendClientMessageArgs, SendClientMessageResult};

use super::Effect;
use crate::{Caller, ToolError, error::refuse, gates, mentions, staleness};

pub(super) fn run(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    caller: &Caller,
    args: &SendClientMessageArgs,
) -> Result<Effect, ToolError> {
    let request = guard.request();
    gates::may_send(request, caller)?;
    let client = gates::not_opted_out(tx, request.client, RefusalCode::ClientOptedOut)?;
    if let Some(quoted) = args.reply_to {
        written_by_client(tx, guard, quoted)?;
    }
    // Nothing in it that its reader does not see.
    let body = look::printable(&args.body);
    let texts = args.buttons.iter().flat_map(|button| [&button.id, &button.title]);
    let texts: Vec<&str> = std::iter::once(&body).chain(texts).map(String::as_str).collect();
    gates::prescription_allows(tx, request, caller, &texts, false)?;
    let also_sealed_by = mentions::sealed_by(tx, request, &texts)?;
    let message_id = messages::insert(
        tx,
        &NewMessage {
            request: Some(request.id),
            contact: client.id,
            direction: Direction::Out,
            party: Party::Client,
            kind: MessageKind::Text,
            body: body.clone(),
            also_sealed_by: also_sealed_by.clone(),
            button_id: None,
            wamid: None,
            quoted_wamid: None,
            meta_at: guard.now(tx),
        },
    )?;
    let template = TemplateUse { purpose: "client_update".to_owned(), parameters: vec![one_line(&body)] };
    outbox::enqueue(
        tx,
        guard,
        &NewSend {
            contact: client.id,
            message: message_id,
            purpose: Purpose::ClientMessage,
            author: caller.actor.kind,
            payload: SendPayload {
                body,
                buttons: args.buttons.iter().map(|b| (b.id.clone(), look::printable(&b.title))).collect(),
                template: Some(template),
                reply_to: args.reply_to,
            },
            also_sealed_by,
            not_after: Some(guard.now(tx) + staleness::CLIENT_MESSAGE),
        },
    )?;
    Ok(Effect::new(SendClientMessageResult { message_id, status: MessageStatus::Queued }))
}

/// Only what the client wrote in this request can be quoted to them.
fn written_by_client(tx: &mut Tx<'_>, guard: &RequestGuard, quoted: MessageId) -> Result<(), ToolError> {
    let request = guard.request();
    match messages::load(tx, quoted) {
        Ok(message)
            if message.request == Some(request.id)
                && message.contact == request.client
                && message.direction == Direction::In =>
        {
            Ok(())
        }
        Ok(_) | Err(StoreError::NotFound) => {
            refuse(RefusalCode::MessageNotFound, "there is no such message of the client in this request")
        }
        Err(error) => Err(error.into()),
    }
}

/// Template parameters may hold no line break, no tab and no run of more than four blanks (Meta: 132018, 100).
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
