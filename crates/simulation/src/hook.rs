//! The operators' webhook: a double that refuses the first attempts, takes the rest, and keeps what it was sent.

use std::{
    net::{Ipv4Addr, TcpListener},
    sync::{Arc, Mutex, PoisonError},
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, http::StatusCode, web};
use anyhow::Context as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

/// One request that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The body, as it came.
    pub body: Vec<u8>,
    /// Whether the signature is ours over this very body.
    pub is_signed: bool,
    /// The notification's id in the header.
    pub id: String,
    /// What it was answered.
    pub status: u16,
}

impl Told {
    /// A field of the body that is a text.
    pub fn text(&self, field: &str) -> Option<String> {
        let body: Value = serde_json::from_slice(&self.body).ok()?;
        body.get(field)?.as_str().map(str::to_owned)
    }
}

#[derive(Debug)]
struct State {
    secret: String,
    refuses: usize,
    told: Mutex<Vec<Told>>,
}

/// A running double.
#[derive(Debug)]
pub struct Hook {
    state: Arc<State>,
    url: String,
    server: ServerHandle,
}

impl Hook {
    /// Listens; answers 503 to the first `refuses` requests and 204 to the others.
    pub fn start(secret: &str, refuses: usize) -> anyhow::Result<Self> {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port for the operators' webhook")?;
        let url = format!("http://{}/operators", listener.local_addr()?);
        let state = Arc::new(State { secret: secret.to_owned(), refuses, told: Mutex::default() });
        let shared = web::Data::from(Arc::clone(&state));
        let server = HttpServer::new(move || {
            App::new().app_data(shared.clone()).route("/operators", web::post().to(take))
        })
        .workers(1)
        .disable_signals()
        .shutdown_timeout(1)
        .listen(listener)?
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        Ok(Self { state, url, server: handle })
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What came in so far.
    pub fn told(&self) -> Vec<Told> {
        self.state.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether it took a notification about this request.
    pub fn took(&self, request_id: &str) -> bool {
        let is_of =
            |told: &Told| told.status == 204 && told.text("request_id").as_deref() == Some(request_id);
        self.told().iter().any(is_of)
    }

    /// Stops listening.
    pub async fn stop(self) {
        self.server.stop(false).await;
    }
}

async fn take(request: HttpRequest, body: web::Bytes, state: web::Data<State>) -> HttpResponse {
    let header = |name: &str| {
        request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let mut told = state.told.lock().unwrap_or_else(PoisonError::into_inner);
    let status = if told.len() < state.refuses { 503 } else { 204 };
    told.push(Told {
        is_signed: is_signed(&state.secret, &header("concierge-signature"), &body),
        body: body.to_vec(),
        id: header("concierge-notification-id"),
        status,
    });
    HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)).finish()
}

/// As the page on notifications tells a receiver to do it.
fn is_signed(secret: &str, header: &str, body: &[u8]) -> bool {
    let Some((time, digest)) = header.strip_prefix("t=").and_then(|rest| rest.split_once(",v1=")) else {
        return false;
    };
    let (Ok(_), Ok(digest)) = (time.parse::<i64>(), hex::decode(digest)) else { return false };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac.verify_slice(&digest).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_of_one_body_and_one_time() {
        let header = "t=1790000000,v1=5d92896a8990998b341ce1ac3a9268bd7e66f0bcc8daf2aa280e9443578f8f1c";
        assert!(is_signed("whsec-test", header, b"{}"));
        assert!(!is_signed("whsec-test", header, b"{ }"));
        assert!(!is_signed("another", header, b"{}"));
        assert!(!is_signed("whsec-test", &header.replace("t=179", "t=178"), b"{}"));
        assert!(!is_signed("whsec-test", "v1=00", b"{}"));
    }
}
