//! Webhooks in shapes that Meta's own samples show beside the usual one.

use serde_json::{Value, json};

use super::Oddity;

/// Rewrites a webhook's body. A body without the part stays as it is.
pub(super) fn apply(oddity: Oddity, body: &mut Value) {
    let Some(value) = body.pointer_mut("/entry/0/changes/0/value") else { return };
    match oddity {
        Oddity::MixedCaseStatus => each_status(value, |status| match status.as_str() {
            Some(text) => json!(mixed_case(text)),
            None => status.clone(),
        }),
        Oddity::StatusArray => each_status(value, |status| json!([status])),
        Oddity::SwapFromTo => {
            let Some(call) = value.pointer_mut("/calls/0").and_then(Value::as_object_mut) else { return };
            let (from, to) = (call.remove("from"), call.remove("to"));
            call.extend(to.map(|to| ("from".to_owned(), to)));
            call.extend(from.map(|from| ("to".to_owned(), from)));
        }
        Oddity::NoFromTo => {
            if let Some(call) = value.pointer_mut("/calls/0").and_then(Value::as_object_mut) {
                call.remove("from");
                call.remove("to");
            }
        }
        Oddity::NumericTimes => numeric_times(value),
        Oddity::NoType => {
            if let Some(message) = value.pointer_mut("/messages/0").and_then(Value::as_object_mut) {
                message.remove("type");
            }
        }
        Oddity::ActpassAnswer => {
            if let Some(sdp) = value.pointer_mut("/calls/0/session/sdp") {
                *sdp = json!(sdp.as_str().unwrap_or_default().replace("a=setup:active", "a=setup:actpass"));
            }
        }
    }
}

fn each_status(value: &mut Value, change: impl Fn(&Value) -> Value) {
    for place in ["/calls/0/status", "/statuses/0/status"] {
        if let Some(status) = value.pointer_mut(place) {
            *status = change(status);
        }
    }
}

/// `COMPLETED` as `Completed`.
fn mixed_case(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().into_iter().chain(chars.flat_map(char::to_lowercase)).collect()
}

/// Every time that is a text of digits becomes a number.
fn numeric_times(value: &mut Value) {
    const TIMES: [&str; 4] = ["timestamp", "expiration_timestamp", "start_time", "end_time"];
    match value {
        Value::Array(list) => list.iter_mut().for_each(numeric_times),
        Value::Object(fields) => {
            for (key, field) in fields.iter_mut() {
                match field.as_str().and_then(|text| text.parse::<i64>().ok()) {
                    Some(number) if TIMES.contains(&key.as_str()) => *field = json!(number),
                    _ => numeric_times(field),
                }
            }
        }
        _ => {}
    }
}
