//! What happens to calls as time goes by, and what is reported of it.

use serde_json::{Map, Value, json};

use super::{
    super::{Core, LogEvent, WebhookKind, envelope::seconds},
    Call, CallDirection, CallEnd, CallLog, PermissionAnswer, Talk, Timer,
    actions::is_between,
    permission::Source,
};
use crate::{Error, phone, wire};

impl Core {
    pub(super) fn fire(&mut self, timer: Timer, at_ms: i64) {
        let is_live =
            |core: &Self, at: usize| core.calling.calls.get(at).is_some_and(|call| call.end.is_none());
        match timer {
            Timer::Tunnel(at) if is_live(self, at) => self.report_connect(at, at_ms),
            Timer::Ring(at) if is_live(self, at) => {
                self.change_call(at, |call| call.rang_ms = Some(at_ms));
                self.report_status(at, "RINGING", at_ms);
            }
            Timer::PickUp(at, talk) if is_live(self, at) => self.pick_up(at, talk, at_ms),
            Timer::Decline(at) if is_live(self, at) => self.decline(at, at_ms),
            Timer::GiveUp(at) if is_live(self, at) => {
                if self.calling.calls.get(at).is_some_and(|call| call.answered_ms.is_none()) {
                    self.end_call(at, CallEnd::Completed, at_ms);
                }
            }
            Timer::End(at, end) if is_live(self, at) => self.end_call(at, end, at_ms),
            Timer::AnswerCard { wamid, answer } => self.card_timer(&wamid, answer, at_ms),
            Timer::Post(plan) => self.calling.ready.push(*plan),
            // What was to happen to a call that is over.
            Timer::Tunnel(_)
            | Timer::Ring(_)
            | Timer::PickUp(..)
            | Timer::Decline(_)
            | Timer::GiveUp(_)
            | Timer::End(..) => {}
        }
    }

    fn change_call(&mut self, at: usize, change: impl FnOnce(&mut Call)) {
        if let Some(call) = self.calling.calls.get_mut(at) {
            change(call);
        }
    }

    /// Somebody picks up: the person, or the business when the person called.
    pub(super) fn pick_up(&mut self, at: usize, talk: Talk, at_ms: i64) {
        let Some(call) = self.calling.calls.get(at).filter(|call| call.answered_ms.is_none()).cloned() else {
            return;
        };
        if let Some(known) = self.people.get_mut(&call.digits) {
            known.last_wrote_ms.insert(call.pnid.clone(), at_ms);
        }
        if talk.is_heard() {
            self.change_call(at, |call| call.answered_ms = Some(at_ms));
            self.count_connected(&call.pnid, &call.digits, at_ms);
        }
        if call.direction == CallDirection::BusinessInitiated {
            self.report_status(at, "ACCEPTED", at_ms);
        }
        self.later(at_ms + talk.for_ms, Timer::End(at, talk.end));
    }

    /// Whoever is called declines.
    pub(super) fn decline(&mut self, at: usize, at_ms: i64) {
        self.change_call(at, |call| call.declined = true);
        let direction = self.calling.calls.get(at).map(|call| call.direction);
        if direction == Some(CallDirection::BusinessInitiated) {
            self.report_status(at, "REJECTED", at_ms);
        }
        self.end_call(at, CallEnd::Completed, at_ms);
    }

    /// A call is over, whoever ended it. A call that broke without an answer counts neither as answered nor as
    /// missed: Meta's pages do not say which.
    pub(super) fn end_call(&mut self, at: usize, end: CallEnd, at_ms: i64) {
        self.change_call(at, |call| {
            call.ended_ms = Some(at_ms);
            call.end = Some(end);
        });
        let Some(call) = self.calling.calls.get(at).cloned() else { return };
        self.report_end(&call, end, at_ms);
        match call.direction {
            CallDirection::BusinessInitiated => {
                if call.answered_ms.is_none() && end == CallEnd::Completed {
                    self.count_miss(&call.pnid, &call.digits, at_ms);
                }
            }
            CallDirection::UserInitiated => self.allow_callback(&call, at_ms),
        }
    }

    /// After a person's call, answered or not, WhatsApp allows a call back.
    fn allow_callback(&mut self, call: &Call, at_ms: i64) {
        if self.calling.config.callback_permission && !self.may_be_called(&call.pnid, &call.digits, at_ms) {
            let source = Source::Callback(call.wacid.clone());
            self.change_permission(&call.pnid, &call.digits, PermissionAnswer::Accept, source, at_ms).ok();
        }
    }

    /// Somebody calls the business: opens the 24-hour window, answered or not. Gives the call's id. The business has
    /// [`crate::Calling::ring_limit_ms`] to accept it.
    pub fn call_business(
        &mut self,
        phone: &str,
        to_pnid: Option<&str>,
        now_ms: i64,
    ) -> Result<String, Error> {
        self.advance_before(now_ms);
        let digits = phone::digits(phone);
        let pnid = self.number(to_pnid)?.phone_number_id;
        let known = self.people.get_mut(&digits).ok_or_else(|| Error::UnknownPerson(phone.to_owned()))?;
        if self.calling.calls.iter().any(|call| is_between(call, &pnid, &digits)) {
            return Err(Error::Busy(phone.to_owned()));
        }
        known.last_wrote_ms.insert(pnid.clone(), now_ms);
        let at = self.begin_call(&pnid, &digits, CallDirection::UserInitiated, now_ms);
        self.report_connect(at, now_ms);
        let ring_limit_ms = self.calling.config.ring_limit_ms;
        self.later(now_ms + ring_limit_ms, Timer::GiveUp(at));
        Ok(self.calling.calls.get(at).map(|call| call.wacid.clone()).unwrap_or_default())
    }

    /// Somebody hangs up, or stops ringing.
    pub fn hang_up(&mut self, wacid: &str, now_ms: i64) -> Result<(), Error> {
        self.advance_before(now_ms);
        let live = |call: &Call| call.wacid == wacid && call.end.is_none();
        let at = self.calling.calls.iter().position(live);
        let at = at.ok_or_else(|| Error::UnknownCall(wacid.to_owned()))?;
        self.end_call(at, CallEnd::Completed, now_ms);
        Ok(())
    }

    /// Reports any event of a call, known or not; `call_recording_available` and `call_transcription_available` come
    /// with something to fetch.
    pub fn report_call_event(&mut self, wacid: &str, event: &str, now_ms: i64) -> Result<(), Error> {
        self.advance_before(now_ms);
        let call = self.calling.calls.iter().find(|call| call.wacid == wacid).cloned();
        let call = call.ok_or_else(|| Error::UnknownCall(wacid.to_owned()))?;
        let media = |kind: &str, mime_type: &str| {
            let id = wire::draw(&[b"call media", wacid.as_bytes(), kind.as_bytes()]).to_string();
            json!({"type": kind, kind: {"id": id, "sha256": "AAAA", "mime_type": mime_type}})
        };
        let mut fields = Map::new();
        match event {
            "call_recording_available" => {
                fields.insert("call_recording".to_owned(), media("audio", "audio/ogg; codecs=opus"));
            }
            "call_transcription_available" => {
                fields.insert("call_transcription".to_owned(), media("document", "application/json"));
            }
            _ => {
                fields.insert("direction".to_owned(), json!(direction_text(call.direction)));
            }
        }
        self.report(&call, WebhookKind::CallNews, event, fields, None, now_ms);
        Ok(())
    }

    fn report_connect(&mut self, at: usize, at_ms: i64) {
        let Some(call) = self.calling.calls.get(at).cloned() else { return };
        let (sdp_type, setup) = match call.direction {
            CallDirection::BusinessInitiated => ("answer", "active"),
            CallDirection::UserInitiated => ("offer", "actpass"),
        };
        let mut fields = Map::new();
        fields.insert("direction".to_owned(), json!(direction_text(call.direction)));
        let sdp = media_description(&call.wacid, setup);
        fields.insert("session".to_owned(), json!({"sdp_type": sdp_type, "sdp": sdp}));
        self.report(&call, WebhookKind::CallConnect, "connect", fields, None, at_ms);
    }

    fn report_end(&mut self, call: &Call, end: CallEnd, at_ms: i64) {
        let (status, code) = match end {
            CallEnd::Completed => ("COMPLETED", None),
            CallEnd::Failed { code } => ("FAILED", Some(code)),
        };
        let mut fields = Map::new();
        fields.insert("direction".to_owned(), json!(direction_text(call.direction)));
        fields.insert("status".to_owned(), json!(status));
        if let Some(answered_ms) = call.answered_ms {
            let (start, end) = (seconds(answered_ms), seconds(at_ms));
            fields.insert("start_time".to_owned(), json!(start.to_string()));
            fields.insert("end_time".to_owned(), json!(end.to_string()));
            fields.insert("duration".to_owned(), json!(end - start));
        }
        self.report(call, WebhookKind::CallEnd, "terminate", fields, code, at_ms);
    }

    fn report(
        &mut self,
        call: &Call,
        kind: WebhookKind,
        event: &str,
        fields: Map<String, Value>,
        code: Option<u32>,
        at_ms: i64,
    ) {
        let Some(person) = self.people.get(&call.digits).map(|known| known.person.clone()) else { return };
        let Ok(business) = self.business(&call.pnid) else { return };
        let body = business.call_event(at_ms, &person, call, event, fields, code);
        self.log_call(call, event, code, at_ms);
        self.emit(kind, &call.digits, &call.wacid, event, &body, at_ms);
    }

    fn report_status(&mut self, at: usize, status: &str, at_ms: i64) {
        let Some(call) = self.calling.calls.get(at).cloned() else { return };
        let Some(person) = self.people.get(&call.digits).map(|known| known.person.clone()) else { return };
        let Ok(business) = self.business(&call.pnid) else { return };
        let body = business.call_status(at_ms, &person, &call, status);
        self.log_call(&call, status, None, at_ms);
        self.emit(WebhookKind::CallStatus, &call.digits, &call.wacid, status, &body, at_ms);
    }

    fn log_call(&mut self, call: &Call, what: &str, code: Option<u32>, at_ms: i64) {
        let entry = CallLog {
            wacid: call.wacid.clone(),
            digits: call.digits.clone(),
            what: what.to_owned(),
            intent_id: call.intent_id.clone(),
            code,
        };
        self.record(at_ms, LogEvent::CallEvent(entry));
    }

    /// Signs a webhook and puts it where it waits to be posted, or where it waits for its late moment.
    pub(super) fn emit(
        &mut self,
        kind: WebhookKind,
        digits: &str,
        id: &str,
        what: &str,
        body: &Value,
        at_ms: i64,
    ) {
        let plan = self.plan(kind, digits, id, what, body);
        if plan.postponed_ms > 0 {
            self.later(at_ms + plan.postponed_ms, Timer::Post(Box::new(plan)));
        } else {
            self.calling.ready.push(plan);
        }
    }
}

const fn direction_text(direction: CallDirection) -> &'static str {
    match direction {
        CallDirection::BusinessInitiated => "BUSINESS_INITIATED",
        CallDirection::UserInitiated => "USER_INITIATED",
    }
}

/// A description as Meta writes it. No media will ever flow.
fn media_description(wacid: &str, setup: &str) -> String {
    let secret = wire::draw(&[b"ice", wacid.as_bytes()]);
    let fingerprint = vec!["00"; 32].join(":");
    [
        "v=0",
        "o=- 1 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE audio",
        "a=ice-lite",
        "m=audio 3482 UDP/TLS/RTP/SAVPF 111 126",
        "c=IN IP4 192.0.2.10",
        "a=candidate:1 1 udp 2113937151 192.0.2.10 3482 typ host generation 0",
        "a=ice-ufrag:sim1",
        &format!("a=ice-pwd:{secret:024x}"),
        &format!("a=fingerprint:sha-256 {fingerprint}"),
        &format!("a=setup:{setup}"),
        "a=mid:audio",
        "a=sendrecv",
        "a=rtcp-mux",
        "a=rtpmap:111 opus/48000/2",
        "a=fmtp:111 minptime=10;useinbandfec=1",
        "a=rtpmap:126 telephone-event/8000",
        "a=ssrc:1001 cname:meta",
        "",
    ]
    .join("\r\n")
}
