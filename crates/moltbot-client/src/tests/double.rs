//! A gateway or model server that does as it is told.

use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, http::StatusCode, rt, web};
use futures_util::{StreamExt, future, stream};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// What the double answers.
#[derive(Clone)]
pub(super) enum Behaviour {
    Reply(u16, String),
    Bytes(&'static [u8]),
    /// 429 with this `Retry-After`.
    Limited(&'static str),
    Redirect(String),
    /// Sends 200 and blanks without end.
    Endless,
    /// Sends 200 and a blank every ten milliseconds.
    Drip,
    /// Never answers.
    Hang,
    /// Sends status and half a body, then nothing.
    HangInBody,
}

/// One question as it arrived.
#[derive(Clone)]
pub(super) struct Received {
    pub(super) path: String,
    headers: Vec<(String, String)>,
    pub(super) body: Value,
}

impl Received {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Clone)]
pub(super) struct Double {
    pub(super) url: String,
    state: Arc<Mutex<State>>,
}

struct State {
    behaviour: Behaviour,
    received: Vec<Received>,
}

impl Double {
    pub(super) fn start(behaviour: Behaviour) -> Self {
        let state = Arc::new(Mutex::new(State { behaviour, received: Vec::new() }));
        let shared = web::Data::from(Arc::clone(&state));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .app_data(web::PayloadConfig::new(4 * 1024 * 1024))
                .default_service(web::to(answer))
        })
        .workers(1)
        .disable_signals()
        .bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        rt::spawn(server.run());
        Self { url, state }
    }

    pub(super) fn now_does(&self, behaviour: Behaviour) {
        self.state.lock().unwrap().behaviour = behaviour;
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.state.lock().unwrap().received.clone()
    }
}

async fn answer(request: HttpRequest, body: web::Bytes, state: web::Data<Mutex<State>>) -> HttpResponse {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let received = Received {
        path: request.path().to_owned(),
        headers: request.headers().iter().map(|(n, v)| (n.to_string(), text(v.as_bytes()))).collect(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    let behaviour = {
        let mut state = state.lock().unwrap();
        state.received.push(received);
        state.behaviour.clone()
    };
    match behaviour {
        Behaviour::Reply(status, body) => {
            HttpResponse::build(StatusCode::from_u16(status).unwrap()).body(body)
        }
        Behaviour::Bytes(body) => HttpResponse::Ok().body(body),
        Behaviour::Limited(wait) => {
            HttpResponse::TooManyRequests().insert_header(("retry-after", wait)).body("{}")
        }
        Behaviour::Endless => HttpResponse::Ok().streaming(stream::repeat_with(|| blanks(64 * 1024))),
        Behaviour::Drip => HttpResponse::Ok().streaming(stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            Some((blanks(1), ()))
        })),
        Behaviour::Redirect(to) => HttpResponse::TemporaryRedirect()
            .insert_header(("location", format!("{to}/tools/invoke")))
            .finish(),
        Behaviour::Hang => future::pending().await,
        Behaviour::HangInBody => {
            let first = Ok::<_, actix_web::Error>(web::Bytes::from_static(b"{\"ok\":true,"));
            HttpResponse::Ok().streaming(stream::iter([first]).chain(stream::pending()))
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "has the form of a chunk")]
fn blanks(count: usize) -> actix_web::Result<web::Bytes> {
    Ok(" ".repeat(count).into())
}

/// An address where nobody listens.
pub(super) async fn closed_port() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// Takes one connection, answers its first bytes with `reply` and closes; with an empty reply it waits for
/// the other side to close instead. The task ends when the connection does.
pub(super) async fn raw(reply: &'static [u8]) -> (String, rt::task::JoinHandle<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = rt::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 8 * 1024];
        let _ = connection.read(&mut buffer).await.unwrap();
        if reply.is_empty() {
            while connection.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
        } else {
            connection.write_all(reply).await.unwrap();
        }
    });
    (url, served)
}

/// Waits for something that has to happen, at most five seconds.
pub(super) async fn soon<T>(happens: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(5), happens).await.unwrap()
}
