//! The voice leg: Meta's answer reaches the gateway once, and its session ends with the call.

use calling_policy::Party;
use serde_json::json;
use store::testing::on_both;

use super::world::{ANSWER, World, away, gone};

#[test]
fn the_answer_is_handed_over_once_and_the_session_ends_with_the_call() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.placed(Party::Client).await;
        world.connect(id).await;
        world.settle().await;
        let answered = format!("answer ses-{id} {}", ANSWER.len());
        assert_eq!(world.voice.done(), ["offer".to_owned(), answered.clone()]);
        // Twice, with another time: another event for intake, the same answer.
        world.advance(1);
        world.connect(id).await;
        world.settle().await;
        assert_eq!(world.voice.done().len(), 2);
        world.completed(id).await;
        world.settle().await;
        world.settle().await;
        assert_eq!(world.voice.done(), ["offer".to_owned(), answered, format!("hang_up ses-{id}")]);
        assert_eq!(world.load(id).await.voice_session, None);
    });
}

#[test]
fn a_gateway_that_is_away_is_asked_again_within_metas_patience() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.placed(Party::Client).await;
        for _ in 0..3 {
            world.voice.fails_with(away());
        }
        world.connect(id).await;
        world.settle().await;
        world.settle().await;
        assert_eq!(world.voice.done(), ["offer"]);
        for _ in 0..8 {
            world.pass(1).await;
        }
        assert_eq!(world.voice.done().len(), 2, "handed over within 8 s");
        assert_eq!(world.state(id).await, "placed");
    });
}

#[test]
fn a_gateway_that_refuses_the_answer_ends_the_call() {
    for faults in [vec![gone()], vec![away(); 8]] {
        on_both(async |store| {
            let world = World::new(store).await;
            let id = world.placed(Party::Client).await;
            faults.iter().cloned().for_each(|fault| world.voice.fails_with(fault));
            world.connect(id).await;
            world.settle().await;
            for _ in 0..faults.len() * 5 {
                if world.meta.count("terminate") == 0 {
                    world.advance(5);
                    world.settle().await;
                }
            }
            assert_eq!(world.meta.count("terminate"), 1);
            world.terminate(id, json!({}), json!([])).await;
            world.settle().await;
            assert_eq!(world.state(id).await, "failed voice_gateway");
            assert_eq!((world.fallbacks().await, world.meta.count("terminate")), (1, 1));
            assert_eq!(world.voice.done(), ["offer".to_owned(), format!("hang_up ses-{id}")]);
        });
    }
}

#[test]
fn a_session_that_cannot_be_ended_is_left_to_the_gateway() {
    on_both(async |store| {
        let world = World::new(store).await;
        let id = world.placed(Party::Client).await;
        for _ in 0..100 {
            world.voice.fails_with(away());
        }
        world.terminate(id, json!({}), json!([])).await;
        for _ in 0..40 {
            world.pass(31).await;
        }
        assert_eq!(world.load(id).await.voice_session, None);
        assert!(world.voice.faults.lock().unwrap().len() >= 88, "bounded");
    });
}
