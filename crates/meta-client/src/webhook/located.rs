//! Finding one event's parts inside its own small webhook body.

use marketplace::{Bsuid, PhoneNumberId, Timestamp, WaId};
use serde_json::Value;

use super::{EventKind, Fault};
use crate::{
    identity::{MetaId, WhatsAppUser},
    json,
};

const NULL: &Value = &Value::Null;
const OBJECT: &str = "whatsapp_business_account";

/// Where the parts of one event are.
pub(crate) struct Located<'a> {
    pub(crate) kind: EventKind,
    pub(crate) field: Option<String>,
    pub(crate) entry: &'a Value,
    pub(crate) value: &'a Value,
    /// The message, status or call; `None` for the other kinds.
    pub(crate) item: Option<&'a Value>,
    shape: Option<Fault>,
}

impl<'a> Located<'a> {
    /// Finds the first event of a body; bodies made by `split` hold one.
    pub(crate) fn find(raw: &'a Value) -> Self {
        let entry = json::first(raw, "entry");
        let change = json::first(entry.unwrap_or(NULL), "changes");
        let value = change.and_then(|change| change.get("value")).unwrap_or(NULL);
        let field = change.and_then(|change| json::text(change, "field"));
        let mut located = Self {
            kind: EventKind::Unknown,
            field,
            entry: entry.unwrap_or(NULL),
            value,
            item: None,
            shape: None,
        };
        located.shape = located.classify(raw);
        located
    }

    /// Sets kind and item; returns what is wrong with the form.
    fn classify(&mut self, raw: &Value) -> Option<Fault> {
        if is_foreign(raw) {
            return Some(Fault::ForeignObject);
        }
        if is_empty_list(raw, "entry") || is_empty_list(self.entry, "changes") {
            return Some(Fault::Empty);
        }
        if self.entry.is_null() || !self.value.is_object() {
            return Some(Fault::Shape);
        }
        if !carries_items(self.field.as_deref()) {
            if self.field.as_deref().is_some_and(is_account_field) {
                self.kind = EventKind::Account;
            }
            return None;
        }
        if let Some(key) = ITEM_KEYS.into_iter().find(|key| !json::items(self.value, key).is_empty()) {
            return self.classify_item(key);
        }
        if !json::items(self.value, "errors").is_empty() {
            self.kind = EventKind::Errors;
            return None;
        }
        let nothing = |key| match self.value.get(key) {
            None | Some(Value::Null) => true,
            Some(list) => list.as_array().is_some_and(Vec::is_empty),
        };
        Some(if ITEM_KEYS.into_iter().all(nothing) { Fault::Empty } else { Fault::Shape })
    }

    fn classify_item(&mut self, key: &str) -> Option<Fault> {
        let Some(item) = json::first(self.value, key).filter(|item| item.is_object()) else {
            return Some(Fault::Shape);
        };
        self.item = Some(item);
        self.kind = match key {
            "messages" => EventKind::Message,
            "calls" => EventKind::Call,
            _ if self.is_call_status(item) => EventKind::CallStatus,
            _ => EventKind::Status,
        };
        None
    }

    fn is_call_status(&self, item: &Value) -> bool {
        self.field.as_deref().is_some_and(|field| field.eq_ignore_ascii_case("calls"))
            || json::text(item, "type").is_some_and(|kind| kind.eq_ignore_ascii_case("call"))
    }

    /// What keeps the event from being worked on.
    pub(crate) fn fault(&self) -> Option<Fault> {
        if self.shape.is_some() || self.item.is_none() {
            return self.shape;
        }
        if self.phone_number_id().is_none() {
            return Some(Fault::NoPhoneNumberId);
        }
        if self.id().is_none() {
            return Some(Fault::NoId);
        }
        (self.kind == EventKind::Message && self.user().is_none()).then_some(Fault::NoSender)
    }

    pub(crate) fn id(&self) -> Option<MetaId> {
        json::text(self.item?, "id").map(MetaId::from)
    }

    /// The event's own time, else its entry's.
    pub(crate) fn at(&self) -> Option<Timestamp> {
        self.item
            .and_then(|item| json::moment(item, "timestamp"))
            .or_else(|| json::moment(self.value, "timestamp"))
            .or_else(|| json::moment(self.entry, "time"))
    }

    pub(crate) fn phone_number_id(&self) -> Option<PhoneNumberId> {
        ["metadata", "phone_number_settings"]
            .into_iter()
            .filter_map(|holder| self.value.get(holder))
            .find_map(|holder| json::text(holder, "phone_number_id"))
            .and_then(|text| text.parse().ok())
    }

    /// The person the event is about.
    pub(crate) fn user(&self) -> Option<WhatsAppUser> {
        let item = self.item?;
        let named = match self.kind {
            EventKind::Message => named(item, &["from"], &["from_user_id"]),
            EventKind::Status | EventKind::CallStatus => {
                named(item, &["recipient_id"], &["recipient_user_id"])
            }
            EventKind::Call => self.user_of_call(item),
            EventKind::Account | EventKind::Errors | EventKind::Unknown => return None,
        };
        self.completed(named)
    }

    /// Meta's samples swap `from` and `to`: our own number tells which of the two is the person, and only where it
    /// is in neither does the direction.
    fn user_of_call(&self, item: &Value) -> Named {
        let ours =
            self.value.get("metadata").and_then(|metadata| json::text(metadata, "display_phone_number"));
        let ours = ours.map(|number| number.chars().filter(char::is_ascii_digit).collect::<String>());
        let placed_by_us = json::text(item, "direction")
            .is_some_and(|direction| direction.eq_ignore_ascii_case("BUSINESS_INITIATED"));
        let order = if placed_by_us { ["to", "from"] } else { ["from", "to"] };
        let person = order.into_iter().find(|key| {
            let number = json::text(item, key);
            number.is_some() && number.as_deref().map(|text| text.trim_start_matches('+')) != ours.as_deref()
        });
        let user_ids: &[&str] =
            if placed_by_us { &["to_user_id", "from_user_id"] } else { &["from_user_id", "to_user_id"] };
        named(item, person.as_slice(), user_ids)
    }

    /// Adds what the person's entry in `contacts` knows beside what the event itself says.
    fn completed(&self, named: Named) -> Option<WhatsAppUser> {
        let contact = self.contact_of(&named).map(named_in_contact).unwrap_or_default();
        WhatsAppUser::new(named.bsuid.or(contact.bsuid), named.wa_id.or(contact.wa_id))
    }

    /// The person's entry in `contacts`.
    pub(crate) fn contact(&self) -> Option<&'a Value> {
        let user = self.user()?;
        self.contact_of(&Named { bsuid: user.bsuid, wa_id: user.wa_id })
    }

    /// By business-scoped id first: it is the stricter of the two. Never by position: an entry that only happens to
    /// be alone may be somebody else.
    fn contact_of(&self, named: &Named) -> Option<&'a Value> {
        let contacts = || json::items(self.value, "contacts").iter();
        let by_bsuid = contacts()
            .find(|contact| named.bsuid.is_some() && named_in_contact(contact).bsuid == named.bsuid);
        by_bsuid.or_else(|| {
            contacts().find(|contact| {
                let other = named_in_contact(contact);
                named.wa_id.is_some()
                    && other.wa_id == named.wa_id
                    && (named.bsuid.is_none() || other.bsuid.is_none())
            })
        })
    }
}

/// What an event says about a person; possibly nothing.
#[derive(Default)]
struct Named {
    bsuid: Option<Bsuid>,
    wa_id: Option<WaId>,
}

fn named_in_contact(contact: &Value) -> Named {
    named(contact, &["wa_id"], &["user_id"])
}

/// Reads the first readable of each kind of key. Business-scoped ids have been seen in the place of numbers.
fn named(item: &Value, number_keys: &[&str], user_id_keys: &[&str]) -> Named {
    let texts = |keys: &[&str]| keys.iter().filter_map(|key| json::text(item, key)).collect::<Vec<_>>();
    let (numbers, user_ids) = (texts(number_keys), texts(user_id_keys));
    Named {
        bsuid: user_ids.iter().chain(&numbers).find_map(|text| text.parse().ok()),
        wa_id: numbers.iter().find_map(|text| text.trim_start_matches('+').parse().ok()),
    }
}

/// The lists in a change's value that hold events of their own.
pub(super) const ITEM_KEYS: [&str; 3] = ["messages", "statuses", "calls"];

/// Fields whose value holds lists of events. A missing field is read as one of them.
pub(super) fn carries_items(field: Option<&str>) -> bool {
    field.is_none_or(|field| field.eq_ignore_ascii_case("messages") || field.eq_ignore_ascii_case("calls"))
}

pub(super) fn is_foreign(raw: &Value) -> bool {
    raw.get("object").is_some_and(|object| match object {
        Value::String(text) => !text.eq_ignore_ascii_case(OBJECT),
        _ => false,
    })
}

fn is_account_field(field: &str) -> bool {
    const PREFIXES: [&str; 6] = [
        "account_",
        "phone_number_",
        "message_template_",
        "template_",
        "business_",
        "payment_configuration_",
    ];
    let field = field.to_ascii_lowercase();
    field == "security" || PREFIXES.into_iter().any(|prefix| field.starts_with(prefix))
}

fn is_empty_list(of: &Value, key: &str) -> bool {
    of.get(key).is_some_and(|value| value.as_array().is_some_and(Vec::is_empty))
}
