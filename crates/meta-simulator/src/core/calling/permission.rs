//! Who may be called: permissions, requests for them, and what people answer.

use serde_json::{Map, Value, json};

use super::{
    super::{Core, GraphError, LogEvent, Message, MessageKind, WebhookKind, envelope::seconds, graph_error},
    OnCall, OnCard, PermissionAnswer, PermissionLog, Timer,
};
use crate::{
    Error, phone,
    wire::{self, Direction},
};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
const WEEK_MS: i64 = 7 * DAY_MS;
/// How long a temporary permission lasts.
const TEMPORARY_MS: i64 = 168 * HOUR_MS;
/// Requests in 24 hours.
const REQUESTS_PER_DAY: usize = 1;
/// Requests in 7 days.
const REQUESTS_PER_WEEK: usize = 2;
/// Connected calls in 24 hours.
const CONNECTED_PER_DAY: usize = 100;
/// Unanswered or rejected calls in a row that end a permission.
const MISSES_MAX: u32 = 4;
/// Keeps ids of permission answers apart from those of other messages of the same person.
const ANSWER_ORDINALS: u64 = 1 << 32;

/// What Meta remembers of one business number and one person.
#[derive(Debug, Default)]
pub(in super::super) struct Permission {
    granted: Option<Grant>,
    /// When requests were taken, since the last connected call.
    requests: Vec<i64>,
    /// When calls were picked up, in either direction.
    connected: Vec<i64>,
    misses: u32,
    cards: Vec<Card>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grant {
    Until(i64),
    ForGood,
}

/// A request as it lies in the person's phone.
#[derive(Debug)]
struct Card {
    wamid: String,
    delivered_ms: i64,
    answered_ms: Option<i64>,
}

/// Where a change of a permission comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    Card(String),
    Profile,
    /// A call of the person's.
    Callback(String),
    Misses,
}

impl Permission {
    /// Runs out silently.
    fn holds(&self, now_ms: i64) -> bool {
        self.granted.is_some_and(|grant| match grant {
            Grant::Until(until_ms) => now_ms < until_ms,
            Grant::ForGood => true,
        })
    }

    /// When something is possible again that may happen `max` times in `span_ms`, if it is not possible now.
    fn full_until(times: &[i64], now_ms: i64, span_ms: i64, max: usize) -> Option<i64> {
        let recent: Vec<i64> = recent(times, now_ms, span_ms).collect();
        let oldest_that_counts = recent.len().checked_sub(max)?;
        recent.get(oldest_that_counts).map(|at| at + span_ms)
    }

    fn connected_limit(&self, now_ms: i64) -> Option<i64> {
        Self::full_until(&self.connected, now_ms, DAY_MS, CONNECTED_PER_DAY)
    }

    fn request_limit(&self, now_ms: i64) -> Option<i64> {
        let day = Self::full_until(&self.requests, now_ms, DAY_MS, REQUESTS_PER_DAY);
        let week = Self::full_until(&self.requests, now_ms, WEEK_MS, REQUESTS_PER_WEEK);
        day.max(week)
    }

    /// A card can be answered, and the answer changed, until it lapses.
    fn card_lapsed(&self, wamid: &str, now_ms: i64) -> Option<bool> {
        let at = self.cards.iter().position(|card| card.wamid == wamid)?;
        let card = self.cards.get(at)?;
        let newer_is_answered = self.cards.iter().skip(at + 1).any(|card| card.answered_ms.is_some());
        let since = card.answered_ms.unwrap_or(card.delivered_ms);
        Some(newer_is_answered || now_ms - since >= WEEK_MS)
    }
}

fn recent(times: &[i64], now_ms: i64, span_ms: i64) -> impl Iterator<Item = i64> {
    times.iter().copied().filter(move |at| now_ms - at < span_ms)
}

impl Core {
    fn permission(&mut self, pnid: &str, digits: &str) -> &mut Permission {
        self.calling.permissions.entry((pnid.to_owned(), digits.to_owned())).or_default()
    }

    /// Whether the business may call now.
    pub(super) fn check_permission(
        &mut self,
        pnid: &str,
        digits: &str,
        now_ms: i64,
    ) -> Result<(), GraphError> {
        let permission = self.permission(pnid, digits);
        if !permission.holds(now_ms) {
            return Err(GraphError::new(138_006, graph_error::usual_details(138_006)));
        }
        match permission.connected_limit(now_ms) {
            None => Ok(()),
            Some(at) => {
                let details = format!(
                    "{CONNECTED_PER_DAY} calls connected in 24 hours. The next call is allowed at {}.",
                    seconds(at)
                );
                Err(GraphError::new(138_012, details))
            }
        }
    }

    /// Whether the person may be asked now.
    pub(in super::super) fn check_request(
        &mut self,
        pnid: &str,
        digits: &str,
        now_ms: i64,
    ) -> Result<(), GraphError> {
        self.check_calling_enabled(pnid)?;
        let permission = self.permission(pnid, digits);
        let code = match permission.granted {
            Some(Grant::ForGood) => 138_017,
            _ if permission.request_limit(now_ms).is_some() => 138_009,
            _ => return Ok(()),
        };
        Err(GraphError::new(code, graph_error::usual_details(code)))
    }

    /// A request was taken; it counts whether it arrives or not.
    pub(in super::super) fn count_request(&mut self, pnid: &str, digits: &str, now_ms: i64) {
        self.permission(pnid, digits).requests.push(now_ms);
        self.counters.permission_requests += 1;
    }

    /// The card is in the person's phone.
    pub(in super::super) fn card_delivered(&mut self, wamid: &str, message: &Message, now_ms: i64) {
        let card = Card { wamid: wamid.to_owned(), delivered_ms: now_ms, answered_ms: None };
        self.permission(&message.pnid, &message.digits).cards.push(card);
        let habit = self.people.get(&message.digits).map(|known| known.person.on_card).unwrap_or_default();
        let (after_ms, answer) = match habit {
            OnCard::Ignore => return,
            OnCard::Accept { after_ms, for_good: false } => (after_ms, PermissionAnswer::Accept),
            OnCard::Accept { after_ms, for_good: true } => (after_ms, PermissionAnswer::AcceptForGood),
            OnCard::Decline { after_ms } => (after_ms, PermissionAnswer::Reject),
        };
        self.later(now_ms + after_ms, Timer::AnswerCard { wamid: wamid.to_owned(), answer });
    }

    pub(super) fn card_timer(&mut self, wamid: &str, answer: PermissionAnswer, at_ms: i64) {
        let Some(message) = self.messages.get(wamid) else { return };
        let digits = message.digits.clone();
        // The card may have lapsed while the person thought.
        self.answer_permission(&digits, answer, Some(wamid), None, at_ms).ok();
    }

    /// Somebody answers a card that asks for permission, changes the answer, or (without a card) the permission in
    /// the business's profile. Gives the id of the webhook's message.
    pub fn answer_permission(
        &mut self,
        phone: &str,
        answer: PermissionAnswer,
        card: Option<&str>,
        to_pnid: Option<&str>,
        now_ms: i64,
    ) -> Result<String, Error> {
        self.advance_before(now_ms);
        let digits = phone::digits(phone);
        if !self.people.contains_key(&digits) {
            return Err(Error::UnknownPerson(phone.to_owned()));
        }
        let (pnid, source) = match card {
            None => (self.number(to_pnid)?.phone_number_id, Source::Profile),
            Some(wamid) => {
                let unknown = || Error::UnknownMessage(wamid.to_owned());
                let message = self.messages.get(wamid).filter(|message| message.digits == digits);
                let pnid = message.ok_or_else(unknown)?.pnid.clone();
                match self.permission(&pnid, &digits).card_lapsed(wamid, now_ms) {
                    None => return Err(unknown()),
                    Some(true) => return Err(Error::CardLapsed(wamid.to_owned())),
                    Some(false) => (pnid, Source::Card(wamid.to_owned())),
                }
            }
        };
        self.change_permission(&pnid, &digits, answer, source, now_ms)
    }

    pub(super) fn change_permission(
        &mut self,
        pnid: &str,
        digits: &str,
        answer: PermissionAnswer,
        source: Source,
        at_ms: i64,
    ) -> Result<String, Error> {
        let granted = match answer {
            PermissionAnswer::Accept => Some(Grant::Until(at_ms + TEMPORARY_MS)),
            PermissionAnswer::AcceptForGood => Some(Grant::ForGood),
            PermissionAnswer::Reject => None,
        };
        let permission = self.permission(pnid, digits);
        permission.granted = granted;
        if let Source::Card(wamid) = &source {
            let card = permission.cards.iter_mut().find(|card| card.wamid == *wamid);
            if let Some(card) = card {
                card.answered_ms = Some(at_ms);
            }
        }
        let automatic = matches!(source, Source::Callback(_) | Source::Misses);
        let context = match source {
            Source::Card(id) | Source::Callback(id) => Some(id),
            Source::Profile | Source::Misses => None,
        };
        self.report_permission(pnid, digits, granted, automatic, context, at_ms)
    }

    /// The webhook: a message on the `messages` field, in the shape of each case of Meta's page.
    fn report_permission(
        &mut self,
        pnid: &str,
        digits: &str,
        granted: Option<Grant>,
        automatic: bool,
        context: Option<String>,
        at_ms: i64,
    ) -> Result<String, Error> {
        let known = self.people.get(digits).ok_or_else(|| Error::UnknownPerson(digits.to_owned()))?;
        let person = known.person.clone();
        let ordinal = ANSWER_ORDINALS + self.ordinal(digits, "permission");
        let wamid = wire::wamid(Direction::Inbound, digits, self.seed, ordinal);
        let until_ms = match granted {
            Some(Grant::Until(until_ms)) => Some(until_ms),
            _ => None,
        };
        let said = reply_content(granted, automatic);
        let body = self.business(pnid)?.message(at_ms, &person, &wamid, context.as_deref(), said);
        let response = if granted.is_some() { "accept" } else { "reject" };
        self.record(
            at_ms,
            LogEvent::Permission(PermissionLog {
                pnid: pnid.to_owned(),
                digits: digits.to_owned(),
                wamid: wamid.clone(),
                response,
                automatic,
                until_ms,
                context: context.clone(),
            }),
        );
        let message = Message {
            pnid: pnid.to_owned(),
            digits: digits.to_owned(),
            outbound: false,
            kind: MessageKind::Other,
            text: String::new(),
            buttons: Vec::new(),
            template_name: None,
            intent_id: None,
            context,
        };
        self.messages.insert(wamid.clone(), message);
        self.emit(WebhookKind::Permission, digits, &wamid, response, &body, at_ms);
        Ok(wamid)
    }

    /// A call was picked up: requests may be made anew, and misses are forgotten.
    pub(super) fn count_connected(&mut self, pnid: &str, digits: &str, at_ms: i64) {
        let permission = self.permission(pnid, digits);
        permission.connected.push(at_ms);
        permission.requests.clear();
        permission.misses = 0;
    }

    /// A call of the business was not answered, or declined. The fourth in a row ends the permission.
    pub(super) fn count_miss(&mut self, pnid: &str, digits: &str, at_ms: i64) {
        let permission = self.permission(pnid, digits);
        permission.misses += 1;
        if permission.misses < MISSES_MAX {
            return;
        }
        permission.misses = 0;
        if permission.holds(at_ms) {
            // Only somebody who is registered can have given a permission.
            self.change_permission(pnid, digits, PermissionAnswer::Reject, Source::Misses, at_ms).ok();
        }
    }

    pub(super) fn may_be_called(&mut self, pnid: &str, digits: &str, now_ms: i64) -> bool {
        self.permission(pnid, digits).holds(now_ms)
    }

    /// The answer to `GET …/call_permissions`. Somebody who cannot be called looks like one who did not allow it.
    pub(super) fn permission_body(&mut self, pnid: &str, digits: &str, now_ms: i64) -> Value {
        let habit = self.people.get(digits).map(|known| known.person.on_call);
        let callable = habit.is_some_and(|habit| habit != OnCall::CannotBeCalled);
        let permission = self.permission(pnid, digits);
        let holds = callable && permission.holds(now_ms);
        let state = match permission.granted.filter(|_| holds) {
            None => json!({"status": "no_permission"}),
            Some(Grant::ForGood) => json!({"status": "permanent"}),
            Some(Grant::Until(until_ms)) => {
                json!({"status": "temporary", "expiration_time": seconds(until_ms)})
            }
        };
        let limit = |times: &[i64], period: &str, span_ms: i64, max: usize| {
            let used = recent(times, now_ms, span_ms).count();
            let mut limit = json!({"time_period": period, "max_allowed": max, "current_usage": used});
            let ends = Permission::full_until(times, now_ms, span_ms, max);
            if let (Some(fields), Some(at)) = (limit.as_object_mut(), ends) {
                fields.insert("limit_expiration_time".to_owned(), json!(seconds(at)));
            }
            limit
        };
        let may_ask =
            permission.request_limit(now_ms).is_none() && permission.granted != Some(Grant::ForGood);
        json!({
            "messaging_product": "whatsapp",
            "permission": state,
            "actions": [
                {"action_name": "send_call_permission_request", "can_perform_action": may_ask, "limits": [
                    limit(&permission.requests, "PT24H", DAY_MS, REQUESTS_PER_DAY),
                    limit(&permission.requests, "P7D", WEEK_MS, REQUESTS_PER_WEEK)]},
                {"action_name": "start_call",
                    "can_perform_action": holds && permission.connected_limit(now_ms).is_none(), "limits": [
                    limit(&permission.connected, "PT24H", DAY_MS, CONNECTED_PER_DAY)]},
            ],
        })
    }
}

fn reply_content(granted: Option<Grant>, automatic: bool) -> Map<String, Value> {
    let mut reply = Map::new();
    let response = if granted.is_some() { "accept" } else { "reject" };
    reply.insert("response".to_owned(), json!(response));
    if let Some(grant) = granted {
        reply.insert("is_permanent".to_owned(), json!(grant == Grant::ForGood));
    }
    if let Some(Grant::Until(until_ms)) = granted {
        reply.insert("expiration_timestamp".to_owned(), json!(seconds(until_ms).to_string()));
    }
    let source = if automatic { "automatic" } else { "user_action" };
    reply.insert("response_source".to_owned(), json!(source));
    let mut content = Map::new();
    content.insert("type".to_owned(), json!("interactive"));
    content.insert(
        "interactive".to_owned(),
        json!({"type": "call_permission_reply", "call_permission_reply": reply}),
    );
    content
}
