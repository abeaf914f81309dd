//! Our client of Meta's calling against Meta in a box. The two share no types: each was written from Meta's pages, and
//! here they must understand one another.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use marketplace::{PhoneNumberId, Timestamp};
use meta_client::{
    CallErrorClass, CallingApi as _, DialOutcome, Event, MetaApi as _, MetaClient, MetaConfig, OutboundCall,
    OutboundMessage, PermissionLookupError, Recipient, SdpOffer, SendOutcome, TerminateError, WebhookSecrets,
    event::{self, CallEventKind, CallStatus, MessageContent},
    outbound::Content,
    split,
};
use meta_simulator::{
    CallAction, Config, Core, FaultPlan, Handle, MetaSimulator, Oddity, OnCall, PermissionAnswer, SendFault,
    SendRequest, Target, WebhookFault, WebhookPlan,
};
use serde_json::json;

const PNID: &str = "300000000000001";
const ASHA: &str = "+254700000101";
const START_MS: i64 = 1_790_000_000_000;
const OFFER: &str = "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n";

struct World {
    meta: Handle,
    client: MetaClient,
    clock: Arc<AtomicI64>,
}

fn config(faults: FaultPlan) -> Config {
    let mut config = Config::new("token", "secret", "verify", PNID, "+254711000001");
    config.faults = faults;
    config
}

fn world(faults: FaultPlan, patience: Duration) -> World {
    let clock = Arc::new(AtomicI64::new(START_MS));
    let hand = Arc::clone(&clock);
    let mut config = config(faults);
    config.clock = Arc::new(move || hand.load(Ordering::SeqCst));
    let meta = MetaSimulator::start(config).unwrap();
    meta.person(ASHA, "Asha");
    let client = MetaClient::new(MetaConfig {
        base_url: meta.base_url().to_owned(),
        version: "v25.0".to_owned(),
        access_token: "token".into(),
        timeout: patience,
    })
    .unwrap();
    World { meta, client, clock }
}

const PATIENCE: Duration = Duration::from_secs(20);

fn number() -> PhoneNumberId {
    PNID.parse().unwrap()
}

fn asha() -> Recipient {
    Recipient::Phone(ASHA.parse().unwrap())
}

fn call() -> OutboundCall {
    OutboundCall::new(asha(), "call-1", SdpOffer::new(OFFER).unwrap()).unwrap()
}

impl World {
    async fn connect(&self) -> DialOutcome {
        self.client.connect(&number(), &call()).await
    }

    /// Class and code of a refusal.
    async fn refusal(&self) -> (CallErrorClass, i64) {
        match self.connect().await {
            DialOutcome::Refused { class, code, .. } => (class, code),
            other => panic!("{other:?}"),
        }
    }

    async fn ask(&self) -> SendOutcome {
        let content = Content::CallPermissionRequest { body: "May we call you about order 7?".to_owned() };
        let message = OutboundMessage::new(asha(), "ask-1", None, content).unwrap();
        self.client.send(&number(), &message).await
    }

    fn pass(&self, ms: i64) {
        self.clock.fetch_add(ms, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn permission_call_and_end() {
    let world = world(FaultPlan::default(), PATIENCE);
    assert_eq!(world.refusal().await, (CallErrorClass::PermissionMissing, 138_006));
    let state = world.client.call_permissions(&number(), &asha()).await.unwrap();
    assert!(!state.can_call && state.can_request, "{state:?}");

    world.meta.send_text(ASHA, "hello").unwrap();
    let SendOutcome::Accepted { wamid, .. } = world.ask().await else { panic!("not taken") };
    world.meta.wait_for_message(ASHA, 0, PATIENCE).await.unwrap();
    let again = world.ask().await;
    assert!(matches!(again, SendOutcome::Refused { code: 138_009, .. }), "{again:?}");
    assert_eq!(meta_client::call_error_class(138_009), CallErrorClass::PermissionLimit);
    let state = world.client.call_permissions(&number(), &asha()).await.unwrap();
    assert!(!state.can_request);
    assert_eq!(state.next_request_at(), Some(Timestamp::from_millis(START_MS + 86_400_000)));

    world.meta.answer_permission(ASHA, PermissionAnswer::Accept, Some(wamid.as_str())).unwrap();
    let state = world.client.call_permissions(&number(), &asha()).await.unwrap();
    assert!(state.can_call);
    assert_eq!(state.expires_at, Some(Timestamp::from_millis(START_MS + 7 * 86_400_000)));
    let DialOutcome::Placed { wacid } = world.connect().await else { panic!("not placed") };
    assert_eq!(world.refusal().await, (CallErrorClass::Busy, 138_003));
    world.pass(10_000);
    world.meta.wait_for_call_that(0, PATIENCE, |call| call.answered_ms.is_some()).await.unwrap();
    for _ in 0..2 {
        assert_eq!(world.client.terminate(&number(), &wacid).await, Ok(()), "ended, or over already");
    }
    let unknown = world.client.terminate(&number(), &"wacid.X".into()).await;
    assert!(matches!(unknown, Err(TerminateError::Refused { .. })), "{unknown:?}");
    assert_eq!(world.meta.counters().connects_accepted, 1);

    world.pass(7 * 86_400_000);
    assert_eq!(
        world.refusal().await,
        (CallErrorClass::PermissionMissing, 138_006),
        "it ran out without a word"
    );
    world.meta.set_calling(None, false);
    assert_eq!(world.refusal().await, (CallErrorClass::CallingDisabled, 138_000));
    let state = world.client.call_permissions(&number(), &asha()).await;
    assert!(
        matches!(state, Err(PermissionLookupError::Refused { class: CallErrorClass::CallingDisabled, .. })),
        "{state:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connected_limit_names_its_end_in_words_we_read() {
    let world = world(FaultPlan::default(), PATIENCE);
    world.meta.answer_permission(ASHA, PermissionAnswer::AcceptForGood, None).unwrap();
    world
        .meta
        .change_person(ASHA, |asha| asha.on_call = OnCall::Answer { after_ms: 2_000, talk_ms: 1_000 })
        .unwrap();
    for _ in 0..100 {
        assert!(matches!(world.connect().await, DialOutcome::Placed { .. }));
        world.pass(60_000);
    }
    let DialOutcome::Refused { class, retry_at, .. } = world.connect().await else { panic!("not refused") };
    assert_eq!(class, CallErrorClass::ConnectedLimit);
    assert_eq!(retry_at, Some(Timestamp::from_millis(START_MS + 2_000 + 86_400_000)));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_not_proven_is_unknown_and_was_dialled_once() {
    let cases = [
        (SendFault::HoldAnswer, true),
        (SendFault::CloseConnection, true),
        (SendFault::ServerErrorAfterAccepting, true),
        (SendFault::SlowAnswer { ms: 60_000 }, true),
        (SendFault::ServerErrorBeforeAccepting, false),
        (SendFault::Refuse { code: 138_004 }, false),
    ];
    for (fault, placed) in cases {
        let faults = FaultPlan::default().call(CallAction::Connect, Target::all(), fault);
        let patience = match fault {
            SendFault::HoldAnswer | SendFault::SlowAnswer { .. } => Duration::from_millis(300),
            _ => PATIENCE,
        };
        let world = world(faults, patience);
        world.meta.answer_permission(ASHA, PermissionAnswer::Accept, None).unwrap();
        let outcome = world.connect().await;
        assert!(matches!(outcome, DialOutcome::Unknown { .. }), "{fault:?} {outcome:?}");
        assert_eq!(world.meta.connects_per_intent()["call-1"], 1, "{fault:?}");
        assert_eq!(world.meta.calls().len(), usize::from(placed), "{fault:?}");
    }
    let faults =
        FaultPlan::default().call(CallAction::Connect, Target::all(), SendFault::Refuse { code: 613 });
    let throttled = world(faults, PATIENCE);
    throttled.meta.answer_permission(ASHA, PermissionAnswer::Accept, None).unwrap();
    let outcome = throttled.connect().await;
    assert!(matches!(outcome, DialOutcome::NoEffect { after: Some(_), code: Some(613), .. }), "{outcome:?}");
    throttled.meta.shutdown();
    let nobody = throttled.connect().await;
    assert!(matches!(nobody, DialOutcome::NoEffect { after: None, code: None, .. }), "{nobody:?}");
}

/// What we read in one webhook, a line each; ids of calls left out.
fn read(plan: &WebhookPlan) -> Vec<String> {
    let secrets = WebhookSecrets::new("secret".into(), None).unwrap();
    secrets.verify(Some(plan.signature.as_bytes()), &plan.body).unwrap();
    let line = |event: Event| match event {
        Event::Call(call) => {
            let user = call.user.as_ref().map(|user| user.key().to_owned());
            let kind = call.kind.as_str().to_owned();
            let sdp = call.session.as_ref().map(|session| session.sdp().contains("a=setup:active"));
            let start = call.started_at.map(Timestamp::as_millis);
            let (outcome, code) =
                (call.outcome.as_ref().map(|outcome| outcome.as_str().to_owned()), call.error_code());
            let answered = (call.was_answered(), call.answer_in_doubt(), call.is_over());
            assert_eq!(call.is_over(), call.kind == CallEventKind::Terminate);
            format!(
                "{kind} {user:?} {:?} {sdp:?} {outcome:?} {code:?} {start:?} {answered:?}",
                call.intent_id
            )
        }
        Event::CallStatus(status) => {
            assert!(!matches!(status.status, CallStatus::Unknown(_)), "{status:?}");
            let user = status.recipient.map(|user| user.key().to_owned());
            format!("{} {user:?} {:?}", status.status.as_str(), status.intent_id)
        }
        Event::Message(message) => {
            let MessageContent::CallPermissionReply(reply) = &message.content else { panic!("{message:?}") };
            let at = message.at.unwrap();
            let until = (reply.lets_call_until(at).map(Timestamp::as_millis), reply.is_for_good());
            format!("{:?} {:?} {until:?} {:?}", message.sender.key(), reply.response, reply.source)
        }
        other => panic!("{other:?}"),
    };
    let events = split(&plan.body).unwrap();
    events
        .into_iter()
        .map(|one| {
            assert_eq!(
                (one.fault, one.phone_number_id.as_ref().map(PhoneNumberId::as_str)),
                (None, Some(PNID))
            );
            line(event::parse(&one.raw))
        })
        .collect()
}

/// Everything that is reported of three calls and four words on permission, under one oddity.
fn story(odd: Option<Oddity>, hides_number: bool) -> Vec<String> {
    let mut faults = FaultPlan::default();
    if let Some(odd) = odd {
        faults = faults.webhook(Target::all(), WebhookFault::Odd(odd));
    }
    let mut core = Core::new(&config(faults));
    core.person(ASHA, "Asha");
    core.person_mut(ASHA).unwrap().hides_number = hides_number;
    core.answer_permission(ASHA, PermissionAnswer::Accept, None, None, START_MS).unwrap();
    core.answer_permission(ASHA, PermissionAnswer::AcceptForGood, None, None, START_MS).unwrap();
    let body = json!({"messaging_product": "whatsapp", "to": ASHA, "action": "connect",
        "session": {"sdp_type": "offer", "sdp": OFFER}, "biz_opaque_callback_data": "call-1"});
    let habits = [
        OnCall::default(),
        OnCall::Break { after_ms: 5_000, talk_ms: 0, code: 138_023 },
        OnCall::Decline { after_ms: 3_000 },
        OnCall::LetRing,
        OnCall::LetRing,
        OnCall::LetRing,
    ];
    let mut now = START_MS;
    for habit in habits {
        core.person_mut(ASHA).unwrap().on_call = habit;
        let body = body.to_string();
        let request = SendRequest { pnid: PNID, authorization: "Bearer token", body: body.as_bytes() };
        assert_eq!(core.call(&request, now).status, 200, "{habit:?}");
        now += 3_600_000;
    }
    core.advance(now).iter().flat_map(read).collect()
}

#[test]
fn every_shape_says_the_same() {
    let plain = story(None, false);
    assert_eq!(plain.len(), 2 + 4 + 4 + 4 + 3 * 3 + 1, "{plain:#?}");
    assert!(
        plain[5].contains("(true, false, true)") && plain[9].contains("(false, true, true)"),
        "{plain:#?}"
    );
    assert!(plain.last().unwrap().contains("Reject (None, false) Some(Automatic)"), "{plain:#?}");
    let oddities = [
        Oddity::MixedCaseStatus,
        Oddity::StatusArray,
        Oddity::SwapFromTo,
        Oddity::NoFromTo,
        Oddity::NumericTimes,
        Oddity::NoType,
        Oddity::ActpassAnswer,
    ];
    for odd in oddities {
        assert_eq!(story(Some(odd), false), plain, "{odd:?}");
    }
    assert_eq!(
        story(None, true),
        plain,
        "people are kept together by their business-scoped id, number or not"
    );
}
