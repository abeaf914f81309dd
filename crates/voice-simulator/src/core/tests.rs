//! What each request does, and what it is answered.

use super::*;

const NOW: i64 = 1_790_000_000_000;
const META: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=ice-lite\r\nm=audio 3482 UDP/TLS/RTP/SAVPF 111\r\n\
    a=ice-ufrag:m\r\na=ice-pwd:0123456789abcdef01234567\r\na=fingerprint:sha-256 00\r\na=setup:active\r\n\
    a=rtpmap:111 opus/48000/2\r\n";

fn core() -> Core {
    Core::new(&Config::with_token("t"))
}

fn ask(core: &mut Core, step: Step, subject: &str, body: &str) -> Answer {
    core.handle(&Request { step, subject, authorization: "Bearer t", body: body.as_bytes() }, NOW)
}

fn offer(core: &mut Core, attempt: &str) -> Answer {
    ask(core, Step::Offer, attempt, "")
}

/// The session of a fresh offer.
fn begin(core: &mut Core, attempt: &str) -> String {
    assert_eq!(offer(core, attempt).status, 201);
    core.session_of(attempt).unwrap().id.clone()
}

fn hand_over(core: &mut Core, session: &str, sdp: &str) -> u16 {
    let body = json!({"sdp_type": "answer", "sdp": sdp}).to_string();
    ask(core, Step::Answer, session, &body).status
}

#[test]
fn an_attempt_has_one_session_and_one_offer() {
    let mut core = core();
    let first = offer(&mut core, "cal_1");
    let again = offer(&mut core, "cal_1");
    assert_eq!((first.status, again.status), (201, 200));
    assert_eq!(first.body, again.body);
    assert_ne!(offer(&mut core, "cal_2").body, first.body);
    assert_eq!(core.session_of("cal_1").unwrap().offers, 2);
    assert_eq!((core.sessions().len(), core.live()), (2, 2));
}

#[test]
fn an_offer_is_what_meta_asks_for() {
    let mut core = core();
    begin(&mut core, "cal_1");
    let offer = &core.session_of("cal_1").unwrap().offer;
    assert_eq!(description::missing(offer), None);
    assert!(offer.ends_with("\r\n") && offer.lines().count() == offer.matches("\r\n").count());
    assert_eq!(offer.matches("m=").count(), 1, "one stream");
    assert_eq!(offer.matches("a=ssrc:").count(), 1, "one track");
    assert!(!offer.contains("a=ice-lite"), "full ICE");
    for line in ["a=setup:actpass", "a=ptime:20", "a=rtcp-mux", "a=rtpmap:126 telephone-event/8000"] {
        assert!(offer.contains(&format!("\r\n{line}\r\n")), "{line}");
    }
    let value = |name: &str| offer.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    // RFC 8839: at least 4 and 22 characters.
    assert_eq!((value("a=ice-ufrag:").len(), value("a=ice-pwd:").len()), (8, 24));
    assert_eq!(value("a=fingerprint:sha-256 ").split(':').count(), 32);
}

#[test]
fn an_answer_is_taken_once_and_repeated_freely() {
    let mut core = core();
    let session = begin(&mut core, "cal_1");
    let actpass = META.replace("a=setup:active", "a=setup:actpass");
    assert_eq!(hand_over(&mut core, &session, &actpass), 204);
    assert_eq!(hand_over(&mut core, &session, &actpass), 204);
    assert_eq!(hand_over(&mut core, &session, META), 409);
    let seen = core.session_of("cal_1").unwrap();
    assert_eq!((seen.answers, seen.answer.as_deref()), (2, Some(actpass.as_str())));
    assert_eq!(seen.applied.as_deref(), Some(META), "a role that only an offer may leave open is settled");
}

#[test]
fn what_is_no_answer_is_refused() {
    let mut core = core();
    let session = begin(&mut core, "cal_1");
    let body = |sdp_type: &str| json!({"sdp_type": sdp_type, "sdp": META}).to_string();
    let more = json!({"sdp_type": "answer", "sdp": META, "to": "+254700000101"}).to_string();
    for wrong in [String::new(), "[]".to_owned(), body("offer"), more] {
        assert_eq!(ask(&mut core, Step::Answer, &session, &wrong).status, 400, "{wrong}");
    }
    for line in ["v=0", "m=audio", "a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup", "a=rtpmap"] {
        let without: Vec<&str> = META.lines().filter(|known| !known.starts_with(line)).collect();
        assert_eq!(hand_over(&mut core, &session, &without.join("\r\n")), 422, "{line}");
    }
    assert_eq!(core.session_of("cal_1").unwrap().answer, None);
}

#[test]
fn a_session_that_is_over_stays_over() {
    let mut core = core();
    let session = begin(&mut core, "cal_1");
    for _ in 0..2 {
        assert_eq!(ask(&mut core, Step::HangUp, &session, "").status, 204);
    }
    assert_eq!(hand_over(&mut core, &session, META), 410);
    assert_eq!(offer(&mut core, "cal_1").status, 410);
    let seen = core.session_of("cal_1").unwrap();
    assert_eq!((seen.hang_ups, seen.end), (2, Some(SessionEnd::HungUp)));
    assert_eq!(core.live(), 0);
}

#[test]
fn what_was_never_there_is_not_found() {
    let mut core = core();
    assert_eq!(ask(&mut core, Step::HangUp, "vse_0", "").status, 404);
    assert_eq!(hand_over(&mut core, "vse_0", META), 404);
    assert!(core.sessions().is_empty());
}

#[test]
fn nothing_is_done_without_the_token() {
    let mut core = core();
    let session = begin(&mut core, "cal_1");
    for authorization in ["", "Bearer", "Bearer T", "t", "Bearer t2"] {
        for (step, subject) in
            [(Step::Offer, "cal_2"), (Step::Answer, session.as_str()), (Step::HangUp, session.as_str())]
        {
            let body = json!({"sdp_type": "answer", "sdp": META}).to_string();
            let body = if step == Step::Answer { body.as_bytes() } else { b"" };
            let answer = core.handle(&Request { step, subject, authorization, body }, NOW);
            // What the body is read for comes after who asks.
            assert_eq!(answer.status, 401, "{authorization:?} {step:?}");
        }
    }
    let seen = core.session_of("cal_1").unwrap();
    assert!(core.sessions().len() == 1 && seen.answer.is_none() && seen.end.is_none());
    let mut open = Core::new(&Config::default());
    let anybody = Request { step: Step::Offer, subject: "cal_1", authorization: "", body: b"" };
    assert_eq!(open.handle(&anybody, NOW).status, 201);
}

#[test]
fn an_offer_is_asked_for_with_an_id_and_nothing_else() {
    let mut core = core();
    for bad in ["", "a b", "+254700000101", "..", &"x".repeat(65)] {
        assert_eq!(offer(&mut core, bad).status, 400, "{bad:?}");
    }
    assert_eq!(ask(&mut core, Step::Offer, "cal_1", "{\"name\":\"Asha\"}").status, 400);
    assert!(core.sessions().is_empty());
}

#[test]
fn capacity_counts_what_lives() {
    let mut core = core();
    core.set_capacity(1);
    let session = begin(&mut core, "cal_1");
    assert_eq!(offer(&mut core, "cal_2").status, 503);
    assert_eq!(offer(&mut core, "cal_1").status, 200, "a repetition needs no room");
    ask(&mut core, Step::HangUp, &session, "");
    assert_eq!(offer(&mut core, "cal_2").status, 201);
}

#[test]
fn a_session_without_an_answer_is_given_up() {
    let mut core = core();
    let answered = begin(&mut core, "cal_1");
    begin(&mut core, "cal_2");
    assert_eq!(hand_over(&mut core, &answered, META), 204);
    core.expire(NOW + 119_999);
    assert_eq!(core.live(), 2);
    core.expire(NOW + 120_000);
    assert_eq!(core.session_of("cal_2").unwrap().end, Some(SessionEnd::Abandoned));
    assert_eq!(core.session_of("cal_1").unwrap().end, None);
    assert_eq!(offer(&mut core, "cal_2").status, 410);
}

#[test]
fn a_simulator_that_starts_anew_knows_nothing() {
    let mut core = core();
    let before = begin(&mut core, "cal_1");
    core.forget();
    assert_eq!(hand_over(&mut core, &before, META), 404);
    let after = begin(&mut core, "cal_1");
    assert_ne!(before, after);
    assert_eq!(core.sessions().first().unwrap().end, Some(SessionEnd::Forgotten));
}

#[test]
fn faults_come_in_order_and_some_have_their_effect() {
    let mut core = core();
    core.fault(Step::Offer, Fault::Status(503), 2);
    core.fault(Step::Offer, Fault::Lost, 1);
    core.fault(Step::HangUp, Fault::Reset, 1);
    for status in [503, 503] {
        assert_eq!(offer(&mut core, "cal_1").status, status);
        assert!(core.sessions().is_empty());
    }
    let lost = offer(&mut core, "cal_1");
    assert_eq!((lost.status, lost.fate, core.live()), (201, Fate::Closed, 1));
    assert_eq!(offer(&mut core, "cal_1").status, 200);
    let session = core.session_of("cal_1").unwrap().id.clone();
    assert_eq!(ask(&mut core, Step::HangUp, &session, "").fate, Fate::Closed);
    assert_eq!(core.live(), 1, "a reset has no effect");
    let told: Vec<_> = core.log().iter().map(|entry| (entry.step, entry.status)).collect();
    assert_eq!(
        told,
        [
            (Step::Offer, Some(503)),
            (Step::Offer, Some(503)),
            (Step::Offer, None),
            (Step::Offer, Some(200)),
            (Step::HangUp, None)
        ]
    );
    core.fault(Step::HangUp, Fault::Hang, 1);
    core.clear_faults();
    assert_eq!(ask(&mut core, Step::HangUp, &session, "").status, 204);
}

#[test]
fn the_same_seed_draws_the_same_session() {
    let of = |seed| {
        let mut core = Core::new(&Config { seed, ..Config::with_token("t") });
        begin(&mut core, "cal_1")
    };
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
}
