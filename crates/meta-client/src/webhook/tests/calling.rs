//! Calls and permissions in shapes beyond the fixtures.

use std::time::Duration;

use super::*;
use crate::event::{
    CallEvent, CallEventKind, CallOutcome, CallPermissionReply, CallStatus, CallStatusUpdate, InboundMessage,
    MessageContent, PermissionResponse, ResponseSource,
};

const AT: Timestamp = Timestamp::from_seconds(1_790_000_100);

fn calls(value: &Value) -> Vec<Event> {
    let mut whole = json!({"metadata": {"phone_number_id": "3", "display_phone_number": "15550100001"}});
    whole.as_object_mut().unwrap().extend(value.as_object().unwrap().clone());
    events(&change("calls", &whole)).iter().map(|event| event::parse(&event.raw)).collect()
}

fn call(item: &Value) -> CallEvent {
    match calls(&json!({"calls": [item]})).remove(0) {
        Event::Call(call) => call,
        other => panic!("{other:?}"),
    }
}

fn status(item: &Value) -> CallStatusUpdate {
    match calls(&json!({"statuses": [item]})).remove(0) {
        Event::CallStatus(status) => status,
        other => panic!("{other:?}"),
    }
}

fn reply(mut message: Value, reply: &Value) -> (InboundMessage, CallPermissionReply) {
    let fields = message.as_object_mut().unwrap();
    fields.entry("id").or_insert(json!("wamid.P"));
    fields.entry("from").or_insert(json!("254700000101"));
    fields.insert("interactive".to_owned(), json!({"call_permission_reply": reply}));
    match event::parse(&events(&messages(&json!([message])))[0].raw) {
        Event::Message(message) => match message.content.clone() {
            MessageContent::CallPermissionReply(reply) => (message, reply),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_a_start_or_a_duration_proves_an_answer() {
    let cases = [
        ("neither", json!({"status": "COMPLETED"}), false),
        ("a start", json!({"status": "COMPLETED", "start_time": "1790001012"}), true),
        ("a start as a number", json!({"status": "completed", "start_time": 1_790_001_012}), true),
        ("a start of 0", json!({"status": "COMPLETED", "start_time": "0"}), false),
        ("a duration", json!({"duration": 68}), true),
        ("a duration as text", json!({"status": ["Completed"], "duration": "68"}), true),
        ("a duration with a point", json!({"duration": 68.0}), true),
        ("no duration", json!({"status": "COMPLETED", "duration": 0}), false),
        ("a negative one", json!({"status": "COMPLETED", "duration": -5}), false),
        ("an end alone", json!({"status": "COMPLETED", "end_time": "1790001080"}), false),
        ("failed while they spoke", json!({"status": "FAILED", "start_time": 1_790_001_012}), true),
    ];
    for (name, mut item, answered) in cases {
        let fields = item.as_object_mut().unwrap();
        fields.insert("id".to_owned(), json!("wacid.1"));
        fields.insert("event".to_owned(), json!("Terminate"));
        let call = call(&item);
        assert_eq!((call.is_over(), call.was_answered()), (true, answered), "{name}");
    }
    let connect = call(&json!({"id": "wacid.1", "event": "CONNECT", "direction": "business_initiated"}));
    assert_eq!(
        (connect.kind.clone(), connect.is_over(), connect.was_answered()),
        (CallEventKind::Connect, false, false)
    );
}

#[test]
fn statuses_are_read_in_every_case_and_in_lists() {
    for (written, read) in [
        (json!("RINGING"), CallStatus::Ringing),
        (json!("Ringing"), CallStatus::Ringing),
        (json!(["accepted"]), CallStatus::Accepted),
        (json!([null, "Rejected"]), CallStatus::Rejected),
        (json!("HELD"), CallStatus::Unknown("HELD".to_owned())),
        (json!([]), CallStatus::Unknown(String::new())),
        (json!(7), CallStatus::Unknown("7".to_owned())),
    ] {
        let status = status(
            &json!({"id": "wacid.1", "type": "call", "status": written.clone(), "timestamp": 1_790_001_005}),
        );
        assert_eq!(
            (status.status, status.at),
            (read, Some(Timestamp::from_seconds(1_790_001_005))),
            "{written}"
        );
    }
    let outcome =
        |status: Value| call(&json!({"id": "wacid.1", "event": "terminate", "status": status})).outcome;
    assert_eq!(outcome(json!("Failed")), Some(CallOutcome::Failed));
    assert_eq!(
        outcome(json!(["Failed", "Completed"])),
        Some(CallOutcome::Failed),
        "the first of Meta's own sample"
    );
    assert_eq!(outcome(json!("DROPPED")), Some(CallOutcome::Unknown("DROPPED".to_owned())));
    assert_eq!(outcome(json!({})), None);
}

#[test]
fn a_call_status_is_one_on_either_field() {
    let value = json!({"metadata": {"phone_number_id": "3"},
        "statuses": [{"id": "wacid.1", "type": "CALL", "status": "RINGING", "biz_opaque_callback_data": "call-1"}]});
    for field in ["calls", "messages", "CALLS"] {
        let event = events(&change(field, &value)).remove(0);
        assert_eq!(event.kind, EventKind::CallStatus, "{field}");
        let Event::CallStatus(status) = event::parse(&event.raw) else { panic!("{field}") };
        assert_eq!(
            (status.intent_id.as_deref(), status.recipient),
            (Some("call-1"), None),
            "{field}: by our id alone"
        );
    }
}

#[test]
fn who_is_on_a_call_is_told_by_our_number_and_the_direction() {
    let (ours, theirs, bsuid) = ("15550100001", "254700000101", "KE.9000");
    let cases = [
        (
            "as the text says",
            json!({"from": ours, "to": theirs, "direction": "BUSINESS_INITIATED"}),
            Some(theirs),
        ),
        (
            "as the sample says",
            json!({"from": theirs, "to": ours, "direction": "BUSINESS_INITIATED"}),
            Some(theirs),
        ),
        ("with a plus", json!({"from": "+15550100001", "to": "+254700000101"}), Some(theirs)),
        ("as numbers", json!({"from": 15_550_100_001_i64, "to": 254_700_000_101_i64}), Some(theirs)),
        ("no to", json!({"from": ours, "direction": "BUSINESS_INITIATED"}), None),
        ("no from", json!({"to": theirs, "direction": "BUSINESS_INITIATED"}), Some(theirs)),
        ("neither", json!({"direction": "BUSINESS_INITIATED"}), None),
        (
            "a business-scoped id",
            json!({"from": ours, "to_user_id": bsuid, "direction": "BUSINESS_INITIATED"}),
            Some(bsuid),
        ),
        (
            "the same, swapped",
            json!({"to": ours, "from_user_id": bsuid, "direction": "BUSINESS_INITIATED"}),
            Some(bsuid),
        ),
        ("a person calls", json!({"from": theirs, "to": ours, "direction": "user_initiated"}), Some(theirs)),
        ("no direction", json!({"from": theirs}), Some(theirs)),
    ];
    for (name, mut item, expected) in cases {
        let fields = item.as_object_mut().unwrap();
        fields.insert("id".to_owned(), json!("wacid.1"));
        fields.insert("event".to_owned(), json!("connect"));
        let call = call(&item);
        assert_eq!(call.user.as_ref().map(WhatsAppUser::key), expected, "{name}");
    }
}

#[test]
fn errors_beside_calls_belong_to_those_that_failed() {
    let errors = || json!([{"code": "138021", "message": "Media receive timeout"}]);
    let alone = calls(
        &json!({"calls": [{"id": "wacid.1", "event": "terminate", "status": "FAILED"}], "errors": errors()}),
    );
    let both = calls(&json!({
        "calls": [
            {"id": "wacid.1", "event": "terminate", "status": "COMPLETED", "duration": 5},
            {"id": "wacid.2", "event": "terminate", "status": "Failed"}],
        "errors": errors()}));
    let codes = |events: &[Event]| -> Vec<Option<i64>> {
        events
            .iter()
            .map(|event| match event {
                Event::Call(call) => call.error_code(),
                Event::Errors(errors) => errors[0].code.map(|code| -code),
                other => panic!("{other:?}"),
            })
            .collect()
    };
    assert_eq!(codes(&alone), [Some(138_021)]);
    assert_eq!(codes(&both), [None, Some(138_021)]);
    let none_failed = calls(&json!({
        "calls": [{"id": "wacid.1", "event": "connect"}, {"id": "wacid.2", "event": "connect"}], "errors": errors()}));
    assert_eq!(codes(&none_failed), [None, None, Some(-138_021)], "kept, as nobody's");
    let inside = call(&json!({"id": "wacid.1", "event": "terminate", "errors": {"code": 138_020}}));
    assert_eq!(inside.error_code(), Some(138_020));
}

#[test]
fn an_accepted_call_without_media_is_in_doubt() {
    let doubt = |item: Value| match calls(&json!({"calls": [item], "errors": [{"code": 138_023}]})).remove(0)
    {
        Event::Call(call) => (call.was_answered(), call.answer_in_doubt()),
        other => panic!("{other:?}"),
    };
    let ended = |extra: Value| {
        let mut item = json!({"id": "wacid.1", "event": "terminate", "status": "FAILED"});
        item.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        item
    };
    assert_eq!(doubt(ended(json!({}))), (false, true));
    assert_eq!(doubt(ended(json!({"start_time": "1790001012"}))), (true, false), "a start is proof");
}

#[test]
fn payloads_recordings_and_unknown_events_are_kept() {
    let payload = |item: Value| call(&item).payload;
    assert_eq!(
        payload(json!({"id": "wacid.1", "event": "connect", "deeplink_payload": "promo-1"})),
        Some("promo-1".to_owned())
    );
    assert_eq!(
        payload(json!({"id": "wacid.1", "event": "connect", "cta_payload": "button-1"})),
        Some("button-1".to_owned())
    );
    let recording = call(&json!({"id": "wacid.1", "event": "CALL_RECORDING_AVAILABLE",
        "call_recording": {"audio": {"id": 7, "sha256": "AAAA", "mime_type": "audio/ogg"}}}));
    let media = recording.recording.unwrap();
    assert_eq!((media.media_id.as_str(), media.sha256.as_deref()), ("7", Some("AAAA")));
    let transcript = call(&json!({"id": "wacid.1", "event": "call_transcription_available",
        "call_transcription": {"document": {"id": "8"}}}));
    assert_eq!(
        (transcript.kind, transcript.recording.unwrap().media_id),
        (CallEventKind::TranscriptionAvailable, "8".to_owned())
    );
    let created = call(&json!({"id": "wacid.1", "event": "call_created", "timestamp": "1790001000"}));
    assert_eq!(created.kind, CallEventKind::Unknown("call_created".to_owned()));
    let nameless = call(&json!({"id": "wacid.1"}));
    assert_eq!((nameless.kind, nameless.at), (CallEventKind::Unknown(String::new()), None));
    let connect =
        call(&json!({"id": "wacid.1", "event": "connect", "connection": {"webrtc": {"sdp": "{}"}}}));
    assert_eq!(connect.session, None, "the legacy field is not read");
    let lines = call(
        &json!({"id": "wacid.1", "event": "connect", "session": {"sdp_type": "answer", "sdp": "v=0\r\ns=-\r\n"}}),
    );
    assert_eq!(lines.session.unwrap().sdp(), "v=0\r\ns=-\r\n", "every line end");
}

#[test]
fn an_event_of_a_call_has_a_key_of_its_own() {
    let key = |event: &str, status: &str| {
        let value = json!({"metadata": {"phone_number_id": "3"}, "calls": [{"id": "wacid.1", "event": event, "status": status}]});
        events(&change("calls", &value)).remove(0).key
    };
    assert_eq!(key("terminate", "COMPLETED"), key("TERMINATE", "Completed"));
    assert_ne!(key("terminate", ""), key("connect", ""));
}

#[test]
fn a_permission_lasts_as_long_as_its_answer_says() {
    let until = |answer: Value| {
        let (message, answer) = reply(json!({"timestamp": "1790000100"}), &answer);
        assert_eq!(message.at, Some(AT));
        (answer.lets_call_until(AT).map(Timestamp::as_seconds), answer.is_for_good())
    };
    let end = 1_790_604_900_i64;
    let cases = [
        (
            "text",
            json!({"response": "accept", "is_permanent": false, "expiration_timestamp": end.to_string()}),
            (Some(end), false),
        ),
        ("number", json!({"response": "ACCEPT", "expiration_timestamp": end}), (Some(end), false)),
        (
            "milliseconds",
            json!({"response": "accept", "expiration_timestamp": end * 1000}),
            (Some(end), false),
        ),
        (
            "longer than a week",
            json!({"response": "accept", "expiration_timestamp": "1791382500"}),
            (Some(1_791_382_500), false),
        ),
        ("no end and no word", json!({"response": "accept"}), (Some(1_790_000_100 + 604_800), false)),
        (
            "no end, not permanent",
            json!({"response": "accept", "is_permanent": "false"}),
            (Some(1_790_604_900), false),
        ),
        ("permanent", json!({"response": "accept", "is_permanent": true}), (None, true)),
        ("permanent as text", json!({"response": "Accept", "is_permanent": "TRUE"}), (None, true)),
        (
            "permanent with an end",
            json!({"response": "accept", "is_permanent": true, "expiration_timestamp": end}),
            (Some(end), false),
        ),
        (
            "permanent as a number",
            json!({"response": "accept", "is_permanent": 1}),
            (Some(1_790_604_900), false),
        ),
        ("no", json!({"response": "reject", "is_permanent": true}), (None, false)),
        ("another word", json!({"response": "granted", "expiration_timestamp": end}), (None, false)),
    ];
    for (name, answer, expected) in cases {
        assert_eq!(until(answer), expected, "{name}");
    }
    assert_eq!(crate::event::TEMPORARY_PERMISSION, Duration::from_hours(168));
}

#[test]
fn where_an_answer_comes_from_is_kept() {
    let answer = |response: &str, source: Value| json!({"response": response, "response_source": source});
    let cases = [
        (
            json!({"context": {"id": "wamid.REQ"}}),
            answer("accept", json!("user_action")),
            Some("wamid.REQ"),
            Some(ResponseSource::UserAction),
        ),
        (
            json!({"context": {"from": "15550100001", "id": "wacid.UIC"}}),
            answer("accept", json!("AUTOMATIC")),
            Some("wacid.UIC"),
            Some(ResponseSource::Automatic),
        ),
        (json!({}), answer("reject", json!("automatic")), None, Some(ResponseSource::Automatic)),
        (json!({"context": {}}), answer("reject", json!(null)), None, None),
        (
            json!({"context": "x"}),
            answer("maybe", json!("policy")),
            None,
            Some(ResponseSource::Unknown("policy".to_owned())),
        ),
    ];
    for (message, written, context, source) in cases {
        let name = written.to_string();
        let (message, answer) = reply(message, &written);
        assert_eq!(message.context.as_ref().map(crate::MetaId::as_str), context, "{name}");
        assert_eq!(answer.source, source, "{name}");
    }
    let (message, answer) =
        reply(json!({"from": null, "from_user_id": "KE.9000"}), &json!({"response": "accept"}));
    assert_eq!(
        (message.sender.key(), answer.response),
        ("KE.9000", PermissionResponse::Accept),
        "no number anywhere"
    );
}

#[test]
fn an_answer_without_a_response_grants_nothing_and_costs_nobody() {
    let odd = json!({"id": "wamid.P", "from": "254700000101", "interactive": {"call_permission_reply": {"is_permanent": true}}});
    let next = json!({"id": "wamid.T", "from": "254700000101", "text": {"body": "hi"}});
    let read: Vec<Event> =
        events(&messages(&json!([odd, next]))).iter().map(|event| event::parse(&event.raw)).collect();
    let kinds: Vec<&str> = read
        .iter()
        .map(|event| match event {
            Event::Message(message) => message.content.kind(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kinds, ["unknown", "text"]);
}
