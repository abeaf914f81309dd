//! What is asked, and what each answer proves.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    TOKEN, attempt, client, client_for, sdp,
    server::{self, Behaviour, Server},
    session,
};
use crate::{
    ANSWER_BYTES_MAX, BuildError, HttpVoiceGateway, Misreading, Offer, Outage, Refusal, SDP_BYTES_MAX,
    TIMEOUT_MAX, VoiceError, VoiceGateway, VoiceGatewayConfig, http::CONNECT_TIMEOUT_MAX,
};

/// Long enough for a slow machine, short enough for a test.
const SHORT_MS: u64 = 200;

fn offer_body() -> Value {
    json!({"session": "vse_1", "sdp_type": "offer", "sdp": sdp()})
}

async fn offer_from(server: &Server) -> Result<Offer, VoiceError> {
    client(&server.url).offer(attempt()).await
}

/// All three requests to servers that answer so.
async fn all_three(behaviour: Behaviour, timeout_ms: u64) -> [Result<(), VoiceError>; 3] {
    let server = Server::start(behaviour);
    let client = client_for(&server.url, timeout_ms);
    [
        client.offer(attempt()).await.map(|_| ()),
        client.answer(&session(), &sdp()).await,
        client.hang_up(&session()).await,
    ]
}

#[actix_web::test]
async fn the_requests_have_the_documented_form_and_nothing_else() {
    for base_path in ["", "/", "/gateway/"] {
        let server = Server::replies(200, offer_body().to_string());
        let base = format!("{}{base_path}", server.url);
        let offer = client(&base).offer(attempt()).await.unwrap();
        assert_eq!((offer.session, offer.sdp), (session(), sdp()));
        let server_of_none = Server::replies(204, "");
        let client = client(&format!("{}{base_path}", server_of_none.url));
        client.answer(&session(), &sdp()).await.unwrap();
        client.hang_up(&session()).await.unwrap();

        let mut seen = server.received();
        seen.extend(server_of_none.received());
        let prefix = base_path.trim_end_matches('/');
        let lines: Vec<&str> = seen.iter().map(|request| request.line.as_str()).collect();
        assert_eq!(
            lines,
            [
                format!("PUT {prefix}/v1/calls/{}", attempt()),
                format!("PUT {prefix}/v1/sessions/vse_1/answer"),
                format!("DELETE {prefix}/v1/sessions/vse_1"),
            ]
        );
        for request in &seen {
            assert_eq!(request.authorization.as_deref(), Some(format!("Bearer {TOKEN}").as_str()));
            assert_eq!(request.telling, [""; 0], "{}", request.line);
        }
        assert!(seen[0].body.is_empty() && seen[2].body.is_empty());
        assert_eq!(seen[1].content_type.as_deref(), Some("application/json"));
        let body: Value = serde_json::from_slice(&seen[1].body).unwrap();
        assert_eq!(body, json!({"sdp_type": "answer", "sdp": sdp()}));
    }
}

#[actix_web::test]
async fn without_a_token_none_is_sent() {
    let server = Server::replies(201, offer_body().to_string());
    let client = HttpVoiceGateway::new(&VoiceGatewayConfig::new(&server.url, None)).unwrap();
    assert!(client.offer(attempt()).await.is_ok());
    assert_eq!(server.received()[0].authorization, None);
}

#[actix_web::test]
async fn every_status_has_its_meaning_and_is_asked_once() {
    use VoiceError::{Refused, Unavailable, Unreadable};
    for status in [408, 429, 500, 502, 503, 504] {
        let expected = Err(Unavailable(Outage::Status { status }));
        assert_eq!(
            all_three(Behaviour::Reply(status, Vec::new()), 5_000).await,
            [(); 3].map(|()| expected.clone())
        );
    }
    for status in [401, 403] {
        let expected = Err(Refused(Refusal::Token { status }));
        assert_eq!(
            all_three(Behaviour::Reply(status, Vec::new()), 5_000).await,
            [(); 3].map(|()| expected.clone())
        );
    }
    for status in [400, 405, 409, 413, 422] {
        let expected = Err(Refused(Refusal::Status { status }));
        assert_eq!(
            all_three(Behaviour::Reply(status, Vec::new()), 5_000).await,
            [(); 3].map(|()| expected.clone())
        );
    }
    for status in [202, 206, 304] {
        let expected = Err(Unreadable(Misreading::Status { status }));
        assert_eq!(
            all_three(Behaviour::Reply(status, Vec::new()), 5_000).await,
            [(); 3].map(|()| expected.clone())
        );
    }
    let gone = |status| Err(Refused(Refusal::SessionGone { status }));
    assert_eq!(
        all_three(Behaviour::Reply(404, Vec::new()), 5_000).await,
        [Err(Refused(Refusal::Status { status: 404 })), gone(404), Ok(())]
    );
    assert_eq!(all_three(Behaviour::Reply(410, Vec::new()), 5_000).await, [gone(410), gone(410), Ok(())]);
    // A page with a good status is not the promised one.
    let page = Behaviour::Reply(200, b"<html>Sign in</html>".to_vec());
    let status = Err(Unreadable(Misreading::Status { status: 200 }));
    assert_eq!(all_three(page, 5_000).await, [Err(Unreadable(Misreading::Form)), status.clone(), status]);

    let server = Server::replies(503, "");
    let _ = offer_from(&server).await;
    assert_eq!(server.received().len(), 1, "the client itself never tries again");
}

#[actix_web::test]
async fn what_is_no_offer_is_not_taken() {
    let with = |field: &str, value: Value| {
        let mut body = offer_body();
        body[field] = value;
        body.to_string().into_bytes()
    };
    let without = |field: &str| {
        let mut body = offer_body();
        body.as_object_mut().unwrap().remove(field);
        body.to_string().into_bytes()
    };
    let long = format!("v=0\r\n{}", "x".repeat(SDP_BYTES_MAX - 4));
    let not_text =
        [b"{\"session\":\"vse_1\",\"sdp_type\":\"offer\",\"sdp\":\"v=0\r\n\xff\"}".to_vec()].concat();
    for (what, body, expected) in [
        ("empty", Vec::new(), Misreading::Form),
        ("html", b"<html>".to_vec(), Misreading::Form),
        ("half", b"{\"session\":\"vse_1\",".to_vec(), Misreading::Form),
        ("not UTF-8", not_text, Misreading::Form),
        ("no session", without("session"), Misreading::Form),
        ("no type", without("sdp_type"), Misreading::Form),
        ("no description", without("sdp"), Misreading::Form),
        ("a number", with("sdp", json!(7)), Misreading::Form),
        ("bad session", with("session", json!("../v1")), Misreading::Session),
        ("empty session", with("session", json!("")), Misreading::Session),
        ("an answer", with("sdp_type", json!("answer")), Misreading::NotAnOffer),
        ("blank", with("sdp", json!("")), Misreading::Description),
        ("JSON in JSON", with("sdp", json!("{\"sdp\":\"v=0\"}")), Misreading::Description),
        ("one byte too many", with("sdp", json!(long)), Misreading::Description),
    ] {
        let server = Server::replies(200, body);
        assert_eq!(offer_from(&server).await, Err(VoiceError::Unreadable(expected)), "{what}");
    }
}

#[actix_web::test]
async fn what_is_within_the_bounds_is_taken_as_it_is() {
    let longest = format!("v=0\n{}", "\u{1}".repeat(SDP_BYTES_MAX - 4));
    // Escaped, each of these bytes takes six.
    let body = json!({"session": "x".repeat(64), "sdp_type": "offer", "sdp": longest, "later": {"a": 1}});
    let server = Server::replies(201, body.to_string());
    assert_eq!(offer_from(&server).await.unwrap().sdp, longest);
}

#[actix_web::test]
async fn a_body_is_read_to_its_bound_and_no_further() {
    let server = Server::start(Behaviour::Endless);
    assert_eq!(offer_from(&server).await, Err(VoiceError::Unreadable(Misreading::TooLong)));
    let mut padded = offer_body().to_string().into_bytes();
    padded.resize(ANSWER_BYTES_MAX, b' ');
    assert!(offer_from(&Server::replies(200, padded.clone())).await.is_ok());
    padded.push(b' ');
    let longer = offer_from(&Server::replies(200, padded)).await;
    assert_eq!(longer, Err(VoiceError::Unreadable(Misreading::TooLong)));
}

#[actix_web::test]
async fn a_body_nobody_needs_is_not_waited_for() {
    // Status lines decide: an error's body may quote a description, and is not read.
    let server = Server::start(Behaviour::HangInBody);
    let answered = client(&server.url).answer(&session(), &sdp()).await;
    assert_eq!(answered, Err(VoiceError::Unreadable(Misreading::Status { status: 200 })));
}

#[actix_web::test]
async fn the_time_limit_covers_headers_and_body() {
    let late = || Err(VoiceError::Unavailable(Outage::Late));
    assert_eq!(all_three(Behaviour::Hang, SHORT_MS).await, [late(), late(), late()]);
    let server = Server::start(Behaviour::HangInBody);
    assert_eq!(client_for(&server.url, SHORT_MS).offer(attempt()).await.map(|_| ()), late());
}

#[test]
fn no_configuration_is_more_patient_than_meta() {
    let mut config = VoiceGatewayConfig::new("http://127.0.0.1:1", None);
    config.timeout = Duration::from_mins(10);
    let client = format!("{:?}", HttpVoiceGateway::new(&config).unwrap());
    assert!(client.contains(&format!("{TIMEOUT_MAX:?}")), "{client}");
}

#[actix_web::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Server::replies(200, offer_body().to_string());
    for status in [301, 302, 307, 308] {
        let results = all_three(Behaviour::Redirect(status, elsewhere.url.clone()), 5_000).await;
        let expected = Err(VoiceError::Unreadable(Misreading::Status { status }));
        assert_eq!(results, [(); 3].map(|()| expected.clone()));
    }
    assert!(elsewhere.received().is_empty(), "token and descriptions stay here");
}

#[actix_web::test]
async fn nobody_listening_and_nonsense_are_told_apart() {
    let code = async |url: &str| {
        let error = client(url).offer(attempt()).await.unwrap_err();
        assert!(error.may_pass(), "{error}");
        error.code()
    };
    assert_eq!(code(&server::closed_port().await).await, "no_connection");
    assert_eq!(code(&server::raw(b"220 mail.example ESMTP\r\n\r\n").await).await, "connection_lost");
    assert_eq!(code(&server::raw(b"").await).await, "connection_lost");
    let half = b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"session\":";
    assert_eq!(code(&server::raw(half).await).await, "connection_lost");
}

#[actix_web::test]
async fn an_answer_without_bounds_is_not_sent() {
    let server = Server::replies(204, "");
    let client = client(&server.url);
    for sdp in [String::new(), " \r\n".to_owned(), "x".repeat(SDP_BYTES_MAX + 1)] {
        let error = client.answer(&session(), &sdp).await.unwrap_err();
        assert_eq!(error, VoiceError::Refused(Refusal::Description));
        assert!(!error.may_pass());
    }
    assert!(server.received().is_empty());
    assert_eq!(client.answer(&session(), &"x".repeat(SDP_BYTES_MAX)).await, Ok(()));
}

#[test]
fn unusable_configuration_is_refused_at_once() {
    let new = |url: &str, token: &str| {
        HttpVoiceGateway::new(&VoiceGatewayConfig::new(url, Some(token.into()))).map(|_| ())
    };
    for url in
        ["", "voice", "wss://voice", "file:///x", "http://u:p@voice", "http://voice?a=1", "http://voice#a"]
    {
        let error = new(url, TOKEN).unwrap_err();
        assert!(matches!(error, BuildError::BaseUrl), "{url}");
        assert!(!error.to_string().contains("u:p"));
    }
    for token in ["", " ", "two words", "two\nlines", "naïve"] {
        assert!(matches!(new("http://voice", token), Err(BuildError::Token)), "{token:?}");
    }
}

#[test]
fn every_code_is_closed() {
    use VoiceError::{Refused, Unavailable, Unreadable};
    let why = || "a b".to_owned();
    for (error, code) in [
        (Unavailable(Outage::NoConnection { why: why() }), "no_connection"),
        (Unavailable(Outage::Late), "deadline_exceeded"),
        (Unavailable(Outage::Broken { why: why() }), "connection_lost"),
        (Unavailable(Outage::Status { status: 503 }), "unavailable"),
        (Refused(Refusal::Token { status: 401 }), "unauthorized"),
        (Refused(Refusal::SessionGone { status: 410 }), "session_gone"),
        (Refused(Refusal::Status { status: 422 }), "refused"),
        (Refused(Refusal::Description), "description_unusable"),
        (Unreadable(Misreading::Form), "answer_unreadable"),
    ] {
        assert_eq!(error.code(), code);
        assert_eq!(error.may_pass(), matches!(error, Unavailable(_)));
    }
}

/// The page that people write a gateway by has the numbers that hold.
#[test]
fn the_document_has_the_limits_of_the_code() {
    let page = include_str!("../../../../docs/calling/voice-gateway.md");
    let thousands = |number: usize| format!("{},{:03}", number / 1000, number % 1000);
    for stated in [
        format!("`sdp` has 1 to {} bytes", thousands(SDP_BYTES_MAX)),
        format!("The whole body has {} bytes at most", thousands(ANSWER_BYTES_MAX)),
        format!("A connection is made within {} s", CONNECT_TIMEOUT_MAX.as_secs()),
        format!("A request takes {} s in all", TIMEOUT_MAX.as_secs()),
    ] {
        assert!(page.contains(&stated), "{stated}");
    }
    let codes = ["unauthorized", "session_gone", "refused", "unavailable", "answer_unreadable"];
    assert!(codes.iter().all(|code| page.contains(&format!("`{code}`"))));
}
