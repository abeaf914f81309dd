//! What is logged of a send names the intent and the request, and nobody's words.

use std::{
    io,
    sync::{Arc, Mutex},
};

use meta_client::SendOutcome;
use store::testing::TestStore;

use super::world::World;

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl io::Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Transactions run on threads of the store's, so the subscriber is the whole process's.
fn logged() -> Buffer {
    let buffer = Buffer::default();
    let writer = buffer.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    buffer
}

#[tokio::test]
async fn metas_words_about_a_doubtful_send_stay_out_of_the_log() {
    let buffer = logged();
    let store = TestStore::sqlite();
    let world = World::new(&store).await;
    let id = world.to_client("TEXT-OF-A-MESSAGE").await;
    let why = "HTTP 500, code 131000: METAS-WORDS about 254700000101".to_owned();
    world.meta.will(SendOutcome::Unknown { why });
    assert_eq!(world.step().await.unknown, 1);
    let text = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
    let line = text.lines().find(|line| line.contains("nobody knows")).unwrap();
    assert!(line.contains("why=\"HTTP 500, code 131000\""), "{line}");
    // On another thread, and all the same in its span.
    let request = world.request;
    assert!(line.contains(&format!("dispatch{{intent={id} request={request}}}")), "{line}");
    for personal in ["METAS-WORDS", "254700000101", "TEXT-OF-A-MESSAGE"] {
        assert!(!text.contains(personal), "{personal} in {text}");
    }
}
