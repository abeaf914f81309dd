//! Rules of stories about the window and about who is asked.

use std::collections::BTreeMap;

use meta_simulator::{MessageKind, Outcome};

use super::{Check, counted};
use crate::{
    evidence::Evidence,
    people::{PLACE_NAME, digits},
    scenarios::OF_BOTH,
};

/// For runs in which Meta refuses the shortlist: a template said that there are offers, and after the client's word the
/// list came as a message of its own.
pub fn shortlist_was_announced_and_followed(evidence: &Evidence) -> Check {
    let mut faults = Vec::new();
    let mut refused = 0;
    for client in &evidence.cast.clients {
        let phone = digits(&client.phone);
        let refusals = evidence.attempts().filter(|attempt| {
            attempt.digits == phone && matches!(attempt.outcome, Outcome::Refused { code: 131_047, .. })
        });
        refused += refusals.count();
        let to_client: Vec<_> = evidence.sent().filter(|sent| sent.attempt.digits == phone).collect();
        let announced = to_client.iter().position(|sent| {
            sent.attempt.kind == Some(MessageKind::Template) && sent.attempt.text.contains("Reply OK")
        });
        let whole =
            to_client.iter().position(|sent| sent.attempt.buttons.iter().any(|b| b.id.starts_with("pick:")));
        match (announced, whole) {
            (Some(announced), Some(whole)) if announced < whole => {}
            (announced, whole) => {
                faults.push(format!("{}: announced {announced:?}, whole {whole:?}", client.name));
            }
        }
    }
    if refused == 0 {
        faults.push("Meta refused nothing with 131047".to_owned());
    }
    let words = evidence
        .requests
        .iter()
        .filter(|request| !request.audit.iter().any(|line| line.action == "send.in_full"));
    faults.extend(words.map(|request| format!("{}: no audit record send.in_full", request.request.id)));
    Check::of("offers are announced, then shown", &faults, counted(refused, "refusal"))
}

/// For runs with vendors who read Swahili: each inquiry went out as the template in that language.
pub fn inquiries_were_in_swahili(evidence: &Evidence) -> Check {
    let mut faults = Vec::new();
    let mut asked = 0;
    for sent in evidence.sent() {
        if evidence.cast.vendor(&sent.attempt.digits).is_none()
            || sent.attempt.kind != Some(MessageKind::Template)
        {
            continue;
        }
        asked += 1;
        if !sent.attempt.text.starts_with("sw: ") {
            faults.push(format!("to {}: “{}”", sent.attempt.digits, sent.attempt.text));
        }
    }
    if asked == 0 {
        faults.push("nobody was asked by a template".to_owned());
    }
    Check::of("templates are in the reader's language", &faults, counted(asked, "template"))
}

/// For the story of the road: who did not agree, is closed or far was not asked, who sells to both once.
pub fn nearest_were_asked(evidence: &Evidence) -> Check {
    let mut faults = Vec::new();
    let mut asked: BTreeMap<&str, usize> = BTreeMap::new();
    for request in &evidence.requests {
        for vendor in request.batches.iter().flat_map(|batch| &batch.vendors) {
            *asked.entry(vendor.vendor_id.as_str()).or_default() += 1;
        }
    }
    let mut shared = 0;
    for vendor in &evidence.cast.vendors {
        let nth = evidence.cast.place_of(vendor);
        let times = asked.get(vendor.id.as_str()).copied().unwrap_or(0);
        let listing = (evidence.cast.listing)(&evidence.cast, vendor);
        let why = match nth {
            0 => Some("did not agree"),
            1 => Some("is closed"),
            6.. => Some("is far"),
            _ => None,
        };
        match why {
            Some(why) if times > 0 => faults.push(format!("{} {why} and was asked", vendor.id)),
            _ if times > 1 => faults.push(format!("{} was asked {times}×", vendor.id)),
            _ => {}
        }
        if nth == OF_BOTH && listing.also_sells.is_some() {
            shared = times;
        }
    }
    if shared != 1 {
        faults.push(format!("the shop of both was asked {shared}×"));
    }
    Check::of("the near and open are asked", &faults, counted(asked.len(), "vendor"))
}

/// For runs with a shared location: no vendor and not the brain reads where the client is.
pub fn nobody_learned_the_place(evidence: &Evidence) -> Check {
    let mut faults = Vec::new();
    let told = |text: &str| text.contains(PLACE_NAME) || text.contains("36.78") || text.contains(" km");
    for sent in evidence.sent().filter(|sent| evidence.cast.vendor(&sent.attempt.digits).is_some()) {
        if told(&sent.attempt.text) {
            faults.push(format!("to {}: “{}”", sent.attempt.digits, sent.attempt.text));
        }
    }
    let read = evidence.gateway.iter().filter(|exchange| exchange.question.contains(PLACE_NAME)).count();
    if read > 0 {
        faults.push(format!("the brain read the place {read}×"));
    }
    let shared = evidence.requests.iter().flat_map(|request| &request.messages);
    let shared = shared.filter(|message| message.text.as_deref() == Some(PLACE_NAME)).count();
    if shared < evidence.cast.clients.len() {
        faults.push(format!("{shared} locations are on record"));
    }
    Check::of("nobody else learns where the client is", &faults, counted(shared, "location"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{checks::fixture::evidence, people::Listing, scenarios};

    #[test]
    fn an_ordinary_run_has_announced_nothing() {
        let check = shortlist_was_announced_and_followed(&evidence());
        assert!(!check.ok && check.detail.contains("refused nothing"), "{check:?}");
        assert!(!inquiries_were_in_swahili(&evidence()).ok);
        assert!(!nobody_learned_the_place(&evidence()).ok, "nobody shared one");
    }

    #[test]
    fn who_should_have_been_left_alone_is_found() {
        let mut run = evidence();
        run.cast.listing = scenarios::find("vendors-near").unwrap().listing;
        let check = nearest_were_asked(&run);
        assert!(!check.ok && check.detail.contains("was asked"), "{check:?}");
        run.cast.listing =
            |cast, vendor| Listing { accepts_inquiries: true, ..Listing::ordinary(cast, vendor) };
        assert!(!nearest_were_asked(&run).ok, "no shop sells to both");
    }
}
