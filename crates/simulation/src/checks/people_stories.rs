//! Rules of single stories about who people are, what they speak, and that STOP means stop.

use meta_simulator::LogEvent;

use super::{Check, counted};
use crate::{
    evidence::Evidence,
    people::{
        digits,
        ways::{Way, confirms_stop, is_stop},
    },
    world::SECOND_NUMBER_ID,
};

/// Whoever said STOP gets one confirmation, and nothing after it.
pub fn nothing_after_stop(evidence: &Evidence) -> Check {
    let stopped: Vec<&str> =
        evidence.said().filter(|reply| is_stop(&reply.text)).map(|reply| reply.digits.as_str()).collect();
    let mut faults = Vec::new();
    for person in &stopped {
        let got: Vec<&str> = evidence
            .sent()
            .filter(|sent| sent.attempt.digits == **person)
            .map(|sent| sent.attempt.text.as_str())
            .collect();
        let confirmations = got.iter().filter(|text| confirms_stop(text)).count();
        if confirmations != 1 || !got.last().is_some_and(|text| confirms_stop(text)) {
            faults.push(format!("+{person} got {confirmations} confirmations, and last {:?}", got.last()));
        }
    }
    if stopped.len() < 3 {
        faults.push(format!("only {} people said STOP", stopped.len()));
    }
    Check::of("nothing is sent after STOP", &faults, counted(stopped.len(), "STOP"))
}

/// The client who said STOP has a closed request, and no vendor of it is written to any more.
pub fn stops_end_requests(evidence: &Evidence) -> Check {
    let mut faults = Vec::new();
    let mut closed = 0;
    for client in evidence.cast.clients.iter().filter(|client| matches!(client.way, Way::Stops(_))) {
        let Some(request) = evidence.requests.iter().find(|request| request.belongs_to(&client.phone)) else {
            faults.push(format!("{} has no request", client.name));
            continue;
        };
        let reasons =
            request.audit.iter().filter(|line| line.action == "state.changed").flat_map(|line| &line.reasons);
        if request.request.state != "closed"
            || !reasons.into_iter().any(|reason| reason == "client_opted_out")
        {
            faults.push(format!("{} is {} after the STOP", request.request.id, request.request.state));
        }
        if request.batches.is_empty() {
            faults.push(format!("{} had asked nobody when the client said STOP", request.request.id));
        }
        let stopped_at = evidence.meta.iter().find_map(|entry| match &entry.event {
            LogEvent::Send(attempt)
                if attempt.digits == digits(&client.phone) && confirms_stop(&attempt.text) =>
            {
                Some(entry.at_ms)
            }
            _ => None,
        });
        let asked: Vec<&str> = request
            .batches
            .iter()
            .flat_map(|batch| &batch.vendors)
            .filter_map(|asked| evidence.cast.vendors.iter().find(|vendor| vendor.id == asked.vendor_id))
            .map(|vendor| digits(&vendor.phone))
            .collect();
        let later = evidence.sent().filter(|sent| {
            let to_vendor = asked.contains(&sent.attempt.digits.as_str());
            // A vendor may say STOP as well.
            to_vendor && !confirms_stop(&sent.attempt.text) && stopped_at.is_none_or(|at| sent.at_ms > at)
        });
        faults.extend(later.map(|sent| format!("+{} was written to for nothing", sent.attempt.digits)));
        closed += 1;
    }
    Check::of("a client's STOP ends the request", &faults, counted(closed, "request"))
}

/// Everything we wrote to a client who speaks another language is in that language.
pub fn answered_in_their_language(evidence: &Evidence) -> Check {
    let mut faults = Vec::new();
    let mut read = 0;
    for client in &evidence.cast.clients {
        let Way::Speaks(tongue) = client.way else { continue };
        let own = evidence.sent().filter(|sent| sent.attempt.digits == digits(&client.phone));
        let mut count = 0;
        for sent in own {
            count += 1;
            if !tongue.marks.iter().any(|mark| sent.attempt.text.contains(mark)) {
                faults.push(format!("not {}: {:?}", tongue.name, sent.attempt.text));
            }
        }
        if count < 3 {
            faults.push(format!("{} messages in {}", count, tongue.name));
        }
        read += count;
    }
    Check::of("clients are answered in their language", &faults, counted(read, "message"))
}

/// Who hides the number is served by id, who has a new one there, who writes to our second number from it.
pub fn everybody_was_reached(evidence: &Evidence) -> Check {
    let mut faults = Vec::new();
    for client in &evidence.cast.clients {
        let sent = |from: &str| {
            let own = evidence.sent().filter(|sent| sent.attempt.digits == digits(&client.phone));
            own.filter(|sent| sent.attempt.pnid == from).count()
        };
        let audit = |action: &str| {
            let own = evidence.requests.iter().find(|request| request.belongs_to(&client.phone));
            own.is_some_and(|request| request.audit.iter().any(|line| line.action == action))
        };
        let held = match client.way {
            Way::WritesToSecond => sent(SECOND_NUMBER_ID) >= 2 && audit("request.number_changed"),
            Way::Moves | Way::HidesNumber => sent(crate::world::PHONE_NUMBER_ID) >= 3,
            _ => true,
        };
        if !held {
            faults.push(format!("{} was not reached: {:?}", client.name, client.way));
        }
    }
    let moved = evidence.requests.iter().filter(|request| request.request.state == "handed_off").count();
    Check::of("everybody is reached where they are", &faults, counted(moved, "handoff"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        checks::fixture::{accepted, evidence},
        people::ways::{STOPS, TONGUES},
    };

    #[test]
    fn a_message_after_stop_is_found() {
        let mut run = evidence();
        assert!(!nothing_after_stop(&run).ok, "nobody said STOP");
        let said = run.meta.iter().find(|entry| matches!(entry.event, LogEvent::Said(_))).unwrap().clone();
        for phone in ["254711000007", "254711000008", "254711000009"] {
            let mut stop = said.clone();
            if let LogEvent::Said(reply) = &mut stop.event {
                (reply.digits, reply.text) = (phone.to_owned(), STOPS[0].to_owned());
            }
            run.meta.push(stop);
            run.meta.push(accepted(1_790_000_900_000, phone, "Send START", Some(phone)));
        }
        assert!(nothing_after_stop(&run).ok, "{:?}", nothing_after_stop(&run));
        run.meta.push(accepted(1_790_000_900_001, "254711000008", "hello", Some("int_9")));
        assert!(!nothing_after_stop(&run).ok);
    }

    #[test]
    fn another_language_is_found() {
        let mut run = evidence();
        assert!(answered_in_their_language(&run).ok);
        run.cast.clients[0].way = Way::Speaks(&TONGUES[0]);
        assert!(!answered_in_their_language(&run).ok);
    }

    #[test]
    fn a_request_that_stays_open_is_found() {
        let mut run = evidence();
        run.cast.clients[0].way = Way::Stops(STOPS[1]);
        assert!(!stops_end_requests(&run).ok);
    }

    #[test]
    fn a_client_who_is_not_answered_where_they_wrote_is_found() {
        let mut run = evidence();
        run.cast.clients[0].way = Way::WritesToSecond;
        assert!(!everybody_was_reached(&run).ok);
    }
}
