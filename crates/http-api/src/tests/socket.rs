//! A server on a real socket, and the few lines of HTTP it takes to speak with it.

use std::{
    net::{SocketAddr, TcpListener},
    thread::{self, JoinHandle},
};

use store::testing::on_both;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
};

use super::*;
use crate::serve;

/// The server under test, in a thread of its own.
pub(super) struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<std::io::Result<()>>,
}

impl Server {
    pub(super) fn start(state: AppState) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let shutdown = async {
            let _ = stopped.await;
        };
        let thread = thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move { serve(listener, state, shutdown)?.await })
        });
        Self { address, stop, thread }
    }

    pub(super) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Asks it to stop and waits until it has.
    pub(super) fn stop(self) {
        self.stop.send(()).unwrap();
        self.thread.join().unwrap().unwrap();
    }
}

/// The head of a webhook's request; chunked without a length.
pub(super) fn head(signature: &str, length: Option<usize>) -> Vec<u8> {
    let framing =
        length.map_or("transfer-encoding: chunked".to_owned(), |length| format!("content-length: {length}"));
    format!(
        "POST {PATH} HTTP/1.1\r\nhost: localhost\r\nx-hub-signature-256: {signature}\r\n{framing}\r\n\r\n"
    )
    .into_bytes()
}

pub(super) async fn post(connection: &mut TcpStream, body: &[u8], chunked: bool) -> Answer {
    connection.write_all(&head(&sign(SECRET, body), (!chunked).then_some(body.len()))).await.unwrap();
    if chunked {
        for chunk in body.chunks(100_000) {
            connection.write_all(format!("{:x}\r\n", chunk.len()).as_bytes()).await.unwrap();
            connection.write_all(chunk).await.unwrap();
            connection.write_all(b"\r\n").await.unwrap();
        }
        connection.write_all(b"0\r\n\r\n").await.unwrap();
    } else {
        connection.write_all(body).await.unwrap();
    }
    read_answer(connection).await
}

pub(super) async fn read_answer(connection: &mut (impl AsyncRead + Unpin)) -> Answer {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(connection.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut answer = Answer { status, headers, body: String::new() };
    let mut body = vec![0; answer.header("content-length").unwrap().parse().unwrap()];
    connection.read_exact(&mut body).await.unwrap();
    answer.body = String::from_utf8(body).unwrap();
    answer
}

#[test]
fn what_was_answered_with_200_is_durable() {
    const CONNECTIONS: usize = 32;
    const EACH: usize = 10;
    on_both(async |test| {
        let server = Server::start(state(&test.db));
        let other = test.open_again();
        let posts = (0..CONNECTIONS).map(|c| {
            let (server, other) = (&server, other.clone());
            async move {
                let mut connection = server.connect().await;
                for n in 0..EACH {
                    let body = webhook(&format!("wamid.{c}.{n}"), &format!("2547000{c:05}"), "hi");
                    let answer = post(&mut connection, &body, false).await;
                    assert_eq!(answer.status.as_u16(), 200, "{answer:?}");
                }
                // Another process sees at least this connection's events.
                let db = Db { store: other, ..test.db.clone() };
                let (count, _) = db.read(inbound::backlog).await.unwrap();
                assert!(count >= i64::try_from(EACH).unwrap());
            }
        });
        futures_util::future::join_all(posts).await;
        assert_eq!(waiting(test).await.len(), CONNECTIONS * EACH);
        other.close().await;
        server.stop();
    });
}

#[actix_web::test]
async fn a_stop_finishes_what_is_in_flight() {
    let test = TestStore::sqlite();
    let server = Server::start(state(&test.db));
    let mut idle = server.connect().await;
    post(&mut idle, &webhook("wamid.1", "254700000101", "hi"), false).await;
    let body = webhook("wamid.2", "254700000101", "hi");
    let mut busy = server.connect().await;
    busy.write_all(&head(&sign(SECRET, &body), Some(body.len()))).await.unwrap();
    let (last, rest) = body.split_last().unwrap();
    busy.write_all(rest).await.unwrap();
    // An answer on another connection: by now the server has begun with the one in flight.
    post(&mut idle, &webhook("wamid.3", "254700000101", "hi"), false).await;
    let stopping = thread::spawn(move || server.stop());
    // The idle connection is closed at once, not kept until the longest wait is over.
    assert_eq!(idle.read(&mut [0; 1]).await.unwrap_or(0), 0);
    busy.write_all(&[*last]).await.unwrap();
    assert_eq!(read_answer(&mut busy).await.status.as_u16(), 200);
    stopping.join().unwrap();
    assert_eq!(waiting(&test).await.len(), 3);
}
