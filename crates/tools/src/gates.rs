//! Gates that several tools share, on the rows as they are in this transaction.

use marketplace::{ContactId, Control, RequestState};
use store::{Tx, contacts, flags, requests::Request};
use tool_registry::RefusalCode;

use crate::{Caller, Policy, ToolError, error::refuse};

/// What is switched on now: the environment's ceiling and the database's switches.
pub(crate) fn effective(tx: &mut Tx<'_>, policy: Policy) -> Policy {
    // Unreadable means off.
    let flags = flags::load(tx.conn).unwrap_or(flags::Flags::OFF);
    Policy {
        ai_concierge: policy.ai_concierge && flags.ai_concierge,
        ocr: policy.ocr && flags.ocr,
        calling: policy.calling && flags.calling,
    }
}

/// The request takes messages from this caller: it is neither over nor handed off, and in the right hands.
pub(crate) fn may_send(request: &Request, caller: &Caller) -> Result<(), ToolError> {
    match request.state {
        RequestState::Closed => refuse(RefusalCode::RequestClosed, "the request is closed"),
        RequestState::HandedOff => {
            refuse(RefusalCode::RequestHandedOff, "the request is handed off: nothing more is sent")
        }
        _ if request.control == Control::Human && !caller.is_human() => {
            refuse(RefusalCode::HumanControl, "a person has taken the request over")
        }
        _ => Ok(()),
    }
}

/// The person has not said STOP.
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
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let number = client.phone.as_ref().map(|phone| digits(phone.as_str()));
    // The last nine digits are the subscriber's number however the country code is written.
    let number_tail = number.map(|number| number.chars().rev().take(9).collect::<Vec<_>>());
    let number_tail: Option<String> = number_tail.map(|tail| tail.into_iter().rev().collect());
    for text in texts {
        let shows_number = number_tail.as_ref().is_some_and(|tail| digits(text).contains(tail));
        let shows_name = client.name.as_deref().is_some_and(|name| holds_name(text, name));
        if shows_number || shows_name {
            return refuse(
                RefusalCode::ClientDatum,
                "the text holds the client's name or number; leave it out until the handoff",
            );
        }
    }
    Ok(())
}

/// Whether a text holds a name as whole words. Names shorter than three letters stand in too many texts.
fn holds_name(text: &str, name: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect()
    };
    let name = words(name);
    let long_enough = name.iter().map(|word| word.chars().count()).sum::<usize>() >= 3;
    long_enough && words(text).windows(name.len()).any(|window| window == name)
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
    }
}
