//! How large, over a real socket.

use std::time::Duration;

use store::testing::on_both;
use tokio::{io::AsyncWriteExt, time::timeout};

use super::{
    socket::{Server, head, read_answer},
    *,
};
use crate::{BODY_MAX, BodyBudget};

/// A webhook of exactly `length` bytes.
fn webhook_of(length: usize) -> Vec<u8> {
    let body = webhook(&format!("wamid.{length}"), "254700000101", "");
    webhook(&format!("wamid.{length}"), "254700000101", &"x".repeat(length - body.len()))
}

#[test]
fn bodies_are_bounded_with_and_without_a_length() {
    on_both(async |test| {
        let server = Server::start(state(&test.db));
        for (length, status) in [(3 * 1024 * 1024, 200), (BODY_MAX, 200), (BODY_MAX + 1, 413)] {
            let body = webhook_of(length);
            assert_eq!(body.len(), length);
            for chunked in [false, true] {
                let mut connection = server.connect().await;
                let answer = socket::post(&mut connection, &body, chunked).await;
                assert_eq!(answer.status.as_u16(), status, "{length} bytes, chunked: {chunked}");
                if status == 413 {
                    answer.assert_problem(413, "body_too_large");
                }
                // The connection is as good as before.
                let next =
                    socket::post(&mut connection, &webhook("wamid.1", "254700000101", "hi"), false).await;
                assert_eq!(next.status.as_u16(), 200);
            }
        }
        assert_eq!(waiting(test).await.len(), 3);
        server.stop();
    });
}

#[actix_web::test]
async fn an_endless_body_is_cut_off() {
    let test = TestStore::sqlite();
    let server = Server::start(state(&test.db));
    let chunk = [b"100000\r\n", &vec![b'x'; 1 << 20][..], b"\r\n"].concat();
    for (length, chunk) in [(Some(1 << 40), &chunk[8..chunk.len() - 2]), (None, &chunk[..])] {
        let mut connection = server.connect().await;
        connection.write_all(&head("sha256=00", length)).await.unwrap();
        let (mut answers, mut body) = connection.split();
        // The answer comes although the sender goes on.
        let answer = async {
            tokio::select! {
                biased;
                answer = read_answer(&mut answers) => answer,
                () = async { while body.write_all(chunk).await.is_ok() {} } => panic!("cut off without an answer"),
            }
        };
        let answer = timeout(Duration::from_secs(20), answer).await.expect("the server reads on and on");
        answer.assert_problem(413, "body_too_large");
    }
    server.stop();
}

#[actix_web::test]
async fn bodies_together_are_bounded() {
    let test = TestStore::sqlite();
    let budget = BodyBudget::new(100_000);
    let server = Server::start(state(&test.db).with_body_budget(budget.clone()));
    let body = webhook_of(60_000);
    // The first holds its share: all but its last byte has come.
    let mut first = server.connect().await;
    let (last, rest) = body.split_last().unwrap();
    first.write_all(&head(&sign(SECRET, &body), Some(body.len()))).await.unwrap();
    first.write_all(rest).await.unwrap();
    first.flush().await.unwrap();
    let read = async {
        while budget.left() > 100_000 - rest.len() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(20), read).await.expect("the first is read");
    let mut second = server.connect().await;
    let answer = socket::post(&mut second, &webhook_of(60_001), false).await;
    answer.assert_problem(503, "unavailable");
    first.write_all(&[*last]).await.unwrap();
    assert_eq!(read_answer(&mut first).await.status.as_u16(), 200);
    // Its share is free again.
    let mut third = server.connect().await;
    let answer = socket::post(&mut third, &webhook_of(60_002), false).await;
    assert_eq!(answer.status.as_u16(), 200);
    server.stop();
}
