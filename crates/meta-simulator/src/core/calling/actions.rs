//! `POST …/calls` and `GET …/call_permissions`.

use serde_json::{Value, json};

use super::{
    super::{
        Answer, AnswerFate, Core, GraphError, LogEvent, SendFault, SendRequest, graph_error,
        outgoing::no_product,
        sending::{fate_of, server_error},
    },
    Call, CallAction, CallAttempt, CallDirection, CallEnd, CallVerdict, OnCall, Talk, Timer,
};
use crate::{phone, wire};

/// Longest `biz_opaque_callback_data`, in code points.
const OPAQUE_MAX: usize = 512;

impl Core {
    /// Decides about one `POST …/calls`.
    pub fn call(&mut self, request: &SendRequest<'_>, now_ms: i64) -> Answer {
        self.advance_before(now_ms);
        let (display_number, body) = match self.opened(request) {
            Ok(opened) => opened,
            Err(error) => return self.refuse(&error),
        };
        if body.get("messaging_product").and_then(Value::as_str) != Some("whatsapp") {
            return self.refuse(&no_product());
        }
        let Some(action) = body.get("action").and_then(Value::as_str).and_then(action_of) else {
            return self
                .refuse(&GraphError::new(100, "The parameter action is not one of the known actions."));
        };
        let mut attempt = CallAttempt {
            pnid: request.pnid.to_owned(),
            action,
            digits: String::new(),
            wrong_number: false,
            wacid: body.get("call_id").and_then(Value::as_str).map(str::to_owned),
            intent_id: body.get("biz_opaque_callback_data").and_then(Value::as_str).map(str::to_owned),
            outcome: CallVerdict::Taken,
            answered: AnswerFate::Given,
        };
        let addressed = if action == CallAction::Connect {
            self.counters.connect_attempts += 1;
            if let Some(intent_id) = &attempt.intent_id {
                *self.calling.connects_per_intent.entry(intent_id.clone()).or_insert(0) += 1;
            }
            self.addressee(&body, &display_number).map(|to| {
                attempt.digits = to.digits;
                attempt.wrong_number = to.prefixed;
            })
        } else {
            let call = self.calling.calls.iter().find(|call| Some(&call.wacid) == attempt.wacid.as_ref());
            attempt.digits = call.map(|call| call.digits.clone()).unwrap_or_default();
            Ok(())
        };
        let fault = self.call_fault(action, &attempt.digits);
        let logged = self.log.len();
        let result = match fault {
            Some(SendFault::Refuse { code }) => Err(GraphError::new(code, graph_error::usual_details(code))),
            Some(SendFault::ServerErrorBeforeAccepting) => Err(server_error()),
            _ => addressed.and_then(|()| self.act(&mut attempt, &body, fault, now_ms)),
        };
        let answer = self.answer_call(attempt, fault, result, now_ms);
        self.log_cause_first(logged);
        answer
    }

    /// The request stands in the log before what it caused.
    fn log_cause_first(&mut self, logged: usize) {
        if let Some(since) = self.log.get_mut(logged..) {
            since.rotate_right(1);
            for (seq, entry) in (logged as u64..).zip(since) {
                entry.seq = seq;
            }
        }
    }

    /// `GET …/call_permissions`, with its query as name and value.
    pub fn call_permissions(
        &mut self,
        pnid: &str,
        authorization: &str,
        query: &[(String, String)],
        now_ms: i64,
    ) -> Answer {
        self.advance_before(now_ms);
        if let Err(error) = self.authorize(pnid, authorization) {
            return self.refuse(&error);
        }
        let asked = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let digits = match (asked("user_wa_id"), asked("recipient")) {
            (Some(wa_id), _) => Some(phone::digits(wa_id)).filter(|digits| !digits.is_empty()),
            (None, Some(bsuid)) => Some(self.digits_of(bsuid).unwrap_or_default()),
            (None, None) => None,
        };
        self.counters.permission_lookups += 1;
        let attempt = CallAttempt {
            pnid: pnid.to_owned(),
            action: CallAction::Lookup,
            digits: digits.clone().unwrap_or_default(),
            wrong_number: false,
            wacid: None,
            intent_id: None,
            outcome: CallVerdict::Taken,
            answered: AnswerFate::Given,
        };
        let fault = self.call_fault(CallAction::Lookup, &attempt.digits);
        let result = match (fault, digits) {
            (Some(SendFault::Refuse { code } | SendFault::FailLater { code }), _) => {
                Err(GraphError::new(code, graph_error::usual_details(code)))
            }
            (Some(SendFault::ServerErrorBeforeAccepting), _) => Err(server_error()),
            (_, None) => Err(GraphError::new(100, "The parameter user_wa_id or recipient is required.")),
            (_, Some(digits)) => {
                self.check_calling_enabled(pnid).map(|()| self.permission_body(pnid, &digits, now_ms))
            }
        };
        self.answer_call(attempt, fault, result, now_ms)
    }

    fn answer_call(
        &mut self,
        mut attempt: CallAttempt,
        fault: Option<SendFault>,
        result: Result<Value, GraphError>,
        now_ms: i64,
    ) -> Answer {
        attempt.answered = fate_of(fault, result.is_ok());
        let mut answer = match result {
            Ok(body) => {
                Answer { status: 200, body, fate: attempt.answered, scheduled: Vec::new(), after_ms: 0 }
            }
            Err(error) => {
                let details = error.details.clone().unwrap_or_default();
                attempt.outcome = CallVerdict::Refused { code: error.code, details };
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
        self.record(now_ms, LogEvent::Call(attempt));
        answer
    }

    fn act(
        &mut self,
        attempt: &mut CallAttempt,
        body: &Value,
        fault: Option<SendFault>,
        now_ms: i64,
    ) -> Result<Value, GraphError> {
        if attempt.intent_id.as_ref().is_some_and(|id| id.chars().count() > OPAQUE_MAX) {
            return Err(GraphError::new(100, "biz_opaque_callback_data has more than 512 characters"));
        }
        self.check_calling_enabled(&attempt.pnid)?;
        if attempt.action == CallAction::Connect {
            check_session(body, "offer")?;
            self.place(attempt, fault, now_ms)?;
            return Ok(json!({"messaging_product": "whatsapp", "calls": [{"id": attempt.wacid}]}));
        }
        let at = self.live_call(attempt)?;
        match attempt.action {
            CallAction::Terminate => self.end_call(at, CallEnd::Completed, now_ms),
            CallAction::Reject => {
                self.inbound(at)?;
                self.decline(at, now_ms);
            }
            CallAction::PreAccept | CallAction::Accept => {
                let sdp = check_session(body, "answer")?;
                let wacid = self.inbound(at)?;
                let prepared = self.calling.prepared.entry(wacid).or_insert_with(|| sdp.clone());
                if *prepared != sdp {
                    return Err(GraphError::new(100, "The SDP differs from the one of pre_accept."));
                }
                if attempt.action == CallAction::Accept {
                    let habit = self.people.get(&attempt.digits).map(|known| known.person.on_call);
                    self.pick_up(at, Talk::of(habit.unwrap_or_default()), now_ms);
                }
            }
            CallAction::Connect | CallAction::Lookup => {}
        }
        Ok(json!({"messaging_product": "whatsapp", "success": true}))
    }

    /// Places a call unless something forbids it. The order of Meta's own checks is not known.
    fn place(
        &mut self,
        attempt: &mut CallAttempt,
        fault: Option<SendFault>,
        now_ms: i64,
    ) -> Result<(), GraphError> {
        let (pnid, digits) = (attempt.pnid.clone(), attempt.digits.clone());
        self.check_permission(&pnid, &digits, now_ms)?;
        let refuse = |code| Err(GraphError::new(code, graph_error::usual_details(code)));
        let Some(habit) = self.people.get(&digits).map(|known| known.person.on_call) else {
            return refuse(138_001);
        };
        if habit == OnCall::CannotBeCalled {
            return refuse(138_001);
        }
        if self.calling.calls.iter().any(|call| is_between(call, &pnid, &digits)) {
            return refuse(138_003);
        }
        let at = self.begin_call(&pnid, &digits, CallDirection::BusinessInitiated, now_ms);
        let Some(call) = self.calling.calls.get_mut(at) else { return Ok(()) };
        call.intent_id.clone_from(&attempt.intent_id);
        attempt.wacid = Some(call.wacid.clone());
        self.counters.connects_accepted += 1;
        self.plan_call(at, habit, fault, now_ms);
        Ok(())
    }

    /// A new call without events.
    pub(super) fn begin_call(
        &mut self,
        pnid: &str,
        digits: &str,
        direction: CallDirection,
        now_ms: i64,
    ) -> usize {
        let ordinal = self.ordinal(digits, "call");
        self.calling.calls.push(Call {
            wacid: wire::wacid(digits, self.seed, ordinal),
            pnid: pnid.to_owned(),
            digits: digits.to_owned(),
            direction,
            intent_id: None,
            placed_ms: now_ms,
            rang_ms: None,
            answered_ms: None,
            ended_ms: None,
            end: None,
            declined: false,
        });
        self.calling.calls.len() - 1
    }

    /// What will happen to a call that the business placed.
    fn plan_call(&mut self, at: usize, habit: OnCall, fault: Option<SendFault>, now_ms: i64) {
        let config = self.calling.config;
        let tunnel_ms = now_ms + config.connect_ms;
        if let Some(SendFault::FailLater { code }) = fault {
            self.later(tunnel_ms, Timer::End(at, CallEnd::Failed { code }));
            return;
        }
        self.later(tunnel_ms, Timer::Tunnel(at));
        if habit != OnCall::SwitchedOff {
            self.later(now_ms + config.ring_ms, Timer::Ring(at));
        }
        let given_up = Timer::GiveUp(at);
        let (after_ms, timer) = match habit {
            OnCall::Answer { after_ms, .. } | OnCall::Break { after_ms, .. } => {
                (after_ms, Timer::PickUp(at, Talk::of(habit)))
            }
            OnCall::Decline { after_ms } => (after_ms, Timer::Decline(at)),
            OnCall::LetRing | OnCall::SwitchedOff | OnCall::CannotBeCalled => {
                (config.ring_limit_ms, given_up)
            }
        };
        // Nobody picks up before the phone rings, or after Meta gave up.
        let after_ms = after_ms.max(config.ring_ms);
        if after_ms > config.ring_limit_ms {
            self.later(now_ms + config.ring_limit_ms, Timer::GiveUp(at));
        } else {
            self.later(now_ms + after_ms, timer);
        }
    }

    fn live_call(&self, attempt: &CallAttempt) -> Result<usize, GraphError> {
        let same = |call: &Call| Some(&call.wacid) == attempt.wacid.as_ref() && call.pnid == attempt.pnid;
        let at = self.calling.calls.iter().position(same);
        let at = at.ok_or_else(|| GraphError::new(100, "call_id is not a call of this number"))?;
        match self.calling.calls.get(at).and_then(|call| call.ended_ms) {
            Some(_) => Err(GraphError::new(100, "The call has already been terminated.")),
            None => Ok(at),
        }
    }

    fn inbound(&self, at: usize) -> Result<String, GraphError> {
        let call = self.calling.calls.get(at).filter(|call| call.direction == CallDirection::UserInitiated);
        call.map(|call| call.wacid.clone())
            .ok_or_else(|| GraphError::new(100, "Only a call from a user can be accepted."))
    }

    fn call_fault(&mut self, action: CallAction, digits: &str) -> Option<SendFault> {
        let ordinal = self.ordinal(digits, action.as_str());
        let key = format!("{digits}/{}/{ordinal}", action.as_str());
        self.faults.of_call(action, digits, &key)
    }
}

/// A call that is on between the two.
pub(super) fn is_between(call: &Call, pnid: &str, digits: &str) -> bool {
    call.ended_ms.is_none() && call.pnid == pnid && call.digits == digits
}

fn action_of(text: &str) -> Option<CallAction> {
    use CallAction::{Accept, Connect, PreAccept, Reject, Terminate};
    [Connect, Terminate, PreAccept, Accept, Reject].into_iter().find(|action| action.as_str() == text)
}

/// The media description, if it is one.
fn check_session(body: &Value, sdp_type: &str) -> Result<String, GraphError> {
    let text = |name: &str| body.pointer(name).and_then(Value::as_str).unwrap_or_default();
    if text("/session/sdp_type") != sdp_type {
        return Err(GraphError::new(100, format!("session.sdp_type must be {sdp_type}")));
    }
    let sdp = text("/session/sdp");
    if !sdp.starts_with("v=0\r\n") && !sdp.starts_with("v=0\n") {
        return Err(GraphError::new(100, "SDP Validation error"));
    }
    Ok(sdp.to_owned())
}
