//! Gates that several tools share, on the rows as they are in this transaction.

use marketplace::{ContactId, Control, RequestState, look};
use moltbot_contract::prescription;
use store::{
    Tx, contacts, documents, flags,
    messages::{self, Direction, Party},
    requests::{Request, RequestGuard},
};
use tool_registry::RefusalCode;

use crate::{Caller, Policy, ToolError, client_data::ClientData, error::refuse};

/// What is switched on now: the environment's ceiling and the database's switches.
pub(crate) fn effective(tx: &mut Tx<'_>, policy: Policy) -> Policy {
    // Unreadable means off.
    let flags = flags::load(tx.conn).unwrap_or(flags::Flags::OFF);
    Policy {
        ai_concierge: policy.ai_concierge && flags.ai_concierge,
        ocr: policy.ocr && flags.ocr,
        calling: policy.calling && flags.calling,
        ..policy
    }
}

/// The request takes messages from this caller: it is neither over nor handed off, and in the right hands.
pub(crate) fn may_send(request: &Request, caller: &Caller) -> Result<(), ToolError> {
    match request.state {
        RequestState::Closed => refuse(RefusalCode::RequestClosed, "the request is closed"),
        RequestState::HandedOff => {
            refuse(RefusalCode::RequestHandedOff, "the request is handed off: nothing more is sent")
        }
        _ if caller.is_human() => Ok(()),
        _ if request.control == Control::Human => {
            refuse(RefusalCode::HumanControl, "a person has taken the request over")
        }
        RequestState::Error => {
            refuse(RefusalCode::RequestInError, "the request stopped; a person decides how it goes on")
        }
        _ => Ok(()),
    }
}

/// Nothing is done for a client who was erased. Their requests are closed; this stands before tools that would
/// otherwise still write.
pub(crate) fn client_exists(tx: &mut Tx<'_>, guard: &RequestGuard) -> Result<(), ToolError> {
    if tx.all_exist(&[guard.request().data_key])? {
        return Ok(());
    }
    refuse(RefusalCode::RequestClosed, "the client of this request was erased")
}

/// The person has not said STOP, nor been erased, which counts as one.
pub(crate) fn not_opted_out(
    tx: &mut Tx<'_>,
    contact: ContactId,
    code: RefusalCode,
) -> Result<contacts::Contact, ToolError> {
    let contact = contacts::load(tx, contact)?;
    if contact.opted_out_at.is_some() {
        return refuse(code, "this person asked not to be contacted");
    }
    if contact.phone.is_none() && contact.bsuid.is_none() {
        return refuse(RefusalCode::NoAddress, "no number is known for this person");
    }
    Ok(contact)
}

/// A vendor learns who the client is at the handoff, never before: no name, no number, no address, in no spelling.
pub(crate) fn no_client_datum(tx: &mut Tx<'_>, request: &Request, texts: &[&str]) -> Result<(), ToolError> {
    // Together: a number split over two texts is a number.
    if tells_of_client(tx, request, &texts.join("\n"))? {
        return refuse(
            RefusalCode::ClientDatum,
            "the text holds the client's name, number or address; leave it out until the handoff",
        );
    }
    Ok(())
}

/// Whether a text tells who the client of a request is, or where.
///
/// # Errors
/// When the store fails.
pub fn tells_of_client(tx: &mut Tx<'_>, request: &Request, text: &str) -> Result<bool, ToolError> {
    Ok(ClientData::load(tx, request)?.is_told_by(text))
}

/// How many messages of a request are looked at for what others said.
const SAID_MAX: i64 = 80;

/// Where a prescription is involved: no diagnosis and no advice on taking it, in no text but a person's own; and to a
/// vendor nothing of a picture that the client has not written or confirmed. Amounts that others wrote may be repeated.
pub(crate) fn prescription_allows(
    tx: &mut Tx<'_>,
    request: &Request,
    caller: &Caller,
    texts: &[&str],
    to_vendor: bool,
) -> Result<(), ToolError> {
    if !request.prescription || caller.is_human() {
        return Ok(());
    }
    let inbound = messages::latest(tx, request.id, SAID_MAX)?;
    let inbound = inbound.into_iter().filter(|message| message.direction == Direction::In);
    let written: Vec<_> =
        inbound.filter_map(|message| message.body.map(|body| (message.party, body))).collect();
    let read: Vec<String> =
        documents::jobs_of(tx, request.id)?.into_iter().filter_map(|job| job.text).collect();
    let read: Vec<&str> = read.iter().map(String::as_str).collect();
    let said: Vec<&str> = written
        .iter()
        .map(|(_, body)| body.as_str())
        .chain(read.iter().copied())
        .chain(request.need.as_deref())
        .collect();
    // Together: "twice" and "a day" in two texts are advice.
    let text = texts.join("\n");
    if prescription::fault(&text, &said).is_some() {
        return refuse(
            RefusalCode::PrescriptionRestricted,
            "a prescription is involved: leave out any diagnosis and how to take it",
        );
    }
    let of_client = written.iter().filter(|(party, _)| *party == Party::Client);
    let told: Vec<&str> = of_client.map(|(_, body)| body.as_str()).chain(request.need.as_deref()).collect();
    if to_vendor && prescription::repeats_unconfirmed(&text, &read, &told) {
        return refuse(
            RefusalCode::PrescriptionRestricted,
            "a prescription is involved: vendors get what the client wrote or confirmed, and nothing else of it",
        );
    }
    Ok(())
}

/// Names that are everyday words: alone they say nothing, as a part of the whole name they do.
const EVERYDAY: [&str; 16] = [
    "will", "may", "june", "april", "august", "mark", "bill", "rose", "grace", "hope", "joy", "art", "rich",
    "van", "the", "and",
];

/// Whether a text holds a name: the whole of it, or one of its words that is no everyday word. Names and words
/// shorter than three letters stand in too many texts. Letters that stand alone are read as the word they spell, and a
/// whole name counts without its blanks too.
pub(crate) fn holds_name(text: &str, name: &str) -> bool {
    let (words_of_text, name_words) = (words(text), words(name));
    let tells = |word: &&String| letters(word) >= 3 && !EVERYDAY.contains(&word.as_str());
    holds_whole_name(text, name)
        || name_words.iter().filter(tells).any(|word| words_of_text.contains(word))
        || holds_joined(text, &name_words)
}

/// The letters of a whole name in a row, whatever stands between them.
fn holds_joined(text: &str, name_words: &[String]) -> bool {
    let joined = name_words.concat();
    let text: String = look::seen(text).chars().filter(|c| c.is_alphanumeric()).collect();
    letters(&joined) >= JOINED_MIN && text.contains(&joined)
}

/// A shorter name stands in other words when the blanks are gone.
const JOINED_MIN: usize = 8;

/// Whether a text holds all words of a name in their order; three letters at least.
pub(crate) fn holds_whole_name(text: &str, name: &str) -> bool {
    let (text, name) = (words(text), words(name));
    name.iter().map(|word| letters(word)).sum::<usize>() >= 3
        && text.windows(name.len()).any(|window| window == name)
}

/// The words of a text as it is seen, and those that letters standing alone spell: `A s h a`, `A-S-H-A`.
fn words(text: &str) -> Vec<String> {
    let seen = look::seen(text);
    let mut words: Vec<String> = Vec::new();
    let mut spelled = String::new();
    for word in seen.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if word.chars().count() == 1 && word.chars().all(char::is_alphabetic) {
            spelled.push_str(word);
            continue;
        }
        push_spelled(&mut words, &mut spelled);
        words.push(word.to_owned());
    }
    push_spelled(&mut words, &mut spelled);
    words
}

fn push_spelled(words: &mut Vec<String>, spelled: &mut String) {
    if !spelled.is_empty() {
        words.push(std::mem::take(spelled));
    }
}

fn letters(word: &str) -> usize {
    word.chars().filter(|c| c.is_alphabetic()).count()
}

#[cfg(test)]
mod tests {
    use super::holds_name;

    #[test]
    fn a_name_is_found_as_whole_words() {
        assert!(holds_name("Customer is Asha Mwangi.", "asha mwangi"));
        assert!(holds_name("for ASHA, please", "Asha"));
        assert!(!holds_name("cash only", "Ash"));
        assert!(!holds_name("we have it", "We"));
        assert!(!holds_name("300 shillings", "300"));
    }

    #[test]
    fn a_part_of_a_name_tells_too() {
        assert!(holds_name("Asha needs brake pads", "Asha Mwangi"));
        assert!(holds_name("for Mrs. Mwangi's car", "Asha Mwangi"));
        assert!(!holds_name("Will you have it in May?", "Will O'Hara"));
        assert!(holds_name("It is for Will O'Hara", "Will O'Hara"));
    }
}
