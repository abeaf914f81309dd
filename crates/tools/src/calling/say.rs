//! What is said about calls: prompts, confirmations, the fallback. Every sentence is the catalogue's.

use conversation::{Sentence, catalogue};
use marketplace::{ActorKind, Language, MessageId};
use store::{
    Tx,
    contacts::Contact,
    messages::{self, Direction, MessageKind, NewMessage, Party},
    outbox::{self, NewSend, Purpose, SendPayload, TemplateUse},
    requests::{Request, RequestGuard},
};

use crate::{ToolError, staleness};

/// How a sentence goes out.
pub(crate) struct Way {
    /// What for.
    pub(crate) purpose: Purpose,
    /// Who says it.
    pub(crate) author: ActorKind,
    /// What goes out in its place outside the 24-hour window, by its purpose in the template catalogue.
    pub(crate) template: &'static str,
}

/// The language a person of the request reads: the client the request's, a vendor their own.
pub(crate) fn language_of(request: &Request, person: &Contact) -> Language {
    if person.id == request.client { request.language } else { person.language }
}

/// Queues a sentence to the client or a vendor of the request, in their language.
pub(crate) fn sentence(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    to: &Contact,
    sentence: &Sentence<'_>,
) -> Result<MessageId, ToolError> {
    let (purpose, template) = if to.id == guard.request().client {
        (Purpose::ClientMessage, "client_update")
    } else {
        (Purpose::VendorMessage, "vendor_inquiry")
    };
    let way = Way { purpose, author: ActorKind::System, template };
    queue(tx, guard, to, sentence, &way, |_| Vec::new())
}

/// Stores a sentence and queues it; `buttons` are made for the message that carries them.
pub(crate) fn queue(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    to: &Contact,
    sentence: &Sentence<'_>,
    way: &Way,
    buttons: impl FnOnce(MessageId) -> Vec<(String, String)>,
) -> Result<MessageId, ToolError> {
    let request = guard.request();
    let party = if to.id == request.client { Party::Client } else { Party::Vendor };
    let body = catalogue::text(language_of(request, to), sentence);
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
    let template = TemplateUse { purpose: way.template.to_owned(), parameters: vec![body.clone()] };
    let send = NewSend {
        contact: to.id,
        message,
        purpose: way.purpose,
        author: way.author,
        payload: SendPayload { body, buttons: buttons(message), template: Some(template), reply_to: None },
        also_sealed_by: Vec::new(),
        not_after: staleness::of(way.purpose).map(|lasts| guard.now(tx) + lasts),
    };
    outbox::enqueue(tx, guard, &send)?;
    Ok(message)
}
