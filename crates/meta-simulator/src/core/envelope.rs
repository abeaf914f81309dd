//! Webhook bodies.

use serde_json::{Map, Value, json};

use super::{
    calling::{Call, CallDirection},
    graph_error,
    people::Person,
};
use crate::{config::BusinessNumber, phone};

/// Everything about the business that an envelope names.
pub(super) struct Business<'a> {
    pub waba_id: &'a str,
    pub number: &'a BusinessNumber,
}

impl Business<'_> {
    fn envelope(&self, now_ms: i64, contacts: Option<Value>, list: &str, item: &Value) -> Value {
        self.enveloped(now_ms, "messages", contacts, (list, item), None)
    }

    /// One change of `field` with one item in its `list`.
    fn enveloped(
        &self,
        now_ms: i64,
        field: &str,
        contacts: Option<Value>,
        (list, item): (&str, &Value),
        errors: Option<Value>,
    ) -> Value {
        let mut value = json!({
            "messaging_product": "whatsapp",
            "metadata": {
                "display_phone_number": phone::digits(&self.number.display_number),
                "phone_number_id": self.number.phone_number_id,
            },
        });
        if let Some(fields) = value.as_object_mut() {
            if let Some(contacts) = contacts {
                fields.insert("contacts".to_owned(), contacts);
            }
            fields.insert(list.to_owned(), json!([item]));
            if let Some(errors) = errors {
                fields.insert("errors".to_owned(), errors);
            }
        }
        json!({
            "object": "whatsapp_business_account",
            "entry": [{
                "id": self.waba_id,
                "time": seconds(now_ms),
                "changes": [{"field": field, "value": value}],
            }],
        })
    }

    /// A person's message. `content` holds `type` and what belongs to it.
    pub(super) fn message(
        &self,
        now_ms: i64,
        person: &Person,
        wamid: &str,
        quoting: Option<&str>,
        content: Map<String, Value>,
    ) -> Value {
        let mut message = Map::new();
        if !person.hides_number {
            message.insert("from".to_owned(), json!(person.digits));
        }
        message.insert("from_user_id".to_owned(), json!(person.bsuid));
        message.insert("id".to_owned(), json!(wamid));
        message.insert("timestamp".to_owned(), json!(seconds(now_ms).to_string()));
        if let Some(quoted) = quoting {
            let from = phone::digits(&self.number.display_number);
            message.insert("context".to_owned(), json!({"from": from, "id": quoted}));
        }
        message.extend(content);
        self.envelope(now_ms, Some(json!([contact(person)])), "messages", &Value::Object(message))
    }

    /// Something that happened to a call. Errors stand beside it, as at Meta, not inside.
    pub(super) fn call_event(
        &self,
        now_ms: i64,
        person: &Person,
        call: &Call,
        event: &str,
        fields: Map<String, Value>,
        code: Option<u32>,
    ) -> Value {
        let (ours, theirs) = match call.direction {
            CallDirection::BusinessInitiated => ("from", "to"),
            CallDirection::UserInitiated => ("to", "from"),
        };
        let mut item = Map::new();
        item.insert("id".to_owned(), json!(call.wacid));
        item.insert(ours.to_owned(), json!(phone::digits(&self.number.display_number)));
        if !person.hides_number {
            item.insert(theirs.to_owned(), json!(person.digits));
        }
        item.insert(format!("{theirs}_user_id"), json!(person.bsuid));
        item.insert("event".to_owned(), json!(event));
        item.insert("timestamp".to_owned(), json!(seconds(now_ms).to_string()));
        if let Some(intent_id) = &call.intent_id {
            item.insert("biz_opaque_callback_data".to_owned(), json!(intent_id));
        }
        item.extend(fields);
        let errors = code.map(|code| json!([error(code)]));
        let contacts = Some(json!([contact(person)]));
        self.enveloped(now_ms, "calls", contacts, ("calls", &Value::Object(item)), errors)
    }

    /// How far one of our calls has come.
    pub(super) fn call_status(&self, now_ms: i64, person: &Person, call: &Call, status: &str) -> Value {
        let mut item = Map::new();
        item.insert("id".to_owned(), json!(call.wacid));
        item.insert("type".to_owned(), json!("call"));
        item.insert("status".to_owned(), json!(status));
        item.insert("timestamp".to_owned(), json!(seconds(now_ms).to_string()));
        if !person.hides_number {
            item.insert("recipient_id".to_owned(), json!(person.digits));
        }
        item.insert("recipient_user_id".to_owned(), json!(person.bsuid));
        if let Some(intent_id) = &call.intent_id {
            item.insert("biz_opaque_callback_data".to_owned(), json!(intent_id));
        }
        self.enveloped(now_ms, "calls", None, ("statuses", &Value::Object(item)), None)
    }

    /// What became of one of our messages.
    pub(super) fn status(&self, now_ms: i64, report: &StatusReport<'_>) -> Value {
        let mut status = json!({
            "id": report.wamid,
            "status": report.status,
            "timestamp": seconds(now_ms).to_string(),
        });
        if let Some(fields) = status.as_object_mut() {
            if let Some(digits) = report.recipient_id {
                fields.insert("recipient_id".to_owned(), json!(digits));
            }
            if let Some(bsuid) = report.bsuid {
                fields.insert("recipient_user_id".to_owned(), json!(bsuid));
            }
            if let Some(intent_id) = report.intent_id {
                fields.insert("biz_opaque_callback_data".to_owned(), json!(intent_id));
            }
            if report.status == "sent" {
                let kind = if report.template { "utility" } else { "service" };
                let pricing = json!({
                    "billable": report.template, "pricing_model": "PMP", "type": "regular", "category": kind,
                });
                fields.insert("pricing".to_owned(), pricing);
            }
            if let Some(code) = report.code {
                fields.insert("errors".to_owned(), json!([error(code)]));
            }
        }
        self.envelope(now_ms, None, "statuses", &status)
    }
}

/// A status to report.
pub(super) struct StatusReport<'a> {
    pub wamid: &'a str,
    pub status: &'a str,
    pub recipient_id: Option<&'a str>,
    pub bsuid: Option<&'a str>,
    pub intent_id: Option<&'a str>,
    pub template: bool,
    pub code: Option<u32>,
}

/// A person as listed in `contacts`.
fn contact(person: &Person) -> Value {
    let mut contact = json!({"profile": {"name": person.name}, "user_id": person.bsuid});
    if let Some(fields) = contact.as_object_mut().filter(|_| !person.hides_number) {
        fields.insert("wa_id".to_owned(), json!(person.digits));
    }
    contact
}

fn error(code: u32) -> Value {
    let title = graph_error::title(code);
    json!({
        "code": code, "title": title, "message": title,
        "error_data": {"details": graph_error::usual_details(code)},
        "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
    })
}

/// Seconds since 1970, as Meta writes times.
pub(super) fn seconds(ms: i64) -> i64 {
    ms.div_euclid(1000)
}
