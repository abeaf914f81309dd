//! Real bodies, and what becomes of them when they are bent.

use std::{fs, path::Path};

use marketplace::{IdSource, SeededIds};
use store::testing::on_both;

use super::*;

/// The recorded webhooks, by name.
fn fixtures() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/meta-webhooks");
    let mut found: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap()))
        .filter(|(name, _)| !matches!(name.as_str(), "MANIFEST.json" | "signature-vectors.json"))
        .collect();
    found.sort();
    assert!(found.len() > 50);
    found
}

#[test]
fn every_recorded_webhook_is_stored_or_a_dead_letter() {
    on_both(async |test| {
        let state = state(&test.db);
        for (name, body) in fixtures() {
            let before = (waiting(test).await.len(), letters(test).await.len());
            let answer = post_signed(&state, &body).await;
            assert_eq!(answer.status.as_u16(), 200, "{name}");
            let after = (waiting(test).await.len(), letters(test).await.len());
            let events = meta_client::split(&body).unwrap();
            let new = (after.0 - before.0) + (after.1 - before.1);
            // Some of the recordings are of one event told twice.
            assert!(new <= events.len(), "{name}");
            post_signed(&state, &body).await;
            assert_eq!((waiting(test).await.len(), letters(test).await.len()), after, "{name} again");
        }
        assert!(letters(test).await.iter().all(|letter| !letter.reason.is_empty()));
        assert!(waiting(test).await.iter().all(|event| event.payload.is_some()));
        assert!(waiting(test).await.len() > 40);
    });
}

#[test]
fn bent_bodies_are_taken_too() {
    on_both(async |test| {
        let state = state(&test.db);
        let fixtures = fixtures();
        let chance = SeededIds::new(20);
        for round in 0..400 {
            let (name, body) = &fixtures[draw(&chance, fixtures.len())];
            let bent = bend(&chance, body, round);
            let answer = post_signed(&state, &bent).await;
            let told = || format!("{name}, round {round}: {}", String::from_utf8_lossy(&bent));
            assert_eq!(answer.status.as_u16(), 200, "{}", told());
            // Everything in it is known now: stored, or a dead letter.
            let again = state.intake.accept(&bent).await.unwrap();
            assert!(again.stored == 0 && again.duplicates + again.dead > 0, "{again:?} {}", told());
        }
        assert!(letters(test).await.iter().all(|letter| !letter.reason.is_empty()));
    });
}

fn draw(chance: &SeededIds, below: usize) -> usize {
    let mut bytes = [0; 8];
    chance.fill_random(&mut bytes);
    usize::try_from(u64::from_le_bytes(bytes) % below as u64).unwrap()
}

/// Bytes changed, cut or doubled in one round of three; in the others a value somewhere inside is replaced.
fn bend(chance: &SeededIds, body: &[u8], round: usize) -> Vec<u8> {
    if round.is_multiple_of(3) {
        let mut bytes = body.to_vec();
        match draw(chance, 3) {
            0 => bytes.truncate(draw(chance, body.len())),
            1 => (0..4)
                .for_each(|_| bytes[draw(chance, body.len())] = u8::try_from(draw(chance, 256)).unwrap()),
            _ => bytes.extend_from_slice(body),
        }
        return bytes;
    }
    let mut root: Value = serde_json::from_slice(body).unwrap();
    let pointers = pointers(&root, String::new());
    for _ in 0..=draw(chance, 3) {
        let pointer = &pointers[draw(chance, pointers.len())];
        if let Some(value) = root.pointer_mut(pointer) {
            *value = odd_value(chance, value);
        }
    }
    root.to_string().into_bytes()
}

fn pointers(value: &Value, at: String) -> Vec<String> {
    let mut found = match value {
        Value::Object(map) => {
            let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
            map.iter().flat_map(|(key, value)| pointers(value, format!("{at}/{}", escaped(key)))).collect()
        }
        Value::Array(list) => {
            list.iter().enumerate().flat_map(|(n, value)| pointers(value, format!("{at}/{n}"))).collect()
        }
        _ => Vec::new(),
    };
    found.push(at);
    found
}

fn odd_value(chance: &SeededIds, old: &Value) -> Value {
    match draw(chance, 12) {
        0 => Value::Null,
        1 => json!([]),
        2 => json!({}),
        3 => json!([old, old, null]),
        4 => json!({"inside": old}),
        5 => json!(-1.5e308),
        6 => json!(u64::MAX),
        7 => json!("\u{0}\u{202e}😀\u{ffff}"),
        8 => json!("x".repeat(5_000)),
        9 => json!(true),
        10 => (0..110).fold(json!("deep"), |inner, _| json!([inner])),
        _ => json!(old.to_string()),
    }
}
