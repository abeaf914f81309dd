//! Nothing of a pack, an answer or the token is ever logged.

use std::{
    io,
    sync::{Arc, Mutex},
};

use super::{
    ask, chat, config,
    double::{Behaviour, Double},
    envelope,
};

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

#[actix_web::test]
async fn logs_name_the_outcome_and_nothing_else() {
    let buffer = Buffer::default();
    let writer = buffer.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    for (status, body) in [
        (200, envelope("{\"note\":\"ANSWER-TEXT\"}")),
        (200, "ANSWER-TEXT, not JSON".to_owned()),
        (500, "ANSWER-TEXT".to_owned()),
    ] {
        let double = Double::start(Behaviour::Reply(status, body));
        let result = ask(config(&double.url)).await;
        tracing::info!(?result, "also when somebody prints the result");
    }
    for body in
        [chat::completion("{\"note\":\"ANSWER-TEXT\"}"), chat::refusal("ANSWER-TEXT"), "ANSWER-TEXT".into()]
    {
        let double = Double::start(Behaviour::Reply(200, body));
        let config = chat::config(&double.url);
        tracing::info!(?config, "also when somebody prints the configuration");
        let result = ask(config).await;
        tracing::info!(?result, "also when somebody prints the result");
    }
    drop(guard);
    let text = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("Moltbot answered") && text.contains("tool_failed"), "{text}");
    assert!(text.contains("answer_refused") && text.contains("model-1"), "{text}");
    for secret in ["PACK-TEXT", "ANSWER-TEXT", "gateway-token-1", "model-key-1"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}
