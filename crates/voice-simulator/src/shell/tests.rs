//! The simulator over real HTTP, seen by a client that knows nothing of it.

use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use super::*;
use crate::{Config, Fault, Step};

const SOON: Duration = Duration::from_secs(5);

fn client() -> Client {
    rustls::crypto::ring::default_provider().install_default().ok();
    Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .tls_certs_only([])
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_call_goes_through_by_hand() {
    let voice = VoiceSimulator::start(Config::with_token("t")).unwrap();
    let (http, base) = (client(), voice.base_url().to_owned());
    let offered = http.put(format!("{base}/v1/calls/cal_1")).bearer_auth("t").send().await.unwrap();
    assert_eq!(offered.status(), StatusCode::CREATED);
    let offer: Value = offered.json().await.unwrap();
    assert_eq!(offer["sdp_type"], "offer");
    let session = offer["session"].as_str().unwrap();

    // Our own offer has all that an answer needs.
    let answer = json!({"sdp_type": "answer", "sdp": offer["sdp"]});
    let path = format!("{base}/v1/sessions/{session}");
    let handed = http.put(format!("{path}/answer")).bearer_auth("t").json(&answer).send().await.unwrap();
    assert_eq!(handed.status(), StatusCode::NO_CONTENT);
    let seen = voice.wait_for_session("cal_1", SOON, |session| session.answer.is_some()).await.unwrap();
    assert_eq!(seen.id, session);

    let ended = http.delete(&path).bearer_auth("t").send().await.unwrap();
    assert_eq!(ended.status(), StatusCode::NO_CONTENT);
    assert_eq!((voice.live(), voice.log().len()), (0, 3));
    voice.shutdown();
    assert!(client().delete(&path).send().await.unwrap_err().is_connect(), "it has stopped");
}

#[tokio::test]
async fn faults_are_seen_on_the_wire() {
    let voice = VoiceSimulator::start(Config::default()).unwrap();
    let (http, url) = (client(), format!("{}/v1/calls/cal_1", voice.base_url()));
    let status = async || http.put(&url).send().await.map(|answer| answer.status().as_u16());
    for (fault, seen) in [(Fault::Status(429), 429), (Fault::Redirect, 307), (Fault::Slow { ms: 1 }, 201)] {
        voice.fault(Step::Offer, fault, 1);
        assert_eq!(status().await.unwrap(), seen, "{fault:?}");
    }
    for fault in [Fault::Lost, Fault::Reset] {
        voice.fault(Step::Offer, fault, 1);
        assert!(status().await.is_err(), "{fault:?}");
    }
    for (fault, starts) in [(Fault::Nonsense, &b"<html>"[..]), (Fault::NotText, b"{\"session\":\"\xff")] {
        voice.fault(Step::Offer, fault, 1);
        let body = http.put(&url).send().await.unwrap().bytes().await.unwrap();
        assert!(body.starts_with(starts), "{fault:?}");
    }
    voice.fault(Step::Offer, Fault::Huge, 1);
    assert!(http.put(&url).send().await.unwrap().bytes().await.unwrap().len() > 1024 * 1024);
    voice.fault(Step::Offer, Fault::Hang, 1);
    let hanging = http.put(&url).timeout(Duration::from_millis(100)).send().await;
    assert!(hanging.unwrap_err().is_timeout());
    assert_eq!(status().await.unwrap(), 200);
    voice.shutdown();
}

#[tokio::test]
async fn the_control_surface_shows_and_spoils() {
    let voice = VoiceSimulator::start(Config::default()).unwrap();
    let (http, base) = (client(), format!("{}/simulator", voice.base_url()));
    let offer = async || {
        let url = format!("{}/v1/calls/cal_1", voice.base_url());
        http.put(url).send().await.unwrap().status().as_u16()
    };
    let post = async |path: &str, body: &'static str| {
        http.post(format!("{base}/{path}")).body(body).send().await.unwrap().status().as_u16()
    };
    assert_eq!(post("faults", r#"{"on":"offer","fault":{"status":503},"times":2}"#).await, 204);
    assert_eq!((offer().await, offer().await, offer().await), (503, 503, 201));
    assert_eq!(post("faults", r#"{"on":"offer","fault":{"slow":{"ms":1}}}"#).await, 204);
    assert_eq!(post("faults", r#"{"on":"hang_up","fault":"lost"}"#).await, 204);
    for wrong in ["", "{}", r#"{"on":"ring","fault":"lost"}"#, r#"{"on":"offer","fault":"slow"}"#] {
        assert_eq!(post("faults", wrong).await, 400, "{wrong}");
    }
    let sessions: Value = http.get(format!("{base}/sessions")).send().await.unwrap().json().await.unwrap();
    assert_eq!((&sessions[0]["attempt"], &sessions[0]["end"]), (&json!("cal_1"), &Value::Null));
    let log: Value = http.get(format!("{base}/log")).send().await.unwrap().json().await.unwrap();
    assert_eq!((&log[0]["step"], &log[0]["fault"]), (&json!("offer"), &json!({"status": 503})));
    assert_eq!(post("forget", "").await, 204);
    let full = http.put(format!("{base}/capacity")).body(r#"{"sessions":0}"#).send().await.unwrap();
    assert_eq!(full.status(), StatusCode::NO_CONTENT);
    let cleared = http.delete(format!("{base}/faults")).send().await.unwrap();
    assert_eq!((cleared.status().as_u16(), offer().await), (204, 503));
    voice.shutdown();
}
