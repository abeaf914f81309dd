//! Load over real HTTP: connections that are kept alive, each posting one webhook after another.
//!
//! Written on the bare socket, and all connections on one thread: the less a client costs, the more of the cores is
//! the server's.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use futures_util::future::try_join_all;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    time::timeout,
};

use crate::{stats::Samples, webhook};

/// An answer that takes longer is a failure of the run.
const ANSWERS_WITHIN: Duration = Duration::from_secs(30);
/// The most header bytes of an answer.
const HEAD_MAX: u64 = 16 * 1024;
/// The most body bytes of an answer.
const BODY_MAX: usize = 64 * 1024;

/// Posts webhooks over so many connections for so long; every one must be answered 200. `next` numbers the
/// messages, so that none is sent twice.
pub(crate) async fn run(
    address: SocketAddr,
    connections: usize,
    lasts: Duration,
    next: &AtomicU32,
) -> anyhow::Result<(Samples, Duration)> {
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        open.push(Connection::open(address).await?);
    }
    let started = Instant::now();
    let posting = open.into_iter().map(|connection| connection.post_until(started + lasts, next));
    let mut all = Samples::default();
    try_join_all(posting).await?.into_iter().for_each(|samples| all.extend(samples));
    Ok((all, started.elapsed()))
}

struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
}

impl Connection {
    async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.context("cannot connect to concierge-api")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), host: address.to_string() })
    }

    async fn post_until(mut self, end: Instant, next: &AtomicU32) -> anyhow::Result<Samples> {
        let mut samples = Samples::default();
        while Instant::now() < end {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let body = webhook::text_message(number, webhook::now(), "I need brake pads for a 2014 Corolla");
            let request = webhook::post(&self.host, &body);
            let began = Instant::now();
            let answered = timeout(ANSWERS_WITHIN, self.exchange(&request)).await;
            let status = answered.context("concierge-api did not answer in time")??;
            samples.push(began.elapsed());
            ensure!(status == 200, "concierge-api answered {status}, not 200");
        }
        Ok(samples)
    }

    /// Sends one request and reads its whole answer; the status.
    async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<u16> {
        self.stream.write_all(request).await?;
        let mut head = (&mut self.stream).take(HEAD_MAX);
        let mut line = String::new();
        head.read_line(&mut line).await?;
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.with_context(|| format!("not an HTTP answer: {line:?}"))?;
        let mut length = 0;
        loop {
            line.clear();
            ensure!(head.read_line(&mut line).await? > 0, "the connection was closed");
            let header = line.trim_end();
            if header.is_empty() {
                break;
            }
            if let Some((name, value)) = header.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().context("a content length that is no number")?;
            }
        }
        ensure!(length <= BODY_MAX, "an answer of {length} bytes");
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await?;
        Ok(status)
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// Answers each connection once with `answer`, then closes it.
    async fn server(answer: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = [0; 4_096];
            assert!(stream.read(&mut asked).await.unwrap() > 0);
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        address
    }

    async fn post(answer: &'static str) -> anyhow::Result<u16> {
        let mut connection = Connection::open(server(answer).await).await?;
        connection.exchange(b"POST / HTTP/1.1\r\n\r\n").await
    }

    #[tokio::test]
    async fn an_answer_is_read_to_its_end() {
        assert_eq!(post("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap(), 200);
        assert_eq!(
            post("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nretry-after: 1\r\n\r\n").await.unwrap(),
            503
        );
    }

    #[tokio::test]
    async fn what_is_not_a_whole_answer_is_an_error() {
        for answer in
            ["", "hello\r\n", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok"]
        {
            assert!(post(answer).await.is_err(), "{answer:?}");
        }
    }

    #[tokio::test]
    async fn anything_but_200_ends_the_run() {
        let address = server("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n").await;
        let error = run(address, 1, Duration::from_secs(5), &AtomicU32::new(0)).await.unwrap_err();
        assert!(error.to_string().contains("503"), "{error}");
    }
}
