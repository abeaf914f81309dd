//! `concierge-admin outbox list` and `show`: where a message stands, when it got there, and what Meta said.

use std::io::Write;

use marketplace::{Bsuid, E164, MessageId, OutboxId, RequestId, Timestamp, mask};
use meta_client::explain::explain;
use serde::Serialize;
use store::{
    StoreError, Tx, contacts,
    outbox::{self, Purpose, Send, SendState},
};

use crate::{
    database::Database,
    failure::Failure,
    listing::{Listing, harmless, or_dash, second},
};

/// Why a message did not go out, or waits, in plain words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Explained {
    /// Meta's code, if it is Meta's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) meta_code: Option<i64>,
    pub(crate) meaning: &'static str,
    pub(crate) what_to_do: &'static str,
}

/// The reason beside a send in plain words; `None` for one that has none.
pub(crate) fn explained(reason: &str) -> Option<Explained> {
    if let Some(code) = reason.strip_prefix("meta_").and_then(|code| code.parse::<i64>().ok()) {
        let known = explain(code);
        return Some(Explained {
            meta_code: Some(code),
            meaning: known
                .map_or("Meta refused it with a code that its pages don't explain", |known| known.meaning),
            what_to_do: known.map_or("Look the code up at Meta.", |known| known.advice),
        });
    }
    let (meaning, what_to_do) = match reason {
        "stale" => (
            "it waited too long and is worth nothing any more",
            "Tell the person yourself if it still matters.",
        ),
        "opted_out" => ("the person said STOP", "Nothing: they are not written to."),
        "erased" => ("the person was erased", "Nothing: they are not written to."),
        "outside_window" => (
            "more than 24 hours since the person last wrote, and there is no template for it",
            "Name one in TEMPLATES_FILE, or wait until the person writes.",
        ),
        "no_template" => (
            "the template catalogue has nothing that fits it",
            "Compare `concierge-admin templates check` with the release notes.",
        ),
        "template_refused" => (
            "Meta refused its template for two hours",
            "Repair the template in WhatsApp Manager, then tell the person yourself.",
        ),
        "control_changed" => {
            ("a person took the request over, or gave it back, before it went out", "Nothing.")
        }
        "request_closed" | "handed_off" => ("the request was over before it went out", "Nothing."),
        "prescription" => ("nobody is asked for a call in a request with a prescription", "Nothing."),
        "calling_disabled" => ("calling is switched off", "Nothing."),
        "no_address" => ("no number is known for the person", "Wait until the person writes."),
        "not_sendable" => {
            ("it is not within WhatsApp's limits", "Report it: the program should not have written this.")
        }
        "retries_exhausted" => {
            ("it was tried too often, or until its time was over", "Look at the connection to Meta.")
        }
        "answer_in_doubt" | "dispatcher_lost" => (
            "it went on the wire and nobody knows whether it arrived; it is not sent again",
            "Ask the recipient, then `concierge-admin outbox resolve`.",
        ),
        "meta_failed" | "meta_other" => {
            ("Meta says that it failed, and not why", "Reach the person in another way.")
        }
        "resolved_by_operator" | "resolved_not_delivered" => ("a person said what became of it", "Nothing."),
        _ => return None,
    };
    Some(Explained { meta_code: None, meaning, what_to_do })
}

/// One send.
#[derive(Debug, Serialize)]
struct Shown {
    id: OutboxId,
    request_id: Option<RequestId>,
    message_id: MessageId,
    recipient: String,
    purpose: Purpose,
    state: SendState,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explained: Option<Explained>,
    attempts: i32,
    created_at: Timestamp,
    sending_at: Option<Timestamp>,
    sent_at: Option<Timestamp>,
    delivered_at: Option<Timestamp>,
    read_at: Option<Timestamp>,
    /// Worthless after this.
    not_after: Option<Timestamp>,
    /// It waits for its recipient to open.
    held_until: Option<Timestamp>,
    /// The person got "there is news" alone; the whole text follows when they write.
    owed_in_full: bool,
    text: String,
}

fn shown(tx: &mut Tx<'_>, send: Send) -> Result<Shown, Failure> {
    let contact = contacts::load(tx, send.contact)?;
    let address = contact.phone.as_ref().map(E164::as_str).or(contact.bsuid.as_ref().map(Bsuid::as_str));
    Ok(Shown {
        id: send.id,
        request_id: send.request,
        message_id: send.message,
        recipient: address.map_or_else(|| "(erased)".to_owned(), mask),
        purpose: send.purpose,
        state: send.state,
        explained: send.reason.as_deref().and_then(explained),
        reason: send.reason,
        attempts: send.attempts,
        created_at: send.created_at,
        sending_at: send.sending_at,
        sent_at: send.sent_at,
        delivered_at: send.delivered_at,
        read_at: send.read_at,
        not_after: send.not_after,
        held_until: send.held_until,
        owed_in_full: send.owed_at.is_some(),
        text: send.payload.map_or_else(|| "(erased)".to_owned(), |payload| payload.body),
    })
}

pub(crate) fn list(
    request: Option<RequestId>,
    state: Option<SendState>,
    listing: Listing,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let rows = Database::open()?.read(move |tx| {
        let sends = outbox::latest(tx, request, state, listing.fetch())?;
        sends.into_iter().map(|send| shown(tx, send)).collect::<Result<Vec<_>, _>>()
    })?;
    let columns = ["SEND", "WRITTEN", "RECIPIENT", "PURPOSE", "STATE", "SINCE", "REASON", "TEXT"];
    listing.print(out, "sends", rows, &columns, |row| {
        let since = row.read_at.or(row.delivered_at).or(row.sent_at).or(row.sending_at);
        vec![
            row.id.to_string(),
            second(row.created_at),
            row.recipient.clone(),
            row.purpose.to_string(),
            row.state.to_string(),
            or_dash(since.map(second).as_deref()),
            or_dash(row.reason.as_deref()),
            row.text.clone(),
        ]
    })
}

pub(crate) fn show(id: OutboxId, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let send = Database::open()?.read(move |tx| match outbox::load(tx, id) {
        Ok(send) => shown(tx, send),
        Err(StoreError::NotFound) => {
            Err(Failure::refused(format!("there is no send {id}; `concierge-admin outbox list` shows them")))
        }
        Err(error) => Err(error.into()),
    })?;
    if json {
        return Ok(writeln!(out, "{}", serde_json::to_string(&send)?)?);
    }
    let mut line = |name: &str, text: &str| writeln!(out, "{name:<12} {}", harmless(text));
    line("Send", &send.id.to_string())?;
    line("Request", &or_dash(send.request_id.map(|id| id.to_string()).as_deref()))?;
    line("To", &send.recipient)?;
    line("Purpose", &send.purpose.to_string())?;
    line("State", &send.state.to_string())?;
    if let Some(reason) = &send.reason {
        line("Reason", reason)?;
    }
    if let Some(explained) = &send.explained {
        line("", explained.meaning)?;
        line("To do", explained.what_to_do)?;
    }
    if send.owed_in_full {
        line("Owed", "the person got \"there is news\"; the whole text follows when they write")?;
    }
    let moments = [
        ("Written", Some(send.created_at)),
        ("Held until", send.held_until),
        ("On the wire", send.sending_at),
        ("Sent", send.sent_at),
        ("Delivered", send.delivered_at),
        ("Read", send.read_at),
        ("Good until", send.not_after),
    ];
    for (name, at) in moments {
        if let Some(at) = at {
            line(name, &second(at))?;
        }
    }
    line("Attempts", &send.attempts.to_string())?;
    line("Text", &send.text)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_told_in_plain_words() {
        let told = |reason| explained(reason).map(|told| (told.meta_code, told.meaning));
        assert_eq!(
            told("meta_132001"),
            Some((Some(132_001), "there is no such template, or it is not approved in this language"))
        );
        assert_eq!(told("meta_999999").unwrap().0, Some(999_999));
        assert_eq!(told("stale"), Some((None, "it waited too long and is worth nothing any more")));
        assert_eq!(told("window_open"), None);
    }
}
