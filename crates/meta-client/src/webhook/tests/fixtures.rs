//! What each fixture says. The manifest beside the fixtures states it in words; each line here was checked against it.

use super::*;
use crate::event::{MessageContent, SystemNotice};

/// File and reading, an event a line, in the manifest's order.
const READINGS: &str = r#"
perm_01_accept_temporary_string_exp: wamid.P1 from 254700000101 quoting wamid.REQ0001: permission Accept permanent false until 1790604900 by user_action
perm_02_accept_temporary_integer_exp: wamid.P2 from 254700000101 quoting wamid.REQ0001: permission Accept until 1790604900 by user_action
perm_03_accept_permanent: wamid.P3 from 254700000101 quoting wamid.REQ0001: permission Accept permanent true by user_action
perm_04_reject_user: wamid.P4 from 254700000101 quoting wamid.REQ0001: permission Reject by user_action
perm_05_accept_automatic_callback: wamid.P5 from 254700000101 quoting wacid.UIC0001: permission Accept permanent false until 1790604900 by automatic
perm_06_reject_automatic_revoked: wamid.P6 from 254700000101: permission Reject by automatic
perm_07_accept_profile_no_context: wamid.P7 from 254700000101: permission Accept permanent true by user_action
perm_08_bsuid_only: wamid.P8 from KE.90000000000000000101 quoting wamid.REQ0001: permission Accept permanent false until 1790604900 by user_action
perm_09_unknown_response: wamid.P9 from 254700000101 quoting wamid.REQ0001: permission Unknown("maybe") by user_action
perm_10_accept_no_expiry_no_is_permanent: wamid.P10 from 254700000101 quoting wamid.REQ0001: permission Accept by user_action
call_01_bic_connect_answer_active: wacid.C0001 Connect with 254700000101 direction BusinessInitiated intent intent-0001 session answer
call_02_bic_connect_answer_actpass: wacid.C0001 Connect with 254700000101 direction BusinessInitiated intent intent-0001 session answer
call_03_status_ringing: wacid.C0001 Ringing to 254700000101 intent intent-0001
call_04_status_accepted: wacid.C0001 Accepted to 254700000101 intent intent-0001
call_05_status_rejected: wacid.C0001 Rejected to 254700000101 intent intent-0001
call_06_terminate_completed_answered: wacid.C0001 Terminate with 254700000101 direction BusinessInitiated intent intent-0001 outcome Completed seconds 68 answered
call_07_terminate_completed_unanswered: wacid.C0001 Terminate with 254700000101 direction BusinessInitiated intent intent-0001 outcome Completed
call_08_terminate_failed_with_error: wacid.C0001 Terminate with 254700000101 direction BusinessInitiated intent intent-0001 outcome Failed error 138021
call_09_terminate_status_mixed_case: wacid.C0001 Terminate with 254700000101 direction BusinessInitiated intent intent-0001 outcome Completed seconds 68 answered
call_10_terminate_status_array: wacid.C0001 Terminate with 254700000101 direction BusinessInitiated intent intent-0001 outcome Failed
call_11_uic_connect_offer: wacid.U0001 Connect with 254700000101 direction UserInitiated session offer
call_12_uic_connect_deeplink: wacid.U0002 Connect with 254700000101 direction UserInitiated session offer payload promo-1
call_13_terminate_before_connect: wacid.U0003 Terminate with 254700000101 direction UserInitiated outcome Completed
call_14_late_connect_after_terminate: wacid.U0003 Connect with 254700000101 direction UserInitiated session offer
call_15_bsuid_only_connect: wacid.C0001 Connect with KE.90000000000000000101 direction BusinessInitiated intent intent-0001 session answer
call_16_bsuid_only_status: wacid.C0001 Accepted to KE.90000000000000000101 intent intent-0001
call_17_recording_available: wacid.C0001 RecordingAvailable with 254700000101 recording 700000000000001
call_18_unknown_event: wacid.C0001 Unknown("call_reticulated") with 254700000101 direction BusinessInitiated intent intent-0001
call_19_wacid_unknown_reconciled_by_opaque: wacid.LOSTRESPONSE Ringing to 254700000101 intent intent-0099
call_20_legacy_connection_param: wacid.C0001 Connect with 254700000101 direction BusinessInitiated intent intent-0001 session answer
msg_01_text_accents: wamid.T1 from 254700000101: text "Habari ya asubuhi é 😀"
msg_02_text_nul: wamid.T2 from 254700000101: text "a\0b"
msg_03_batch_two_entries_mixed: wamid.T3 from 254700000101: text "one"
msg_03_batch_two_entries_mixed: wamid.T4 from 254700000101: text "two"
msg_03_batch_two_entries_mixed: wacid.C0001 Ringing to 254700000101
msg_04_same_second_order: wamid.T6 from 254700000101: text "second"
msg_04_same_second_order: wamid.T5 from 254700000101: text "first"
msg_05_no_from_no_user_id: unknown on messages fault no_sender
msg_06_value_errors_only: error 130429: throughput reached
msg_07_unknown_field: unknown on future_field_xyz
msg_08_button_reply: wamid.T8 from 254700000101 quoting wamid.OUT1: button yes:42 "Yes"
msg_09_system_user_changed_number: wamid.T9 from 254700000101: number changed to 254700000202
msg_10_system_user_changed_user_id: wamid.T10 from KE.90000000000000000101: user id changed to KE.90000000000000000202
status_01_sent: wamid.OUT1 Sent to 254700000101 intent intent-0100
status_02_read_without_delivered: wamid.OUT1 Read to 254700000101 intent intent-0100
status_03_delivered_after_read: wamid.OUT1 Delivered to 254700000101 intent intent-0100
status_04_failed_131047: wamid.OUT1 Failed to 254700000101 intent intent-0100 error 131047
status_05_failed_131026: wamid.OUT1 Failed to 254700000101 intent intent-0100 error 131026
status_06_lost_response_reconciled: wamid.LOST1 Sent to 254700000101 intent intent-0777
status_07_unknown_status: wamid.OUT1 Unknown("in_orbit") to 254700000101 intent intent-0100
status_08_bsuid_only: wamid.OUT1 Delivered to KE.90000000000000000101 intent intent-0100
status_09_failed_after_sent_held: wamid.OUT1 Failed to 254700000101 intent intent-0100 error 131049
acct_01_restriction_2026: account_update ACCOUNT_RESTRICTION restriction BusinessInitiatedCalling until 1790604000, no outbound calls
acct_02_restriction_2025: account_update ACCOUNT_RESTRICTION restriction AllCalling until 1790604000, no outbound calls
acct_03_violation_warning: account_update ACCOUNT_VIOLATION violation LOW_BUSINESS_INITIATED_CALLING_QUALITY
perm_11_reject_user_no_context: wamid.P11 from 254700000101: permission Reject by user_action
perm_12_late_older_accept_after_reject: wamid.P12 from 254700000101 quoting wamid.REQ0001: permission Accept permanent false until 1790604900 by user_action
perm_13_expiry_not_168h: wamid.P13 from 254700000101 quoting wamid.REQ0001: permission Accept permanent false until 1791382500 by user_action
call_21_bic_from_to_swapped: wacid.C0021 Connect with 254700000101 direction BusinessInitiated session answer
"#;

#[test]
fn every_fixture_reads_as_its_manifest_says() {
    let mut readings = Vec::new();
    for file in manifest() {
        let name = file.trim_end_matches(".json");
        for event in split(&fixture(&file)).unwrap() {
            assert_eq!(event.phone_number_id.is_some(), !name.starts_with("acct_"), "{file}");
            assert!(event.at.is_some() || ["msg_06", "msg_07"].iter().any(|n| name.starts_with(n)), "{file}");
            readings.push(format!("{name}: {}", reading(&event::parse(&event.raw))));
        }
    }
    let expected: Vec<&str> = READINGS.trim().lines().collect();
    assert_eq!(readings, expected);
}

#[test]
fn an_illegal_answer_is_made_legal_and_offers_stay() {
    let sdp = |file: &str| {
        let events = split(&fixture(file)).unwrap();
        match event::parse(&events[0].raw) {
            Event::Call(call) => {
                let session = call.session.unwrap();
                assert!(!format!("{session:?}").contains("ice-pwd"), "{file}");
                session.sdp()
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(sdp("call_02_bic_connect_answer_actpass.json"), sdp("call_01_bic_connect_answer_active.json"));
    assert!(sdp("call_11_uic_connect_offer.json").contains("a=setup:actpass"));
}

fn optional(name: &str, text: Option<impl fmt::Display>) -> String {
    text.map(|text| format!(" {name} {text}")).unwrap_or_default()
}

fn person(user: Option<&WhatsAppUser>) -> String {
    user.map_or_else(|| "nobody".to_owned(), |user| user.key().to_owned())
}

/// What an event says, in a line.
fn reading(event: &Event) -> String {
    match event {
        Event::Message(message) => {
            let context = optional("quoting", message.context.as_ref().map(crate::MetaId::as_str));
            let from = person(Some(&message.sender));
            format!("{} from {from}{context}: {}", message.wamid.as_str(), content(&message.content))
        }
        Event::Status(status) => {
            let codes = optional("error", status.errors.first().and_then(|error| error.code));
            let to = person(status.recipient.as_ref());
            let intent = optional("intent", status.intent_id.as_ref());
            format!("{} {:?} to {to}{intent}{codes}", status.wamid.as_str(), status.status)
        }
        Event::Call(call) => {
            let parts = [
                optional("direction", call.direction.as_ref().map(|direction| format!("{direction:?}"))),
                optional("intent", call.intent_id.as_ref()),
                optional("session", call.session.as_ref().map(|session| session.sdp_type.clone())),
                optional("outcome", call.outcome.as_ref().map(|outcome| format!("{outcome:?}"))),
                optional("seconds", call.duration.map(|duration| duration.as_secs())),
                optional("payload", call.payload.as_ref()),
                optional("recording", call.recording.as_ref().map(|recording| recording.media_id.clone())),
                optional("error", call.errors.first().and_then(|error| error.code)),
                if call.was_answered() { " answered".to_owned() } else { String::new() },
            ];
            let user = person(call.user.as_ref());
            format!("{} {:?} with {user}{}", call.wacid.as_str(), call.kind, parts.concat())
        }
        Event::CallStatus(status) => {
            let (to, intent) =
                (person(status.recipient.as_ref()), optional("intent", status.intent_id.as_ref()));
            format!("{} {:?} to {to}{intent}", status.wacid.as_str(), status.status)
        }
        Event::Account(update) => {
            let restriction = update.restrictions.first().map(|restriction| {
                let until = optional("until", restriction.expires_at.map(Timestamp::as_seconds));
                format!("{:?}{until}", restriction.kind)
            });
            let restriction = optional("restriction", restriction);
            let calls = if update.forbids_outbound_calls() { ", no outbound calls" } else { "" };
            let violation = optional("violation", update.violation.as_ref());
            format!("{} {}{restriction}{violation}{calls}", update.field, update.event.as_deref().unwrap())
        }
        Event::Errors(errors) => errors
            .iter()
            .map(|error| format!("error {}: {}", error.code.unwrap(), error.reason()))
            .collect::<Vec<_>>()
            .join(", "),
        Event::Unknown(unknown) => {
            let field = unknown.field.as_deref().unwrap_or("no field");
            format!("unknown on {field}{}", optional("fault", unknown.fault.map(Fault::as_str)))
        }
    }
}

fn content(content: &MessageContent) -> String {
    match content {
        MessageContent::Text { body } => format!("text {body:?}"),
        MessageContent::ButtonReply { id, title } => format!("button {id} {title:?}"),
        MessageContent::TemplateButton { payload, text } => format!("template button {payload} {text:?}"),
        MessageContent::ListReply { id, title } => format!("list row {id} {title:?}"),
        MessageContent::Media(media) => format!("{} {}", media.kind.as_str(), media.id),
        MessageContent::Location { latitude, longitude, .. } => format!("location {latitude} {longitude}"),
        MessageContent::Reaction { to, emoji } => {
            let to = to.as_ref().map(crate::MetaId::as_str);
            format!("reaction{}{}", optional("to", to), optional("emoji", emoji.as_ref()))
        }
        MessageContent::CallPermissionReply(reply) => {
            let permanent = optional("permanent", reply.is_permanent);
            let until = optional("until", reply.expires_at.map(Timestamp::as_seconds));
            let source = optional("by", reply.source.as_ref().map(|source| source.as_str().to_owned()));
            format!("permission {:?}{permanent}{until}{source}", reply.response)
        }
        MessageContent::System(SystemNotice::NumberChanged { new_wa_id }) => {
            format!("number changed to {}", new_wa_id.as_ref().unwrap().as_str())
        }
        MessageContent::System(SystemNotice::UserIdChanged { new_bsuid }) => {
            format!("user id changed to {}", new_bsuid.as_ref().unwrap().as_str())
        }
        MessageContent::Unknown { message_type } => format!("unknown {message_type}"),
        other => other.kind().to_owned(),
    }
}
