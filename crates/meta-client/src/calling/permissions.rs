//! `GET /{phone-number-id}/call_permissions`: whether Meta lets us call somebody.

use marketplace::Timestamp;
use serde_json::Value;

use crate::json;

/// What Meta allows towards one person at the moment of asking.
///
/// A person who can never be called (not on WhatsApp, an old app) looks like one who has not allowed it. A temporary
/// permission runs out without a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionState {
    /// Whether a call may be placed now: the only thing to decide on. False when Meta does not say.
    pub can_call: bool,
    /// Whether the person may be asked now. False when Meta does not say.
    pub can_request: bool,
    /// `no_permission`, `temporary`, `permanent` by one of Meta's pages, other words by another: kept as text,
    /// for people.
    pub status: Option<String>,
    /// When the permission runs out; `None` when permanent or when there is none.
    pub expires_at: Option<Timestamp>,
    /// Limits on connected calls.
    pub call_limits: Vec<PermissionLimit>,
    /// Limits on asking. A usage tells whether a request went out, not which one.
    pub request_limits: Vec<PermissionLimit>,
}

/// So many in such a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionLimit {
    /// The time, `PT24H` or `24h` by Meta's pages: text, never decided on.
    pub period: Option<String>,
    /// How many are allowed in it.
    pub max_allowed: Option<i64>,
    /// How many there have been.
    pub current_usage: Option<i64>,
    /// When it has room again; there only when it is used up.
    pub ends_at: Option<Timestamp>,
}

impl PermissionState {
    /// `None` when the answer holds neither a permission nor an action: then it says nothing.
    pub(crate) fn read(answer: &Value) -> Option<Self> {
        let permission = answer.get("permission").filter(|permission| permission.is_object());
        let actions = json::items(answer, "actions");
        if permission.is_none() && actions.is_empty() {
            return None;
        }
        let action = |name: &str| {
            actions.iter().find(|action| {
                json::text(action, "action_name").is_some_and(|text| text.eq_ignore_ascii_case(name))
            })
        };
        let allowed = |action: Option<&Value>| {
            action.and_then(|a| json::boolean(a, "can_perform_action")) == Some(true)
        };
        let (call, request) = (action("start_call"), action("send_call_permission_request"));
        Some(Self {
            can_call: allowed(call),
            can_request: allowed(request),
            status: permission.and_then(|permission| json::text(permission, "status")),
            expires_at: permission.and_then(|permission| {
                json::moment(permission, "expiration_time").or_else(|| json::moment(permission, "expiration"))
            }),
            call_limits: call.map(limits).unwrap_or_default(),
            request_limits: request.map(limits).unwrap_or_default(),
        })
    }

    /// When a call is possible again, where a limit stands against it: the last of those used up.
    pub fn next_call_at(&self) -> Option<Timestamp> {
        last_end(&self.call_limits)
    }

    /// When the person may be asked again, where a limit stands against it: the last of those used up.
    pub fn next_request_at(&self) -> Option<Timestamp> {
        last_end(&self.request_limits)
    }
}

/// A list, an empty text or nothing at all, by Meta's pages.
fn limits(action: &Value) -> Vec<PermissionLimit> {
    let limit = |limit: &Value| PermissionLimit {
        period: json::text(limit, "time_period"),
        max_allowed: json::integer(limit, "max_allowed"),
        current_usage: json::integer(limit, "current_usage"),
        ends_at: json::moment(limit, "limit_expiration_time"),
    };
    json::items(action, "limits").iter().filter(|item| item.is_object()).map(limit).collect()
}

fn last_end(limits: &[PermissionLimit]) -> Option<Timestamp> {
    limits.iter().filter_map(|limit| limit.ends_at).max()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn state(answer: &Value) -> PermissionState {
        PermissionState::read(answer).unwrap()
    }

    #[test]
    fn the_guides_sample() {
        let read = state(&json!({
            "messaging_product": "whatsapp",
            "permission": {"status": "temporary", "expiration_time": 1_790_604_900},
            "actions": [
                {"action_name": "send_call_permission_request", "can_perform_action": false, "limits": [
                    {"time_period": "PT24H", "max_allowed": 1, "current_usage": 1, "limit_expiration_time": 1_790_086_500},
                    {"time_period": "P7D", "max_allowed": 2, "current_usage": 1}]},
                {"action_name": "start_call", "can_perform_action": true, "limits": [
                    {"time_period": "PT24H", "max_allowed": 100, "current_usage": 0}]}]}));
        assert_eq!(
            (read.can_call, read.can_request, read.status.as_deref()),
            (true, false, Some("temporary"))
        );
        assert_eq!(read.expires_at, Some(Timestamp::from_seconds(1_790_604_900)));
        assert_eq!(read.next_request_at(), Some(Timestamp::from_seconds(1_790_086_500)));
        assert_eq!((read.next_call_at(), read.request_limits.len(), read.call_limits.len()), (None, 2, 1));
        assert_eq!(read.call_limits[0].max_allowed, Some(100));
    }

    #[test]
    fn the_action_decides_and_never_the_status() {
        let start =
            |can: Value| json!([{"action_name": "START_CALL", "can_perform_action": can, "limits": ""}]);
        for (status, can, expected) in [
            ("granted", json!(true), true),
            ("no_permission", json!("true"), true),
            ("permanent", json!(false), false),
            ("temporary", json!(null), false),
            ("temporary", json!(1), false),
        ] {
            let read = state(&json!({"permission": {"status": status}, "actions": start(can)}));
            assert_eq!((read.can_call, read.call_limits.is_empty()), (expected, true), "{status}");
            assert_eq!(read.status.as_deref(), Some(status));
        }
    }

    #[test]
    fn odd_answers_allow_nothing_and_expiry_has_two_names() {
        let read = state(&json!({"permission": {"status": "temporary", "expiration": "1790604900"}}));
        assert_eq!((read.can_call, read.can_request), (false, false));
        assert_eq!(read.expires_at, Some(Timestamp::from_seconds(1_790_604_900)));
        let alone = json!({"actions": {"action_name": "start_call", "can_perform_action": true}});
        assert!(state(&alone).can_call, "an object stands for a list of one");
        for odd in [json!([7, "x", null]), json!("start_call"), json!([{"action_name": 5}])] {
            let read = PermissionState::read(&json!({"permission": {}, "actions": odd.clone()}));
            assert!(!read.unwrap().can_call, "{odd}");
        }
        for nothing in [json!({}), json!([]), json!(null), json!({"permission": 5, "actions": []})] {
            assert_eq!(PermissionState::read(&nothing), None, "{nothing}");
        }
    }
}
