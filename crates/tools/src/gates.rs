//! Gates that several tools share, on the rows as they are in this transaction.

use marketplace::{ContactId, Control, RequestState};
use store::{
    Tx, contacts, flags,
    requests::{Request, RequestGuard},
};
use tool_registry::RefusalCode;

use crate::{Caller, Policy, ToolError, error::refuse, numbers};

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

/// A vendor learns the client's name and number at the handoff, never before.
pub(crate) fn no_client_datum(tx: &mut Tx<'_>, request: &Request, texts: &[&str]) -> Result<(), ToolError> {
    let client = contacts::load(tx, request.client)?;
    // Together: a number split over two texts is a number.
    let text = texts.join("\n");
    let shows_number =
        client.phone.as_ref().is_some_and(|phone| numbers::shows(&text, &numbers::tail(phone)));
    let shows_name = client.name.as_deref().is_some_and(|name| holds_name(&text, name));
    if shows_number || shows_name {
        return refuse(
            RefusalCode::ClientDatum,
            "the text holds the client's name or number; leave it out until the handoff",
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
/// shorter than three letters stand in too many texts.
pub(crate) fn holds_name(text: &str, name: &str) -> bool {
    let (words_of_text, name_words) = (words(text), words(name));
    let tells = |word: &&String| letters(word) >= 3 && !EVERYDAY.contains(&word.as_str());
    holds_whole_name(text, name) || name_words.iter().filter(tells).any(|word| words_of_text.contains(word))
}

/// Whether a text holds all words of a name in their order; three letters at least.
pub(crate) fn holds_whole_name(text: &str, name: &str) -> bool {
    let (text, name) = (words(text), words(name));
    name.iter().map(|word| letters(word)).sum::<usize>() >= 3
        && text.windows(name.len()).any(|window| window == name)
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
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
