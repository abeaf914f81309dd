//! `POST …/messages`: who may send what to whom.

use serde_json::{Value, json};

use super::{
    Answer, AnswerFate, Core, Event, EventKind, GraphError, LogEvent, Message, MessageKind, Outcome,
    Reachability, Scheduled, SendAttempt, SendFault, SendRequest, Subject, graph_error,
    outgoing::{self, Asked, Outgoing},
};
use crate::{
    phone::{self, Addressee},
    wire::{self, Direction},
};

/// Free-form messages are allowed so long after the person's last message.
const WINDOW_MS: i64 = 24 * 60 * 60 * 1000;

impl Core {
    /// Decides about one request to send, mark read or show typing.
    pub fn send(&mut self, request: &SendRequest<'_>, now_ms: i64) -> Answer {
        self.advance_before(now_ms);
        let (display_number, body) = match self.opened(request) {
            Ok(opened) => opened,
            Err(error) => return self.refuse(&error),
        };
        let asked = match outgoing::read(&body, &self.templates) {
            Ok(Asked::ReadMark { wamid, typing }) => {
                return self.read_mark(request.pnid, wamid, typing, now_ms);
            }
            Ok(Asked::Send(outgoing)) => Ok(outgoing),
            Err(error) => Err(error),
        };
        let addressee = self.addressee(&body, &display_number);
        let mut attempt = begin_attempt(request.pnid, &body, addressee.as_ref().ok(), asked.as_ref().ok());
        self.counters.send_attempts += 1;
        if attempt.wrong_number {
            self.counters.wrong_number_sends += 1;
        }
        if let Some(intent_id) = &attempt.intent_id {
            *self.intents.entry(intent_id.clone()).or_insert(0) += 1;
        }

        let fault = self.send_fault(&attempt.digits);
        let scheduled_and_wamid = match (asked, addressee) {
            (Err(error), _) | (_, Err(error)) => Err(error),
            (Ok(_), Ok(to)) => self.accept(&attempt, &to, fault, now_ms),
        };
        attempt.answered = fate_of(fault, scheduled_and_wamid.is_ok());
        let mut answer = match scheduled_and_wamid {
            Ok((wamid, scheduled)) => {
                self.counters.sends_accepted += 1;
                let body = accepted_body(&body, &attempt, &wamid);
                attempt.outcome = Outcome::Accepted { wamid };
                Answer { status: 200, body, fate: attempt.answered, scheduled, after_ms: 0 }
            }
            Err(error) => {
                let details = error.details.clone().unwrap_or_default();
                attempt.outcome = Outcome::Refused { code: error.code, details };
                Answer { fate: attempt.answered, ..self.refuse(&error) }
            }
        };
        if attempt.answered == AnswerFate::ServerError {
            let error = self.refuse(&server_error());
            answer = Answer { status: error.status, body: error.body, ..answer };
        }
        if let Some(SendFault::SlowAnswer { ms }) = fault {
            answer.after_ms = ms;
        }
        self.record(now_ms, LogEvent::Send(attempt));
        answer
    }

    /// The number that is asked to act, and what it is asked: the token fits, the number is ours, the body is JSON.
    pub(super) fn opened(&self, request: &SendRequest<'_>) -> Result<(String, Value), GraphError> {
        let display_number = self.authorize(request.pnid, request.authorization)?;
        let body = serde_json::from_slice(request.body)
            .map_err(|_| GraphError::new(100, "The request body is not JSON."))?;
        Ok((display_number, body))
    }

    /// The number behind an id, for those who have the token.
    pub(super) fn authorize(&self, pnid: &str, authorization: &str) -> Result<String, GraphError> {
        if !self.authorized(authorization) {
            return Err(GraphError::bad_token());
        }
        let number = self.numbers.iter().find(|number| number.phone_number_id == pnid);
        number.map(|number| number.display_number.clone()).ok_or_else(|| GraphError::no_such_object(pnid))
    }

    /// Whom the body addresses; `to` wins over `recipient`.
    pub(super) fn addressee(&self, body: &Value, display_number: &str) -> Result<Addressee, GraphError> {
        if let Some(to) = body.get("to") {
            let read = to.as_str().and_then(|to| phone::read_to(to, display_number));
            return read.ok_or_else(|| GraphError::new(131_009, "to is not a phone number"));
        }
        let Some(bsuid) = body.get("recipient").and_then(Value::as_str) else {
            return Err(GraphError::new(100, "The parameter to is required."));
        };
        self.digits_of(bsuid)
            .map(|digits| Addressee { digits, prefixed: false })
            .ok_or_else(|| GraphError::new(131_026, graph_error::usual_details(131_026)))
    }

    /// The number of somebody known by business-scoped id.
    pub(super) fn digits_of(&self, bsuid: &str) -> Option<String> {
        let known = self.people.values().find(|known| known.person.bsuid == bsuid)?;
        Some(known.person.digits.clone())
    }

    fn send_fault(&mut self, digits: &str) -> Option<SendFault> {
        let ordinal = self.ordinal(digits, "attempt");
        self.faults.of_send(&Subject { digits, kind: None, key: &format!("{digits}/send/{ordinal}") })
    }

    /// Accepts a well-formed message unless a fault, the recipient or the window forbids it.
    fn accept(
        &mut self,
        attempt: &SendAttempt,
        to: &Addressee,
        fault: Option<SendFault>,
        now_ms: i64,
    ) -> Result<(String, Vec<Scheduled>), GraphError> {
        match fault {
            Some(SendFault::Refuse { code }) => {
                return Err(GraphError::new(code, graph_error::usual_details(code)));
            }
            Some(SendFault::ServerErrorBeforeAccepting) => return Err(server_error()),
            _ => {}
        }
        let known = self.people.get(&to.digits);
        let reachability = known.map_or(self.unknown_recipient, |known| known.person.reachability);
        if reachability == Reachability::FailsAtOnce {
            return Err(GraphError::new(131_026, graph_error::usual_details(131_026)));
        }
        let kind = attempt.kind.unwrap_or(MessageKind::Other);
        let last_wrote = known.and_then(|known| known.last_wrote_ms.get(&attempt.pnid));
        let open = last_wrote.is_some_and(|&last| now_ms.saturating_sub(last) < WINDOW_MS);
        let is_template = attempt.template_name.is_some();
        if !is_template && !open {
            return Err(GraphError::new(131_047, graph_error::usual_details(131_047)));
        }
        if kind == MessageKind::CallPermissionRequest {
            self.check_request(&attempt.pnid, &to.digits, now_ms)?;
            self.count_request(&attempt.pnid, &to.digits, now_ms);
        }

        let ordinal = self.ordinal(&to.digits, "outbound");
        let wamid = wire::wamid(Direction::Outbound, &to.digits, self.seed, ordinal);
        let quoted = attempt.context.as_ref().filter(|_| !is_template);
        let message = Message {
            pnid: attempt.pnid.clone(),
            digits: to.digits.clone(),
            outbound: true,
            kind,
            text: attempt.text.clone(),
            buttons: attempt.buttons.clone(),
            template_name: attempt.template_name.clone(),
            intent_id: attempt.intent_id.clone(),
            // A quote that cannot be found is not shown, and not an error.
            context: quoted.filter(|quoted| self.messages.contains_key(*quoted)).cloned(),
        };
        self.messages.insert(wamid.clone(), message);
        let scheduled = self.what_follows(&wamid, reachability, fault);
        Ok((wamid, scheduled))
    }

    fn what_follows(
        &self,
        wamid: &str,
        reachability: Reachability,
        fault: Option<SendFault>,
    ) -> Vec<Scheduled> {
        let at = |after_ms, kind| Scheduled { after_ms, event: Event { wamid: wamid.to_owned(), kind } };
        let delays = self.delays;
        if let Some(SendFault::FailLater { code }) = fault {
            return vec![at(delays.sent_ms, EventKind::Failed { code })];
        }
        if reachability == Reachability::FailsByStatus {
            return vec![at(delays.sent_ms, EventKind::Failed { code: 131_026 })];
        }
        let arrives = [at(delays.sent_ms, EventKind::Sent), at(delays.delivered_ms, EventKind::Delivered)];
        let read = delays.read_ms.map(|read_ms| at(read_ms.max(delays.delivered_ms), EventKind::Read));
        arrives.into_iter().chain(read).collect()
    }

    fn read_mark(&mut self, pnid: &str, wamid: String, typing: bool, now_ms: i64) -> Answer {
        let known = self.messages.get(&wamid);
        if !known.is_some_and(|message| !message.outbound && message.pnid == pnid) {
            return self
                .refuse(&GraphError::new(131_009, "message_id is not a message this number received"));
        }
        self.record(now_ms, LogEvent::ReadMark { pnid: pnid.to_owned(), wamid, typing });
        Answer {
            status: 200,
            body: json!({"success": true}),
            fate: AnswerFate::Given,
            scheduled: Vec::new(),
            after_ms: 0,
        }
    }

    /// An error answer for a path nobody serves.
    pub(crate) fn unknown_path(&mut self, method: &str, path: &str) -> Answer {
        self.refuse(&GraphError::unknown_path(method, path))
    }

    /// An error answer for an object that does not exist.
    pub(crate) fn unknown_object(&mut self, id: &str) -> Answer {
        self.refuse(&GraphError::no_such_object(id))
    }

    /// An error answer while too much is under way.
    pub(crate) fn overloaded(&mut self) -> Answer {
        self.refuse(&GraphError::new(131_016, "Too many webhooks are under way."))
    }

    /// An error answer for a missing or wrong token.
    pub(crate) fn bad_token(&mut self) -> Answer {
        self.refuse(&GraphError::bad_token())
    }

    pub(super) fn refuse(&mut self, error: &GraphError) -> Answer {
        let ordinal = self.ordinal("", "error");
        let trace = wire::draw(&[b"trace", &self.seed.to_be_bytes(), &ordinal.to_be_bytes()]);
        Answer {
            status: error.http_status(),
            body: error.body(&format!("A{trace:016X}sim")),
            fate: AnswerFate::Given,
            scheduled: Vec::new(),
            after_ms: 0,
        }
    }
}

/// What the client gets to hear under a fault.
pub(super) fn fate_of(fault: Option<SendFault>, taken: bool) -> AnswerFate {
    match fault {
        Some(SendFault::ServerErrorBeforeAccepting) => AnswerFate::ServerError,
        Some(_) if !taken => AnswerFate::Given,
        Some(SendFault::ServerErrorAfterAccepting) => AnswerFate::ServerError,
        Some(SendFault::HoldAnswer) => AnswerFate::Held,
        Some(SendFault::CloseConnection) => AnswerFate::Closed,
        Some(SendFault::Refuse { .. } | SendFault::FailLater { .. } | SendFault::SlowAnswer { .. })
        | None => AnswerFate::Given,
    }
}

pub(super) fn server_error() -> GraphError {
    GraphError::new(131_000, graph_error::usual_details(131_000))
}

/// What the log keeps of an attempt, before it is known what comes of it.
fn begin_attempt(
    pnid: &str,
    body: &Value,
    addressee: Option<&Addressee>,
    outgoing: Option<&Outgoing>,
) -> SendAttempt {
    let text_of = |name| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let outgoing = outgoing.cloned();
    SendAttempt {
        pnid: pnid.to_owned(),
        to: text_of("to").or_else(|| text_of("recipient")).unwrap_or_default(),
        digits: addressee.map(|to| to.digits.clone()).unwrap_or_default(),
        wrong_number: addressee.is_some_and(|to| to.prefixed),
        kind: outgoing.as_ref().map(|outgoing| outgoing.kind),
        text: outgoing.as_ref().map(|outgoing| outgoing.text.clone()).unwrap_or_default(),
        buttons: outgoing.as_ref().map(|outgoing| outgoing.buttons.clone()).unwrap_or_default(),
        template_name: outgoing.as_ref().and_then(|outgoing| outgoing.template_name.clone()),
        context: outgoing.and_then(|outgoing| outgoing.context),
        intent_id: text_of("biz_opaque_callback_data"),
        outcome: Outcome::Refused { code: 0, details: String::new() },
        answered: AnswerFate::Given,
    }
}

/// Meta's answer to an accepted message. `wa_id` is absent when only a BSUID was given.
fn accepted_body(body: &Value, attempt: &SendAttempt, wamid: &str) -> Value {
    let contact = if body.get("to").is_some() {
        json!({"input": attempt.to, "wa_id": attempt.digits})
    } else {
        json!({"input": attempt.to, "user_id": attempt.to})
    };
    json!({"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": wamid}]})
}
