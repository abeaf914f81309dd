//! Sentences that a consent or a call answers with.

use conversation::{Sentence, catalogue};
use marketplace::{ActorKind, MessageId};
use store::{
    Tx,
    contacts::Contact,
    messages::{self, Direction, MessageKind, NewMessage, Party},
    outbox::{self, NewSend, Purpose, SendPayload, TemplateUse},
    requests::RequestGuard,
};

use crate::{ToolError, staleness};

/// Queues a sentence of the catalogue to the client or a vendor of the request, in their language.
pub(crate) fn sentence(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    to: &Contact,
    sentence: &Sentence<'_>,
) -> Result<MessageId, ToolError> {
    let request = guard.request();
    let (party, purpose, language, template) = if to.id == request.client {
        (Party::Client, Purpose::ClientMessage, request.language, "client_update")
    } else {
        (Party::Vendor, Purpose::VendorMessage, to.language, "vendor_inquiry")
    };
    let body = catalogue::text(language, sentence);
    let message = messages::insert(
        tx,
        &NewMessage {
            request: Some(request.id),
            contact: to.id,
            direction: Direction::Out,
            party,
            kind: MessageKind::Text,
            body: body.clone(),
            also_sealed_by: Vec::new(),
            button_id: None,
            wamid: None,
            quoted_wamid: None,
            meta_at: guard.now(tx),
        },
    )?;
    let template = TemplateUse { purpose: template.to_owned(), parameters: vec![body.clone()] };
    let send = NewSend {
        contact: to.id,
        message,
        purpose,
        author: ActorKind::System,
        payload: SendPayload { body, buttons: Vec::new(), template: Some(template), reply_to: None },
        also_sealed_by: Vec::new(),
        not_after: Some(guard.now(tx) + staleness::CLIENT_MESSAGE),
    };
    outbox::enqueue(tx, guard, &send)?;
    Ok(message)
}
