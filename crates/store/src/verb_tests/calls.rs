//! Consents, permissions, attempts and what Meta says of calls: what the tables refuse, and what each verb finds.

use std::time::Duration;

use calling_policy::{
    Attempt, AttemptEvent, CardSent, Chat, Consent, ConsentEvent, ConsentKey, ConsentStatus, EndReason,
    Party, Permission, PermissionEvent, PermissionRead, PermissionState, Phase, Scope, Trigger,
};
use diesel::connection::SimpleConnection as _;
use marketplace::{
    ActorKind, CallAttemptId, ConsentId, ContactId, Language, MessageId, PhoneNumberId, RequestId,
    RequestState, Timestamp,
};

use super::{message, number, person, request, write};
use crate::{
    Backend, StoreError, Tx,
    calls::{self, AskedBy, ConsentChange, HistoryEvent, NewAttempt, NewCallEvent, NewConsent, SentTo},
    contacts, erasure, on_conn,
    outbox::{self, NewSend, Purpose, SendPayload, SendState},
    requests, retention,
    testing::{START, TestStore, on_both},
};

fn second(seconds: u64) -> Timestamp {
    START + Duration::from_secs(seconds)
}

pub(super) fn attempt(
    tx: &mut Tx<'_>,
    request: RequestId,
    contact: ContactId,
) -> Result<CallAttemptId, StoreError> {
    let guard = requests::lock(tx, request)?;
    let new = NewAttempt {
        contact,
        party: Party::Client,
        vendor: None,
        claim: Trigger::ClientAsked,
        author: ActorKind::Orchestrator,
    };
    calls::insert(tx, &guard, &new)
}

pub(super) fn happens(
    tx: &mut Tx<'_>,
    id: CallAttemptId,
    event: AttemptEvent,
) -> Result<Attempt, StoreError> {
    let known = calls::lock(tx, id)?;
    let guard = requests::lock(tx, known.request)?;
    let next = known.attempt.apply(event, tx.now, Chat::Open).next;
    calls::save(tx, &guard, id, &next)?;
    Ok(next)
}

pub(super) fn consent(
    tx: &mut Tx<'_>,
    request: RequestId,
    contact: ContactId,
    key: ConsentKey,
) -> Result<(ConsentId, MessageId), StoreError> {
    let guard = requests::lock(tx, request)?;
    let prompt = message(tx, request, contact)?;
    let id = asked(tx, &guard, contact, prompt, key)?;
    Ok((id, prompt))
}

fn asked(
    tx: &mut Tx<'_>,
    guard: &requests::RequestGuard,
    contact: ContactId,
    prompt: MessageId,
    key: ConsentKey,
) -> Result<ConsentId, StoreError> {
    let new = NewConsent {
        consent: Consent::requested(guard.request().id, contact, prompt, (key, Scope::CallClient), tx.now),
        party: Party::Client,
        asked_by: AskedBy::Buttons,
        wording: "consent-prompt.v1".to_owned(),
        language: Language::En,
    };
    calls::insert_consent(tx, guard, &new)
}

/// Runs SQL in a savepoint and says whether the database took it.
fn sql(tx: &mut Tx<'_>, text: &str) -> Result<(), StoreError> {
    tx.savepoint(|tx| Ok(on_conn!(&mut *tx.conn, |c| c.batch_execute(text))?))
}

async fn a_call(test: &TestStore) -> (RequestId, ContactId, CallAttemptId) {
    write(test, |tx| {
        let (id, client) = request(tx, "+254712345678")?;
        Ok((id, client, attempt(tx, id, client)?))
    })
    .await
}

#[test]
fn a_request_has_one_live_call() {
    on_both(async |test| {
        let (id, client, first) = a_call(test).await;
        write(test, move |tx| {
            let second = tx.savepoint(|tx| attempt(tx, id, client));
            assert!(second.unwrap_err().is_unique_violation());
            happens(tx, first, AttemptEvent::Dialling)?;
            assert!(tx.savepoint(|tx| attempt(tx, id, client)).unwrap_err().is_unique_violation());
            let over = happens(tx, first, AttemptEvent::DialFailed(calling_policy::FailCode::Meta(138_006)))?;
            assert!(matches!(over.phase(), Phase::Ended(EndReason::Failed(_))));
            attempt(tx, id, client)?;
            let calls = calls::of_request(tx, id)?;
            assert_eq!(calls.iter().filter(|call| call.attempt.is_live()).count(), 1);
            assert_eq!(calls[0].ended_at, Some(tx.now));
            assert_eq!(calls[1].ended_at, None);
            for lie in [
                "UPDATE call_attempts SET phase = 'ended' WHERE phase = 'intent'",
                "UPDATE call_attempts SET end_reason = 'declined' WHERE phase = 'intent'",
                "UPDATE call_attempts SET end_reason = NULL WHERE phase = 'ended'",
                "UPDATE call_attempts SET end_reason = 'bored' WHERE phase = 'ended'",
                "UPDATE call_attempts SET phase = 'dreaming'",
                "UPDATE call_attempts SET claim = 'felt_like_it'",
                "UPDATE call_attempts SET party = 'neighbour'",
            ] {
                assert!(sql(tx, lie).unwrap_err().is_check_violation(), "{lie}");
            }
            Ok(())
        })
        .await;
    });
}

#[test]
fn when_a_call_ended_is_said_once() {
    on_both(async |test| {
        let (_, _, call) = a_call(test).await;
        write(test, move |tx| happens(tx, call, AttemptEvent::Dialling).map(drop)).await;
        write(test, move |tx| happens(tx, call, AttemptEvent::Placed).map(drop)).await;
        write(test, move |tx| happens(tx, call, AttemptEvent::Rejected).map(drop)).await;
        test.clock.advance(Duration::from_secs(9));
        // A late proof corrects how it ended and not when.
        let end = calling_policy::Terminated { talked: true, failed: false, error: None };
        write(test, move |tx| happens(tx, call, AttemptEvent::Terminated(end)).map(drop)).await;
        let call = write(test, move |tx| calls::load(tx, call)).await;
        assert_eq!(call.attempt.end_reason(), Some(EndReason::Completed));
        assert_eq!((call.ended_at, call.attempt.dialled_at()), (Some(START), Some(START)));
    });
}

#[test]
fn one_prompt_asks_for_a_key_once() {
    on_both(async |test| {
        write(test, |tx| {
            let (id, client) = request(tx, "+254712345678")?;
            let (first, prompt) = consent(tx, id, client, ConsentKey::Authorisation)?;
            let guard = requests::lock(tx, id)?;
            let again = tx.savepoint(|tx| asked(tx, &guard, client, prompt, ConsentKey::Authorisation));
            assert!(again.unwrap_err().is_unique_violation());
            let second = asked(tx, &guard, client, prompt, ConsentKey::Callee)?;
            let of_prompt = calls::consents_of_prompt(tx, prompt)?;
            assert_eq!(of_prompt.iter().map(|consent| consent.id).collect::<Vec<_>>(), [first, second]);
            assert_eq!(of_prompt[0].phone.as_ref().map(marketplace::E164::as_str), Some("+254712345678"));
            assert_eq!(
                (of_prompt[0].asked_by, of_prompt[0].wording.as_str()),
                (AskedBy::Buttons, "consent-prompt.v1")
            );
            Ok(())
        })
        .await;
    });
}

/// What a YES and a NO leave behind.
#[test]
fn a_consent_remembers_everything_that_happened_to_it() {
    on_both(async |test| {
        let (id, client, one, prompt) = write(test, |tx| {
            let (id, client) = request(tx, "+254712345678")?;
            let (one, prompt) = consent(tx, id, client, ConsentKey::Callee)?;
            Ok((id, client, one, prompt))
        })
        .await;
        for (yes, event) in [(true, HistoryEvent::Yes), (false, HistoryEvent::No)] {
            test.clock.advance(Duration::from_secs(10));
            write(test, move |tx| {
                let guard = requests::lock(tx, id)?;
                let answer = message(tx, id, client)?;
                let known = calls::consent(tx, one)?.consent;
                let said = ConsentEvent::Answer { by: client, prompt, yes, meta_until: None };
                let next = known.apply(said, tx.now, tx.now).next;
                let change = ConsentChange { event, by: Some(client), message: Some(answer), at: tx.now };
                calls::save_consent(tx, &guard, one, &next, &change)
            })
            .await;
        }
        write(test, move |tx| {
            let history = calls::history_of(tx, one)?;
            let told: Vec<_> = history.iter().map(|line| (line.seq, line.event, line.status)).collect();
            let expected = [
                (1, HistoryEvent::Requested, ConsentStatus::Requested),
                (2, HistoryEvent::Yes, ConsentStatus::Granted),
                (3, HistoryEvent::No, ConsentStatus::Denied),
            ];
            assert_eq!(told, expected);
            assert_eq!((history[0].message, history[0].by), (Some(prompt), None));
            assert_eq!((history[2].happened_at, history[2].by), (second(20), Some(client)));
            assert_eq!(history[1].expires_at, second(10) + Duration::from_hours(7 * 24));
            let stored = calls::consent(tx, one)?;
            assert_eq!(stored.recorded_status, ConsentStatus::Denied);
            assert_eq!(stored.consent.status(tx.now), ConsentStatus::Denied);
            Ok(())
        })
        .await;
    });
}

#[test]
fn the_history_of_a_consent_cannot_be_changed() {
    on_both(async |test| {
        write(test, |tx| {
            let (id, client) = request(tx, "+254712345678")?;
            consent(tx, id, client, ConsentKey::Callee)?;
            consent(tx, id, client, ConsentKey::Authorisation).map(drop)
        })
        .await;
        let columns = "consent_id, seq, event, status, expires_at, happened_at, recorded_at";
        let rest = "'yes', 'granted', 1, 1, 1 FROM consent_history";
        let mut refused: Vec<String> = [
            "UPDATE consent_history SET event = 'yes'",
            "UPDATE consent_history SET seq = seq + 1",
            "DELETE FROM consent_history",
            "DELETE FROM consents",
            "INSERT INTO consent_history SELECT * FROM consent_history WHERE true
             ON CONFLICT (consent_id, seq) DO UPDATE SET status = 'granted'",
        ]
        .map(str::to_owned)
        .to_vec();
        for seq in ["0", "-1", "seq"] {
            refused.push(format!("INSERT INTO consent_history ({columns}) SELECT consent_id, {seq}, {rest}"));
        }
        let own: &[&str] = match test.backend() {
            Backend::Sqlite => &[
                "INSERT OR REPLACE INTO consent_history SELECT * FROM consent_history",
                "REPLACE INTO consent_history SELECT * FROM consent_history",
                "UPDATE OR REPLACE consent_history SET seq = 1",
                // Without a rowid there is no second key to replace a row by.
                "SELECT rowid FROM consent_history",
            ],
            Backend::Postgres => &[
                "TRUNCATE consent_history",
                "TRUNCATE consents CASCADE",
                "SET LOCAL session_replication_role = replica; DELETE FROM consent_history",
                "SET LOCAL session_replication_role = replica; TRUNCATE consent_history",
                "MERGE INTO consent_history USING (SELECT 1) one ON true WHEN MATCHED THEN DELETE",
            ],
        };
        refused.extend(own.iter().map(|&sql| sql.to_owned()));
        if test.backend() == Backend::Sqlite {
            // Keys that are not of their column's type, next to those that are there.
            for (consent, seq) in [
                ("consent_id", "'x'"),
                ("consent_id", "x'00'"),
                ("consent_id", "1.5"),
                ("CAST(consent_id AS BLOB)", "1"),
            ] {
                refused
                    .push(format!("INSERT INTO consent_history ({columns}) SELECT {consent}, {seq}, {rest}"));
            }
        }
        for text in refused {
            let done = test
                .db
                .write(move |tx| Ok::<_, StoreError>(on_conn!(&mut *tx.conn, |c| c.batch_execute(&text))?))
                .await;
            assert!(done.is_err(), "taken");
        }
        let left = write(test, |tx| {
            let (id, client) = (requests::list(tx, None, 1)?[0].id, person(tx, "+254712345678")?.id);
            let (one, _) = consent(tx, id, client, ConsentKey::Callee)?;
            let all = calls::consents_of_request(tx, id)?;
            assert_eq!(calls::history_of(tx, one)?.len(), 1, "appending goes on");
            all.iter()
                .map(|consent| Ok(calls::history_of(tx, consent.id)?.len()))
                .collect::<Result<Vec<_>, StoreError>>()
        });
        assert_eq!(left.await, [1, 1, 1]);
    });
}

#[test]
fn a_persons_consents_are_those_of_requests_that_are_not_over() {
    on_both(async |test| {
        let (client, open) = write(test, |tx| {
            let (first, client) = request(tx, "+254712345678")?;
            consent(tx, first, client, ConsentKey::Callee)?;
            let mut guard = requests::lock(tx, first)?;
            requests::set_state(tx, &mut guard, RequestState::Closed)?;
            let second = requests::create(tx, client, &number(), Language::En)?.request().id;
            let (open, _) = consent(tx, second, client, ConsentKey::Callee)?;
            let (third, _) = request(tx, "+254700000001")?;
            let (elsewhere, _) = consent(tx, third, client, ConsentKey::Callee)?;
            Ok((client, [open, elsewhere]))
        })
        .await;
        let found = write(test, move |tx| calls::consents_of_contact(tx, client)).await;
        assert_eq!(
            found.iter().map(|consent| consent.id).collect::<Vec<_>>(),
            open,
            "the oldest request first"
        );
    });
}

#[test]
fn metas_id_of_a_call_is_learnt_once() {
    on_both(async |test| {
        let (_, _, first) = a_call(test).await;
        write(test, move |tx| {
            let (other, client) = request(tx, "+254700000001")?;
            let second = attempt(tx, other, client)?;
            assert!(calls::learn_wacid(tx, first, "wacid.A")?);
            assert!(calls::learn_wacid(tx, first, "wacid.A")?, "again is no news and no fault");
            assert!(!calls::learn_wacid(tx, first, "wacid.B")?, "it has one");
            assert!(!calls::learn_wacid(tx, second, "wacid.A")?, "another call's");
            assert!(calls::learn_wacid(tx, second, "wacid.B")?);
            assert_eq!(calls::find_by_wacid(tx, "wacid.A")?, Some(first));
            assert_eq!(calls::find_by_wacid(tx, "wacid.B")?, Some(second));
            assert_eq!(calls::find_by_wacid(tx, "wacid.a")?, None);
            assert_eq!(calls::load(tx, first)?.wacid.as_deref(), Some("wacid.A"));
            assert!(matches!(calls::load(tx, CallAttemptId::generate(tx.ids)), Err(StoreError::NotFound)));
            Ok(())
        })
        .await;
    });
}

fn keep(
    tx: &mut Tx<'_>,
    attempt: Option<CallAttemptId>,
    of: ContactId,
    wacid: &str,
    kind: &str,
) -> Result<(), StoreError> {
    let data_key = contacts::data_key(tx, of)?;
    let payload = format!("{{\"id\":\"{wacid}\",\"is\":\"{kind}\"}}");
    let at = tx.now;
    let event = NewCallEvent {
        attempt,
        number: &number(),
        contact: None,
        data_key,
        wacid,
        kind,
        payload: &payload,
        at,
    };
    calls::keep_event(tx, &event)
}

#[test]
fn events_wait_for_the_call_that_they_are_of() {
    on_both(async |test| {
        let (_, client, call) = a_call(test).await;
        for (wacid, kind) in [("wacid.A", "status"), ("wacid.B", "status"), ("wacid.A", "connect")] {
            write(test, move |tx| keep(tx, None, client, wacid, kind)).await;
            test.clock.advance(Duration::from_secs(1));
        }
        write(test, move |tx| {
            assert!(calls::events_of(tx, call)?.is_empty());
            let taken = calls::take_waiting(tx, &number(), "wacid.A", call)?;
            let told: Vec<_> = taken.iter().map(|event| (event.kind.as_str(), event.received_at)).collect();
            assert_eq!(told, [("status", second(0)), ("connect", second(2))], "as they came");
            assert_eq!(taken[1].payload.as_deref(), Some(r#"{"id":"wacid.A","is":"connect"}"#));
            assert!(calls::take_waiting(tx, &number(), "wacid.A", call)?.is_empty(), "taken once");
            assert_eq!(calls::events_of(tx, call)?.len(), 2);
            keep(tx, Some(call), client, "wacid.A", "terminate")?;
            assert_eq!(calls::events_of(tx, call)?.len(), 3);
            assert!(keep(tx, None, client, "wacid.A", "not a code").is_err());
            Ok(())
        })
        .await;
        // What belongs to a call stays with it; what belongs to none is forgotten in time.
        test.clock.advance(Duration::from_hours(24 * 400));
        write(test, |tx| retention::sweep(tx, 10).map(drop)).await;
        write(test, move |tx| {
            assert!(calls::take_waiting(tx, &number(), "wacid.B", call)?.is_empty());
            assert_eq!(calls::events_of(tx, call)?.len(), 3);
            Ok(())
        })
        .await;
    });
}

#[test]
fn an_erased_persons_call_keeps_nothing_of_them() {
    on_both(async |test| {
        let (id, client, call) = a_call(test).await;
        write(test, move |tx| {
            consent(tx, id, client, ConsentKey::Callee)?;
            assert!(calls::learn_wacid(tx, call, "wacid.A")?);
            calls::set_sdp_answer(tx, call, Some("v=0"))?;
            keep(tx, Some(call), client, "wacid.A", "status")?;
            assert_eq!(calls::load(tx, call)?.sdp_answer.as_deref(), Some("v=0"));
            let person = erasure::person(tx, client)?;
            erasure::begin(tx, &person)?;
            erasure::destroy(tx, &person).map(drop)
        })
        .await;
        // Keys are cached for a moment.
        let later = test.open_again();
        let read: Result<_, StoreError> = crate::Db { store: later, ..test.db.clone() }
            .write(move |tx| {
                let known = calls::load(tx, call)?;
                assert_eq!((known.wacid, known.sdp_answer), (None, None));
                let consents = calls::consents_of_request(tx, id)?;
                assert_eq!((&consents[0].phone, &consents[0].bsuid), (&None, &None));
                assert_eq!(calls::events_of(tx, call)?[0].payload, None);
                // And nothing comes after.
                calls::set_sdp_answer(tx, call, Some("v=1"))?;
                keep(tx, Some(call), client, "wacid.A", "terminate")?;
                assert_eq!((calls::load(tx, call)?.sdp_answer, calls::events_of(tx, call)?.len()), (None, 1));
                // Meta still finds the call, or its end would never be heard.
                assert_eq!(calls::find_by_wacid(tx, "wacid.A")?, Some(call));
                Ok(())
            })
            .await;
        read.unwrap();
    });
}

fn send(
    tx: &mut Tx<'_>,
    request: RequestId,
    contact: ContactId,
    purpose: Purpose,
) -> Result<(MessageId, marketplace::OutboxId), StoreError> {
    let guard = requests::lock(tx, request)?;
    let message = message(tx, request, contact)?;
    let new = NewSend {
        contact,
        message,
        purpose,
        author: ActorKind::Orchestrator,
        payload: SendPayload {
            body: "Hello".to_owned(),
            buttons: Vec::new(),
            template: None,
            reply_to: None,
        },
        also_sealed_by: Vec::new(),
        not_after: None,
    };
    Ok((message, outbox::enqueue(tx, &guard, &new)?))
}

#[test]
fn cards_count_unless_they_will_not_arrive() {
    on_both(async |test| {
        let (id, client) = write(test, |tx| request(tx, "+254712345678")).await;
        let states = [
            (SendState::Queued, Some(false)),
            (SendState::Sending, Some(true)),
            (SendState::Unknown, Some(true)),
            (SendState::Accepted, Some(false)),
            (SendState::Delivered, Some(false)),
            (SendState::Failed, None),
            (SendState::Cancelled, None),
        ];
        let mut expected = Vec::new();
        for (state, counts) in states {
            write(test, move |tx| {
                let (_, card) = send(tx, id, client, Purpose::PermissionCard)?;
                match state {
                    SendState::Queued => Ok(()),
                    SendState::Cancelled => outbox::cancel(tx, card, "stale"),
                    SendState::Sending => outbox::mark_sending(tx, card, 1),
                    other => {
                        outbox::mark_sending(tx, card, 1)?;
                        outbox::advance(tx, card, other, None, None).map(drop)
                    }
                }
            })
            .await;
            let now = test.db.clock.now();
            expected.extend(counts.map(|unknown| CardSent { at: now, unknown }));
            test.clock.advance(Duration::from_secs(1));
        }
        write(test, move |tx| send(tx, id, client, Purpose::ConsentPrompt).map(drop)).await;
        let seen = write(test, move |tx| {
            assert!(calls::cards_sent(tx, client, &"200".parse().unwrap(), START)?.is_empty());
            assert_eq!(calls::cards_sent(tx, client, &number(), second(4))?.len(), 1);
            calls::cards_sent(tx, client, &number(), START)
        });
        assert_eq!(seen.await, expected);
    });
}

#[test]
fn what_was_said_to_a_person_is_told_newest_first() {
    on_both(async |test| {
        let (id, client, other) = write(test, |tx| {
            let (id, client) = request(tx, "+254712345678")?;
            Ok((id, client, person(tx, "+254700000001")?.id))
        })
        .await;
        let mut sent = Vec::new();
        for purpose in [Purpose::ClientMessage, Purpose::ConsentPrompt, Purpose::PermissionCard] {
            sent.push(write(test, move |tx| send(tx, id, client, purpose)).await);
            test.clock.advance(Duration::from_secs(1));
        }
        let [(oldest, taken), (_, failed), (newest, _)] = sent.try_into().unwrap();
        write(test, move |tx| {
            send(tx, id, other, Purpose::VendorInquiry)?;
            for (send, state) in
                [(taken, SendState::Accepted), (taken, SendState::Read), (failed, SendState::Failed)]
            {
                if state != SendState::Read {
                    outbox::mark_sending(tx, send, 1)?;
                }
                outbox::advance(tx, send, state, None, None)?;
            }
            Ok(())
        })
        .await;
        test.clock.advance(Duration::from_mins(1));
        write(test, move |tx| {
            outbox::advance(tx, taken, SendState::Read, None, None)?;
            let author = marketplace::ActorKind::Orchestrator;
            let waits =
                SentTo { message: newest, purpose: Purpose::PermissionCard, author, accepted_at: None };
            let told = SentTo {
                message: oldest,
                purpose: Purpose::ClientMessage,
                author,
                accepted_at: Some(second(3)),
            };
            assert_eq!(calls::sent_to(tx, id, client, 10)?, [waits, told], "the first word of it counts");
            assert_eq!(calls::sent_to(tx, id, client, 1)?, [waits]);
            Ok(())
        })
        .await;
    });
}

#[test]
fn the_past_is_all_of_the_request_and_lately_all_of_the_person() {
    on_both(async |test| {
        let (id, client, old) = a_call(test).await;
        write(test, move |tx| happens(tx, old, AttemptEvent::Cancelled).map(drop)).await;
        let vendors = write(test, move |tx| {
            let (elsewhere, _) = request(tx, "+254700000001")?;
            let early = attempt(tx, elsewhere, client)?;
            happens(tx, early, AttemptEvent::Cancelled)?;
            Ok((elsewhere, early))
        });
        let (elsewhere, early) = vendors.await;
        test.clock.advance(Duration::from_secs(100));
        write(test, move |tx| {
            let late = attempt(tx, elsewhere, client)?;
            let stranger = person(tx, "+254700000002")?.id;
            let (third, _) = request(tx, "+254700000003")?;
            attempt(tx, third, stranger)?;
            let past = |tx: &mut Tx<'_>, since| -> Result<Vec<CallAttemptId>, StoreError> {
                Ok(calls::past(tx, id, client, since)?.into_iter().map(|past| past.id).collect())
            };
            assert_eq!(past(tx, START)?, [old, early, late]);
            assert_eq!(past(tx, second(1))?, [old, late]);
            assert_eq!(past(tx, second(100))?, [old, late], "from that moment on");
            assert_eq!(past(tx, second(101))?, [old], "the request's own whenever they were");
            Ok(())
        })
        .await;
    });
}

#[test]
fn the_dialler_finds_what_it_has_to_do() {
    on_both(async |test| {
        let (_, _, call) = a_call(test).await;
        write(test, move |tx| {
            let other: PhoneNumberId = "200".parse().unwrap();
            assert_eq!(calls::due(tx, &number(), 10)?, [call]);
            assert!(calls::due(tx, &other, 10)?.is_empty() && calls::live(tx, &other, 10)?.is_empty());
            calls::hold(tx, call, second(5))?;
            assert!(calls::due(tx, &number(), 10)?.is_empty());
            assert_eq!(calls::live(tx, &number(), 10)?, [call]);
            Ok(())
        })
        .await;
        test.clock.advance(Duration::from_secs(5));
        write(test, move |tx| {
            assert_eq!(calls::due(tx, &number(), 10)?, [call], "from that moment on");
            calls::set_voice_session(tx, call, Some("v1"))?;
            happens(tx, call, AttemptEvent::Dialling)?;
            calls::mark_dialling(tx, call, 3)?;
            assert!(calls::due(tx, &number(), 10)?.is_empty());
            assert!(
                calls::orphaned_dialling(tx, &number(), 3, 10)?.is_empty(),
                "whoever dials holds this fence"
            );
            assert_eq!(calls::orphaned_dialling(tx, &number(), 4, 10)?, [call]);
            assert!(calls::with_voice(tx, &number(), 10)?.is_empty(), "there is no answer yet");
            happens(tx, call, AttemptEvent::Placed)?;
            assert!(calls::orphaned_dialling(tx, &number(), 4, 10)?.is_empty());
            calls::set_sdp_answer(tx, call, Some("v=0"))?;
            assert_eq!(calls::with_voice(tx, &number(), 10)?, [call]);
            calls::set_sdp_answer(tx, call, None)?;
            assert!(calls::with_voice(tx, &number(), 10)?.is_empty());
            calls::set_terminate(tx, call, Some(second(6)), 1)?;
            assert!(calls::to_terminate(tx, &number(), 10)?.is_empty());
            Ok(())
        })
        .await;
        test.clock.advance(Duration::from_secs(1));
        write(test, move |tx| {
            assert_eq!(calls::to_terminate(tx, &number(), 10)?, [call]);
            assert_eq!(calls::load(tx, call)?.terminate_tries, 1);
            happens(tx, call, AttemptEvent::Rejected)?;
            assert!(calls::live(tx, &number(), 10)?.is_empty());
            assert_eq!(calls::to_terminate(tx, &number(), 10)?, [call], "over for us is not over at Meta");
            calls::set_terminate(tx, call, None, 1)?;
            assert!(calls::to_terminate(tx, &number(), 10)?.is_empty());
            assert_eq!(calls::with_voice(tx, &number(), 10)?, [call], "the gateway hangs up");
            calls::set_voice_session(tx, call, None)?;
            assert!(calls::with_voice(tx, &number(), 10)?.is_empty());
            Ok(())
        })
        .await;
    });
}

#[test]
fn permissions_are_of_one_person_and_one_number() {
    on_both(async |test| {
        write(test, |tx| {
            let client = person(tx, "+254712345678")?.id;
            assert_eq!(calls::permission(tx, client, &number())?, Permission::default());
            let read = |at| PermissionRead {
                at,
                can_start_call: true,
                says_permanent: true,
                expires_at: None,
                call_limit: None,
            };
            let given = Permission::default().apply(PermissionEvent::Read(read(tx.now)), tx.now, tx.now).next;
            calls::save_permission(tx, client, &number(), &given)?;
            let taken = given.apply(PermissionEvent::NotApproved, second(1), tx.now).next;
            calls::save_permission(tx, client, &number(), &taken)?;
            let state = calls::permission(tx, client, &number())?.state(tx.now);
            assert!(matches!(state, PermissionState::Refused { .. }), "{state:?}");
            assert_eq!(calls::permission(tx, client, &"200".parse().unwrap())?, Permission::default());
            Ok(())
        })
        .await;
    });
}

#[test]
fn the_longer_pause_of_a_number_stands() {
    on_both(async |test| {
        write(test, |tx| {
            assert_eq!(calls::restricted_until(tx, &number())?, None);
            calls::restrict(tx, &number(), second(60), "meta_138014")?;
            calls::restrict(tx, &number(), second(30), "account_update")?;
            assert_eq!(calls::restricted_until(tx, &number())?, Some(second(60)));
            assert_eq!(calls::restricted_until(tx, &"200".parse().unwrap())?, None);
            assert!(calls::restrict(tx, &number(), second(90), "two words").is_err());
            Ok(())
        })
        .await;
        test.clock.advance(Duration::from_mins(1));
        write(test, |tx| {
            assert_eq!(calls::restricted_until(tx, &number())?, None, "it is over");
            calls::restrict(tx, &number(), second(70), "meta_138014")?;
            assert_eq!(calls::restricted_until(tx, &number())?, Some(second(70)));
            Ok(())
        })
        .await;
    });
}
