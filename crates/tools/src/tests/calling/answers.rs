//! What people answer, and what follows.

use std::time::Duration;

use calling_policy::{
    ConsentKey::{Authorisation, Callee},
    ConsentStatus::{Denied, Expired, Granted, Requested},
    PermissionResponse, PermissionState,
};
use marketplace::{ContactId, Control, MessageId, RequestState, Timestamp};
use moltbot_contract::CallScope;
use store::{
    calls::{
        self,
        HistoryEvent::{No, Requested as Asked, WithdrawnByMeta, WithdrawnByPerson, Yes},
    },
    outbox::Purpose,
    testing::on_both,
};
use tool_registry::Party;

use super::{Calling, NO_SAID, YES_SAID, reply, v1};
use crate::calling::consent_handler::{Word, prompt_of_words};

async fn asked(test: &store::testing::TestStore, scope: CallScope) -> (Calling<'_>, marketplace::MessageId) {
    let world = Calling::new(test).await;
    world.ask_consent(Party::Client, scope).await.unwrap();
    world.deliver().await;
    let prompt = world.prompt(world.client).await;
    (world, prompt)
}

#[test]
fn a_yes_grants_is_confirmed_once_and_asks_for_metas_permission() {
    on_both(async |test| {
        let (world, prompt) = asked(test, CallScope::Either).await;
        let (sent, audited) = (world.sends().await.len(), world.audit().await.len());
        world.presses(world.client, prompt, true).await;
        assert_eq!(world.statuses().await, ["client authorisation granted", "client callee granted"]);
        let queued = world.queued(world.client, sent).await;
        assert_eq!(queued.len(), 2, "{queued:?}");
        assert_eq!(queued[0], (Purpose::ClientMessage, YES_SAID.to_owned()));
        assert_eq!(queued[1].0, Purpose::PermissionCard);
        assert_eq!(world.wakes().await, ["consent_granted"]);
        assert_eq!(world.consents().await.len(), 2, "the card opens no consent");
        // The same button again, in the same second and later: nothing more is said.
        world.presses(world.client, prompt, true).await;
        world.advance(Duration::from_secs(5));
        world.presses(world.client, prompt, true).await;
        assert_eq!(world.sends().await.len(), sent + 2);
        assert_eq!(
            world.told(audited).await,
            [
                "consent.granted ok",
                "consent.granted ok",
                "consent.confirmed ok",
                "permission.requested ok",
                "consent.ignored refused known",
                "consent.ignored refused known",
                "consent.renewed ok",
                "consent.renewed ok",
            ]
        );
    });
}

#[test]
fn a_yes_to_calls_to_vendors_asks_for_no_card() {
    on_both(async |test| {
        let (world, prompt) = asked(test, CallScope::CallVendor).await;
        let sent = world.sends().await.len();
        world.presses(world.client, prompt, true).await;
        assert_eq!(world.queued(world.client, sent).await, [(Purpose::ClientMessage, YES_SAID.to_owned())]);
        assert_eq!(world.statuses().await, ["client authorisation granted"]);
    });
}

#[test]
fn no_card_where_meta_lets_us_call_or_a_rule_is_against_it() {
    on_both(async |test| {
        let (world, prompt) = asked(test, CallScope::CallClient).await;
        world.accepts(world.client, None).await;
        let sent = world.sends().await.len();
        world.presses(world.client, prompt, true).await;
        assert_eq!(world.queued(world.client, sent).await.len(), 1);
    });
    on_both(async |test| {
        let (world, prompt) = asked(test, CallScope::CallClient).await;
        let (number, until) = (super::number(), world.now() + Duration::from_hours(1));
        world.write(move |tx| Ok(calls::restrict(tx, &number, until, "meta_138014")?)).await;
        let (sent, audited) = (world.sends().await.len(), world.audit().await.len());
        world.presses(world.client, prompt, true).await;
        assert_eq!(world.queued(world.client, sent).await.len(), 1);
        let told = world.told(audited).await;
        assert_eq!(told.last().unwrap(), "permission.requested refused calling_restricted");
    });
}

#[test]
fn a_no_is_confirmed_and_remembered() {
    on_both(async |test| {
        let (world, prompt) = asked(test, CallScope::Either).await;
        let (sent, audited) = (world.sends().await.len(), world.audit().await.len());
        world.presses(world.client, prompt, false).await;
        assert_eq!(world.statuses().await, ["client authorisation denied", "client callee denied"]);
        assert_eq!(world.queued(world.client, sent).await, [(Purpose::ClientMessage, NO_SAID.to_owned())]);
        assert_eq!(world.wakes().await, ["consent_denied"]);
        assert_eq!(
            world.told(audited).await,
            ["consent.denied ok", "consent.denied ok", "consent.confirmed ok"]
        );
    });
}

/// The newest answer counts, in whatever order both arrive; of the same second the no.
#[test]
fn the_newest_answer_counts() {
    on_both(async |test| {
        let (world, prompt) = asked(test, CallScope::CallVendor).await;
        let status = async || world.status_of(world.client, Authorisation).await;
        let say = async |yes, at| world.says_at(world.client, Word::Prompt { prompt, yes }, at).await;
        let first = world.now();
        world.advance(Duration::from_mins(1));
        say(true, first).await;
        assert_eq!(status().await, Granted);
        say(false, first).await;
        assert_eq!(status().await, Denied, "of the same second the no");
        let later = world.now();
        say(true, later).await;
        assert_eq!(status().await, Granted, "the same prompt, answered anew");
        say(false, first).await;
        assert_eq!(status().await, Granted, "a late no of before");
        world.advance(Duration::from_mins(1));
        say(false, world.now()).await;
        assert_eq!(status().await, Denied, "withdrawn");
        let sends = world.sends().await;
        let said: Vec<_> = sends.iter().filter_map(|send| send.payload.clone()).map(|p| p.body).collect();
        let count = |text: &str| said.iter().filter(|body| *body == text).count();
        assert_eq!((count(YES_SAID), count(NO_SAID)), (2, 2));
        assert_eq!(world.history_of(world.client, Authorisation).await, [Asked, Yes, No, Yes, No]);
    });
}

#[test]
fn an_answer_of_somebody_else_moves_nothing() {
    on_both(async |test| {
        let (world, prompt) = asked(test, CallScope::Either).await;
        let stranger = world.vendor("v2").await.contact;
        let (sent, audited) = (world.sends().await.len(), world.audit().await.len());
        for yes in [true, false] {
            world.presses(stranger, prompt, yes).await;
        }
        world.accepts(stranger, Some(prompt)).await;
        assert_eq!(world.statuses().await, ["client authorisation requested", "client callee requested"]);
        assert_eq!(world.sends().await.len(), sent);
        let told = world.told(audited).await;
        assert_eq!(told.iter().filter(|line| *line == "consent.ignored refused other_person").count(), 4);
    });
}

#[test]
fn a_yes_after_its_time_grants_nothing() {
    on_both(async |test| {
        let (world, prompt) = asked(test, CallScope::Either).await;
        world.advance(Duration::from_hours(24));
        let (sent, audited) = (world.sends().await.len(), world.audit().await.len());
        world.presses(world.client, prompt, true).await;
        assert_eq!(world.status_of(world.client, Authorisation).await, Expired);
        assert_eq!(world.sends().await.len(), sent, "nothing is promised");
        assert_eq!(
            world.told(audited).await,
            ["consent.ignored refused expired", "consent.ignored refused expired"]
        );
        assert!(world.wakes().await.is_empty());
    });
}

#[test]
fn after_handoff_close_and_takeover_an_answer_is_recorded_in_silence() {
    on_both(async |test| {
        let (world, prompt) = asked(test, CallScope::Either).await;
        let sent = world.sends().await.len();
        world.put(RequestState::Sourcing, Control::Human).await;
        world.presses(world.client, prompt, true).await;
        assert_eq!(world.status_of(world.client, Authorisation).await, Granted);
        for state in [RequestState::HandedOff, RequestState::Closed] {
            world.put(state, Control::Bot).await;
            world.advance(Duration::from_secs(1));
            world.presses(world.client, prompt, false).await;
            assert_eq!(world.status_of(world.client, Authorisation).await, Denied);
        }
        assert_eq!(world.sends().await.len(), sent);
        assert!(world.wakes().await.is_empty());
    });
}

#[test]
fn after_stop_a_yes_is_ignored_and_a_no_counts() {
    on_both(async |test| {
        let (world, prompt) = asked(test, CallScope::Either).await;
        world.opt_out(world.client).await;
        let (sent, audited) = (world.sends().await.len(), world.audit().await.len());
        world.presses(world.client, prompt, true).await;
        assert_eq!(world.status_of(world.client, Authorisation).await, Requested);
        assert_eq!(world.told(audited).await, ["consent.ignored refused opted_out"]);
        world.presses(world.client, prompt, false).await;
        assert_eq!(world.status_of(world.client, Authorisation).await, Denied);
        assert_eq!(world.sends().await.len(), sent);
    });
}

#[test]
fn a_vendors_accept_on_our_card_brings_keys_two_and_three() {
    on_both(async |test| {
        let world = Calling::new(test).await;
        let vendor = world.vendor_contact().await;
        world.ask_consent(v1(), CallScope::CallVendor).await.unwrap();
        world.deliver().await;
        let card = world.prompt(vendor).await;
        let (sent, audited) = (world.sends().await.len(), world.audit().await.len());
        let mut accept = reply(PermissionResponse::Accept);
        accept.expires_at = Some(world.now() + Duration::from_hours(48));
        world.says_at(vendor, Word::Permission { prompt: Some(card), reply: accept }, world.now()).await;
        assert_eq!(world.status_of(vendor, Callee).await, Granted);
        let stored = world.consents().await.pop().unwrap();
        assert_eq!(
            stored.consent.expires_at(),
            world.now() + Duration::from_hours(48),
            "Meta's end, if earlier"
        );
        assert_eq!(world.queued(vendor, sent).await, [(Purpose::VendorMessage, YES_SAID.to_owned())]);
        assert_eq!(
            world.told(audited).await,
            ["permission.changed ok temporary", "consent.granted ok", "consent.confirmed ok"]
        );
        assert_eq!(world.wakes().await, ["consent_granted"]);
        // Taken back in the profile: no prompt, both keys gone, nothing is said.
        world.advance(Duration::from_mins(1));
        world.rejects(vendor, None).await;
        assert_eq!(world.status_of(vendor, Callee).await, Denied);
        assert_eq!(world.sends().await.len(), sent + 1);
        let told = world.told(audited + 3).await;
        assert_eq!(told, ["permission.changed ok refused", "consent.withdrawn ok by_person"]);
        assert_eq!(world.history_of(vendor, Callee).await, [Asked, Yes, WithdrawnByPerson]);
    });
}

#[test]
fn meta_takes_a_permission_back_and_leaves_the_clients_authorisation() {
    on_both(async |test| {
        let (world, prompt) = asked(test, CallScope::Either).await;
        world.presses(world.client, prompt, true).await;
        world.accepts(world.client, None).await;
        world.advance(Duration::from_secs(1));
        let mut revoked = reply(PermissionResponse::Reject);
        revoked.automatic = true;
        world.says_at(world.client, Word::Permission { prompt: None, reply: revoked }, world.now()).await;
        assert_eq!(world.status_of(world.client, Authorisation).await, Granted);
        assert_eq!(world.status_of(world.client, Callee).await, Denied);
        assert_eq!(world.history_of(world.client, Callee).await, [Asked, Yes, WithdrawnByMeta]);
        // An accept of before that comes late brings nothing back.
        let before = world.now() - Duration::from_secs(30);
        let late = Word::Permission { prompt: None, reply: reply(PermissionResponse::Accept) };
        world.says_at(world.client, late, before).await;
        let (client, number, now) = (world.client, super::number(), world.now());
        let permission = world.read(move |tx| calls::permission(tx, client, &number)).await;
        assert!(matches!(permission.state(now), PermissionState::Refused { .. }));
    });
}

#[test]
fn a_word_of_metas_that_we_do_not_know_grants_nothing() {
    on_both(async |test| {
        let world = Calling::new(test).await;
        let vendor = world.vendor_contact().await;
        world.ask_consent(v1(), CallScope::CallVendor).await.unwrap();
        world.deliver().await;
        let card = world.prompt(vendor).await;
        let audited = world.audit().await.len();
        let odd = Word::Permission { prompt: Some(card), reply: reply(PermissionResponse::Other) };
        world.says_at(vendor, odd, world.now()).await;
        assert_eq!(world.status_of(vendor, Callee).await, Requested);
        assert_eq!(world.told(audited).await, ["permission.ignored refused unclear"]);
    });
}

/// The prompt that a bare word of this person answers.
async fn word_answers(
    world: &Calling<'_>,
    by: ContactId,
    quoted: Option<MessageId>,
    at: Timestamp,
) -> Option<MessageId> {
    world.write(move |tx| prompt_of_words(tx, by, &super::number(), quoted, at)).await
}

/// The vendor's bare "yes" says that the thing is there: a card is answered by its own buttons, and a prompt by words
/// only once the inquiry is answered.
#[test]
fn a_vendors_bare_word_answers_the_inquiry_first() {
    on_both(async |test| {
        let world = Calling::new(test).await;
        let vendor = world.vendor_contact().await;
        world.ask_consent(v1(), CallScope::CallVendor).await.unwrap();
        world.deliver().await;
        let card = world.prompt(vendor).await;
        assert_eq!(word_answers(&world, vendor, None, world.now()).await, None, "a card has buttons");
        assert_eq!(word_answers(&world, vendor, Some(card), world.now()).await, Some(card));
    });
    on_both(async |test| {
        let world = Calling::new(test).await;
        let vendor = world.vendor_contact().await;
        world.accepts(vendor, None).await;
        world.ask_consent(v1(), CallScope::CallVendor).await.unwrap();
        world.deliver().await;
        let prompt = world.prompt(vendor).await;
        assert_eq!(word_answers(&world, vendor, None, world.now()).await, None, "the inquiry waits");
        assert_eq!(word_answers(&world, vendor, Some(prompt), world.now()).await, Some(prompt));
        let clear = world.vendor_says("v1", "yes, 3500/=").await;
        world.recorded("v1", clear).await;
        assert_eq!(word_answers(&world, vendor, None, world.now()).await, Some(prompt));
        let other = "200".parse().unwrap();
        let elsewhere = world.write(move |tx| prompt_of_words(tx, vendor, &other, None, tx.now)).await;
        assert_eq!(elsewhere, None, "written to another number of ours");
    });
}

/// Our question about the need that nobody has answered yet is what a bare YES answers.
#[test]
fn a_clients_bare_word_answers_the_open_question_first() {
    on_both(async |test| {
        let world = Calling::new(test).await;
        let client = world.client;
        world.call(world.to_client("Front axle?")).await.unwrap();
        world.deliver().await;
        world.ask_consent(Party::Client, CallScope::CallVendor).await.unwrap();
        world.deliver().await;
        let prompt = world.prompt(client).await;
        assert_eq!(word_answers(&world, client, None, world.now()).await, None);
        assert_eq!(word_answers(&world, client, Some(prompt), world.now()).await, Some(prompt));
        world.client_says("the front one").await;
        assert_eq!(word_answers(&world, client, None, world.now()).await, Some(prompt));
    });
}

/// A bare YES answers the prompt only where nobody can take it for something else.
#[test]
fn which_prompt_a_bare_word_answers() {
    on_both(async |test| {
        let world = Calling::new(test).await;
        world.ask_consent(Party::Client, CallScope::Either).await.unwrap();
        let (client, stranger) = (world.client, world.vendor("v2").await.contact);
        let find = async |by, quoted, at| word_answers(&world, by, quoted, at).await;
        let prompt = world.prompt(client).await;
        assert_eq!(find(client, None, world.now()).await, None, "it has not gone out yet");
        let before = world.now() - Duration::from_mins(1);
        world.deliver().await;
        assert_eq!(find(client, None, world.now()).await, Some(prompt));
        assert_eq!(find(client, None, before).await, None, "written before the prompt was there");
        assert_eq!(find(stranger, None, world.now()).await, None);
        assert_eq!(find(stranger, Some(prompt), world.now()).await, None);
        // A newer question of ours is what a bare word answers; the prompt has to be quoted.
        world.call(world.to_client("Front axle?")).await.unwrap();
        assert_eq!(find(client, None, world.now()).await, Some(prompt), "not sent, not seen");
        world.deliver().await;
        assert_eq!(find(client, None, world.now()).await, None);
        assert_eq!(find(client, Some(prompt), world.now()).await, Some(prompt));
        let question = world.sends().await.pop().unwrap().message;
        assert_eq!(find(client, Some(question), world.now()).await, None);
        world.presses(client, prompt, true).await;
        assert_eq!(find(client, Some(prompt), world.now()).await, Some(prompt), "a no may still follow");
    });
}
