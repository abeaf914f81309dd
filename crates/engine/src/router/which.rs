//! "Which of these do you mean?": the question, and what its answer places.

use std::time::Duration;

use conversation::{
    ButtonId, Pick, PickItem, Sentence,
    catalogue::{BUTTON_TITLE_MAX, shorten},
    pick,
};
use marketplace::{DataKeyId, PhoneNumberId, RequestId};
use store::{
    Tx,
    contacts::Contact,
    messages::{self, Party},
    outbox::{self, Purpose},
    requests::{Request, RequestGuard},
};
use tools::{ToolError, opt_out::say_with, spoken_of, tells_of_client};

use super::{message::Reading, place};

/// How long the question waits for its answer, and what waits for it.
const WAITS: Duration = Duration::from_hours(1);

/// A request that a message may be about.
pub(super) struct Candidate {
    request: RequestId,
    need: String,
    client_key: DataKeyId,
}

impl Candidate {
    /// A request whose client has not said what is needed is named as such a one, and so is one whose need tells who the
    /// client is: a service may have stored it.
    pub(super) fn of(tx: &mut Tx<'_>, reader: &Contact, request: Request) -> Result<Self, ToolError> {
        let telling = match &request.need {
            Some(need) if request.client != reader.id => tells_of_client(tx, &request, need)?,
            _ => false,
        };
        let kind = request.category.map(|category| category.replace('_', " "));
        let need = request.need.filter(|_| !telling).or(kind).unwrap_or_else(|| "…".to_owned());
        Ok(Self { request: request.id, need, client_key: request.data_key })
    }
}

/// Asks which request is meant: a numbered list, with a button each where they fit. Needs are other people's words: the
/// question dies with any of them.
pub(super) fn ask(
    tx: &mut Tx<'_>,
    number: &PhoneNumberId,
    contact: &Contact,
    candidates: &[Candidate],
) -> Result<(), ToolError> {
    let needs: Vec<String> = candidates.iter().map(|candidate| candidate.need.clone()).collect();
    let button = |(at, candidate): (usize, &Candidate)| {
        let title = shorten(&format!("{at}. {}", candidate.need), BUTTON_TITLE_MAX);
        (ButtonId::Which(candidate.request).to_string(), title)
    };
    let buttons = (1..).zip(candidates).map(button).collect();
    let mut clients: Vec<DataKeyId> = candidates.iter().map(|candidate| candidate.client_key).collect();
    clients.retain(|key| *key != contact.data_key);
    let sentence = Sentence::VendorWhichRequest { needs: &needs };
    say_with(tx, number, contact, Purpose::Notice, &sentence, (buttons, clients))
}

/// The request that a text picks, by number or by name, of those that we have just asked about.
pub(super) fn answered(
    tx: &mut Tx<'_>,
    contact: &Contact,
    reading: &Reading,
    candidates: &[Candidate],
) -> Result<Option<RequestId>, ToolError> {
    let Some(question) = outbox::last_notice(tx, contact.id, tx.now - WAITS)? else { return Ok(None) };
    let Some(payload) = outbox::load(tx, question)?.payload else { return Ok(None) };
    let asked = payload.buttons.iter().filter_map(|(id, _)| match id.parse() {
        Ok(ButtonId::Which(request)) => Some(request),
        _ => None,
    });
    // The number is the one that stood in the question, whatever has come or gone since.
    let mut items = Vec::new();
    let mut requests = Vec::new();
    for (position, request) in (1_u8..).zip(asked) {
        let Some(candidate) = candidates.iter().find(|candidate| candidate.request == request) else {
            continue;
        };
        let Ok(vendor_id) = format!("line-{position}").parse() else { continue };
        items.push(PickItem { position, vendor_id, vendor_name: candidate.need.clone() });
        requests.push(request);
    }
    // A single line left is no choice: a "yes" to it may as well be an answer.
    if items.len() < 2 {
        return Ok(None);
    }
    Ok(match pick::recognise(&reading.body, &items) {
        Pick::Chosen(at) => requests.get(at).copied(),
        Pick::Ambiguous | Pick::None => None,
    })
}

/// Puts what waited for the answer into the request's mailbox.
pub(super) fn place_held(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    contact: &Contact,
    party: Party,
) -> Result<(), ToolError> {
    for held in messages::unplaced(tx, contact.id, tx.now - WAITS)? {
        let body = held.body.clone().unwrap_or_default();
        let mut people = spoken_of(tx, guard.request(), &[&body])?;
        people.retain(|key| *key != contact.data_key);
        let people = if tx.all_exist(&people)? { people } else { Vec::new() };
        messages::assign(tx, guard, &held, party, &people)?;
        let reading = Reading { kind: held.kind, body, button_id: held.button_id };
        place::append(tx, guard, party, held.id, held.meta_at, contact, &reading)?;
    }
    Ok(())
}
