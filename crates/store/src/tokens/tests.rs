use marketplace::SeededIds;
use secrecy::ExposeSecret as _;

use super::*;
use crate::testing::{TestStore, on_both};

fn new(name: &str, actor_kind: ActorKind, scopes: &[&str]) -> NewToken {
    NewToken {
        name: name.to_owned(),
        actor_kind,
        scopes: scopes.iter().map(ToString::to_string).collect(),
        expires_at: None,
    }
}

async fn made(test: &TestStore, new: NewToken) -> Result<(Token, String), TokenRefusal> {
    let made = test.db.write(move |tx| create(tx, &new)).await.unwrap();
    made.map(|(token, text)| (token, text.expose_secret().to_owned()))
}

async fn shown(test: &TestStore, token: &str) -> Result<Token, TokenFault> {
    let token = token.to_owned();
    test.db.read(move |tx| verify(tx, &token)).await.unwrap()
}

#[test]
fn a_token_is_valid_until_it_expires_or_is_taken_back() {
    on_both(async |test| {
        let expiring = NewToken {
            expires_at: Some(test.db.clock.now() + Duration::from_mins(5)),
            ..new("shop", ActorKind::Service, &["read", "send"])
        };
        let (token, text) = made(test, expiring).await.unwrap();
        assert_eq!(shown(test, &text).await.as_ref(), Ok(&token));
        assert_eq!(token.scopes, ["read", "send"]);
        test.clock.advance(Duration::from_mins(5));
        assert_eq!(shown(test, &text).await, Err(TokenFault::Expired));

        let (token, text) = made(test, new("shop", ActorKind::Service, &["read"])).await.unwrap();
        let id = token.id;
        assert!(test.db.write(move |tx| revoke(tx, id)).await.unwrap());
        assert!(!test.db.write(move |tx| revoke(tx, id)).await.unwrap());
        assert_eq!(shown(test, &text).await, Err(TokenFault::Revoked));
    });
}

#[test]
fn a_wrong_secret_is_like_no_token() {
    on_both(async |test| {
        let (token, text) = made(test, new("shop", ActorKind::Service, &["read"])).await.unwrap();
        let (other, other_text) = made(test, new("shop", ActorKind::Service, &["read"])).await.unwrap();
        assert_ne!(token.id, other.id);
        let swapped = format!("{}{}", text.get(..37).unwrap(), other_text.get(37..).unwrap());
        let (_, stranger) = Parts::generate(&SeededIds::new(77));
        for bad in [swapped.as_str(), stranger.expose_secret()] {
            assert_eq!(shown(test, bad).await, Err(TokenFault::Unknown));
        }
        assert_eq!(shown(test, "cct_nonsense").await, Err(TokenFault::Malformed));
        // A revoked token is not told apart from an unknown one by somebody who has no secret.
        let id = token.id;
        test.db.write(move |tx| revoke(tx, id)).await.unwrap();
        assert_eq!(shown(test, &swapped).await, Err(TokenFault::Unknown));
    });
}

#[test]
fn two_of_a_name_live_and_a_third_waits() {
    on_both(async |test| {
        let wanted = || new("shop", ActorKind::Service, &["read"]);
        let (first, _) = made(test, wanted()).await.unwrap();
        made(test, wanted()).await.unwrap();
        assert_eq!(made(test, wanted()).await.unwrap_err(), TokenRefusal::LiveLimit);
        made(test, new("other", ActorKind::Service, &["read"])).await.unwrap();
        test.db.write(move |tx| revoke(tx, first.id)).await.unwrap();
        made(test, wanted()).await.unwrap();
        assert_eq!(made(test, wanted()).await.unwrap_err(), TokenRefusal::LiveLimit);
        assert_eq!(test.db.read(|tx| of_name(tx, "shop")).await.unwrap().len(), 3);
    });
}

#[test]
fn many_at_once_make_two() {
    on_both(async |test| {
        let tries = (0..8).map(|_| {
            let db = test.db.clone();
            let wanted = new("shop", ActorKind::Service, &["read"]);
            tokio::spawn(async move { db.write(move |tx| create(tx, &wanted)).await.unwrap().is_ok() })
        });
        let mut made = 0;
        for one in tries.collect::<Vec<_>>() {
            made += usize::from(one.await.unwrap());
        }
        assert_eq!(made, LIVE_MAX);
    });
}

#[test]
fn what_is_not_made() {
    on_both(async |test| {
        use ActorKind::{Human, Orchestrator, Service};
        made(test, new("ops", Human, &["operate"])).await.unwrap();
        for (wanted, refusal) in [
            (new("Asha Mwangi", Human, &["read"]), TokenRefusal::NameNotACode),
            (new("254700000101", Human, &["read"]), TokenRefusal::NameNotACode),
            (new(&"x".repeat(65), Human, &["read"]), TokenRefusal::NameNotACode),
            (new("operator", Human, &["read"]), TokenRefusal::NameReserved),
            (new("turn", Orchestrator, &["read"]), TokenRefusal::ActorKind),
            (new("shop", Service, &[]), TokenRefusal::NoScope),
            (new("shop", Service, &["read", "operate"]), TokenRefusal::OperateNeedsPerson),
            (new("ops", Service, &["read"]), TokenRefusal::OtherKind(Human)),
        ] {
            assert_eq!(made(test, wanted.clone()).await.unwrap_err(), refusal, "{wanted:?}");
        }
        assert_eq!(test.db.read(|tx| list(tx, 10)).await.unwrap().len(), 1);
    });
}

/// The database holds the rule too, whatever program writes to it.
#[test]
fn a_service_that_operates_is_no_row() {
    on_both(async |test| {
        let row = TokenRow {
            id: "tok_00000000000000000000000000000001".to_owned(),
            name: "shop".to_owned(),
            actor_kind: "service".to_owned(),
            scopes: "read operate".to_owned(),
            secret_hash: vec![0; 32],
            created_at: 0,
            expires_at: None,
            last_used_at: None,
            revoked_at: None,
        };
        let refused: Result<usize, StoreError> = test
            .db
            .write(move |tx| {
                Ok(on_conn!(&mut *tx.conn, |c| diesel::insert_into(api_tokens::table)
                    .values(&row)
                    .execute(c))?)
            })
            .await;
        assert!(refused.unwrap_err().is_check_violation());
    });
}

#[test]
fn use_is_noted_once_a_minute() {
    on_both(async |test| {
        let (token, _) = made(test, new("shop", ActorKind::Service, &["read"])).await.unwrap();
        let id = token.id;
        let start = test.db.clock.now();
        for (after, noted) in [(0, 0), (59, 0), (1, 60), (60, 120)] {
            test.clock.advance(Duration::from_secs(after));
            test.db.write(move |tx| note_use(tx, id)).await.unwrap();
            let token = test.db.read(move |tx| load(tx, id)).await.unwrap().unwrap();
            assert_eq!(token.last_used_at, Some(start + Duration::from_secs(noted)));
        }
    });
}
