//! A server that does as it is told.

use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex},
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, http::StatusCode, rt, web};
use futures_util::{StreamExt, future, stream};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// What it answers.
#[derive(Clone)]
pub(super) enum Behaviour {
    Reply(u16, Vec<u8>),
    Redirect(u16, String),
    /// Never answers.
    Hang,
    /// Sends status and half a body, then nothing.
    HangInBody,
    /// Sends as long as somebody reads.
    Endless,
}

/// One request as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Received {
    pub(super) line: String,
    pub(super) authorization: Option<String>,
    pub(super) content_type: Option<String>,
    /// Names of headers that say who somebody is or was.
    pub(super) telling: Vec<String>,
    pub(super) body: Vec<u8>,
}

#[derive(Clone)]
pub(super) struct Server {
    pub(super) url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Server {
    pub(super) fn start(behaviour: Behaviour) -> Self {
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let shared = web::Data::from(Arc::clone(&received));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .app_data(web::Data::new(behaviour.clone()))
                .default_service(web::to(answer))
        })
        .workers(1)
        .disable_signals()
        .bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        rt::spawn(server.run());
        Self { url, received }
    }

    pub(super) fn replies(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::start(Behaviour::Reply(status, body.into()))
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

async fn answer(
    request: HttpRequest,
    body: web::Bytes,
    received: web::Data<Mutex<Vec<Received>>>,
    behaviour: web::Data<Behaviour>,
) -> HttpResponse {
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let ordinary = ["authorization", "content-type", "content-length", "host", "accept", "user-agent"];
    let names = request.headers().keys().map(ToString::to_string);
    received.lock().unwrap().push(Received {
        line: format!("{} {}", request.method(), request.uri()),
        authorization: header("authorization"),
        content_type: header("content-type"),
        telling: names.filter(|name| !ordinary.contains(&name.as_str())).collect(),
        body: body.to_vec(),
    });
    match behaviour.get_ref().clone() {
        Behaviour::Reply(status, body) => {
            HttpResponse::build(StatusCode::from_u16(status).unwrap()).body(body)
        }
        Behaviour::Redirect(status, to) => HttpResponse::build(StatusCode::from_u16(status).unwrap())
            .insert_header(("location", to))
            .finish(),
        Behaviour::Hang => future::pending().await,
        Behaviour::HangInBody => {
            let first = Ok::<_, actix_web::Error>(web::Bytes::from_static(b"{\"session\":"));
            HttpResponse::Ok().streaming(stream::iter([first]).chain(stream::pending()))
        }
        Behaviour::Endless => {
            let chunk = || Ok::<_, actix_web::Error>(web::Bytes::from_static(&[b' '; 8 * 1024]));
            HttpResponse::Ok().streaming(stream::repeat_with(chunk))
        }
    }
}

/// An address where nobody listens.
pub(super) async fn closed_port() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// Takes one connection, answers its first bytes with `reply` and closes.
pub(super) async fn raw(reply: &'static [u8]) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    rt::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 8 * 1024];
        let _ = connection.read(&mut buffer).await.unwrap();
        connection.write_all(reply).await.unwrap();
    });
    url
}
