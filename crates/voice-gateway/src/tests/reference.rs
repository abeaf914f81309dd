//! The client, the reference double and Meta's double together: what one gives, the next one takes.

use std::{
    net::TcpListener,
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_web::{App, HttpResponse, HttpServer, rt, web};
use marketplace::CallAttemptId;
use meta_client::{
    calling::{CallingApi, DialOutcome, OutboundCall, SdpOffer},
    client::{MetaClient, MetaConfig},
    outbound::Recipient,
};
use meta_simulator::{MetaSimulator, PermissionAnswer};
use serde_json::Value;
use voice_simulator::{Config, Fault, Handle, SessionEnd, Step, VoiceSimulator};

use crate::{HttpVoiceGateway, Refusal, VoiceError, VoiceGateway, VoiceGatewayConfig, VoiceSessionId};

const SOON: Duration = Duration::from_secs(10);
const PHONE: &str = "+254700000101";
const NUMBER: &str = "300000000000001";

fn attempt(n: u8) -> CallAttemptId {
    format!("cal_019aa7a52c00700080000000000000{n:02x}").parse().unwrap()
}

fn start() -> (Handle, HttpVoiceGateway) {
    let voice = VoiceSimulator::start(Config::with_token("voice-token")).unwrap();
    let config = VoiceGatewayConfig::new(voice.base_url(), Some("voice-token".into()));
    (voice, HttpVoiceGateway::new(&config).unwrap())
}

/// Takes webhooks; the first SDP answer among them.
fn webhooks() -> (String, Arc<Mutex<Option<String>>>) {
    let answer: Arc<Mutex<Option<String>>> = Arc::default();
    let seen = web::Data::from(Arc::clone(&answer));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = HttpServer::new(move || App::new().app_data(seen.clone()).default_service(web::to(take)));
    rt::spawn(server.workers(1).disable_signals().listen(listener).unwrap().run());
    (url, answer)
}

async fn take(body: web::Bytes, seen: web::Data<Mutex<Option<String>>>) -> HttpResponse {
    let body: Value = serde_json::from_slice(&body).unwrap();
    let session = body.pointer("/entry/0/changes/0/value/calls/0/session");
    if let Some(sdp) = session.filter(|it| it["sdp_type"] == "answer").and_then(|it| it["sdp"].as_str()) {
        seen.lock().unwrap().get_or_insert_with(|| sdp.to_owned());
    }
    HttpResponse::Ok().finish()
}

#[actix_web::test]
async fn an_offer_is_dialled_and_metas_answer_handed_over() {
    let (voice, gateway) = start();
    let (webhook_url, answered) = webhooks();
    let mut config = meta_simulator::Config::new("meta-token", "secret", "verify", NUMBER, "+15550100001");
    config.webhook_url = Some(webhook_url);
    (config.calling.connect_ms, config.calling.ring_ms) = (1, 2);
    let meta = MetaSimulator::start(config).unwrap();
    meta.person(PHONE, "Asha");
    meta.answer_permission(PHONE, PermissionAnswer::AcceptForGood, None).unwrap();

    let offer = gateway.offer(attempt(1)).await.unwrap();
    let client = MetaClient::new(MetaConfig {
        base_url: meta.base_url().to_owned(),
        version: "v25.0".to_owned(),
        access_token: "meta-token".into(),
        timeout: SOON,
    })
    .unwrap();
    let to = Recipient::Phone(PHONE.parse().unwrap());
    let sdp = SdpOffer::new(offer.sdp).unwrap();
    let call = OutboundCall::new(to, attempt(1).to_string(), sdp).unwrap();
    let outcome = client.connect(&NUMBER.parse().unwrap(), &call).await;
    assert!(matches!(outcome, DialOutcome::Placed { .. }), "{outcome:?}");

    let sdp = meta.wait_for(SOON, |_| answered.lock().unwrap().clone()).await.unwrap();
    gateway.answer(&offer.session, &sdp).await.unwrap();
    gateway.hang_up(&offer.session).await.unwrap();
    let session = voice.session_of(&attempt(1).to_string()).unwrap();
    assert_eq!((session.id.as_str(), session.answer), (offer.session.as_str(), Some(sdp)));
    assert_eq!(session.end, Some(SessionEnd::HungUp));
    meta.shutdown();
    voice.shutdown();
}

#[actix_web::test]
async fn whatever_is_lost_is_sent_again_and_done_once() {
    let (voice, gateway) = start();
    voice.fault(Step::Offer, Fault::Lost, 1);
    assert!(gateway.offer(attempt(1)).await.unwrap_err().may_pass());
    let offer = gateway.offer(attempt(1)).await.unwrap();
    assert_eq!(gateway.offer(attempt(1)).await.unwrap(), offer);

    voice.fault(Step::Answer, Fault::Lost, 1);
    assert!(gateway.answer(&offer.session, &offer.sdp).await.unwrap_err().may_pass());
    gateway.answer(&offer.session, &offer.sdp).await.unwrap();

    voice.fault(Step::HangUp, Fault::Lost, 1);
    assert!(gateway.hang_up(&offer.session).await.unwrap_err().may_pass());
    gateway.hang_up(&offer.session).await.unwrap();

    let session = voice.session_of(&attempt(1).to_string()).unwrap();
    assert_eq!((session.offers, session.answers, session.hang_ups), (3, 2, 2));
    assert_eq!(
        (voice.sessions().len(), voice.live()),
        (1, 0),
        "one attempt, one session, nothing left behind"
    );
    voice.shutdown();
}

#[actix_web::test]
async fn a_session_that_is_over_is_gone_for_good() {
    let (voice, gateway) = start();
    let offer = gateway.offer(attempt(1)).await.unwrap();
    gateway.hang_up(&offer.session).await.unwrap();
    let gone = VoiceError::Refused(Refusal::SessionGone { status: 410 });
    assert_eq!(gateway.offer(attempt(1)).await.unwrap_err(), gone);
    assert_eq!(gateway.answer(&offer.session, &offer.sdp).await.unwrap_err(), gone);
    assert_eq!(gateway.hang_up(&offer.session).await, Ok(()));

    let never: VoiceSessionId = "vse_never".parse().unwrap();
    assert_eq!(gateway.hang_up(&never).await, Ok(()));
    let gone = VoiceError::Refused(Refusal::SessionGone { status: 404 });
    assert_eq!(gateway.answer(&never, &offer.sdp).await.unwrap_err(), gone);
    voice.shutdown();
}

#[actix_web::test]
async fn a_bad_day_is_told_as_it_is() {
    let (voice, gateway) = start();
    let offered = async || gateway.offer(attempt(1)).await.map_or_else(|error| error.code(), |_| "done");
    for (fault, code) in [
        (Fault::Status(503), "unavailable"),
        (Fault::Status(401), "unauthorized"),
        (Fault::Status(422), "refused"),
        (Fault::Reset, "connection_lost"),
        (Fault::Redirect, "answer_unreadable"),
        (Fault::Nonsense, "answer_unreadable"),
        (Fault::NotText, "answer_unreadable"),
        (Fault::Huge, "answer_unreadable"),
        (Fault::Slow { ms: 1 }, "done"),
    ] {
        voice.fault(Step::Offer, fault, 1);
        assert_eq!(offered().await, code, "{fault:?}");
    }
    voice.set_capacity(0);
    assert_eq!(gateway.offer(attempt(2)).await.unwrap_err().code(), "unavailable");

    let config = VoiceGatewayConfig::new(voice.base_url(), Some("another".into()));
    let stranger = HttpVoiceGateway::new(&config).unwrap();
    assert_eq!(stranger.offer(attempt(3)).await.unwrap_err().code(), "unauthorized");
    voice.shutdown();
    // With a connection of its own: one that the gateway has closed is lost, one that was never made is not.
    let config = VoiceGatewayConfig::new(voice.base_url(), Some("voice-token".into()));
    let late = HttpVoiceGateway::new(&config).unwrap();
    assert_eq!(late.offer(attempt(4)).await.unwrap_err().code(), "no_connection");
}
