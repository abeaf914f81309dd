//! Rules of stories with pictures.

use meta_simulator::{LogEvent, MessageKind, Reply};

use super::{Check, counted};
use crate::{
    evidence::{Evidence, RequestAccount},
    people::{
        Client,
        catalogue::MEDICINE,
        digits,
        pictures::{DIRECTION, PATIENT, goods},
    },
};

/// How long somebody waits for a first answer, simulated milliseconds: less than a picture may take.
const ANSWER_WITHIN_MS: i64 = 150_000;

/// What somebody said, oldest first, and when.
fn said<'a>(evidence: &'a Evidence, client: &Client) -> Vec<(i64, &'a Reply)> {
    let phone = digits(&client.phone).to_owned();
    let said = evidence.meta.iter().filter_map(|entry| match &entry.event {
        LogEvent::Said(reply) => Some((entry.at_ms, reply)),
        _ => None,
    });
    said.filter(|(_, reply)| reply.digits == phone).collect()
}

/// What arrived at somebody's phone, oldest first, and when.
fn heard(evidence: &Evidence, phone: &str) -> Vec<(i64, String)> {
    let sent = evidence.sent().filter(|sent| sent.attempt.digits == digits(phone));
    sent.map(|sent| (sent.at_ms, sent.attempt.text.clone())).collect()
}

/// The clients who sent a picture, with their requests.
fn senders(evidence: &Evidence) -> Vec<(&Client, &RequestAccount)> {
    let of_picture = |client: &&Client| {
        said(evidence, client).first().is_some_and(|(_, reply)| reply.kind == MessageKind::Image)
    };
    evidence
        .cast
        .clients
        .iter()
        .filter(of_picture)
        .filter_map(|client| {
            let request = evidence.requests.iter().find(|request| request.belongs_to(&client.phone))?;
            Some((client, request))
        })
        .collect()
}

/// Everything that was written to vendors of a request, oldest first, and when.
fn to_vendors(evidence: &Evidence, client: &Client) -> Vec<(i64, String)> {
    let vendors = evidence.cast.vendors.iter().filter(|vendor| vendor.category == client.need.category);
    let mut all: Vec<_> = vendors.flat_map(|vendor| heard(evidence, &vendor.phone)).collect();
    all.sort();
    all
}

fn check(
    name: &'static str,
    evidence: &Evidence,
    seen: &str,
    fault: impl Fn(&Client, &RequestAccount) -> Option<String>,
) -> Check {
    let senders = senders(evidence);
    let mut faults: Vec<String> = senders
        .iter()
        .filter_map(|(client, request)| {
            fault(client, request).map(|fault| format!("{}: {fault}", client.name))
        })
        .collect();
    if senders.is_empty() {
        faults.push("nobody sent a picture".to_owned());
    }
    Check::of(name, &faults, format!("{}{seen}", counted(senders.len(), "picture")))
}

/// "Processing image…" is the first thing that whoever sends a picture hears, and the state says so.
pub fn pictures_were_answered_at_once(evidence: &Evidence) -> Check {
    check("a picture is answered at once", evidence, "", |client, request| {
        let first = heard(evidence, &client.phone).into_iter().next().map(|(_, text)| text);
        if first.as_deref() != Some("Processing image…") {
            return Some(format!("heard {first:?} first"));
        }
        let read = request.states.iter().any(|state| state.to == "ocr_processing");
        (!read).then(|| "was never in ocr_processing".to_owned())
    })
}

/// What was read was shown and confirmed before any vendor was written to, and is what vendors were asked for.
pub fn reading_was_confirmed(evidence: &Evidence) -> Check {
    check("vendors get what the client confirmed", evidence, ", read and confirmed", |client, request| {
        let goods = goods(client.need);
        let shown = heard(evidence, &client.phone).into_iter().find(|(_, text)| text.contains("Reply YES"));
        let Some((shown_at, shown)) = shown else { return Some("was never asked".to_owned()) };
        if !shown.contains(&goods) {
            return Some(format!("was shown {shown:?} and not {goods:?}"));
        }
        let Some(yes_at) =
            said(evidence, client).iter().find(|(_, reply)| reply.text == "Yes").map(|(at, _)| *at)
        else {
            return Some("never said yes".to_owned());
        };
        let asked = to_vendors(evidence, client);
        let Some((first_at, first)) = asked.first() else { return Some("no vendor was asked".to_owned()) };
        if *first_at <= yes_at || yes_at <= shown_at {
            return Some("a vendor was asked before the client had confirmed it".to_owned());
        }
        if !first.contains(client.need.keyword) {
            return Some(format!("vendors were asked {first:?}"));
        }
        (!request.audit.iter().any(|line| line.action == "ocr.read")).then(|| "nothing records it".to_owned())
    })
}

/// Whoever's picture could not be read was asked to type, and says why not in the audit.
pub fn asked_to_type(evidence: &Evidence) -> Check {
    let why: Vec<&str> = senders(evidence)
        .iter()
        .flat_map(|(_, request)| &request.audit)
        .filter(|line| line.action == "ocr.failed")
        .flat_map(|line| line.reasons.iter().map(String::as_str))
        .collect();
    let seen = if why.is_empty() { ", illegible".to_owned() } else { format!(": {}", why.join(", ")) };
    check("what cannot be read is asked to be typed", evidence, &seen, |client, request| {
        let asked =
            heard(evidence, &client.phone).iter().any(|(_, text)| text.contains("type what you need"));
        let ended = request.audit.iter().any(|line| line.action == "ocr.failed" || line.action == "ocr.read");
        (!asked || !ended).then(|| format!("asked to type: {asked}, recorded: {ended}"))
    })
}

/// No host but Meta's was asked for a picture.
pub fn token_stayed_home(evidence: &Evidence) -> Check {
    let faults = match evidence.foreign_fetches {
        0 => Vec::new(),
        asked => vec![format!("another host was asked {asked} times")],
    };
    Check::of("the token is shown to no other host", &faults, "another host was named, and not asked")
}

/// Who wrote words meanwhile had an answer as soon as ever.
pub fn nobody_else_was_delayed(evidence: &Evidence) -> Check {
    let (mut faults, mut slowest) = (Vec::new(), 0);
    let mut others = 0_usize;
    for client in &evidence.cast.clients {
        let said = said(evidence, client);
        let Some((at, _)) = said.first().filter(|(_, reply)| reply.kind != MessageKind::Image) else {
            continue;
        };
        others += 1;
        match heard(evidence, &client.phone).first() {
            Some((answered, _)) if answered - at <= ANSWER_WITHIN_MS => slowest = slowest.max(answered - at),
            Some((answered, _)) => {
                faults.push(format!("{} waited {} s", client.name, (answered - at) / 1_000));
            }
            None => faults.push(format!("{} heard nothing", client.name)),
        }
    }
    if others == 0 {
        faults.push("everybody sent a picture".to_owned());
    }
    Check::of(
        "nobody else waits for pictures",
        &faults,
        format!("first answer after {} s at most", slowest / 1_000),
    )
}

/// Of a prescription vendors get the medicine, nobody gets the patient's name, and nobody is told how to take it.
pub fn medicine_alone_was_passed_on(evidence: &Evidence) -> Check {
    check("of a prescription vendors get the medicine alone", evidence, ", marked", |client, request| {
        let asked = to_vendors(evidence, client);
        let medicine = MEDICINE.normalized.split(' ').next().unwrap_or_default();
        if asked.is_empty() || !asked.iter().take(3).all(|(_, text)| text.contains(medicine)) {
            return Some("vendors were not asked for the medicine".to_owned());
        }
        let all = asked
            .iter()
            .chain(&heard(evidence, &client.phone))
            .map(|(_, text)| text.clone())
            .collect::<Vec<_>>();
        let secrets = PATIENT.split(' ').chain([DIRECTION, "take "]);
        if let Some(secret) = secrets.into_iter().find(|secret| all.iter().any(|text| text.contains(secret)))
        {
            return Some(format!("somebody was told {secret:?}"));
        }
        let marked = request.audit.iter().any(|line| line.action == "prescription.marked");
        (!marked).then(|| "it was not marked".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::fixture::evidence;

    #[test]
    fn a_story_without_pictures_holds_none_of_the_rules() {
        let evidence = evidence();
        for rule in [
            pictures_were_answered_at_once,
            reading_was_confirmed,
            asked_to_type,
            medicine_alone_was_passed_on,
        ] {
            assert!(!rule(&evidence).ok);
        }
        assert!(nobody_else_was_delayed(&evidence).ok);
    }

    #[test]
    fn whoever_sends_a_picture_and_hears_something_else_is_found() {
        let mut evidence = evidence();
        for entry in &mut evidence.meta {
            if let LogEvent::Said(reply) = &mut entry.event
                && reply.digits == digits(&evidence.cast.clients[0].phone)
            {
                reply.kind = MessageKind::Image;
            }
        }
        assert_eq!(senders(&evidence).len(), 1);
        for rule in [
            pictures_were_answered_at_once,
            reading_was_confirmed,
            asked_to_type,
            medicine_alone_was_passed_on,
        ] {
            assert!(!rule(&evidence).ok);
        }
        assert!(!nobody_else_was_delayed(&evidence).ok, "nobody else is there");
    }

    #[test]
    fn a_question_elsewhere_is_found() {
        let mut evidence = evidence();
        assert!(token_stayed_home(&evidence).ok);
        evidence.foreign_fetches = 1;
        assert!(!token_stayed_home(&evidence).ok);
    }
}
