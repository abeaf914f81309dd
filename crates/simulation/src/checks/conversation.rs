//! The way of each conversation: states, decisions, and that nothing said was lost.

use std::collections::{BTreeMap, BTreeSet};

use super::{Check, counted};
use crate::{
    evidence::{Evidence, RequestAccount},
    gateway::mischief::{self, Trick},
    people::{SAYS_NEWS, digits, ways::is_stop},
};

/// What the brain must have had to do with a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BrainPart {
    /// Question, outreach and shortlist each came from the gateway and were carried out.
    DecidesAll,
    /// At least one decision of the gateway was carried out; the rest is the scenario's matter.
    Decides,
    /// What was carried out of the gateway was answered by it; each took its part in the run.
    Mixed,
    /// No decision of the gateway was carried out; the coded workflow took the turns.
    None,
}

/// Everything came to its end in time.
pub(super) fn finished(evidence: &Evidence) -> Check {
    let wanted = evidence.cast.clients.len();
    let mut faults: Vec<String> = evidence.unfinished.iter().cloned().collect();
    if evidence.requests.len() != wanted {
        faults.push(format!("{} requests for {wanted} clients", evidence.requests.len()));
    }
    Check::of("every conversation came to its end", &faults, format!("{wanted} of {wanted}"))
}

/// Each request ends in one of the scenario's states.
pub(super) fn ends(evidence: &Evidence, allowed: &[&str]) -> Check {
    let faults = each(evidence, |request| {
        let state = request.request.state.as_str();
        (!allowed.contains(&state)).then(|| format!("is {state}"))
    });
    Check::of("ends as it should", &faults, allowed.join(" or "))
}

/// Each request took exactly this way.
pub(super) fn states_are(evidence: &Evidence, expected: &[&str]) -> Check {
    let faults = each(evidence, |request| {
        (request.states() != expected).then(|| format!("went {}", request.states().join(" → ")))
    });
    Check::of("takes the whole way", &faults, expected.join(" → "))
}

/// Each change of state begins where the last one ended.
pub(super) fn states_are_linked(evidence: &Evidence) -> Check {
    let faults = each(evidence, |request| {
        let mut changes = request.states.iter();
        let mut now = changes.next()?.to.as_str();
        for change in changes {
            if change.from.as_deref() != Some(now) {
                return Some(format!("jumps from {now} to {}", change.to));
            }
            now = change.to.as_str();
        }
        (now != request.request.state)
            .then(|| format!("is {}, its last change says {now}", request.request.state))
    });
    let way = evidence.requests.first().map(|request| request.states().join(" → ")).unwrap_or_default();
    Check::of("changes of state follow one another", &faults, way)
}

/// The gateway's part in the decisions that were carried out.
pub(super) fn brain_part(evidence: &Evidence, part: BrainPart) -> Check {
    let by_moltbot = |request: &RequestAccount| -> BTreeSet<String> {
        let accepted = request.turns.iter().filter(|t| t.source == "moltbot" && t.verdict == "accepted");
        accepted.filter_map(|turn| turn.decision.clone()).collect()
    };
    let answered = |request: &RequestAccount, decision: &str| {
        let mut exchanges = evidence.gateway.iter().filter(|e| e.request_id == request.request.id);
        exchanges.any(|e| e.decision.as_deref() == Some(decision))
    };
    match part {
        BrainPart::DecidesAll => {
            let faults = each(evidence, |request| {
                let executed = by_moltbot(request);
                let missing = ["ask_client", "vendor_outreach_plan", "shortlist"]
                    .into_iter()
                    .filter(|decision| !executed.contains(*decision) || !answered(request, decision));
                let missing: Vec<&str> = missing.collect();
                (!missing.is_empty()).then(|| format!("Moltbot's {} was not carried out", missing.join(", ")))
            });
            Check::of(
                "Moltbot decided, the backend acted",
                &faults,
                "ask_client, vendor_outreach_plan, shortlist",
            )
        }
        BrainPart::Decides => {
            let faults = each(evidence, |request| {
                let executed = by_moltbot(request);
                match executed.iter().find(|decision| !answered(request, decision)) {
                    Some(invented) => {
                        Some(format!("{invented} was carried out but never answered by the gateway"))
                    }
                    None if executed.is_empty() => Some("nothing of Moltbot was carried out".to_owned()),
                    None => None,
                }
            });
            Check::of("carried out is what Moltbot answered", &faults, "for every request")
        }
        BrainPart::Mixed => {
            let mut faults = each(evidence, |request| {
                let executed = by_moltbot(request);
                let invented = executed.iter().find(|decision| !answered(request, decision))?;
                Some(format!("{invented} was carried out but never answered by the gateway"))
            });
            let turns = || evidence.requests.iter().flat_map(|request| &request.turns);
            for source in ["moltbot", "coded_workflow"] {
                if !turns().any(|turn| turn.source == source) {
                    faults.push(format!("{source} took no turn"));
                }
            }
            Check::of("carried out is what Moltbot answered", &faults, "and the coded workflow took the rest")
        }
        BrainPart::None => {
            let faults = each(evidence, |request| {
                let executed = by_moltbot(request);
                let coded = request.turns.iter().any(|turn| turn.source == "coded_workflow");
                match executed.first() {
                    Some(decision) => Some(format!("{decision} of Moltbot was carried out")),
                    None if !coded => Some("the coded workflow took no turn".to_owned()),
                    None => None,
                }
            });
            Check::of("the coded workflow took every turn", &faults, "nothing of Moltbot was carried out")
        }
    }
}

/// Each message of a person is stored, once, in that person's conversation.
pub(super) fn everything_said_is_stored_once(evidence: &Evidence) -> Check {
    let mut said: BTreeMap<(String, &str), i64> = BTreeMap::new();
    // A STOP takes effect at once and belongs to no conversation.
    for (digits, text) in evidence.said_or_answered().filter(|(_, text)| !is_stop(text)) {
        *said.entry((digits.to_owned(), text)).or_default() += 1;
    }
    // Who said STOP is left alone: that word belongs to no conversation, and what comes after it is not read.
    let mut unread = evidence.said_after_stop();
    let mut in_profile = evidence.said_in_profile().collect::<Vec<_>>();
    let mut count = 0;
    for request in &evidence.requests {
        let client = request.request.client.phone.as_deref().map(digits).unwrap_or_default();
        for message in request.messages.iter().filter(|message| message.direction == "in") {
            let vendor = message.vendor_id.as_deref();
            let from = match evidence.cast.vendors.iter().find(|known| Some(known.id.as_str()) == vendor) {
                Some(vendor) => digits(&vendor.phone),
                None => client,
            };
            count += 1;
            *said.entry((from.to_owned(), message.text.as_deref().unwrap_or_default())).or_default() -= 1;
        }
    }
    let faults: Vec<String> = said
        .iter()
        .filter_map(|((digits, text), left)| match left {
            0 => None,
            // A change in the profile belongs to no conversation, or to one; it is never stored twice.
            1.. if take_all(&mut in_profile, (digits, text), *left) => None,
            1.. if take_all(&mut unread, (digits, text), *left) => None,
            1.. => Some(format!("“{text}” is missing {left}×")),
            _ => Some(format!("“{text}” is stored {}× too often", -left)),
        })
        .collect();
    Check::of("everything said is stored once", &faults, counted(count, "message"))
}

/// Takes so many of these out, if there are so many.
fn take_all(from: &mut Vec<(&str, &str)>, (digits, text): (&str, &str), count: i64) -> bool {
    let matching = from.iter().filter(|known| **known == (digits, text)).count();
    let enough = usize::try_from(count).is_ok_and(|count| count <= matching);
    if enough {
        from.retain(|known| *known != (digits, text));
    }
    enough
}

/// What a client wrote and what we wrote to the client stand in the account in the order in which they were
/// said and arrived.
pub(super) fn order_is_kept(evidence: &Evidence) -> Check {
    let mut count = 0;
    let faults = each(evidence, |request| {
        let client = digits(request.request.client.phone.as_deref()?);
        let account = |direction: &str| -> Vec<&str> {
            let messages = request.messages.iter().filter(|message| {
                let never_left = matches!(message.status.as_deref(), Some("failed" | "cancelled"));
                message.party == "client" && message.direction == direction && !never_left
            });
            messages.filter_map(|message| message.text.as_deref()).collect()
        };
        let said: Vec<&str> = evidence
            .said_or_answered()
            .filter(|(digits, text)| *digits == client && !is_stop(text))
            .map(|(_, text)| text)
            .collect();
        let sent: Vec<&str> = evidence
            .sent()
            .filter(|sent| sent.attempt.digits == client)
            // An announcement stands for a message that follows whole.
            .filter(|sent| !sent.attempt.text.contains(SAYS_NEWS))
            .map(|sent| sent.attempt.text.as_str())
            .collect();
        for (who, at_meta, stored) in [("the client", said, account("in")), ("we", sent, account("out"))] {
            let swapped = at_meta.iter().zip(&stored).find(|(at_meta, stored)| at_meta != stored);
            if let Some((at_meta, stored)) = swapped {
                return Some(format!("{who} wrote “{at_meta}” where the account says “{stored}”"));
            }
        }
        None
    });
    for request in &evidence.requests {
        count += request.messages.iter().filter(|message| message.party == "client").count();
    }
    Check::of("the order in a conversation is kept", &faults, counted(count, "message"))
}

/// The gateway had no reason to refuse a call.
pub(super) fn gateway_was_called_properly(evidence: &Evidence) -> Check {
    Check::of(
        "the gateway was called as it demands",
        &evidence.gateway_faults,
        counted(evidence.gateway.len(), "call"),
    )
}

/// The same question is not asked again once it was answered; a crash between answer and journal allows more.
pub(super) fn nothing_asked_twice(evidence: &Evidence, allowed: usize) -> Check {
    let mut asked: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for exchange in &evidence.gateway {
        *asked.entry((&exchange.request_id, &exchange.question)).or_default() += 1;
    }
    let faults: Vec<String> = asked
        .iter()
        .filter(|(_, times)| **times > allowed)
        .map(|((request, _), times)| format!("{request}: the same question {times}×"))
        .collect();
    Check::of("Moltbot is not asked twice", &faults, counted(asked.len(), "question"))
}

/// Every trick that was played was refused, and the account says so. All of them were played if the run
/// was long enough.
pub fn tricks_survived(evidence: &Evidence) -> Check {
    let tried: BTreeSet<Trick> = evidence.gateway.iter().filter_map(|exchange| exchange.trick).collect();
    let mut faults = each(evidence, |request| {
        let exchanges = evidence.gateway.iter().filter(|exchange| exchange.request_id == request.request.id);
        let spoilt = exchanges.filter(|exchange| exchange.trick.is_some()).count();
        let refused: Vec<_> = request
            .turns
            .iter()
            .filter(|turn| matches!(turn.verdict.as_str(), "rejected" | "unavailable"))
            .collect();
        if refused.len() < spoilt {
            return Some(format!("{spoilt} bad answers, {} of them refused in the account", refused.len()));
        }
        let silent = refused
            .iter()
            .find(|turn| turn.violations.is_empty() && turn.why.as_deref().unwrap_or_default().is_empty());
        silent.map(|turn| format!("a {} turn does not say why", turn.verdict))
    });
    let long_enough = evidence.gateway.len() >= 2 * mischief::ALL.len();
    let missing: Vec<String> = mischief::ALL
        .iter()
        .filter(|trick| !tried.contains(trick))
        .map(|trick| format!("{trick:?}"))
        .collect();
    if long_enough && !missing.is_empty() {
        faults.push(format!("never tried: {}", missing.join(", ")));
    }
    if tried.is_empty() {
        faults.push("no trick was played".to_owned());
    }
    Check::of(
        "bad answers are refused and explained",
        &faults,
        format!("{} tricks in {} answers", tried.len(), evidence.gateway.len()),
    )
}

/// A fault per request, with the request's id in front.
fn each(evidence: &Evidence, fault: impl Fn(&RequestAccount) -> Option<String>) -> Vec<String> {
    let faults = evidence.requests.iter().filter_map(|request| Some((request, fault(request)?)));
    faults.map(|(request, fault)| format!("{} {fault}", request.request.id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::fixture::{call_evidence, evidence};
    use meta_simulator::LogEvent;

    #[test]
    fn a_good_run_passes_and_each_rule_can_fail() {
        let way = ["new", "clarifying", "sourcing", "shortlisted", "handed_off"];
        let good = evidence();
        assert!(finished(&good).ok);
        assert!(ends(&good, &["handed_off"]).ok);
        assert!(states_are(&good, &way).ok, "{:?}", states_are(&good, &way));
        assert!(states_are_linked(&good).ok);
        assert!(brain_part(&good, BrainPart::DecidesAll).ok);
        assert!(brain_part(&good, BrainPart::Decides).ok);
        assert!(everything_said_is_stored_once(&good).ok, "{:?}", everything_said_is_stored_once(&good));
        assert!(gateway_was_called_properly(&good).ok);
        assert!(nothing_asked_twice(&good, 1).ok);

        let mut bad = evidence();
        bad.unfinished = Some("1 conversation is open".into());
        assert!(!finished(&bad).ok);
        bad.unfinished = None;
        bad.requests.clear();
        assert!(!finished(&bad).ok);

        assert!(!ends(&good, &["escalated"]).ok);
        assert!(!brain_part(&good, BrainPart::None).ok);

        let mut bad = evidence();
        bad.requests[0].states.remove(1);
        assert!(!states_are(&bad, &way).ok);
        assert!(!states_are_linked(&bad).ok);

        let mut bad = evidence();
        bad.gateway_faults.push("no token".into());
        assert!(!gateway_was_called_properly(&bad).ok);
    }

    #[test]
    fn a_swapped_pair_is_found() {
        assert!(order_is_kept(&evidence()).ok, "{:?}", order_is_kept(&evidence()));
        for direction in ["in", "out"] {
            let mut swapped = evidence();
            let messages = &mut swapped.requests[0].messages;
            let mut own = messages.iter().enumerate().filter_map(|(at, message)| {
                (message.party == "client" && message.direction == direction).then_some(at)
            });
            let (first, second) = (own.next().unwrap(), own.next().unwrap());
            drop(own);
            messages.swap(first, second);
            assert!(!order_is_kept(&swapped).ok, "{direction}");
        }
    }

    #[test]
    fn a_decision_counts_only_when_answered_by_the_gateway_and_carried_out() {
        let mut unexecuted = evidence();
        unexecuted.requests[0].turns[1].source = "coded_workflow".into();
        assert!(!brain_part(&unexecuted, BrainPart::DecidesAll).ok);

        let mut invented = evidence();
        invented.gateway.remove(1);
        assert!(!brain_part(&invented, BrainPart::DecidesAll).ok);
        assert!(!brain_part(&invented, BrainPart::Decides).ok);
    }

    #[test]
    fn lost_and_doubled_messages_are_found() {
        let mut lost = evidence();
        lost.requests[0].messages.retain(|message| message.direction != "in" || message.party != "vendor");
        assert!(everything_said_is_stored_once(&lost).detail.contains("missing"));

        let mut doubled = evidence();
        let copy = doubled.requests[0].messages[0].clone();
        doubled.requests[0].messages.push(copy);
        assert!(everything_said_is_stored_once(&doubled).detail.contains("too often"));
    }

    #[test]
    fn a_card_answered_must_be_stored_and_a_profile_changed_may_be() {
        let without_accept = |context: Option<&str>| {
            let mut run = call_evidence();
            run.requests[0].messages.retain(|message| message.text.as_deref() != Some("accept"));
            for entry in &mut run.meta {
                if let LogEvent::Permission(change) = &mut entry.event {
                    change.context = context.map(str::to_owned);
                }
            }
            everything_said_is_stored_once(&run)
        };
        assert!(everything_said_is_stored_once(&call_evidence()).ok);
        assert!(without_accept(Some("wamid.card")).detail.contains("“accept” is missing 1×"));
        assert!(without_accept(None).ok);
    }

    #[test]
    fn a_repeated_question_is_found() {
        let mut twice = evidence();
        let copy = twice.gateway[0].clone();
        twice.gateway.push(copy);
        assert!(!nothing_asked_twice(&twice, 1).ok);
        assert!(nothing_asked_twice(&twice, 2).ok);
    }

    #[test]
    fn an_accepted_trick_is_found() {
        assert!(!tricks_survived(&evidence()).ok, "no trick at all is no test");
        let mut swallowed = evidence();
        swallowed.gateway[0].trick = Some(Trick::BatchOfSix);
        assert!(!tricks_survived(&swallowed).ok);
        swallowed.requests[0].turns[0].verdict = "rejected".into();
        swallowed.requests[0].turns[0].why = Some("batch_size".into());
        assert!(tricks_survived(&swallowed).ok);
        swallowed.requests[0].turns[0].why = None;
        assert!(!tricks_survived(&swallowed).ok, "a refusal must say why");
    }
}
