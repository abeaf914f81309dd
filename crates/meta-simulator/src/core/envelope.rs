//! Webhook bodies.

use serde_json::{Map, Value, json};

use super::{graph_error, people::Person};
use crate::{config::BusinessNumber, phone};

/// Everything about the business that an envelope names.
pub(super) struct Business<'a> {
    pub waba_id: &'a str,
    pub number: &'a BusinessNumber,
}

impl Business<'_> {
    fn envelope(&self, now_ms: i64, contacts: Option<Value>, field: &str, item: &Value) -> Value {
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
            fields.insert(field.to_owned(), json!([item]));
        }
        json!({
            "object": "whatsapp_business_account",
            "entry": [{
                "id": self.waba_id,
                "time": seconds(now_ms),
                "changes": [{"field": "messages", "value": value}],
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
        let mut contact = json!({"profile": {"name": person.name}, "user_id": person.bsuid});
        if let Some(fields) = contact.as_object_mut().filter(|_| !person.hides_number) {
            fields.insert("wa_id".to_owned(), json!(person.digits));
        }
        self.envelope(now_ms, Some(json!([contact])), "messages", &Value::Object(message))
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
                let title = graph_error::title(code);
                let error = json!({
                    "code": code, "title": title, "message": title,
                    "error_data": {"details": graph_error::usual_details(code)},
                    "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
                });
                fields.insert("errors".to_owned(), json!([error]));
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

fn seconds(ms: i64) -> i64 {
    ms.div_euclid(1000)
}
