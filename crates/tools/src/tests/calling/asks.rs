//! `request_call_consent`: what it opens and queues, and what each rule of asking refuses.

use std::time::Duration;

use calling_policy::{AskRule, ConsentKey, ConsentStatus, Scope};
use conversation::ButtonId;
use marketplace::{Control, RequestState};
use moltbot_contract::CallScope;
use store::{
    calls::{self, AskedBy, HistoryEvent},
    outbox::{self, Purpose, SendState},
    requests::{self, FactChanges},
    testing::on_both,
    timers,
};
use tool_registry::{Party, RefusalCode, RequestCallConsentArgs, ToolResult};

use super::{Calling, v1};
use crate::{Caller, Policy, calling::PROMPT_WORDING};

const PROMPT: &str = "To speed this up, I can place a WhatsApp call. Do you allow a call for this request?";

#[test]
fn a_client_is_asked_with_buttons_for_both_keys() {
    on_both(async |test| {
        let world = Calling::new(test).await;
        let (sent, audited) = (world.sends().await.len(), world.audit().await.len());
        let args = RequestCallConsentArgs {
            request_id: world.request,
            party: Party::Client,
            scope: CallScope::Either,
        };
        let first = world.call_as(Caller::orchestrator(), Some("k"), args.clone()).await.unwrap();
        let again = world.call_as(Caller::orchestrator(), Some("k"), args).await.unwrap();
        assert!(again.replayed && again.result == first.result);
        let ToolResult::RequestCallConsent(result) = first.result else { panic!() };
        assert_eq!(serde_json::to_value(result.status).unwrap(), "requested");

        let consents = world.consents().await;
        let keys: Vec<_> = consents.iter().map(|c| (c.consent.key(), c.consent.scope())).collect();
        assert_eq!(
            keys,
            [(ConsentKey::Authorisation, Scope::Either), (ConsentKey::Callee, Scope::CallClient)]
        );
        assert_eq!(result.consent_id, consents[0].id, "the authorisation speaks for the prompt");
        for stored in &consents {
            assert_eq!(stored.recorded_status, ConsentStatus::Requested);
            assert_eq!((stored.wording.as_str(), stored.asked_by), (PROMPT_WORDING, AskedBy::Buttons));
            assert_eq!(stored.phone.as_ref().unwrap().as_str(), "+254712345678");
            assert_eq!(stored.consent.expires_at(), world.now() + Duration::from_hours(24));
        }
        assert_eq!(world.history_of(world.client, ConsentKey::Callee).await, [HistoryEvent::Requested]);

        let sends = world.sends().await;
        assert_eq!(sends.len(), sent + 1);
        let last = sends.last().unwrap();
        let payload = last.payload.clone().unwrap();
        assert_eq!((last.purpose, payload.body.as_str()), (Purpose::ConsentPrompt, PROMPT));
        let yes = ButtonId::Consent { prompt: last.message, yes: true }.to_string();
        let no = ButtonId::Consent { prompt: last.message, yes: false }.to_string();
        assert_eq!(payload.buttons, [(yes, "YES".to_owned()), (no, "NO".to_owned())]);
        assert_eq!(consents[0].consent.prompt(), last.message);
        assert_eq!(
            world.audit_lines(audited).await,
            [
                "consent.requested ok",
                "marketplace.request_call_consent ok",
                "marketplace.request_call_consent replayed"
            ]
        );
        world.advance(Duration::from_hours(24));
        let due = world.read(|tx| timers::due(tx, 10)).await;
        let expiring: Vec<_> =
            due.iter().filter(|timer| timer.kind == timers::TimerKind::ConsentExpires).collect();
        assert_eq!(expiring.len(), 2);
    });
}

#[test]
fn a_vendor_is_asked_by_metas_card_where_meta_takes_one() {
    on_both(async |test| {
        let world = Calling::new(test).await;
        let vendor = world.vendor_contact().await;
        world.ask_consent(v1(), CallScope::CallVendor).await.unwrap();
        let send = world.sends().await.pop().unwrap();
        let payload = send.payload.unwrap();
        assert_eq!((send.purpose, payload.body.as_str()), (Purpose::PermissionCard, PROMPT));
        assert!(payload.buttons.is_empty());
        assert_eq!(world.statuses().await, ["vendor callee requested"]);
        assert_eq!(world.consents().await[0].asked_by, AskedBy::Card);
        // The card failed as one too many: Meta's limit is remembered, and the buttons ask for key 2 alone.
        world
            .write(move |tx| {
                let guard = requests::lock(tx, send.request.unwrap())?;
                outbox::mark_sending(tx, send.id, 1)?;
                outbox::advance(tx, send.id, SendState::Failed, Some("meta_138009"), None)?;
                let send = outbox::load(tx, send.id)?;
                crate::outreach::not_delivered(tx, Some(&guard), &send, "meta_138009")
            })
            .await;
        assert_eq!(world.statuses().await, ["vendor callee expired"]);
        assert_eq!(
            world.history_of(vendor, ConsentKey::Callee).await,
            [HistoryEvent::Requested, HistoryEvent::NotDelivered]
        );
        world.ask_consent(v1(), CallScope::CallVendor).await.unwrap();
        let send = world.sends().await.pop().unwrap();
        assert_eq!(send.purpose, Purpose::ConsentPrompt);
        assert_eq!(world.consents().await[1].asked_by, AskedBy::Buttons);
        // Granted by the buttons: what lacks now is Meta's, and the card has to wait for its day.
        world.deliver().await;
        world.presses(vendor, send.message, true).await;
        let asked =
            RequestCallConsentArgs { request_id: world.request, party: v1(), scope: CallScope::CallVendor };
        let refused = world.call_as(Caller::orchestrator(), Some("w"), asked).await.unwrap_err();
        assert_eq!(refused.code, RefusalCode::PermissionRequestLimit);
        assert!(refused.retry_at.is_some_and(|at| at > world.now()));
        world.advance(Duration::from_hours(24));
        world.ask_consent(v1(), CallScope::CallVendor).await.unwrap();
        assert_eq!(world.sends().await.pop().unwrap().purpose, Purpose::PermissionCard);
    });
}

#[test]
fn a_vendor_with_metas_permission_is_asked_with_buttons() {
    on_both(async |test| {
        let world = Calling::new(test).await;
        world.accepts(world.vendor_contact().await, None).await;
        assert!(world.consents().await.is_empty(), "an accept without a prompt opens nothing");
        world.ask_consent(v1(), CallScope::CallVendor).await.unwrap();
        assert_eq!(world.sends().await.pop().unwrap().purpose, Purpose::ConsentPrompt);
    });
}

/// Each rule of asking, alone.
#[test]
fn each_rule_of_asking_refuses() {
    for rule in AskRule::ALL.iter().copied() {
        on_both(async |test| {
            let mut world = Calling::new(test).await;
            let id = world.request;
            let (mut party, mut scope) = (Party::Client, CallScope::Either);
            let mut caller = Caller::orchestrator();
            let mut reasons = vec![rule.code()];
            match rule {
                AskRule::CallingDisabled => world.0.policy = Policy::default(),
                AskRule::RequestClosed => world.put(RequestState::Closed, Control::Bot).await,
                AskRule::RequestHandedOff => world.put(RequestState::HandedOff, Control::Bot).await,
                AskRule::RequestInError => world.put(RequestState::Error, Control::Bot).await,
                AskRule::ConsentPending => {
                    world.ask_consent(party.clone(), scope).await.unwrap();
                }
                AskRule::ConsentDenied => {
                    world.ask_consent(party.clone(), scope).await.unwrap();
                    world.deliver().await;
                    world.presses(world.client, world.prompt(world.client).await, false).await;
                }
                AskRule::ConsentInForce => {
                    world.ask_consent(party.clone(), scope).await.unwrap();
                    world.deliver().await;
                    world.presses(world.client, world.prompt(world.client).await, true).await;
                }
                AskRule::ConsentScope => (party, scope) = (v1(), CallScope::CallClient),
                AskRule::Prescription => {
                    world
                        .write(move |tx| {
                            let mut guard = requests::lock(tx, id)?;
                            let marked = FactChanges { prescription: Some(true), ..FactChanges::default() };
                            Ok(requests::set_facts(tx, &mut guard, &marked)?)
                        })
                        .await;
                }
                AskRule::HumanControl => world.put(RequestState::Sourcing, Control::Human).await,
                AskRule::ClientOptedOut => world.opt_out(world.client).await,
                AskRule::VendorOptedOut => {
                    (party, scope) = (v1(), CallScope::CallVendor);
                    world.opt_out(world.vendor_contact().await).await;
                }
                AskRule::PermissionRequestUnknown | AskRule::PermissionRequestLimit => {
                    (party, scope) = (v1(), CallScope::CallVendor);
                    world.ask_consent(party.clone(), scope).await.unwrap();
                    if rule == AskRule::PermissionRequestLimit {
                        world.deliver().await;
                    } else {
                        let card = world.sends().await.pop().unwrap().id;
                        world.write(move |tx| Ok(outbox::mark_sending(tx, card, 1)?)).await;
                        reasons.push("permission_request_limit");
                    }
                    // The same card is open, and says no to a second question by itself.
                    reasons.insert(0, "consent_pending");
                }
                AskRule::CallingRestricted => {
                    let number = super::number();
                    let until = world.now() + Duration::from_hours(1);
                    world.write(move |tx| Ok(calls::restrict(tx, &number, until, "meta_138014")?)).await;
                }
            }
            let (rows, audited) = (world.rows().await, world.audit().await.len());
            let args = RequestCallConsentArgs { request_id: id, party: party.clone(), scope };
            let refused = world.call_as(caller.clone(), Some("asked"), args.clone()).await.unwrap_err();
            let codes: Vec<_> = refused.reasons.iter().map(|code| code.code()).collect();
            assert_eq!(codes, reasons, "{rule:?}");
            assert_eq!(refused.code.code(), reasons[0]);
            assert_eq!(world.rows().await, rows, "{rule:?} wrote something");
            let line = format!("marketplace.request_call_consent refused {}", reasons.join(","));
            assert_eq!(world.audit_lines(audited).await, [line]);
            // A person may ask under human control.
            if rule == AskRule::HumanControl {
                caller = Caller::operator();
                world.call_as(caller, Some("person"), args).await.unwrap();
            }
        });
    }
}

#[test]
fn who_is_no_vendor_of_the_request_is_not_asked() {
    on_both(async |test| {
        let world = Calling::new(test).await;
        let nobody = Party::Vendor("nobody".parse().unwrap());
        let refused = world.ask_consent(nobody, CallScope::CallVendor).await;
        assert_eq!(refused, Err(RefusalCode::VendorUnknown));
        assert!(world.consents().await.is_empty());
    });
}

/// A no is remembered; only the client's own wish to be called, after it, lets us ask again.
#[test]
fn a_client_who_said_no_is_asked_again_only_on_request() {
    on_both(async |test| {
        let world = Calling::new(test).await;
        world.asks_for_call().await;
        world.deliver().await;
        world.ask_consent(Party::Client, CallScope::Either).await.unwrap();
        world.deliver().await;
        world.presses(world.client, world.prompt(world.client).await, false).await;
        let ask = async || world.ask_consent(Party::Client, CallScope::Either).await;
        assert_eq!(ask().await, Err(RefusalCode::ConsentDenied));
        world.advance(Duration::from_hours(48));
        assert_eq!(ask().await, Err(RefusalCode::ConsentDenied));
        world.asks_for_call().await;
        ask().await.unwrap();
    });
}
