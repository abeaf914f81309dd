//! Rules of single stories about calls.

use std::collections::BTreeSet;

use meta_simulator::{Call, CallAction, LogEvent};

use super::{
    Check,
    calls::{callee_of, cards},
    counted,
    wording::{PROMPT, THANKS, UNDERSTOOD, is_about_calls, times_sent, words},
};
use crate::{
    evidence::{AuditLine, CallLine, Evidence, RequestAccount},
    people::digits,
};

/// How long a vendor must have been silent, milliseconds.
const SILENCE_MS: i64 = 180_000;
/// After so long without an answer we end a call, milliseconds.
const RING_LIMIT_MS: i64 = 45_000;
/// How long a prompt lasts, milliseconds.
const PROMPT_LASTS_MS: i64 = 86_400_000;

/// Every request was helped by one call to a vendor, which was silent for three minutes and then picked up.
pub fn vendors_were_reached(evidence: &Evidence) -> Check {
    let faults = each(evidence, |request| {
        let (call, at_meta) = the_answered_call(evidence, request)?;
        if call.party != "vendor" || call.trigger != "urgent_no_reply" {
            return Err(format!("called the {} for {}", call.party, call.trigger));
        }
        let callee = callee_of(evidence, request, call);
        let before = |at_ms: i64| at_ms < at_meta.placed_ms;
        let written = evidence.sent().filter(|sent| {
            sent.attempt.digits == callee && before(sent.at_ms) && !is_about_calls(&sent.attempt.text)
        });
        match written.map(|sent| sent.at_ms).last() {
            Some(at_ms) if at_meta.placed_ms - at_ms >= SILENCE_MS => Ok(()),
            Some(at_ms) => Err(format!("called after {} ms of silence", at_meta.placed_ms - at_ms)),
            None => Err("called a vendor that was not written to".to_owned()),
        }
    });
    Check::of("a silent vendor is called and picks up", &faults, counted(evidence.calls.len(), "call"))
}

/// Every client who wrote "call me" was called, after that, and picked up.
pub fn clients_were_reached(evidence: &Evidence) -> Check {
    let faults = each(evidence, |request| {
        let (call, at_meta) = the_answered_call(evidence, request)?;
        if call.party != "client" || call.trigger != "client_asked" {
            return Err(format!("called the {} for {}", call.party, call.trigger));
        }
        let client = client_of(request);
        let asked = evidence.meta.iter().find(|entry| match &entry.event {
            LogEvent::Said(reply) => reply.digits == client && reply.text == "Call me",
            _ => false,
        });
        match asked {
            Some(asked) if asked.at_ms < at_meta.placed_ms => Ok(()),
            _ => Err("called before the client asked for it".to_owned()),
        }
    });
    Check::of("who asks to be called is called", &faults, counted(evidence.calls.len(), "call"))
}

/// The one call of a request that somebody picked up; no second one was dialled.
fn the_answered_call<'a>(
    evidence: &'a Evidence,
    request: &'a RequestAccount,
) -> Result<(&'a CallLine, &'a Call), String> {
    let dialled: Vec<&CallLine> = request.calls.iter().filter(|call| call.dialled_at.is_some()).collect();
    let [call] = dialled.as_slice() else { return Err(format!("{} calls were dialled", dialled.len())) };
    let at_meta = evidence.call_at_meta(&call.id).ok_or("Meta placed no call")?;
    if at_meta.answered_ms.is_none() || call.end() != "completed" {
        return Err(format!("the call is {}", call.end()));
    }
    Ok((call, at_meta))
}

/// No request to place a call reached Meta.
pub fn nobody_was_called(evidence: &Evidence) -> Check {
    let dials: Vec<String> = evidence.dials().map(|dial| format!("{} was dialled", dial.intent())).collect();
    Check::of("nobody is called", &dials, "no dial at Meta")
}

/// Brain and service wanted to call, each was refused every time, and for want of consent.
pub fn start_call_was_refused(evidence: &Evidence) -> Check {
    let mut faults = each(evidence, |request| {
        let id = &request.request.id;
        let wished = |wish: &str| {
            let mut own = evidence.gateway.iter().filter(|exchange| exchange.request_id == *id);
            own.any(|exchange| exchange.wish.as_deref() == Some(wish))
        };
        if !wished("start_call") {
            return Err("the brain never wished to call".to_owned());
        }
        if !request.turns.iter().any(|turn| turn.violations.iter().any(|v| v.rule == "calling_not_allowed")) {
            return Err("no turn says that a call is not allowed".to_owned());
        }
        let answers: Vec<_> = evidence.tool_answers.iter().filter(|a| a.request_id == *id).collect();
        if answers.is_empty() {
            return Err("no service called the tool".to_owned());
        }
        if let Some(other) = answers.iter().find(|a| a.status < 400 || a.code != "consent_required") {
            return Err(format!("{} answered {} {}", other.tool, other.status, other.code));
        }
        if answers.iter().all(|a| a.reasons.iter().any(|reason| reason == "trigger_not_met")) {
            return Err("the trigger never held: consent alone was never what was missing".to_owned());
        }
        if request.calls.is_empty() { Ok(()) } else { Err("a call stands in the account".to_owned()) }
    });
    let yeses = words(evidence).into_iter().filter(|word| word.yes);
    faults.extend(yeses.map(|word| format!("+{} said YES", word.digits)));
    let seen = counted(evidence.tool_answers.len(), "refusal");
    Check::of("start_call without consent is refused", &faults, seen)
}

/// The NO was confirmed, nobody asked again, and whoever wanted to was refused.
pub fn denial_was_kept(evidence: &Evidence) -> Check {
    let faults = each(evidence, |request| {
        let client = client_of(request);
        if times_sent(evidence, client, PROMPT) != 1 {
            return Err(format!("asked {}×", times_sent(evidence, client, PROMPT)));
        }
        if times_sent(evidence, client, UNDERSTOOD) != 1 || times_sent(evidence, client, THANKS) != 0 {
            return Err("the NO was not confirmed once".to_owned());
        }
        let said_no = words(evidence).iter().any(|word| word.digits == client && !word.yes);
        if !said_no {
            return Err("the client did not say NO".to_owned());
        }
        if !request.consents.iter().any(|consent| consent.status == "denied") {
            return Err("no consent of the account is denied".to_owned());
        }
        if let Some(open) = request.consents.iter().find(|consent| consent.status != "denied") {
            return Err(format!("{} is {}", open.id, open.status));
        }
        let answers: Vec<_> =
            evidence.tool_answers.iter().filter(|a| a.request_id == request.request.id).collect();
        if answers.is_empty() || answers.iter().any(|a| a.status < 400) {
            return Err(format!("asking again was refused {}×, and not every time", answers.len()));
        }
        if !answers.iter().any(|a| a.code == "consent_denied") {
            return Err("no refusal says that consent was denied".to_owned());
        }
        Ok(())
    });
    Check::of("a NO is kept", &faults, counted(evidence.tool_answers.len(), "refusal"))
}

/// The YES came after the prompt's end, and nothing was granted by it.
pub fn late_yes_was_too_late(evidence: &Evidence) -> Check {
    let faults = each(evidence, |request| {
        let client = client_of(request);
        let asked = evidence.sent().find(|sent| sent.attempt.digits == client && sent.attempt.text == PROMPT);
        let asked = asked.ok_or("the client was not asked")?;
        let said = words(evidence);
        let yes =
            said.iter().find(|word| word.digits == client && word.yes).ok_or("there was no late YES")?;
        if yes.at_ms - asked.at_ms < PROMPT_LASTS_MS {
            return Err(format!("the YES came after {} ms", yes.at_ms - asked.at_ms));
        }
        if times_sent(evidence, client, PROMPT) != 1 || times_sent(evidence, client, THANKS) != 0 {
            return Err("asked again, or thanked for a YES that grants nothing".to_owned());
        }
        if request.consents.is_empty() {
            return Err("no consent stands in the account".to_owned());
        }
        let ever = |status: &str| {
            request.consents.iter().any(|consent| {
                consent.status == status || consent.history.iter().any(|change| change.status == status)
            })
        };
        if ever("granted") || !ever("expired") {
            return Err("the consent did not expire, or was granted".to_owned());
        }
        Ok(())
    });
    Check::of("a prompt is over after a day", &faults, counted(evidence.requests.len(), "late YES"))
}

/// Each request had one call in vain; a decline is a decline, and who let it ring was rung for as long as we allow.
pub fn calls_came_to_nothing(evidence: &Evidence) -> Check {
    let mut ends: BTreeSet<&str> = BTreeSet::new();
    let mut faults = each(evidence, |request| {
        let dialled: Vec<&CallLine> = request.calls.iter().filter(|call| call.dialled_at.is_some()).collect();
        let [call] = dialled.as_slice() else { return Err(format!("{} calls were dialled", dialled.len())) };
        let at_meta = evidence.call_at_meta(&call.id).ok_or("Meta placed no call")?;
        match call.end() {
            "declined" => Ok(()),
            "no_answer" => {
                let rang_ms = at_meta.ended_ms.unwrap_or(i64::MAX).saturating_sub(at_meta.placed_ms);
                let by_us = evidence.meta.iter().any(|entry| match &entry.event {
                    LogEvent::Call(attempt) => {
                        attempt.action == CallAction::Terminate
                            && attempt.wacid.as_ref() == Some(&at_meta.wacid)
                    }
                    _ => false,
                });
                // A busy machine ends it late, but before Meta does.
                let in_time = (RING_LIMIT_MS - 1_000..=4 * RING_LIMIT_MS).contains(&rang_ms);
                if by_us && in_time {
                    Ok(())
                } else {
                    Err(format!("rang for {rang_ms} ms, ended by us: {by_us}"))
                }
            }
            other => Err(format!("the call is {other}")),
        }
    });
    ends.extend(evidence.requests.iter().flat_map(|request| &request.calls).map(CallLine::end));
    if evidence.requests.len() > 1 && ends.len() < 2 {
        faults.push(format!("only {ends:?}"));
    }
    Check::of("a call in vain goes on in chat", &faults, ends.into_iter().collect::<Vec<_>>().join(", "))
}

/// Meta was asked and allowed each call, the callee took it back before the dial, and the call ended for that.
pub fn revocation_won(evidence: &Evidence) -> Check {
    let faults = each(evidence, |request| {
        if request.calls.is_empty() {
            return Err("no call was decided".to_owned());
        }
        for call in &request.calls {
            let callee = callee_of(evidence, request, call);
            let lookup = evidence.meta.iter().position(|entry| match &entry.event {
                LogEvent::Call(attempt) => attempt.action == CallAction::Lookup && attempt.digits == callee,
                _ => false,
            });
            let revoked = evidence.meta.iter().position(|entry| match &entry.event {
                LogEvent::Permission(change) => change.response == "reject" && change.digits == callee,
                _ => false,
            });
            match (lookup, revoked) {
                (Some(lookup), Some(revoked)) if lookup < revoked => {}
                _ => return Err(format!("{} was not revoked after Meta was asked", call.id)),
            }
            if !matches!(call.end(), "refused" | "cancelled") {
                return Err(format!("{} is {}", call.id, call.end()));
            }
            if cards(evidence, callee).count() != 1 {
                return Err(format!("{} cards went to the callee", cards(evidence, callee).count()));
            }
        }
        let says_why = |line: &&AuditLine| {
            matches!(line.action.as_str(), "call.refused" | "call.stopped")
                && line.reasons.iter().any(|reason| REVOKED.contains(&reason.as_str()))
        };
        let reasons = request.audit.iter().filter(says_why).count();
        if reasons < request.calls.len() {
            return Err(format!("{} calls, the audit log says of {reasons} why", request.calls.len()));
        }
        Ok(())
    });
    let calls: usize = evidence.requests.iter().map(|request| request.calls.len()).sum();
    Check::of("a revocation before the dial wins", &faults, counted(calls, "call"))
}

/// How a refusal says that the callee took it back.
const REVOKED: [&str; 2] = ["callee_consent_required", "permission_missing"];

/// Webhooks of calls came late and twice: the account had an end before it had a beginning.
pub fn call_webhooks_were_shuffled(evidence: &Evidence) -> Check {
    let mut faults = each(evidence, |request| {
        let order = |action: &str| request.audit.iter().position(|line| line.action == action);
        let dialled = request.calls.iter().filter(|call| call.dialled_at.is_some()).count();
        if dialled != 1 {
            return Err(format!("{dialled} calls were dialled"));
        }
        match (order("call.connect"), order("call.terminated")) {
            (Some(connect), Some(end)) if connect < end => {
                Err("`connect` came before `terminate`".to_owned())
            }
            (_, None) => Err("no `terminate` is recorded".to_owned()),
            _ => Ok(()),
        }
    });
    let ends: BTreeSet<&str> =
        evidence.requests.iter().flat_map(|request| &request.calls).map(CallLine::end).collect();
    if evidence.requests.len() > 2 && ends.len() < 3 {
        faults.push(format!("only {ends:?}"));
    }
    let events = evidence.meta.iter().filter(|entry| matches!(entry.event, LogEvent::CallEvent(_))).count();
    Check::of("a call's end is known in any order", &faults, counted(events, "event"))
}

fn client_of(request: &RequestAccount) -> &str {
    digits(request.request.client.phone.as_deref().unwrap_or_default())
}

/// A fault per request, with the request's id in front. A story with no request at all proves nothing.
fn each(evidence: &Evidence, rule: impl Fn(&RequestAccount) -> Result<(), String>) -> Vec<String> {
    if evidence.requests.is_empty() {
        return vec!["there is no request".to_owned()];
    }
    let faults = evidence.requests.iter().filter_map(|request| Some((request, rule(request).err()?)));
    faults.map(|(request, fault)| format!("{}: {fault}", request.request.id)).collect()
}

#[cfg(test)]
mod tests {
    use meta_simulator::LogEntry;
    use serde_json::json;

    use super::*;
    use crate::{
        checks::{
            fixture::{accepted, call_evidence, evidence},
            wording::is_card,
        },
        evidence::{ConsentLine, TurnLine},
        outsider::ToolAnswer,
    };

    /// What is to be found, and how to bring it about.
    type Spoiled = (&'static str, fn(&mut Evidence));

    const CLIENT: &str = "254711000000";
    const VENDOR: &str = "254722000000";

    fn spoilt(mut run: Evidence, spoil: impl FnOnce(&mut Evidence)) -> Evidence {
        spoil(&mut run);
        run
    }

    /// The inquiry lies so far back that the vendor was silent for long enough.
    fn silent_vendor() -> Evidence {
        spoilt(call_evidence(), |run| {
            for entry in &mut run.meta {
                if matches!(&entry.event, LogEvent::Send(send) if send.digits == VENDOR && send.text.contains('?') && !is_card(send))
                {
                    entry.at_ms -= 200_000;
                }
            }
        })
    }

    #[test]
    fn a_vendor_must_have_been_silent_and_pick_up() {
        assert!(vendors_were_reached(&silent_vendor()).ok, "{:?}", vendors_were_reached(&silent_vendor()));
        for (fault, bad) in [
            ("of silence", call_evidence()),
            ("0 calls were dialled", evidence()),
            (
                "is declined",
                spoilt(silent_vendor(), |run| run.requests[0].calls[0].end_reason = Some("declined".into())),
            ),
            (
                "called the client",
                spoilt(silent_vendor(), |run| run.requests[0].calls[0].party = "client".into()),
            ),
            ("no request", spoilt(silent_vendor(), |run| run.requests.clear())),
        ] {
            assert!(
                vendors_were_reached(&bad).detail.contains(fault),
                "{fault}: {:?}",
                vendors_were_reached(&bad)
            );
        }
    }

    #[test]
    fn a_client_must_have_asked_before() {
        let asked = |at_ms| {
            spoilt(call_evidence(), |run| {
                let call = &mut run.requests[0].calls[0];
                (call.party, call.trigger, call.vendor_id) = ("client".into(), "client_asked".into(), None);
                if let LogEvent::Said(reply) = &mut run.meta[0].event {
                    reply.text = "Call me".into();
                }
                run.meta[0].at_ms = at_ms;
            })
        };
        assert!(clients_were_reached(&asked(1_790_000_000_000)).ok);
        assert!(!clients_were_reached(&asked(1_790_000_050_000)).ok);
        assert!(!clients_were_reached(&call_evidence()).ok);
    }

    #[test]
    fn any_dial_is_found_where_there_must_be_none() {
        assert!(nobody_was_called(&evidence()).ok);
        assert!(!nobody_was_called(&call_evidence()).ok);
    }

    fn answer(code: &str, reasons: &[&str]) -> ToolAnswer {
        ToolAnswer {
            request_id: "req_1".into(),
            tool: "marketplace.start_call",
            status: if code.is_empty() { 200 } else { 409 },
            code: code.into(),
            reasons: reasons.iter().map(|reason| (*reason).to_owned()).collect(),
        }
    }

    #[test]
    fn start_call_must_be_wished_and_refused_for_consent_alone() {
        let good = || {
            spoilt(evidence(), |run| {
                run.gateway[1].wish = Some("start_call".into());
                let refused: TurnLine =
                    serde_json::from_value(json!({ "source": "coded_workflow", "verdict": "rejected",
                    "violations": [{ "rule": "calling_not_allowed" }] }))
                    .unwrap();
                run.requests[0].turns.push(refused);
                run.tool_answers = vec![
                    answer("consent_required", &["consent_required", "trigger_not_met"]),
                    answer("consent_required", &["consent_required"]),
                ];
            })
        };
        assert!(start_call_was_refused(&good()).ok, "{:?}", start_call_was_refused(&good()));
        let cases: [Spoiled; 6] = [
            ("never wished", |run| run.gateway[1].wish = None),
            ("no turn says", |run| run.requests[0].turns.truncate(4)),
            ("no service", |run| run.tool_answers.clear()),
            ("answered", |run| run.tool_answers.push(answer("", &[]))),
            ("trigger never held", |run| run.tool_answers.truncate(1)),
            ("said YES", |run| {
                let yes = call_evidence()
                    .meta
                    .into_iter()
                    .filter(|entry| matches!(entry.event, LogEvent::Permission(_)));
                run.meta.extend(yes);
            }),
        ];
        for (fault, spoil) in cases {
            let bad = spoilt(good(), spoil);
            assert!(start_call_was_refused(&bad).detail.contains(fault), "{fault}");
        }
    }

    /// The client says NO to the prompt of the good call, and nobody is called.
    fn denied() -> Evidence {
        spoilt(call_evidence(), |run| {
            run.meta.retain(|entry| !matches!(&entry.event, LogEvent::Call(_) | LogEvent::Permission(_)));
            for entry in &mut run.meta {
                match &mut entry.event {
                    LogEvent::Said(reply) if reply.button_id.is_some() => {
                        reply.button_id = Some("consent:msg_20:no".into());
                    }
                    LogEvent::Send(send) if send.text == THANKS => send.text = UNDERSTOOD.into(),
                    _ => {}
                }
            }
            run.requests[0].consents.truncate(1);
            run.requests[0].consents[0].status = "denied".into();
            run.tool_answers = vec![answer("consent_denied", &["consent_denied"])];
        })
    }

    #[test]
    fn a_no_must_be_confirmed_and_kept() {
        assert!(denial_was_kept(&denied()).ok, "{:?}", denial_was_kept(&denied()));
        let cases: [Spoiled; 5] = [
            ("asked 2×", |run| run.meta.push(accepted(1, CLIENT, PROMPT, None))),
            ("not confirmed once", |run| run.meta.push(accepted(1, CLIENT, THANKS, None))),
            ("is granted", |run| {
                run.requests[0]
                    .consents
                    .push(ConsentLine { status: "granted".into(), ..ConsentLine::default() });
            }),
            ("not every time", |run| run.tool_answers.push(answer("", &[]))),
            ("no refusal says", |run| run.tool_answers[0].code = "handed_off".into()),
        ];
        for (fault, spoil) in cases {
            let bad = spoilt(denied(), spoil);
            assert!(denial_was_kept(&bad).detail.contains(fault), "{fault}: {:?}", denial_was_kept(&bad));
        }
    }

    #[test]
    fn a_late_yes_must_be_late_and_grant_nothing() {
        let good = || {
            spoilt(call_evidence(), |run| {
                run.meta.retain(|entry| !matches!(&entry.event, LogEvent::Send(send) if send.text == THANKS));
                for entry in &mut run.meta {
                    if matches!(&entry.event, LogEvent::Said(reply) if reply.button_id.is_some()) {
                        entry.at_ms += PROMPT_LASTS_MS;
                    }
                }
                run.requests[0].consents.truncate(1);
                run.requests[0].consents[0].status = "expired".into();
                run.requests[0].consents[0].history.truncate(1);
            })
        };
        assert!(late_yes_was_too_late(&good()).ok, "{:?}", late_yes_was_too_late(&good()));
        let cases: [Spoiled; 4] = [
            ("thanked", |run| run.meta.push(accepted(1, CLIENT, THANKS, None))),
            ("did not expire", |run| run.requests[0].consents[0].status = "granted".into()),
            ("no consent stands", |run| run.requests[0].consents.clear()),
            ("the YES came after", |run| {
                run.meta.retain(|e| !matches!(&e.event, LogEvent::Send(send) if send.text == PROMPT));
                run.meta.push(accepted(1_790_000_040_000, CLIENT, PROMPT, None));
            }),
        ];
        for (fault, spoil) in cases {
            let bad = spoilt(good(), spoil);
            let check = late_yes_was_too_late(&bad);
            assert!(check.detail.contains(fault), "{fault}: {check:?}");
        }
        assert!(!late_yes_was_too_late(&call_evidence()).ok);
    }

    #[test]
    fn a_call_that_rang_must_have_been_ended_by_us_in_time() {
        let declined =
            spoilt(call_evidence(), |run| run.requests[0].calls[0].end_reason = Some("declined".into()));
        assert!(calls_came_to_nothing(&declined).ok);
        assert!(!calls_came_to_nothing(&call_evidence()).ok);
        let rang = |for_ms: i64| {
            spoilt(call_evidence(), |run| {
                run.requests[0].calls[0].end_reason = Some("no_answer".into());
                run.calls[0].ended_ms = Some(run.calls[0].placed_ms + for_ms);
            })
        };
        assert!(calls_came_to_nothing(&rang(46_000)).detail.contains("ended by us: false"));
        let by_us = |for_ms| {
            spoilt(rang(for_ms), |run| {
                let dial =
                    run.meta.iter().find(|entry| matches!(entry.event, LogEvent::Call(_))).unwrap().clone();
                let mut terminate = dial;
                if let LogEvent::Call(attempt) = &mut terminate.event {
                    attempt.action = CallAction::Terminate;
                }
                run.meta.push(terminate);
            })
        };
        assert!(calls_came_to_nothing(&by_us(46_000)).ok, "{:?}", calls_came_to_nothing(&by_us(46_000)));
        assert!(!calls_came_to_nothing(&by_us(10_000)).ok);
    }

    fn record(action: &str, reasons: &[&str]) -> AuditLine {
        let reasons = reasons.iter().map(|reason| (*reason).to_owned()).collect();
        AuditLine { action: action.into(), outcome: None, reasons }
    }

    /// Meta is asked, the vendor takes it back, the call is refused.
    fn revoked() -> Evidence {
        spoilt(call_evidence(), |run| {
            let at = |event| LogEntry { seq: 0, at_ms: 0, event };
            let (mut lookup, mut reject) = (None, None);
            for entry in &run.meta {
                match &entry.event {
                    LogEvent::Call(attempt) => lookup = Some(attempt.clone()),
                    LogEvent::Permission(change) => reject = Some(change.clone()),
                    _ => {}
                }
            }
            let (mut lookup, mut reject) = (lookup.unwrap(), reject.unwrap());
            (lookup.action, reject.response) = (CallAction::Lookup, "reject");
            run.meta.retain(|entry| !matches!(entry.event, LogEvent::Call(_)));
            run.meta.push(at(LogEvent::Call(lookup)));
            run.meta.push(at(LogEvent::Permission(reject)));
            run.requests[0].calls[0].end_reason = Some("refused".into());
            run.requests[0].audit.push(record("call.refused", &["callee_consent_required"]));
        })
    }

    #[test]
    fn a_revocation_must_come_between_and_be_the_reason() {
        assert!(revocation_won(&revoked()).ok, "{:?}", revocation_won(&revoked()));
        let cases: [Spoiled; 4] = [
            ("no call was decided", |run| run.requests[0].calls.clear()),
            ("was not revoked", |run| {
                run.meta.pop();
            }),
            ("0 cards", |run| {
                run.meta.retain(|e| !matches!(&e.event, LogEvent::Send(send) if is_card(send)));
            }),
            ("of 0 why", |run| {
                run.requests[0].audit.pop();
            }),
        ];
        for (fault, spoil) in cases {
            let bad = spoilt(revoked(), spoil);
            assert!(revocation_won(&bad).detail.contains(fault), "{fault}: {:?}", revocation_won(&bad));
        }
    }

    #[test]
    fn webhooks_in_order_are_no_test_of_disorder() {
        let ended = || call_evidence();
        assert!(call_webhooks_were_shuffled(&ended()).ok, "{:?}", call_webhooks_were_shuffled(&ended()));
        let in_order = spoilt(ended(), |run| {
            run.requests[0].audit.insert(0, record("call.connect", &[]));
        });
        assert!(!call_webhooks_were_shuffled(&in_order).ok);
        let endless =
            spoilt(ended(), |run| run.requests[0].audit.retain(|line| line.action != "call.terminated"));
        assert!(!call_webhooks_were_shuffled(&endless).ok);
    }
}
