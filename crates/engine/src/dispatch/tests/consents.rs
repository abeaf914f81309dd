//! What asks whether we may call: the card, the buttons, and what stops both.

use marketplace::RequestState;
use meta_client::{SendErrorClass, outbound::Content};
use store::{
    flags::{self, Flag},
    outbox::{NewSend, Purpose, SendState, TemplateUse},
    requests::{self, FactChanges},
    testing::on_both,
};

use super::world::{CALLING, GENEROUS, World, number, refused};
use crate::dispatch::Dispatcher;

fn template(purpose: &'static str) -> impl Fn(&mut NewSend) {
    move |new: &mut NewSend| {
        new.payload.template =
            Some(TemplateUse { purpose: purpose.to_owned(), parameters: vec![new.payload.body.clone()] });
    }
}

#[test]
fn inside_the_window_the_card_and_the_buttons_go_out() {
    on_both(async |store| {
        let world = World::new(store).await;
        let card = template("call_permission");
        world.queue_with(world.client, Purpose::PermissionCard, "May we call?", card).await;
        assert_eq!(world.step().await.accepted, 1);
        let ask = |new: &mut NewSend| {
            template("consent_prompt")(new);
            new.payload.buttons = vec![("y".to_owned(), "YES".to_owned()), ("n".to_owned(), "NO".to_owned())];
        };
        world.queue_with(world.client, Purpose::ConsentPrompt, "Do you allow a call?", ask).await;
        assert_eq!(world.step().await.accepted, 1);
        assert_eq!(
            world.meta.wire(),
            ["call permission request May we call?", "buttons2 Do you allow a call?"]
        );
        assert!(matches!(world.meta.sent()[0].content(), Content::CallPermissionRequest { .. }));
    });
}

/// The built-in catalogue asks nobody outside the window, and nobody's dead letter comes of it.
#[test]
fn outside_the_window_they_need_a_template_of_their_own() {
    on_both(async |store| {
        let world = World::new(store).await;
        for (purpose, name) in
            [(Purpose::PermissionCard, "call_permission"), (Purpose::ConsentPrompt, "consent_prompt")]
        {
            let id = world.queue_with(world.vendor, purpose, "May we call?", template(name)).await;
            assert_eq!(world.step().await.cancelled, 1);
            assert_eq!(world.state(id).await, (SendState::Cancelled, Some("outside_window".to_owned())));
        }
        world.advance(24 * 60 * 60);
        let id = world
            .queue_with(world.client, Purpose::ConsentPrompt, "May we?", template("consent_prompt"))
            .await;
        assert_eq!(world.step().await.cancelled, 1);
        assert_eq!(world.state(id).await.1.as_deref(), Some("outside_window"));
        assert_eq!(world.dead_letters().await, [""; 0]);
        assert_eq!(world.meta.wire(), [""; 0]);
    });
}

#[test]
fn nobody_is_asked_once_calling_is_off_or_the_request_is_over() {
    on_both(async |store| {
        let world = World::new(store).await;
        for (state, reason) in [
            (RequestState::Sourcing, "calling_disabled"),
            (RequestState::HandedOff, "handed_off"),
            (RequestState::Closed, "request_closed"),
        ] {
            let off = reason == "calling_disabled";
            world.write(move |tx| Ok(flags::set(tx.conn, Flag::Calling, !off, tx.now)?)).await;
            world.set_state(state).await;
            for purpose in [Purpose::PermissionCard, Purpose::ConsentPrompt] {
                let id = world.queue(world.client, purpose, "May we?").await;
                assert_eq!(world.step().await.cancelled, 1, "{reason}");
                assert_eq!(world.state(id).await, (SendState::Cancelled, Some(reason.to_owned())));
            }
        }
        // With calling off everything else goes out.
        world.set_state(RequestState::Sourcing).await;
        world.write(move |tx| Ok(flags::set(tx.conn, Flag::Calling, false, tx.now)?)).await;
        world.to_client("hello").await;
        assert_eq!(world.step().await.accepted, 1);
    });
}

/// What was queued before the environment switched calling off.
#[test]
fn nobody_is_asked_with_calling_off_in_the_environment() {
    on_both(async |store| {
        let mut world = World::new(store).await;
        let off = tools::Policy { calling: false, ..CALLING };
        let (db, meta) = (store.db.clone(), world.meta.clone());
        let templates = crate::templates::TemplateCatalogue::built_in();
        world.dispatcher = Dispatcher::new(db, meta, templates, off, GENEROUS, number(), "first".to_owned());
        for purpose in [Purpose::PermissionCard, Purpose::ConsentPrompt] {
            let id = world.queue(world.client, purpose, "May we?").await;
            assert_eq!(world.step().await.cancelled, 1);
            assert_eq!(world.state(id).await, (SendState::Cancelled, Some("calling_disabled".to_owned())));
        }
        world.to_client("hello").await;
        assert_eq!(world.step().await.accepted, 1);
        assert_eq!(world.meta.wire(), ["text hello"]);
    });
}

#[test]
fn nobody_is_asked_once_it_is_about_a_prescription() {
    on_both(async |store| {
        let world = World::new(store).await;
        let request = world.request;
        world
            .write(move |tx| {
                let mut guard = requests::lock(tx, request)?;
                let marked = FactChanges { prescription: Some(true), ..FactChanges::default() };
                Ok(requests::set_facts(tx, &mut guard, &marked)?)
            })
            .await;
        for purpose in [Purpose::PermissionCard, Purpose::ConsentPrompt] {
            let id = world.queue(world.client, purpose, "May we?").await;
            assert_eq!(world.step().await.cancelled, 1);
            assert_eq!(world.state(id).await, (SendState::Cancelled, Some("prescription".to_owned())));
        }
        world.to_client("hello").await;
        assert_eq!(world.step().await.accepted, 1);
    });
}

#[test]
fn metas_refusals_of_a_card_end_it_with_their_code() {
    on_both(async |store| {
        let world = World::new(store).await;
        for code in [138_009, 138_011, 138_017, 131_026] {
            world.meta.will(refused(SendErrorClass::Unknown, code));
            let id = world.queue(world.client, Purpose::PermissionCard, "May we?").await;
            assert_eq!(world.step().await.failed, 1);
            assert_eq!(world.state(id).await, (SendState::Failed, Some(format!("meta_{code}"))));
        }
        assert_eq!(world.dead_letters().await, [""; 0], "the request goes on in chat");
    });
}
