//! Load over real HTTP: connections that are kept alive, each posting one webhook after another.
//!
//! Written on the bare socket, all connections on one thread, every request written and signed before the clock
//! starts: the less a client costs, the more of the cores is the server's.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicUsize, Ordering},
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
/// So many requests a second are prepared: more than any machine answers that this is measured on. A faster one ends
/// its round early.
const RATE_MAX: u32 = 40_000;
/// The same for a single connection.
const SINGLE_RATE_MAX: u32 = 20_000;
/// The most header bytes of an answer.
const HEAD_MAX: u64 = 16 * 1024;
/// The most body bytes of an answer.
const BODY_MAX: usize = 64 * 1024;

/// Posts webhooks over so many connections for so long, or until all that were prepared are posted; every one must be
/// answered 200. `next` numbers the messages, so that none is sent twice.
pub(crate) async fn run(
    address: SocketAddr,
    connections: usize,
    lasts: Duration,
    next: &mut u32,
) -> anyhow::Result<(Samples, Duration)> {
    let requests = Requests::prepare(address, connections, lasts, *next)?;
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        open.push(Connection::open(address).await?);
    }
    let started = Instant::now();
    let posting = open.into_iter().map(|connection| connection.post_until(started + lasts, &requests));
    let mut all = Samples::default();
    try_join_all(posting).await?.into_iter().for_each(|samples| all.extend(samples));
    let elapsed = started.elapsed();
    *next += u32::try_from(all.len())?;
    Ok((all, elapsed))
}

/// Requests, written out. They are taken from the front.
struct Requests {
    written: Vec<Vec<u8>>,
    taken: AtomicUsize,
}

impl Requests {
    fn prepare(address: SocketAddr, connections: usize, lasts: Duration, first: u32) -> anyhow::Result<Self> {
        // One connection posts one after another.
        let rate = if connections == 1 { SINGLE_RATE_MAX } else { RATE_MAX };
        let count = u32::try_from(lasts.as_millis())?.saturating_mul(rate) / 1_000;
        let host = address.to_string();
        let at = webhook::now();
        let written = (first..first + count)
            .map(|number| {
                let body = webhook::text_message(number, at, "I need brake pads for a 2014 Corolla");
                webhook::post(&host, &body)
            })
            .collect();
        Ok(Self { written, taken: AtomicUsize::new(0) })
    }

    fn take(&self) -> Option<&[u8]> {
        self.written.get(self.taken.fetch_add(1, Ordering::Relaxed)).map(Vec::as_slice)
    }
}

struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.context("cannot connect to concierge-api")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    async fn post_until(mut self, end: Instant, requests: &Requests) -> anyhow::Result<Samples> {
        let mut samples = Samples::default();
        while Instant::now() < end
            && let Some(request) = requests.take()
        {
            let began = Instant::now();
            let answered = timeout(ANSWERS_WITHIN, self.exchange(request)).await;
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
        let error = run(address, 1, Duration::from_secs(1), &mut 0).await.unwrap_err();
        assert!(error.to_string().contains("503"), "{error}");
    }
}
