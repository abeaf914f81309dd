//! Second layer: exactly what the published schema says, no more and no less.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{
    decision::{Decision, DecisionKind},
    publish,
    rejection::{Rejection, RuleId, Violation},
};

/// Checks an object against the published schema and reads it.
pub(crate) fn check(object: Map<String, Value>) -> Result<Decision, Rejection> {
    let value = Value::Object(object);
    Rejection::unless_empty(publish::compiled().check(&value))?;
    read(value)
}

fn read(value: Value) -> Result<Decision, Rejection> {
    let Value::Object(mut object) = value else { return Err(unreadable("an object")) };
    let tag = object.remove("type");
    let kind = DecisionKind::ALL
        .into_iter()
        .find(|kind| tag.as_ref().and_then(Value::as_str) == Some(kind.as_str()));
    let value = Value::Object(object);
    match kind.ok_or_else(|| unreadable("a known type"))? {
        DecisionKind::AskClient => typed(value).map(Decision::AskClient),
        DecisionKind::VendorOutreachPlan => typed(value).map(Decision::VendorOutreachPlan),
        DecisionKind::Shortlist => typed(value).map(Decision::Shortlist),
        DecisionKind::Escalate => typed(value).map(Decision::Escalate),
    }
}

/// What conforms to the schema fits the types it was generated from; a difference is still a rejection.
fn typed<T: DeserializeOwned>(value: Value) -> Result<T, Rejection> {
    serde_json::from_value(value).map_err(|error| unreadable(&error.to_string()))
}

fn unreadable(expected: &str) -> Rejection {
    Rejection { violations: vec![Violation::new("", RuleId::WrongType, format!("expected {expected}"))] }
}
