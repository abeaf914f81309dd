//! Each gate stops what it must, with its code, before the wire.

use marketplace::{ActorKind, Control, EventId, RequestState};
use store::{
    contacts::{self, Identity},
    flags::{self, Flag},
    intake::{self, NewInboundEvent},
    outbox::{NewSend, Purpose, SendState},
    requests,
    testing::{START, on_both},
};

use super::world::{CLIENT, World, number};
use crate::dispatch::{Hold, IN_FLIGHT_MAX};

async fn cancelled(world: &World<'_>, id: marketplace::OutboxId, reason: &str) {
    let report = world.step().await;
    assert_eq!(report.cancelled, 1, "{reason}: {report:?}");
    assert_eq!(world.state(id).await, (SendState::Cancelled, Some(reason.to_owned())));
    assert_eq!(world.audit().await, [format!("send.cancelled {reason}")]);
    assert_eq!(world.meta.wire(), [""; 0]);
    assert!(!world.step().await.did_work());
}

async fn set_control(world: &World<'_>, control: Control) {
    let request = world.request;
    world
        .write(move |tx| {
            let mut guard = requests::lock(tx, request)?;
            Ok(requests::set_control(tx, &mut guard, control)?)
        })
        .await;
}

#[test]
fn after_stop_only_its_confirmation_goes_out() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.to_client("hello").await;
        let client = world.client;
        world.write(move |tx| Ok(contacts::set_opt_out(tx, client, Some(tx.now))?)).await;
        cancelled(&world, id, "opted_out").await;
        assert_eq!(world.dead_letters().await, ["opted_out"]);
        let notice = world.queue(world.client, Purpose::Notice, "which do you mean?").await;
        assert_eq!(world.step().await.cancelled, 1);
        assert_eq!(world.state(notice).await, (SendState::Cancelled, Some("opted_out".to_owned())));
        world.queue(world.client, Purpose::StopConfirmation, "you are unsubscribed").await;
        assert_eq!(world.step().await.accepted, 1);
        assert_eq!(world.meta.wire(), ["text you are unsubscribed"]);
    });
}

#[test]
fn a_takeover_cancels_what_the_bot_had_queued() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.to_client("hello").await;
        set_control(&world, Control::Human).await;
        cancelled(&world, id, "control_changed").await;
        // Back with the bot, what it had queued before stays cancelled.
        let stale = world.to_client("again").await;
        set_control(&world, Control::Bot).await;
        assert_eq!(world.step().await.cancelled, 1);
        assert_eq!(world.state(stale).await.1.as_deref(), Some("control_changed"));
    });
}

#[test]
fn a_person_and_the_last_word_go_out_across_a_takeover() {
    on_both(async |store| {
        let world = World::new(store).await;
        let human = |new: &mut NewSend| new.author = ActorKind::Human;
        world.queue_with(world.client, Purpose::ClientMessage, "from Ann", human).await;
        world.queue(world.client, Purpose::Farewell, "a person will help").await;
        world.set_state(RequestState::Escalated).await;
        set_control(&world, Control::Human).await;
        assert_eq!(world.step().await.accepted, 1);
        assert_eq!(world.step().await.accepted, 1);
        assert_eq!(world.meta.wire(), ["text from Ann", "text a person will help"]);
    });
}

#[test]
fn a_closed_request_sends_its_farewell_alone() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.to_client("hello").await;
        world.set_state(RequestState::Closed).await;
        cancelled(&world, id, "request_closed").await;
        world.queue(world.client, Purpose::Farewell, "goodbye").await;
        assert_eq!(world.step().await.accepted, 1);
    });
}

#[test]
fn after_handoff_only_the_contact_messages_go_out() {
    for purpose in [Purpose::ClientMessage, Purpose::Shortlist, Purpose::VendorMessage, Purpose::Farewell] {
        on_both(async |store| {
            let world = World::new(store).await;
            let id = world.queue(world.client, purpose, "hello").await;
            world.set_state(RequestState::HandedOff).await;
            cancelled(&world, id, "handed_off").await;
            world.queue(world.client, Purpose::Handoff, "call +254700000202").await;
            assert_eq!(world.step().await.accepted, 1);
        });
    }
}

#[test]
fn what_is_stale_is_not_sent() {
    on_both(async |store| {
        let world = World::new(store).await;
        let soon = |new: &mut NewSend| new.not_after = Some(START);
        let id = world.queue_with(world.client, Purpose::ClientMessage, "hello", soon).await;
        world.advance(1);
        cancelled(&world, id, "stale").await;
    });
}

#[test]
fn outside_the_window_there_is_a_template_or_nothing() {
    on_both(async |store| {
        let world = World::new(store).await;
        world.advance(24 * 60 * 60 + 1);
        let bare = |new: &mut NewSend| new.payload.template = None;
        let id = world.queue_with(world.client, Purpose::ClientMessage, "hello", bare).await;
        cancelled(&world, id, "outside_window").await;
        world.to_client("your order").await;
        assert_eq!(world.step().await.accepted, 1);
        assert_eq!(world.meta.wire(), ["concierge_client_update_v1 your order"]);
    });
}

#[test]
fn inside_the_window_buttons_go_with_the_text_where_they_fit() {
    on_both(async |store| {
        let world = World::new(store).await;
        let buttons = |new: &mut NewSend| {
            new.payload.buttons = vec![("a".to_owned(), "Yes".to_owned()), ("b".to_owned(), "No".to_owned())];
        };
        world.queue_with(world.client, Purpose::ClientMessage, "hello", buttons).await;
        let long = "x".repeat(1_025);
        world.queue_with(world.client, Purpose::ClientMessage, &long, buttons).await;
        for _ in 0..2 {
            assert_eq!(world.step().await.accepted, 1);
        }
        assert_eq!(world.meta.wire(), ["buttons2 hello".to_owned(), format!("text {long}")]);
    });
}

#[test]
fn what_meta_would_refuse_for_its_form_is_cancelled() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.to_client(&"x".repeat(4_097)).await;
        cancelled(&world, id, "not_sendable").await;
    });
}

#[test]
fn a_purpose_that_the_catalogue_lacks_is_cancelled() {
    on_both(async |store| {
        let world = World::new(store).await;
        let foreign = |new: &mut NewSend| {
            if let Some(template) = &mut new.payload.template {
                template.purpose = "birthday".to_owned();
            }
        };
        let id = world.queue_with(world.vendor, Purpose::VendorMessage, "hello", foreign).await;
        cancelled(&world, id, "no_template").await;
    });
}

#[test]
fn an_erased_person_gets_nothing() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.to_client("hello").await;
        let client = world.client;
        world
            .write(move |tx| {
                let key = contacts::data_key(tx, client)?;
                Ok(tx.vault.destroy_data_key(tx.conn, key)?)
            })
            .await;
        assert_eq!(world.step().await.cancelled, 1);
        assert_eq!(world.state(id).await, (SendState::Cancelled, Some("erased".to_owned())));
        assert_eq!(world.meta.wire(), [""; 0]);
    });
}

#[test]
fn a_person_without_an_address_gets_nothing() {
    on_both(async |store| {
        let world = World::new(store).await;
        let nowhere = world
            .write(|tx| {
                let known_by = [Identity::WaId("254700000303".parse().unwrap())];
                let contact = contacts::find_or_create(tx, &known_by, None, marketplace::Language::En)?;
                Ok(contact.id)
            })
            .await;
        let id = world.queue(nowhere, Purpose::VendorMessage, "hello").await;
        cancelled(&world, id, "no_address").await;
    });
}

#[test]
fn a_cancelled_inquiry_ends_the_wait_for_that_vendor() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.inquiry("do you have it?").await;
        let vendor = world.vendor;
        world.write(move |tx| Ok(contacts::set_opt_out(tx, vendor, Some(tx.now))?)).await;
        cancelled(&world, id, "opted_out").await;
        assert_eq!(world.outreach().await, moltbot_contract::OutreachStatus::Failed);
        assert_eq!(world.wakes().await, ["send_failed"]);
        assert_eq!(world.dead_letters().await, [""; 0]);
    });
}

#[test]
fn the_kill_switch_holds_and_lets_go() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.to_client("hello").await;
        let switch = |on: bool| world.write(move |tx| Ok(flags::set(tx.conn, Flag::Outbound, on, tx.now)?));
        switch(false).await;
        for _ in 0..2 {
            assert_eq!(world.step().await.hold, Some(Hold::OutboundOff));
            world.advance(1);
        }
        assert_eq!(world.state(id).await.0, SendState::Queued);
        assert_eq!(world.meta.wire(), [""; 0]);
        switch(true).await;
        assert_eq!(world.step().await.accepted, 1);
    });
}

#[test]
fn nothing_is_sent_to_a_person_whose_message_is_not_placed_yet() {
    on_both(async |store| {
        let world = World::new(store).await;
        world.to_client("hello").await;
        let event = world
            .write(move |tx| {
                let sender = contacts::hash(tx, &Identity::Phone(CLIENT.parse().unwrap()));
                let id = EventId::generate(tx.ids);
                let event = NewInboundEvent {
                    id,
                    key_hash: [7; 32],
                    phone_number_id: Some(number().as_str().to_owned()),
                    sender_hash: Some(sender.to_vec()),
                    subject_hash: sender.to_vec(),
                    kind: "message".to_owned(),
                    payload: "{}".to_owned(),
                    meta_at: None,
                    received_at: tx.now,
                    dead_reason: None,
                };
                intake::insert_events(tx.conn, tx.vault, &[event])?;
                Ok(id)
            })
            .await;
        assert_eq!(world.step().await.held, 1);
        assert!(!world.step().await.did_work());
        world
            .write(move |tx| Ok(store::inbound::finish(tx, event, None, store::inbound::Routed::Done)?))
            .await;
        world.advance(1);
        assert_eq!(world.step().await.accepted, 1);
    });
}

#[test]
fn a_person_is_sent_no_more_than_metas_pair_rate() {
    on_both(async |store| {
        let world = World::new(store).await;
        for at in 0..46 {
            world.to_client(&format!("{at}")).await;
        }
        let mut accepted = 0;
        for _ in 0..60 {
            accepted += world.step().await.accepted;
            store.clock.advance(std::time::Duration::from_millis(13));
        }
        assert_eq!(accepted, 45);
        world.advance(6);
        assert_eq!(world.step().await.accepted, 1);
    });
}

#[test]
fn first_in_first_out_for_one_person_beside_the_others() {
    on_both(async |store| {
        let world = World::new(store).await;
        for body in ["one", "two", "three"] {
            world.to_client(body).await;
        }
        world.queue(world.vendor, Purpose::VendorMessage, "other").await;
        const { assert!(IN_FLIGHT_MAX >= 2) };
        assert_eq!(world.step().await.accepted, 2);
        let mut wire = world.meta.wire();
        wire.sort();
        assert_eq!(wire, ["concierge_vendor_inquiry_v1 other", "text one"]);
        for _ in 0..2 {
            assert_eq!(world.step().await.accepted, 1);
        }
        assert_eq!(world.meta.wire()[2..], ["text two", "text three"]);
    });
}
