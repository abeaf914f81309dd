//! Who may know what before a handoff.

use std::collections::BTreeSet;

use super::Check;
use crate::{
    evidence::Evidence,
    people::{Client, digits, shows_phone},
};

/// No vendor reads a client's number or name before that client's handoff.
pub(super) fn vendors_see_no_client(evidence: &Evidence) -> Check {
    let mut faults = Vec::new();
    let mut read = 0;
    for sent in evidence.sent() {
        let Some(vendor) = evidence.cast.vendor(&sent.attempt.digits) else { continue };
        read += 1;
        for client in &evidence.cast.clients {
            let number = shows_phone(&sent.attempt.text, &client.phone);
            let name = contains_words(&sent.attempt.text, &client.name);
            if (number || name) && !handed_off_by(evidence, client, sent.at_ms) {
                let what = if number { "number" } else { "name" };
                faults.push(format!("{} read {}'s {what} before the handoff", vendor.name, client.name));
            }
        }
    }
    Check::of("vendors see no client before handoff", &faults, format!("{read} messages to vendors read"))
}

/// No client reads a vendor's number before the handoff.
pub(super) fn clients_see_no_vendor_contact(evidence: &Evidence) -> Check {
    let mut faults = Vec::new();
    let mut read = 0;
    for sent in evidence.sent() {
        let Some(client) = evidence.cast.client(&sent.attempt.digits) else { continue };
        read += 1;
        let vendor =
            evidence.cast.vendors.iter().find(|vendor| shows_phone(&sent.attempt.text, &vendor.phone));
        if let Some(vendor) = vendor
            && !handed_off_by(evidence, client, sent.at_ms)
        {
            faults.push(format!("{} read the number of {} before the handoff", client.name, vendor.name));
        }
    }
    Check::of("clients see no number before handoff", &faults, format!("{read} messages to clients read"))
}

/// No phone number goes to Moltbot.
pub(super) fn brain_sees_no_number(evidence: &Evidence) -> Check {
    let phones: Vec<&str> = evidence
        .cast
        .clients
        .iter()
        .map(|client| client.phone.as_str())
        .chain(evidence.cast.vendors.iter().map(|vendor| vendor.phone.as_str()))
        .collect();
    let mut faults = Vec::new();
    for exchange in &evidence.gateway {
        if phones.iter().any(|phone| exchange.question.contains(crate::people::digits(phone))) {
            faults.push(format!("{}: a phone number in the Context Pack", exchange.request_id));
        }
        if exchange.question.contains("wamid.") {
            faults.push(format!("{}: a provider's id in the Context Pack", exchange.request_id));
        }
    }
    Check::of(
        "Moltbot sees no phone number",
        &faults,
        format!("{} Context Packs read", evidence.gateway.len()),
    )
}

/// Shorter texts stand in a log for other reasons: `1`, `yes`.
const TEXT_CHARS_MIN: usize = 12;

/// No log line holds a number, a name, a text or a message id of Meta's; what the log masks is masked.
pub(super) fn logs_tell_nobody(evidence: &Evidence) -> Check {
    let clients =
        evidence.cast.clients.iter().flat_map(|client| [digits(&client.phone), client.name.as_str()]);
    let vendors =
        evidence.cast.vendors.iter().flat_map(|vendor| [digits(&vendor.phone), vendor.name.as_str()]);
    let written = evidence.said().map(|reply| reply.text.as_str());
    let texts = written.chain(evidence.sent().map(|sent| sent.attempt.text.as_str())).flat_map(str::lines);
    let texts = texts.filter(|text| text.chars().count() >= TEXT_CHARS_MIN);
    let personal: BTreeSet<&str> = clients.chain(vendors).chain(texts).collect();
    let mut faults = Vec::new();
    for (program, log) in &evidence.logs {
        for text in personal.iter().filter(|text| log.contains(**text)) {
            faults.push(format!("the log of {program} holds {text:?}"));
        }
        if log.split("wamid.").skip(1).any(|rest| !rest.starts_with('…')) {
            faults.push(format!("the log of {program} holds a message id of Meta's"));
        }
    }
    let lines: usize = evidence.logs.iter().map(|(_, log)| log.lines().count()).sum();
    Check::of("logs tell nobody's name, number or words", &faults, format!("{lines} lines read"))
}

/// One second of grace: state and message are stored at once, but read on two clocks.
fn handed_off_by(evidence: &Evidence, client: &Client, at_ms: i64) -> bool {
    let mut own = evidence.requests.iter().filter(|request| request.belongs_to(&client.phone));
    own.any(|request| request.handed_off_ms().is_some_and(|handed_off| at_ms + 1_000 >= handed_off))
}

/// The full name, not a first name that may stand in a shop's name too.
fn contains_words(text: &str, name: &str) -> bool {
    text.to_lowercase().contains(&name.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::fixture::{accepted, evidence};

    #[test]
    fn a_good_run_passes() {
        let good = evidence();
        for check in [
            vendors_see_no_client(&good),
            clients_see_no_vendor_contact(&good),
            brain_sees_no_number(&good),
            logs_tell_nobody(&good),
        ] {
            assert!(check.ok, "{check:?}");
        }
    }

    #[test]
    fn an_early_number_or_name_is_found() {
        let early = 1_790_000_010_000;
        for text in ["Amina Wanjiru needs brake pads", "Ask +254 711 000 000"] {
            let mut bad = evidence();
            bad.meta.push(accepted(early, "254722000000", text, Some("int_9")));
            assert!(!vendors_see_no_client(&bad).ok, "{text}");
        }
        let mut bad = evidence();
        bad.meta.push(accepted(early, "254711000000", "Acacia is on 0722 000 000", Some("int_9")));
        assert!(!clients_see_no_vendor_contact(&bad).ok);
    }

    #[test]
    fn a_person_in_a_log_is_found() {
        for line in [
            "to 254711000000",
            "Amina Wanjiru wrote",
            "body=Front ones, it is the 1.8 petrol",
            "body=Hello, Good luck with it!",
            "id wamid.HBgM",
        ] {
            let mut bad = evidence();
            bad.logs[0].1.push_str(line);
            assert!(!logs_tell_nobody(&bad).ok, "{line}");
        }
    }

    #[test]
    fn a_number_in_a_pack_is_found() {
        let mut bad = evidence();
        bad.gateway[0].question.push_str("254711000000");
        assert!(!brain_sees_no_number(&bad).ok);
        let mut bad = evidence();
        bad.gateway[0].question.push_str("wamid.HBgM");
        assert!(!brain_sees_no_number(&bad).ok);
    }
}
