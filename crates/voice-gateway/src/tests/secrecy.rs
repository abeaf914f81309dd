//! Nothing of a media description or the token is ever seen, whatever goes wrong.

use std::{
    io,
    sync::{Arc, Mutex},
};

use serde_json::json;

use super::{
    TOKEN, attempt, client, sdp,
    server::{Server, raw},
    session,
};
use crate::{Misreading, Offer, VoiceError, VoiceGateway, VoiceGatewayConfig};

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
async fn logs_and_errors_name_the_outcome_and_nothing_else() {
    let buffer = Buffer::default();
    let writer = buffer.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let offer = json!({"session": "vse_1", "sdp_type": "offer", "sdp": sdp()}).to_string();
    let quoting = json!({"title": sdp(), "sdp": sdp()}).to_string();
    let wrong_session = json!({"session": sdp(), "sdp_type": sdp(), "sdp": sdp()}).to_string();
    for (status, body) in [
        (200, offer),
        (204, String::new()),
        (200, wrong_session),
        (200, sdp()),
        (422, quoting.clone()),
        (500, quoting),
    ] {
        let server = Server::replies(status, body);
        let client = client(&server.url);
        let offered = client.offer(attempt()).await;
        let answered = client.answer(&session(), &sdp()).await;
        let hung_up = client.hang_up(&session()).await;
        tracing::info!(?client, ?offered, ?answered, ?hung_up, "also when somebody prints the results");
        for error in [offered.err(), answered.err(), hung_up.err()].into_iter().flatten() {
            tracing::info!(%error, ?error);
        }
    }
    // HTTP that is none, with a description wherever a parser may stumble.
    for reply in [
        &b"a=ice-pwd:SDP-SECRET\r\n\r\n"[..],
        b"HTTP/1.1 a=ice-pwd:SDP-SECRET\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na=ice-pwd:SDP-SECRET\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: SDP-SECRET\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nSDP-SECRET\r\n",
        b"HTTP/1.1 307 a\r\nlocation: http://192.0.2.20/SDP-SECRET\r\ncontent-length: 0\r\n\r\n",
    ] {
        let error = client(&raw(reply).await).offer(attempt()).await.unwrap_err();
        tracing::info!(%error, ?error);
    }
    let config = VoiceGatewayConfig::new("http://voice", Some(TOKEN.into()));
    tracing::info!(?config);
    drop(guard);
    let text = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("voice offer") && text.contains("answer_unreadable"), "{text}");
    assert!(text.contains("vse_1") && text.contains(&attempt().to_string()), "ids may be seen");
    assert!(text.contains("the connection broke"), "{text}");
    for secret in ["SDP-SECRET", "ice-pwd", "192.0.2.20", TOKEN] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[test]
fn an_offer_shows_its_length() {
    let offer = Offer { session: session(), sdp: sdp() };
    assert_eq!(format!("{offer:?}"), format!("Offer(vse_1, {} bytes)", sdp().len()));
    let error = VoiceError::Unreadable(Misreading::Description);
    assert_eq!(
        error.to_string(),
        "the voice gateway's answer is not of its protocol: the media description is none, or has more than 65536 bytes"
    );
}
