//! Who a text speaks of: everybody whose key it has to be sealed under, so that erasing any of them destroys it.

use std::collections::BTreeSet;

use marketplace::{DataKeyId, E164, VendorId};
use moltbot_contract::ContextPack;
use serde_json::Value;
use store::{
    Tx, contacts, documents,
    mentions::{self, Candidate},
    requests::Request,
    sourcing, vendors,
};
use tool_registry::RefusalCode;

use crate::{ToolError, error::refuse, gates, numbers};

/// A word of fewer letters or digits stands in too many texts to tell whose it is.
const WORD_MIN: usize = 5;

/// The keys of the people of a request that these texts speak of: the client, the vendors that were asked and those
/// of its category. A text speaks of a person if it holds their name or a word of it, their number however it is
/// written, or a longer word that they wrote in this request (for a vendor: one that the client did not write too).
///
/// A word too many seals a text under one more key; a word too few would let a text outlive the person.
pub fn spoken_of(tx: &mut Tx<'_>, request: &Request, texts: &[&str]) -> Result<Vec<DataKeyId>, ToolError> {
    let text = texts.join("\n");
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let candidates = mentions::candidates(tx, request)?;
    let words = words(&text);
    let of_client: BTreeSet<String> = candidates
        .iter()
        .filter(|candidate| candidate.contact == request.client)
        .flat_map(|client| client.texts.iter().flat_map(|text| self::words(text)))
        .collect();
    let document = quoted_document(tx, request, &text, &words, &of_client)?;
    let none = BTreeSet::new();
    let spoken_of = candidates.iter().filter(|candidate| {
        let shared = if candidate.contact == request.client { &none } else { &of_client };
        is_named(&text, candidate) || repeats(&words, candidate, shared)
    });
    Ok(spoken_of.map(|candidate| candidate.data_key).chain(document).collect())
}

/// The key of the request's documents, if the text holds a line that was read from one, or a longer word of one that the
/// client did not write: it goes with the documents.
fn quoted_document(
    tx: &mut Tx<'_>,
    request: &Request,
    text: &str,
    words: &BTreeSet<String>,
    of_client: &BTreeSet<String>,
) -> Result<Option<DataKeyId>, ToolError> {
    let Some(key) = documents::key(tx, request.id)? else { return Ok(None) };
    let read: Vec<String> =
        documents::jobs_of(tx, request.id)?.into_iter().filter_map(|job| job.text).collect();
    let mut lines = read.iter().flat_map(|read| read.lines()).filter(|line| line.chars().count() >= WORD_MIN);
    let is_quoted = lines.any(|line| text.contains(line))
        || read
            .iter()
            .flat_map(|read| self::words(read))
            .any(|word| words.contains(&word) && !of_client.contains(&word));
    Ok(is_quoted.then_some(key))
}

/// The same for what is about to be sent: everybody in it still exists.
///
/// # Errors
/// A refusal when one of them was erased meanwhile: whoever wrote the text had read the request before.
pub(crate) fn sealed_by(
    tx: &mut Tx<'_>,
    request: &Request,
    texts: &[&str],
) -> Result<Vec<DataKeyId>, ToolError> {
    let keys = spoken_of(tx, request, texts)?;
    if tx.all_exist(&keys)? {
        return Ok(keys);
    }
    refuse(RefusalCode::StaleVersion, "a person whom the text speaks of was erased; read the request again")
}

fn is_named(text: &str, candidate: &Candidate) -> bool {
    let number = candidate.phone.as_deref().and_then(|phone| phone.parse::<E164>().ok());
    candidate.name.as_deref().is_some_and(|name| names(text, name))
        || number.is_some_and(|number| numbers::shows(text, &numbers::tail(&number)))
}

/// Words of shops' names that say what they sell: texts of everybody hold them.
const TRADE: [&str; 24] = [
    "auto",
    "autos",
    "cars",
    "motor",
    "motors",
    "spare",
    "spares",
    "part",
    "parts",
    "tool",
    "tools",
    "shop",
    "shops",
    "store",
    "stores",
    "phone",
    "phones",
    "pharmacy",
    "chemist",
    "hardware",
    "electronics",
    "general",
    "supplies",
    "services",
];
/// A shorter word of a name stands in too many texts to tell whose it is; the whole name always tells.
const NAME_WORD_MIN: usize = 4;

/// Whether a text holds a name, or a word of it that says more than what a shop sells.
fn names(text: &str, name: &str) -> bool {
    let telling = name.split(|c: char| !c.is_alphanumeric()).filter(|word| {
        word.chars().count() >= NAME_WORD_MIN && !TRADE.contains(&word.to_lowercase().as_str())
    });
    gates::holds_whole_name(text, name) || telling.into_iter().any(|word| gates::holds_whole_name(text, word))
}

fn repeats(words: &BTreeSet<String>, candidate: &Candidate, shared: &BTreeSet<String>) -> bool {
    let own = candidate.texts.iter().flat_map(|text| self::words(text));
    own.filter(|word| !shared.contains(word)).any(|word| words.contains(&word))
}

fn words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() >= WORD_MIN)
        .map(str::to_lowercase)
        .collect()
}

/// The keys of everybody a Context Pack speaks of beside the client: the vendors contacted and those found; and that of
/// the client's documents.
pub fn people_in_pack(
    tx: &mut Tx<'_>,
    request: &Request,
    pack: &ContextPack,
) -> Result<Vec<DataKeyId>, ToolError> {
    let found: Vec<&VendorId> = pack.vendors_found.iter().map(|vendor| &vendor.vendor_id).collect();
    let mut keys: BTreeSet<DataKeyId> = vendors::data_keys(tx, &found)?.into_iter().collect();
    for outreach in sourcing::outreaches_of(tx, request.id)? {
        let contact = contacts::load(tx, outreach.contact)?;
        // A pack holds nothing of somebody who was erased before it was made.
        if contact.erased_at.is_none() {
            keys.insert(contact.data_key);
        }
    }
    keys.extend(documents::key(tx, request.id)?);
    Ok(keys.into_iter().collect())
}

/// Members of a payload that hold codes of ours, and nothing that anybody wrote.
const CODES: [&str; 6] = ["purpose", "party", "from", "to", "decision", "source"];

/// The texts of a payload that somebody may have written.
pub(crate) fn texts(payload: &Value) -> Vec<&str> {
    match payload {
        Value::String(text) if audit::is_cause(text) => Vec::new(),
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => {
            let written = members.iter().filter(|(name, _)| !CODES.contains(&name.as_str()));
            written.flat_map(|(_, value)| texts(value)).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_and_codes_of_a_payload_are_nobodys_words() {
        let payload = json!({
            "message_id": format!("msg_{}", "0".repeat(32)), "purpose": "handoff", "attempts": 1,
            "arguments": { "body": "Duka has it", "buttons": [{ "title": "1. Duka" }] },
        });
        assert_eq!(texts(&payload), ["Duka has it", "1. Duka"]);
        assert!(texts(&json!({ "from": "new", "to": "closed" })).is_empty());
    }

    #[test]
    fn longer_words_tell_whose_they_are() {
        let vendor = Candidate {
            contact: marketplace::ContactId::from_uuid(uuid()),
            data_key: DataKeyId::from_uuid(uuid()),
            name: Some("Ebony Auto".to_owned()),
            phone: Some("+254700000202".to_owned()),
            texts: vec!["yes, Bosch pads, 3250/= tomorrow".to_owned()],
        };
        let none = BTreeSet::new();
        for (text, tells) in [
            ("One vendor offers BOSCH for you", true),
            ("yes, pads for 3250", false),
            ("we have nothing yet", false),
        ] {
            assert_eq!(repeats(&words(text), &vendor, &none), tells, "{text}");
        }
        assert!(!repeats(&words("tomorrow"), &vendor, &words("tomorrow at the latest")));
        assert!(is_named("1. ebony", &vendor) && is_named("0700 000 202", &vendor));
        assert!(!is_named("a shop in town", &vendor));
        // What it sells is everybody's word, unless the whole name stands there.
        assert!(!is_named("spares for my auto, please", &vendor) && is_named("from Ebony Auto", &vendor));
    }

    fn uuid() -> uuid::Uuid {
        uuid::Uuid::nil()
    }
}
