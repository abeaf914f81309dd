//! Calls, in every story: by whose leave, how often, one after the other, and what came of them.

use std::collections::BTreeMap;

use meta_simulator::{CallEnd, LogEvent};
use voice_simulator::SessionEnd;

use super::{
    Check, counted,
    wording::{FALLBACK, is_card, times_sent, words},
};
use crate::{
    evidence::{CallLine, ConsentLine, Dial, Evidence, RequestAccount, millis},
    people::digits,
};

/// With calling off nobody is asked for it, decided about or called.
pub(super) fn there_are_none(evidence: &Evidence) -> Check {
    let mut faults: Vec<String> =
        evidence.dials().map(|dial| format!("a dial for {}", dial.intent())).collect();
    for request in &evidence.requests {
        let (id, asked, decided) = (&request.request.id, request.consents.len(), request.calls.len());
        if asked + decided > 0 {
            faults.push(format!("{id}: {asked} consents asked for, {decided} calls decided"));
        }
    }
    Check::of("with calling off nobody is called", &faults, "nobody was asked either")
}

/// Before each dial: the client's YES to a prompt of this request, the callee's to a question of its own, and Meta's
/// permission, none of them taken back; in Meta's log and in the account.
pub(super) fn with_every_key(evidence: &Evidence) -> Check {
    let dials: Vec<Dial<'_>> = evidence.dials().collect();
    let faults: Vec<String> = dials.iter().filter_map(|dial| missing_key(evidence, dial)).collect();
    Check::of("nobody is called without every YES", &faults, counted(dials.len(), "dial"))
}

fn missing_key(evidence: &Evidence, dial: &Dial<'_>) -> Option<String> {
    let intent = dial.intent();
    let Some(request) = evidence.request_of_call(intent) else {
        return Some(format!("a dial for {intent}, of which no account knows"));
    };
    let fault = |what: &str| Some(format!("{intent} was dialled {what}"));
    let call = request.call(intent)?;
    let client = digits(request.request.client.phone.as_deref().unwrap_or_default());
    let callee = callee_of(evidence, request, call);
    if callee != dial.attempt.digits {
        return fault("to somebody else than the account says");
    }
    let mut said = words(evidence);
    said.retain(|word| word.seq < dial.seq);
    let own = |prompt: &str| request.messages.iter().any(|message| message.id == prompt);
    let of_client = said
        .iter()
        .rfind(|word| word.digits == client && !word.by_meta && word.prompt.as_deref().is_none_or(own));
    if of_client.is_none_or(|word| !word.yes) {
        return fault("without the client's YES");
    }
    let is_ours = |word: &&super::wording::Word| word.prompt.is_some() || !word.yes || !word.by_meta;
    if said.iter().filter(is_ours).rfind(|word| word.digits == callee).is_none_or(|word| !word.yes) {
        return fault("without the callee's YES");
    }
    if !is_permitted(evidence, callee, dial) {
        return fault("without Meta's permission");
    }
    for (key, party) in [("authorisation", "client"), ("callee", call.party.as_str())] {
        let granted = |consent: &&ConsentLine| {
            consent.key == key && consent.party == party && stood_at(consent, dial.at_ms) == Some("granted")
        };
        if !request.consents.iter().any(|consent| granted(&consent)) {
            return fault(&format!("while the account has no consent `{key}` of the {party} in force"));
        }
    }
    None
}

/// What the account says of a consent at a moment.
fn stood_at(consent: &ConsentLine, at_ms: i64) -> Option<&str> {
    let mut before = consent.history.iter().filter(|change| millis(&change.at).is_some_and(|at| at <= at_ms));
    before.next_back().map(|change| change.status.as_str())
}

/// Meta's own last word on a person before a dial: a permission that has not run out.
fn is_permitted(evidence: &Evidence, callee: &str, dial: &Dial<'_>) -> bool {
    let mut changes = evidence.meta.iter().rev().filter(|entry| entry.seq < dial.seq);
    let last = changes.find_map(|entry| match &entry.event {
        LogEvent::Permission(change) if change.digits == callee => Some(change),
        _ => None,
    });
    last.is_some_and(|change| {
        change.response == "accept" && change.until_ms.is_none_or(|until| dial.at_ms < until)
    })
}

/// Digits of who a call goes to, by the account.
pub(super) fn callee_of<'a>(evidence: &'a Evidence, request: &'a RequestAccount, call: &CallLine) -> &'a str {
    let vendor = evidence.cast.vendors.iter().find(|vendor| Some(&vendor.id) == call.vendor_id.as_ref());
    let client = request.request.client.phone.as_deref().unwrap_or_default();
    digits(vendor.map_or(client, |vendor| vendor.phone.as_str()))
}

/// An intent reaches Meta once, whatever became of it.
pub(super) fn dialled_once(evidence: &Evidence) -> Check {
    let mut faults: Vec<String> = evidence
        .connects
        .iter()
        .filter(|(_, times)| **times > 1)
        .map(|(intent, times)| format!("{intent} was dialled {times}×"))
        .collect();
    let nameless = evidence.dials().filter(|dial| dial.intent().is_empty() || dial.attempt.wrong_number);
    faults.extend(nameless.map(|_| "a dial without an intent or to a wrong number".to_owned()));
    Check::of("each call is dialled at most once", &faults, counted(evidence.connects.len(), "call"))
}

/// One call of a request at a time, and none once it is handed off.
pub(super) fn one_at_a_time(evidence: &Evidence) -> Check {
    let mut faults = Vec::new();
    let mut over: BTreeMap<&str, i64> = BTreeMap::new();
    for dial in evidence.dials() {
        let Some(request) = evidence.request_of_call(dial.intent()) else { continue };
        let id = request.request.id.as_str();
        if over.get(id).is_some_and(|until| dial.at_ms < *until) {
            faults.push(format!("{id}: {} began while another call was on", dial.intent()));
        }
        if request.handed_off_ms().is_some_and(|handed_off| dial.at_ms > handed_off) {
            faults.push(format!("{id}: {} was dialled after the handoff", dial.intent()));
        }
        let at_meta = evidence.call_at_meta(dial.intent());
        let ended = at_meta.map_or(dial.at_ms, |call| call.ended_ms.unwrap_or(i64::MAX));
        let until = over.entry(id).or_insert(ended);
        *until = ended.max(*until);
    }
    let seen = counted(over.len(), "request") + " with calls";
    Check::of("one call at a time, none after handoff", &faults, seen)
}

/// The client hears of each call that came to nothing, once; not once the request is handed off.
pub(super) fn told_once(evidence: &Evidence) -> Check {
    let mut faults = Vec::new();
    let mut count = 0;
    for request in &evidence.requests {
        let client = digits(request.request.client.phone.as_deref().unwrap_or_default());
        let in_vain = request.calls.iter().filter(|call| call.came_to_nothing() && !is_silent(request, call));
        let (expected, said) = (in_vain.count(), times_sent(evidence, client, FALLBACK));
        count += said;
        if said != expected {
            faults.push(format!("{}: {expected} calls in vain, told {said}×", request.request.id));
        }
        let recorded = request.audit.iter().filter(|line| line.action == "call.fallback").count();
        if recorded != said {
            faults.push(format!("{}: told {said}×, recorded {recorded}×", request.request.id));
        }
    }
    let vendors = evidence.cast.vendors.iter().map(|vendor| digits(&vendor.phone));
    let strangers: usize = vendors.map(|vendor| times_sent(evidence, vendor, FALLBACK)).sum();
    if strangers > 0 {
        faults.push(format!("vendors were told {strangers}× that a call came to nothing"));
    }
    Check::of("a call in vain is told the client once", &faults, format!("told {count}×"))
}

fn is_silent(request: &RequestAccount, call: &CallLine) -> bool {
    let ended = call.ended_at.as_deref().and_then(millis);
    request.handed_off_ms().zip(ended).is_some_and(|(handed_off, ended)| handed_off <= ended)
}

/// Each dial is a call of the account, each call of the account that was dialled is one of Meta's, and both ended alike.
pub(super) fn accounts_agree(evidence: &Evidence) -> Check {
    let mut faults = Vec::new();
    let mut count = 0;
    for request in &evidence.requests {
        for call in &request.calls {
            count += 1;
            let dial = evidence.dials().find(|dial| dial.intent() == call.id);
            if call.phase != "ended" {
                faults.push(format!("{} is still {}", call.id, call.phase));
            }
            if dial.is_none() && !matches!(call.end(), "refused" | "cancelled") {
                faults.push(format!("{} is {} and was never dialled", call.id, call.end()));
            }
            if let Some(dial) = dial
                && !ends_at_meta(evidence, &dial).contains(&call.end())
            {
                let meta = evidence.call_at_meta(&call.id);
                faults.push(format!("{} is {} in the account, at Meta {meta:?}", call.id, call.end()));
            }
        }
    }
    for dial in evidence.dials().filter(|dial| evidence.request_of_call(dial.intent()).is_none()) {
        faults.push(format!("{} was dialled and stands in no account", dial.intent()));
    }
    Check::of("the account knows every call and its end", &faults, counted(count, "call"))
}

/// How the account may say that a call ended which Meta saw.
fn ends_at_meta(evidence: &Evidence, dial: &Dial<'_>) -> &'static [&'static str] {
    let Some(call) = evidence.call_at_meta(dial.intent()).filter(|_| dial.was_taken()) else {
        return &["failed"];
    };
    match (call.end, call.answered_ms) {
        _ if call.declined => &["declined"],
        (_, Some(_)) => &["completed"],
        (Some(CallEnd::Failed { .. }), None) => &["failed"],
        // Given up by us, for whatever reason, or by Meta.
        (_, None) => &["no_answer", "cancelled"],
    }
}

/// Each dial has its media: one session, hung up in the end; who picked up was connected with it.
pub(super) fn has_a_voice(evidence: &Evidence, connects_may_be_late: bool) -> Check {
    let sessions = evidence.voice.as_deref().unwrap_or_default();
    let mut faults = Vec::new();
    for dial in evidence.dials() {
        let own: Vec<_> = sessions.iter().filter(|session| session.attempt == dial.intent()).collect();
        let [session] = own.as_slice() else {
            faults.push(format!("{} had {} sessions", dial.intent(), own.len()));
            continue;
        };
        let was_answered =
            evidence.call_at_meta(dial.intent()).is_some_and(|call| call.answered_ms.is_some());
        if was_answered && session.answer.is_none() && !connects_may_be_late {
            faults.push(format!("{} was picked up and never connected", dial.intent()));
        }
    }
    for session in sessions {
        if session.end != Some(SessionEnd::HungUp) {
            faults.push(format!("the session of {} ended as {:?}", session.attempt, session.end));
        }
        if evidence.request_of_call(&session.attempt).is_none() {
            faults.push(format!("a session for {}, which stands in no account", session.attempt));
        }
    }
    Check::of("calls have a voice, and it is hung up", &faults, counted(sessions.len(), "session"))
}

/// Each dial, each end and each change of a consent has its audit record.
pub(super) fn are_recorded(evidence: &Evidence) -> Check {
    let mut faults = Vec::new();
    let mut count = 0;
    for request in &evidence.requests {
        let recorded = |actions: &[&str]| {
            request.audit.iter().filter(|line| actions.contains(&line.action.as_str())).count()
        };
        let dialled = request.calls.iter().filter(|call| call.dialled_at.is_some()).count();
        let changes = || request.consents.iter().flat_map(|consent| &consent.history);
        let happened = |event: &str| changes().filter(|change| change.event == event).count();
        // A YES that came too late stands in the history too, and grants nothing.
        let is_yes = |late: bool| changes().any(|c| c.event == "yes" && (c.status != "granted") == late);
        let ended = |reason: &str| request.calls.iter().filter(|call| call.end() == reason).count();
        let rules = [
            ("dials", dialled, recorded(&["call.dialling"])),
            ("refused calls", ended("refused"), recorded(&["call.refused"])),
            ("cancelled calls", ended("cancelled"), recorded(&["call.cancelled", "call.hang_up"])),
            ("yeses", usize::from(is_yes(false)), recorded(&["consent.granted", "consent.renewed"])),
            ("late yeses", usize::from(is_yes(true)), recorded(&["consent.ignored"])),
            ("noes", happened("no").min(1), recorded(&["consent.denied"])),
            ("withdrawals", happened("withdrawn_by_person").min(1), recorded(&["consent.withdrawn"])),
            ("expiries", happened("expired").min(1), recorded(&["consent.expired"])),
        ];
        for (what, there_were, records) in rules {
            count += there_were;
            if records < there_were {
                faults.push(format!("{}: {there_were} {what}, {records} records", request.request.id));
            }
        }
    }
    Check::of("calls and consents are in the audit log", &faults, counted(count, "fact"))
}

/// Meta's cards that were taken, by who got them.
pub(super) fn cards<'a>(evidence: &'a Evidence, phone: &'a str) -> impl Iterator<Item = i64> + 'a {
    let to = digits(phone);
    evidence
        .sent()
        .filter(move |sent| sent.attempt.digits == to && is_card(sent.attempt))
        .map(|sent| sent.at_ms)
}

#[cfg(test)]
mod tests {
    use meta_simulator::{LogEntry, PermissionLog};

    use super::*;
    use crate::{
        checks::fixture::{accepted, call_evidence, evidence},
        evidence::AuditLine,
    };

    /// What is to be found, and how to bring it about.
    type Spoiled = (&'static str, fn(&mut Evidence));

    /// Every rule of this file.
    fn all(evidence: &Evidence) -> Vec<Check> {
        vec![
            with_every_key(evidence),
            dialled_once(evidence),
            one_at_a_time(evidence),
            told_once(evidence),
            accounts_agree(evidence),
            has_a_voice(evidence, false),
            are_recorded(evidence),
        ]
    }

    #[test]
    fn with_calling_off_a_call_or_a_question_for_it_is_found() {
        assert!(there_are_none(&evidence()).ok);
        let called = there_are_none(&call_evidence());
        assert!(!called.ok && called.detail.contains("a dial for"), "{}", called.detail);
        let mut asked = evidence();
        asked.requests[0].consents.push(ConsentLine::default());
        assert!(there_are_none(&asked).detail.contains("1 consents asked for"));
    }

    fn broken(evidence: &Evidence) -> String {
        let broken = all(evidence).into_iter().filter(|check| !check.ok);
        broken.map(|check| format!("{}: {}", check.name, check.detail)).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_good_run_passes_with_and_without_a_call() {
        for good in [evidence(), call_evidence()] {
            assert_eq!(broken(&good), "");
        }
    }

    fn is_answer(entry: &LogEntry) -> bool {
        matches!(&entry.event, LogEvent::Said(reply) if reply.button_id.is_some())
    }

    fn change_permission(run: &mut Evidence, change: impl Fn(&mut PermissionLog)) {
        for entry in &mut run.meta {
            if let LogEvent::Permission(permission) = &mut entry.event {
                change(permission);
            }
        }
    }

    #[test]
    fn each_missing_key_is_found() {
        let cases: [Spoiled; 9] = [
            ("without the client's YES", |run| run.meta.retain(|entry| !is_answer(entry))),
            ("without the client's YES", |run| {
                for entry in &mut run.meta {
                    if let LogEvent::Said(reply) = &mut entry.event
                        && let Some(button) = &mut reply.button_id
                    {
                        *button = "consent:msg_20:no".into();
                    }
                }
            }),
            ("without the client's YES", |run| {
                run.requests[0].messages.retain(|message| message.id != "msg_20");
            }),
            ("without the callee's YES", |run| {
                change_permission(run, |permission| permission.context = None);
            }),
            ("without the callee's YES", |run| {
                change_permission(run, |permission| permission.response = "reject");
            }),
            ("without Meta's permission", |run| {
                change_permission(run, |permission| permission.until_ms = Some(1));
            }),
            ("no consent `authorisation`", |run| run.requests[0].consents[0].history.truncate(1)),
            ("no consent `callee`", |run| run.requests[0].consents[1].party = "client".into()),
            ("of which no account knows", |run| run.requests[0].calls.clear()),
        ];
        for (fault, spoil) in cases {
            let mut bad = call_evidence();
            spoil(&mut bad);
            assert!(with_every_key(&bad).detail.contains(fault), "{fault}: {:?}", with_every_key(&bad));
        }
    }

    #[test]
    fn a_second_dial_and_a_dial_beside_another_are_found() {
        let mut twice = call_evidence();
        twice.connects.insert("cal_1".into(), 2);
        assert!(dialled_once(&twice).detail.contains("2×"));

        let mut beside = call_evidence();
        let dial = beside.meta.iter().position(|entry| matches!(entry.event, LogEvent::Call(_))).unwrap();
        let mut other = beside.meta[dial].clone();
        other.at_ms += 10;
        if let LogEvent::Call(attempt) = &mut other.event {
            attempt.intent_id = Some("cal_2".into());
        }
        beside.meta.push(other);
        beside.requests[0].calls.push(CallLine { id: "cal_2".into(), ..CallLine::default() });
        assert!(one_at_a_time(&beside).detail.contains("while another call was on"));

        let mut late = call_evidence();
        late.meta[dial].at_ms += 3_600_000;
        assert!(one_at_a_time(&late).detail.contains("after the handoff"));
    }

    #[test]
    fn a_call_in_vain_is_told_exactly_once_and_to_the_client() {
        let mut run = call_evidence();
        run.requests[0].calls[0].end_reason = Some("declined".into());
        assert!(told_once(&run).detail.contains("1 calls in vain, told 0×"), "{:?}", told_once(&run));
        let fallback = |digits: &str| accepted(1_790_000_071_000, digits, FALLBACK, Some("int_30"));
        run.meta.push(fallback("254711000000"));
        let record = AuditLine { action: "call.fallback".into(), outcome: None, reasons: Vec::new() };
        run.requests[0].audit.push(record);
        assert!(told_once(&run).ok, "{:?}", told_once(&run));
        run.meta.push(fallback("254711000000"));
        assert!(!told_once(&run).ok);
        run.meta.pop();
        run.meta.push(fallback("254722000000"));
        assert!(told_once(&run).detail.contains("vendors"));
        run.meta.pop();
        run.requests[0].calls[0].ended_at = Some("2026-09-21T15:00:00Z".into());
        assert!(!told_once(&run).ok, "after the handoff nobody is told");
    }

    #[test]
    fn accounts_that_differ_are_found() {
        let cases: [Spoiled; 5] = [
            ("is still ringing", |run| run.requests[0].calls[0].phase = "ringing".into()),
            ("is no_answer in the account", |run| {
                run.requests[0].calls[0].end_reason = Some("no_answer".into());
            }),
            ("is completed in the account", |run| run.calls[0].declined = true),
            ("was never dialled", |run| run.meta.retain(|e| !matches!(e.event, LogEvent::Call(_)))),
            ("stands in no account", |run| run.requests[0].calls.clear()),
        ];
        for (fault, spoil) in cases {
            let mut bad = call_evidence();
            spoil(&mut bad);
            assert!(accounts_agree(&bad).detail.contains(fault), "{fault}: {:?}", accounts_agree(&bad));
        }
    }

    #[test]
    fn a_missing_or_forgotten_voice_is_found() {
        let cases: [Spoiled; 4] = [
            ("had 0 sessions", |run| run.voice = Some(Vec::new())),
            ("never connected", |run| run.voice.as_mut().unwrap()[0].answer = None),
            ("ended as None", |run| run.voice.as_mut().unwrap()[0].end = None),
            ("had 0 sessions", |run| run.voice = None),
        ];
        for (fault, spoil) in cases {
            let mut bad = call_evidence();
            spoil(&mut bad);
            assert!(
                has_a_voice(&bad, false).detail.contains(fault),
                "{fault}: {:?}",
                has_a_voice(&bad, false)
            );
        }
        let mut late = call_evidence();
        late.voice.as_mut().unwrap()[0].answer = None;
        assert!(has_a_voice(&late, true).ok);
    }

    #[test]
    fn missing_records_are_found() {
        for action in ["call.dialling", "consent.granted"] {
            let mut bad = call_evidence();
            bad.requests[0].audit.retain(|line| line.action != action);
            assert!(!are_recorded(&bad).ok, "{action}");
        }
    }
}
