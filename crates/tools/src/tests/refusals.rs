//! Every refusal: its code, its audit record, and nothing else written.

use audit::{ChainId, Outcome};
use marketplace::{Control, MediaId, MessageId, OcrJobId, RequestId, RequestState, SeededIds};
use moltbot_contract::{CallScope, CallTrigger};
use store::testing::on_both;
use tool_registry::{
    CreateOcrJobArgs, GetOcrResultArgs, Party, RecordVendorReplyArgs, RefusalCode, RequestCallConsentArgs,
    SendClientMessageArgs, SendVendorMessageArgs, StartCallArgs, ToolCall, UpdateRequestStateArgs,
};

use super::world::{World, code, directory_row, payload, plan, service, shortlist};
use crate::Caller;

/// Calls a tool that has to refuse, and holds the refusal against audit and rows.
async fn refused(world: &World<'_>, caller: Caller, call: impl Into<ToolCall>, wanted: RefusalCode) {
    let reasons = refused_first(world, caller, call, wanted).await;
    assert_eq!(reasons, [wanted.code()]);
}

/// The same where further gates may have failed, too; returns the reasons.
async fn refused_first(
    world: &World<'_>,
    caller: Caller,
    call: impl Into<ToolCall>,
    wanted: RefusalCode,
) -> Vec<String> {
    let call = call.into();
    let (rows, audited) = (world.rows().await, world.audit().await.len());
    let outcome = world.call_as(caller.clone(), Some("refused"), call.clone()).await;
    assert_eq!(code(outcome), wanted, "{call:?}");
    assert_eq!(world.rows().await, rows, "{wanted} wrote something: {call:?}");
    let audit = world.audit().await;
    assert_eq!(audit.len(), audited + 1, "one record for {wanted}");
    let record = audit.last().unwrap();
    assert_eq!(record.0.action, call.name().as_str());
    assert_eq!(record.0.outcome, Outcome::Refused);
    assert_eq!(record.0.actor, caller.actor);
    assert_eq!(payload(record)["arguments"], serde_json::to_value(&call).unwrap());
    record.0.reasons.clone()
}

#[test]
fn sending_by_state_and_control() {
    on_both(async |test| {
        use RefusalCode::{HumanControl, RequestClosed, RequestHandedOff, RequestInError};
        let world = World::sourcing(test, 1, 1).await;
        world.ask("v1").await.unwrap();
        for (state, control, wanted) in [
            (RequestState::Sourcing, Control::Human, HumanControl),
            (RequestState::Escalated, Control::Human, HumanControl),
            (RequestState::Error, Control::Bot, RequestInError),
            (RequestState::HandedOff, Control::Bot, RequestHandedOff),
            (RequestState::HandedOff, Control::Human, RequestHandedOff),
            (RequestState::Closed, Control::Bot, RequestClosed),
        ] {
            world.put(state, control).await;
            for caller in [Caller::orchestrator(), service(), Caller::system("timers")] {
                refused(&world, caller.clone(), world.to_client("Hello"), wanted).await;
                refused(&world, caller, world.to_vendor("v1", "Hello"), wanted).await;
            }
            let sends = world.sends().await.len();
            let by_a_person =
                world.call_as(Caller::operator(), Some(&state.to_string()), world.to_client("Hi")).await;
            match wanted {
                RequestClosed | RequestHandedOff => assert_eq!(code(by_a_person), wanted),
                _ => assert_eq!(by_a_person.map(|_| sends + 1), Ok(world.sends().await.len())),
            }
        }
    });
}

#[test]
fn people_who_cannot_or_will_not_be_written_to() {
    on_both(async |test| {
        let world = World::sourcing(test, 2, 5).await;
        world
            .write(|tx| {
                let mut row = directory_row(3);
                row.accepts_inquiries = false;
                Ok(store::vendors::import(tx, &row)?)
            })
            .await;
        let bot = Caller::orchestrator;
        refused(&world, bot(), world.to_vendor("v3", "Hi"), RefusalCode::VendorNotAccepting).await;
        refused(&world, bot(), world.to_vendor("nobody", "Hi"), RefusalCode::VendorUnknown).await;
        world.ask("v1").await.unwrap();
        for vendor in ["v1", "v2"] {
            world.opt_out(world.vendor(vendor).await.contact).await;
            refused(&world, bot(), world.to_vendor(vendor, "Hi"), RefusalCode::VendorOptedOut).await;
        }
        world.opt_out(world.client).await;
        refused(&world, bot(), world.to_client("Hi"), RefusalCode::ClientOptedOut).await;
        refused(&world, Caller::operator(), world.to_client("Hi"), RefusalCode::ClientOptedOut).await;
    });
}

#[test]
fn a_client_is_no_vendor_of_their_own_request() {
    on_both(async |test| {
        let world = World::sourcing(test, 0, 5).await;
        world
            .write(|tx| {
                let mut row = directory_row(1);
                row.phone = super::world::CLIENT_PHONE.parse().unwrap();
                Ok(store::vendors::import(tx, &row)?)
            })
            .await;
        refused(&world, service(), world.to_vendor("v1", "Hi"), RefusalCode::VendorUnknown).await;
    });
}

#[test]
fn the_clients_name_and_number_reach_no_vendor() {
    on_both(async |test| {
        let world = World::sourcing(test, 1, 5).await;
        for text in [
            "Call +254712345678",
            "Call +254 712 345 678",
            "Call 0712-345-678",
            "Call 00254712345678",
            "اتصل ٠٧١٢٣٤٥٦٧٨",
            "For Asha Mwangi",
            "for asha",
            "Ms. MWANGI waits",
        ] {
            refused(&world, service(), world.to_vendor("v1", text), RefusalCode::ClientDatum).await;
            let asked = SendVendorMessageArgs {
                questions: vec![text.to_owned()],
                ..world.to_vendor("v1", "Brake pads?")
            };
            refused(&world, service(), asked, RefusalCode::ClientDatum).await;
        }
        let split = SendVendorMessageArgs {
            questions: vec!["345 678?".to_owned()],
            ..world.to_vendor("v1", "Call 0712")
        };
        refused(&world, service(), split, RefusalCode::ClientDatum).await;
        let fine = world.to_vendor("v1", "Part 04465-02220 for 3500, cash, tomorrow 10:30?");
        world.call(fine).await.unwrap();
    });
}

#[test]
fn what_a_message_may_quote() {
    on_both(async |test| {
        let world = World::sourcing(test, 1, 1).await;
        world.ask("v1").await.unwrap();
        let quoting = |message| SendClientMessageArgs { reply_to: Some(message), ..world.to_client("Yes") };
        for message in [
            MessageId::generate(&SeededIds::new(9)),
            world.vendor_says("v1", "yes").await,
            world.sends().await[0].message,
        ] {
            refused(&world, service(), quoting(message), RefusalCode::MessageNotFound).await;
        }
        world.call(quoting(world.client_says("any news?").await)).await.unwrap();
    });
}

#[test]
fn calling_and_ocr_are_off() {
    on_both(async |test| {
        let world = World::sourcing(test, 1, 1).await;
        let ids = SeededIds::new(3);
        for state in [RequestState::Sourcing, RequestState::HandedOff, RequestState::Closed] {
            world.put(state, Control::Bot).await;
            for party in [Party::Client, Party::Vendor("v1".parse().unwrap())] {
                let consent = RequestCallConsentArgs {
                    request_id: world.request,
                    party: party.clone(),
                    scope: CallScope::Either,
                };
                let call =
                    StartCallArgs { request_id: world.request, party, trigger: CallTrigger::ClientAsked };
                for caller in [Caller::orchestrator(), Caller::operator()] {
                    let off = RefusalCode::CallingDisabled;
                    refused_first(&world, caller.clone(), consent.clone(), off).await;
                    refused_first(&world, caller, call.clone(), off).await;
                }
            }
            let job = CreateOcrJobArgs { request_id: world.request, media_id: MediaId::generate(&ids) };
            refused(&world, service(), job, RefusalCode::OcrDisabled).await;
            let result = GetOcrResultArgs { request_id: world.request, job_id: OcrJobId::generate(&ids) };
            refused(&world, service(), result, RefusalCode::OcrJobNotFound).await;
        }
    });
}

#[test]
fn replies_that_cannot_be_recorded() {
    on_both(async |test| {
        let world = World::sourcing(test, 2, 2).await;
        world.ask("v1").await.unwrap();
        let record = |vendor: &str, message| RecordVendorReplyArgs {
            request_id: world.request,
            vendor_id: vendor.parse().unwrap(),
            inbound_message_id: message,
        };
        let theirs = world.vendor_says("v1", "yes").await;
        let stranger = world.vendor_says("v2", "yes").await;
        let ours = world.sends().await[0].message;
        let unknown = MessageId::generate(&SeededIds::new(4));
        for (vendor, message, wanted) in [
            ("v2", stranger, RefusalCode::NotContacted),
            ("v1", unknown, RefusalCode::MessageNotFound),
            ("v1", ours, RefusalCode::MessageNotFound),
            ("v1", stranger, RefusalCode::MessageNotOfVendor),
            ("v1", world.client_says("yes").await, RefusalCode::MessageNotOfVendor),
        ] {
            refused(&world, service(), record(vendor, message), wanted).await;
        }
        world.record("v1", theirs).await.unwrap();
        refused(&world, service(), record("v1", theirs), RefusalCode::Duplicate).await;
    });
}

#[test]
fn state_changes_that_do_not_fit() {
    on_both(async |test| {
        use RefusalCode::{BatchLimit, PickMissing, ShortlistInvalid, StaleVersion, TransitionNotAllowed};
        let world = World::sourcing(test, 2, 2).await;
        world.ask("v1").await.unwrap();
        world.ask("v2").await.unwrap();
        let yes = world.vendor_says("v1", "yes, 3500/=").await;
        let yes = world.recorded("v1", yes).await;
        let no = world.vendor_says("v1", "sorry, sold out").await;
        let no = world.recorded("v1", no).await;
        let step = async |to| world.step(to).await;
        let handoff = Some(tool_registry::Handoff { vendor_id: "v1".parse().unwrap() });
        let (to_shortlist, to_clarify) =
            (step(RequestState::Shortlisted).await, step(RequestState::Clarifying).await);
        let stale = to_clarify.expected_version - 1;
        for (args, wanted) in [
            (UpdateRequestStateArgs { expected_version: stale, ..to_clarify.clone() }, StaleVersion),
            (UpdateRequestStateArgs { expected_version: stale + 2, ..to_clarify.clone() }, StaleVersion),
            (UpdateRequestStateArgs { plan: Some(plan(1)), ..to_clarify.clone() }, TransitionNotAllowed),
            (
                UpdateRequestStateArgs { plan: Some(plan(1)), ..step(RequestState::Sourcing).await },
                BatchLimit,
            ),
            (
                UpdateRequestStateArgs { shortlist: Some(shortlist(&[("v1", yes)])), ..to_clarify.clone() },
                TransitionNotAllowed,
            ),
            (UpdateRequestStateArgs { handoff: handoff.clone(), ..to_clarify.clone() }, TransitionNotAllowed),
            (UpdateRequestStateArgs { handoff, ..step(RequestState::HandedOff).await }, TransitionNotAllowed),
            (to_shortlist.clone(), ShortlistInvalid),
            (
                UpdateRequestStateArgs { shortlist: Some(shortlist(&[])), ..to_shortlist.clone() },
                ShortlistInvalid,
            ),
            (
                UpdateRequestStateArgs { shortlist: Some(shortlist(&[("v2", yes)])), ..to_shortlist.clone() },
                ShortlistInvalid,
            ),
            (
                UpdateRequestStateArgs { shortlist: Some(shortlist(&[("v1", no)])), ..to_shortlist.clone() },
                ShortlistInvalid,
            ),
            (
                UpdateRequestStateArgs {
                    shortlist: Some(shortlist(&[("v1", yes), ("v1", yes)])),
                    ..to_shortlist.clone()
                },
                ShortlistInvalid,
            ),
        ] {
            refused(&world, service(), args, wanted).await;
        }
        world.show(&[("v1", yes)]).await.unwrap();
        refused(&world, service(), step(RequestState::HandedOff).await, PickMissing).await;
    });
}

#[test]
fn an_unknown_request_is_refused_on_the_system_chain() {
    on_both(async |test| {
        let world = World::new(test, 0).await;
        let mut args = world.to_client("Hi");
        args.request_id = RequestId::generate(&SeededIds::new(5));
        let before = world.chain(ChainId::System).await.len();
        let outcome = world.call_as(service(), Some("k"), args).await;
        assert_eq!(code(outcome), RefusalCode::RequestNotFound);
        let chain = world.chain(ChainId::System).await;
        assert_eq!(chain.len(), before + 1);
        assert_eq!(chain.last().unwrap().0.reasons, ["request_not_found"]);
        assert!(world.audit().await.is_empty());
    });
}
