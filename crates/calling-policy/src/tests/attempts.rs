//! Attempts: each event alone, the known traps, and what follows.

use std::time::Duration;

use marketplace::{Control, RequestState, Timestamp};

use super::keys::*;
use crate::*;

const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_790_001_000 + seconds)
}

fn dialled() -> Attempt {
    applied(Attempt::intent(at(0)), &[(AttemptEvent::Dialling, at(1))])
}

fn ended(code: Option<u32>, failed: bool, talked: bool) -> AttemptEvent {
    AttemptEvent::Terminated(Terminated { talked, failed, error: code })
}

/// Applies events a second apart to a dialled attempt, and collects what follows.
fn play(events: &[AttemptEvent]) -> (Attempt, Vec<AttemptFollow>) {
    play_in(events, Chat::Open)
}

fn play_in(events: &[AttemptEvent], chat: Chat) -> (Attempt, Vec<AttemptFollow>) {
    let mut attempt = dialled();
    let mut follows = Vec::new();
    for (event, second) in events.iter().zip(2..) {
        let step = attempt.apply(*event, at(second), chat);
        attempt = step.next;
        follows.extend(step.follows);
    }
    (attempt, follows)
}

#[test]
fn phases_in_their_order() {
    use AttemptEvent::{Accepted, Connect, DialUnknown, Placed, Ringing};
    let intent = Attempt::intent(at(0));
    assert_eq!((intent.phase(), intent.created_at(), intent.dialled_at()), (Phase::Intent, at(0), None));
    assert_eq!((dialled().phase(), dialled().dialled_at()), (Phase::Dialling, Some(at(1))));
    for (events, phase) in [
        (&[DialUnknown] as &[AttemptEvent], Phase::Unknown),
        (&[Placed], Phase::Placed),
        // The media tunnel is ready; nobody picked up.
        (&[Connect], Phase::Placed),
        (&[DialUnknown, Connect], Phase::Placed),
        (&[DialUnknown, Ringing], Phase::Ringing),
        (&[Ringing, Placed, Connect], Phase::Ringing),
        (&[Ringing, Accepted], Phase::Answered),
        (&[Accepted, Ringing, Connect, Placed, DialUnknown], Phase::Answered),
        (&[AttemptEvent::RingLimit], Phase::Dialling),
        (&[AttemptEvent::HangUp], Phase::Dialling),
    ] {
        let (attempt, _) = play(events);
        assert_eq!(attempt.phase(), phase, "{events:?}");
        assert!(attempt.is_live() && attempt.end_reason().is_none());
    }
}

#[test]
fn how_it_ended_is_what_is_proven() {
    use AttemptEvent::{
        Accepted, Cancelled, Connect, DialFailed, DialUnknown, GivenUp, HangUp, Placed, Refused, Rejected,
        RingLimit, Ringing,
    };
    use EndReason::{Completed, Declined, Failed, NoAnswer};
    use Pickup::{No, Unknown, Yes};
    let meta = |code| Failed(FailCode::Meta(code));
    let plain = ended(None, false, false);
    let cases: &[(&[AttemptEvent], EndReason, Pickup, bool)] = &[
        // call_06: COMPLETED with a start time.
        (&[Ringing, Accepted, ended(None, false, true)], Completed, Yes, false),
        (&[ended(None, false, true)], Completed, Yes, false),
        // call_07: COMPLETED without start, end or duration.
        (&[Ringing, plain], NoAnswer, No, true),
        (&[Connect, plain], NoAnswer, No, true),
        (&[plain], NoAnswer, No, true),
        // ACCEPTED before or after it is a proof.
        (&[Accepted, plain], Completed, Yes, false),
        (&[plain, Accepted], Completed, Yes, false),
        // call_05.
        (&[Ringing, Rejected], Declined, No, true),
        (&[Ringing, Rejected, plain], Declined, No, true),
        (&[plain, Rejected], Declined, No, true),
        (&[Rejected, ended(Some(138_020), true, false)], Declined, No, true),
        (&[Rejected, Accepted, plain], Completed, Yes, false),
        // call_08: FAILED; the error stands beside the call.
        (&[Placed, ended(Some(138_021), true, false)], meta(138_021), No, false),
        (&[Ringing, ended(Some(138_021), true, false)], meta(138_021), No, true),
        (&[Placed, ended(Some(138_021), false, false)], meta(138_021), No, false),
        (&[Placed, ended(None, true, false)], Failed(FailCode::Unstated), No, false),
        (&[Accepted, ended(Some(138_022), true, false)], meta(138_022), Yes, false),
        (&[Accepted, ended(Some(138_022), true, true)], Completed, Yes, false),
        // Accepted without media: not even Meta knows.
        (&[Accepted, ended(Some(138_023), true, false)], meta(138_023), Unknown, true),
        (&[ended(Some(138_023), true, false), Accepted], meta(138_023), Unknown, true),
        (&[ended(Some(138_023), true, true)], Completed, Yes, false),
        // Never placed.
        (&[DialFailed(FailCode::Meta(138_006))], meta(138_006), No, false),
        (&[DialFailed(FailCode::NotSent)], Failed(FailCode::NotSent), No, false),
        (&[DialUnknown, DialFailed(FailCode::NotSent)], Failed(FailCode::NotSent), No, false),
        (&[DialFailed(FailCode::NotSent), Accepted], Completed, Yes, false),
        // A dial in doubt ends on its own timer.
        (&[DialUnknown, GivenUp], NoAnswer, Unknown, true),
        (&[DialUnknown, Ringing, GivenUp], NoAnswer, No, true),
        (&[Ringing, GivenUp], NoAnswer, No, true),
        (&[Accepted, GivenUp], Completed, Yes, false),
        // Ours.
        (&[Ringing, RingLimit, plain], NoAnswer, No, true),
        (&[Ringing, HangUp, plain], EndReason::Cancelled, No, true),
        (&[Ringing, HangUp, GivenUp], EndReason::Cancelled, No, true),
        (&[HangUp, GivenUp], EndReason::Cancelled, No, false),
        (&[Accepted, HangUp, plain], Completed, Yes, false),
        (&[Cancelled], EndReason::Cancelled, No, false),
        (&[Cancelled, Ringing], EndReason::Cancelled, No, true),
        (&[DialUnknown, Cancelled], EndReason::Cancelled, Unknown, true),
        (&[Refused(Rule::QuietHours)], EndReason::Refused(Rule::QuietHours), No, false),
        (&[Refused(Rule::QuietHours), Cancelled], EndReason::Refused(Rule::QuietHours), No, false),
    ];
    for (events, reason, pickup, missed) in cases {
        let (attempt, _) = play(events);
        assert_eq!(attempt.phase(), Phase::Ended(*reason), "{events:?}");
        assert_eq!((attempt.pickup(), attempt.is_missed()), (*pickup, *missed), "{events:?}");
        assert!(!attempt.is_live());
        assert_eq!(attempt.has_served(), *missed || *pickup == Yes, "{events:?}");
        assert_eq!(attempt.connected_at().is_some(), *pickup == Yes, "{events:?}");
    }
}

#[test]
fn it_was_picked_up_at_accepted_or_else_when_it_ended() {
    let talked = ended(None, false, true);
    assert_eq!(play(&[AttemptEvent::Accepted, talked]).0.connected_at(), Some(at(2)));
    assert_eq!(play(&[AttemptEvent::Ringing, talked]).0.connected_at(), Some(at(3)));
    assert_eq!(play(&[AttemptEvent::Accepted]).0.connected_at(), Some(at(2)));
    // Repetitions, and what comes late, do not move it.
    assert_eq!(play(&[AttemptEvent::Accepted, AttemptEvent::Accepted, talked]).0.connected_at(), Some(at(2)));
    let attempt = dialled().apply(talked, at(50), Chat::Open).next.apply(talked, at(40), Chat::Open).next;
    assert_eq!(attempt.connected_at(), Some(at(40)));
}

#[test]
fn the_fallback_is_said_once_where_the_call_did_not_go_through() {
    use AttemptEvent::{
        Accepted, Cancelled, DialFailed, DialUnknown, GivenUp, HangUp, Refused, Rejected, Ringing,
    };
    let plain = ended(None, false, false);
    let cases: &[(&[AttemptEvent], bool)] = &[
        (&[Ringing, plain], true),
        (&[Ringing, Rejected], true),
        (&[Ringing, Rejected, plain, plain, Rejected], true),
        (&[ended(Some(138_021), true, false)], true),
        (&[Accepted, ended(Some(138_023), true, false)], true),
        (&[DialFailed(FailCode::VoiceGateway)], true),
        (&[DialUnknown, GivenUp], true),
        // The late proof that somebody picked up takes nothing back, and what comes after it says nothing again.
        (&[plain, Accepted, ended(Some(138_023), true, false)], true),
        (&[Accepted, ended(None, false, true)], false),
        (&[Accepted, plain], false),
        (&[Ringing, HangUp, plain], false),
        (&[Cancelled], false),
        (&[Refused(Rule::CooldownActive)], false),
        (&[Ringing], false),
    ];
    for (events, said) in cases {
        let (attempt, follows) = play(events);
        let times = follows.iter().filter(|follow| **follow == AttemptFollow::SendFallback).count();
        assert_eq!(times, usize::from(*said), "{events:?}");
        assert_eq!(attempt.fallback() == Fallback::Sent, *said, "{events:?}");
        for chat in [Chat::HandedOff, Chat::Closed, Chat::TakenOver] {
            let (attempt, follows) = play_in(events, chat);
            assert!(!follows.contains(&AttemptFollow::SendFallback), "{events:?} {chat}");
            let expected = if *said { Fallback::Suppressed(chat) } else { Fallback::NotDue };
            assert_eq!(attempt.fallback(), expected, "{events:?}");
            // A resume does not bring it back.
            let later = attempt.apply(ended(Some(138_023), true, false), at(99), Chat::Open);
            assert!(!(*said && later.follows.contains(&AttemptFollow::SendFallback)));
        }
    }
}

#[test]
fn the_bot_is_silent_after_handoff_close_and_takeover() {
    use strum::IntoEnumIterator as _;
    for state in RequestState::iter() {
        for control in [Control::Bot, Control::Human] {
            let expected = match (state, control) {
                (RequestState::HandedOff, _) => Chat::HandedOff,
                (RequestState::Closed, _) => Chat::Closed,
                (_, Control::Human) => Chat::TakenOver,
                (_, Control::Bot) => Chat::Open,
            };
            assert_eq!(Chat::of(state, control), expected);
        }
    }
}

#[test]
fn a_call_that_nobody_wants_any_more_is_terminated_once_it_can_be_named() {
    use AttemptEvent::{
        Accepted, Cancelled, Connect, DialFailed, DialUnknown, GivenUp, HangUp, Placed, Refused, Rejected,
        RingLimit, Ringing,
    };
    let plain = ended(None, false, false);
    let cases: &[(&[AttemptEvent], usize)] = &[
        (&[Placed, RingLimit], 1),
        (&[Ringing, RingLimit, RingLimit, HangUp, GivenUp], 1),
        // The limit is for ringing, not for talking.
        (&[Ringing, Accepted, RingLimit], 0),
        (&[Accepted, HangUp], 1),
        // No id yet: as soon as one is known.
        (&[DialUnknown, RingLimit], 0),
        (&[DialUnknown, RingLimit, Ringing], 1),
        (&[DialUnknown, RingLimit, Accepted], 0),
        (&[DialUnknown, HangUp, Accepted], 1),
        // Given up, and then it turns out to be ringing, or answered with nobody behind it.
        (&[DialUnknown, GivenUp], 0),
        (&[DialUnknown, GivenUp, Ringing, Ringing], 1),
        (&[DialUnknown, GivenUp, Accepted], 1),
        (&[Cancelled], 0),
        (&[Cancelled, Connect], 1),
        (&[Cancelled, Placed], 1),
        // The answer was an error, and Meta has the call all the same.
        (&[DialFailed(FailCode::Meta(138_007))], 0),
        (&[DialFailed(FailCode::Meta(138_007)), Ringing], 1),
        (&[DialFailed(FailCode::NotSent), Accepted, Ringing], 1),
        (&[Ringing, DialFailed(FailCode::Meta(138_007))], 1),
        (&[DialFailed(FailCode::Meta(138_007)), plain], 0),
        (&[Ringing, plain, DialFailed(FailCode::Meta(138_007))], 0),
        (&[Refused(Rule::QuietHours), Connect], 1),
        // Over at Meta already.
        (&[DialUnknown, GivenUp, plain], 0),
        (&[Ringing, Rejected, HangUp], 0),
        (&[Ringing, plain, RingLimit, HangUp, GivenUp], 0),
        (&[Ringing], 0),
    ];
    for (events, times) in cases {
        let (_, follows) = play(events);
        let said = follows.iter().filter(|follow| **follow == AttemptFollow::Terminate).count();
        assert_eq!(said, *times, "{events:?}");
    }
}

#[test]
fn a_call_that_is_over_for_us_blocks_until_it_is_over_at_meta() {
    use AttemptEvent::{Cancelled, Connect, DialFailed, DialUnknown, GivenUp, HungUp, Rejected, Ringing};
    let plain = ended(None, false, false);
    for (events, alive) in [
        (&[Ringing] as &[AttemptEvent], true),
        (&[DialUnknown], true),
        (&[Ringing, GivenUp], true),
        (&[Ringing, GivenUp, HungUp], false),
        (&[Ringing, GivenUp, plain], false),
        (&[Ringing, GivenUp, Rejected], false),
        // Meta's answer to terminate does not end a live attempt: its webhook says how it went.
        (&[Ringing, HungUp], true),
        (&[Ringing, HungUp, plain], false),
        (&[DialUnknown, GivenUp], false),
        (&[DialUnknown, GivenUp, Connect], true),
        (&[Cancelled], false),
        (&[DialFailed(FailCode::NotSent)], false),
    ] {
        let (attempt, _) = play(events);
        assert_eq!(attempt.may_be_alive(), alive, "{events:?}");
        let mut facts = vendor_call();
        add_to_stranger(&mut facts, 1, attempt);
        assert_eq!(evaluate(&facts, NOW).rules().contains(&Rule::CallInProgress), alive, "{events:?}");
    }
}

#[test]
fn ended_is_final_and_a_late_proof_corrects_how() {
    let (over, _) = play(&[AttemptEvent::Ringing, ended(None, false, false)]);
    for late in [AttemptEvent::Connect, AttemptEvent::Placed, AttemptEvent::DialUnknown] {
        let step = over.apply(late, at(90), Chat::Open);
        assert_eq!(step.next.phase(), Phase::Ended(EndReason::NoAnswer), "{late:?}");
        assert!(step.follows.is_empty());
    }
    let step = over.apply(AttemptEvent::Accepted, at(90), Chat::Open);
    assert_eq!(step.noted, Noted::Corrected);
    assert_eq!(step.next.phase(), Phase::Ended(EndReason::Completed));
    assert_eq!((step.next.fallback(), step.follows.len()), (Fallback::Sent, 0));
    let step = over.apply(AttemptEvent::Ringing, at(1), Chat::Open);
    assert_eq!(step.noted, Noted::Learned);
    let step = dialled().apply(AttemptEvent::Ringing, at(9), Chat::Open);
    assert_eq!(step.noted, Noted::Moved);
    let step = over.apply(ended(None, false, false), at(90), Chat::Open);
    assert_eq!(step, Transition { next: over, noted: Noted::Ignored(Ignored::Known), follows: vec![] });
}

#[test]
fn what_meta_tells_about_the_account_reaches_somebody() {
    for (code, follow) in [
        (138_006, Some(AttemptFollow::ClearPermission)),
        (138_014, Some(AttemptFollow::PauseCalling)),
        (131_044, Some(AttemptFollow::TellOperator(131_044))),
        (131_055, Some(AttemptFollow::TellOperator(131_055))),
        (138_000, Some(AttemptFollow::TellOperator(138_000))),
        (138_013, Some(AttemptFollow::TellOperator(138_013))),
        (138_015, Some(AttemptFollow::TellOperator(138_015))),
        (138_018, Some(AttemptFollow::TellOperator(138_018))),
        (138_003, None),
        (138_001, None),
    ] {
        let expected: Vec<_> = follow.into_iter().chain([AttemptFollow::SendFallback]).collect();
        for event in [AttemptEvent::DialFailed(FailCode::Meta(code)), ended(Some(code), true, false)] {
            let step = dialled().apply(event, at(2), Chat::Open);
            assert_eq!(step.follows, expected, "{code}");
            assert!(step.next.apply(event, at(2), Chat::Open).follows.is_empty());
        }
    }
}

#[test]
fn two_ends_that_disagree_are_joined_whatever_came_first() {
    for (a, b, reason) in [
        (ended(Some(138_021), true, false), ended(Some(138_019), true, false), FailCode::Meta(138_019)),
        (ended(Some(138_023), true, false), ended(Some(138_019), true, false), FailCode::Meta(138_023)),
        (ended(None, true, false), ended(Some(138_022), false, false), FailCode::Meta(138_022)),
    ] {
        for order in [[a, b], [b, a]] {
            assert_eq!(play(&order).0.end_reason(), Some(EndReason::Failed(reason)));
        }
    }
    let talked = ended(None, false, true);
    let broke = ended(Some(138_022), true, false);
    assert_eq!(play(&[broke, talked]).0.end_reason(), Some(EndReason::Completed));
    // One FAILED is enough, with or without a code, in either order.
    for order in [
        [ended(None, true, false), ended(None, false, false)],
        [ended(None, false, false), ended(None, true, false)],
    ] {
        assert_eq!(play(&order).0.end_reason(), Some(EndReason::Failed(FailCode::Unstated)));
    }
    // Of two refusals or failures the earlier one.
    let late = AttemptEvent::Refused(Rule::QuietHours);
    let early = AttemptEvent::Refused(Rule::UnroutedEvent);
    let intent = Attempt::intent(at(0));
    for order in [[(late, at(5)), (early, at(4))], [(early, at(4)), (late, at(5))]] {
        assert_eq!(applied(intent, &order).end_reason(), Some(EndReason::Refused(Rule::UnroutedEvent)));
    }
}

#[test]
fn metas_events_are_metas() {
    for event in [
        AttemptEvent::Connect,
        AttemptEvent::Ringing,
        AttemptEvent::Accepted,
        AttemptEvent::Rejected,
        ended(None, false, false),
    ] {
        assert!(event.is_metas());
        // Each of them proves that the call exists there.
        assert_ne!(play(&[AttemptEvent::DialUnknown, event]).0.phase(), Phase::Unknown);
    }
    for event in
        [AttemptEvent::Placed, AttemptEvent::RingLimit, AttemptEvent::GivenUp, AttemptEvent::Dialling]
    {
        assert!(!event.is_metas());
    }
}

#[test]
fn rows_and_texts_read_back() {
    use FailCode::{Meta, NotSent, Unstated, VoiceGateway};
    for (code, text) in [
        (Meta(138_021), "meta_138021"),
        (NotSent, "not_sent"),
        (VoiceGateway, "voice_gateway"),
        (Unstated, "unstated"),
    ] {
        assert_eq!((code.to_string().as_str(), text.parse()), (text, Ok(code)));
    }
    for bad in ["", "meta_", "meta_x", "138021", "meta_-1"] {
        assert_eq!(bad.parse::<FailCode>(), Err(NotAFailCode), "{bad}");
    }
    let phases = [
        Phase::Intent,
        Phase::Dialling,
        Phase::Unknown,
        Phase::Placed,
        Phase::Ringing,
        Phase::Answered,
        Phase::Ended(EndReason::Completed),
    ];
    assert_eq!(
        phases.map(Phase::code),
        ["intent", "dialling", "unknown", "placed", "ringing", "answered", "ended"]
    );
    let reasons = [
        EndReason::Completed,
        EndReason::Declined,
        EndReason::NoAnswer,
        EndReason::Failed(NotSent),
        EndReason::Cancelled,
        EndReason::Refused(Rule::QuietHours),
    ];
    assert_eq!(
        reasons.map(EndReason::code),
        ["completed", "declined", "no_answer", "failed", "cancelled", "refused"]
    );
    let events = [
        AttemptEvent::DialUnknown,
        AttemptEvent::DialFailed(Meta(138_007)),
        AttemptEvent::Refused(Rule::CooldownActive),
        ended(Some(138_021), true, false),
    ];
    let (attempt, _) = play(&events);
    let json = serde_json::to_string(&attempt).unwrap();
    assert_eq!(serde_json::from_str::<Attempt>(&json).unwrap(), attempt);
    assert!(json.contains("\"meta_138007\"") && json.contains("\"cooldown_active\""), "{json}");
    assert!(serde_json::from_str::<FailCode>("\"138007\"").is_err());
    assert_eq!(Duration::ZERO, at(0).since(at(1)));
}
