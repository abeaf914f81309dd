//! Whom Meta speaks of: users by number and by business-scoped id, messages and calls by id.

use std::fmt;

use marketplace::{Bsuid, E164, WaId, mask};
use serde::{Deserialize, Serialize};

/// Meta's id of a message (`wamid.…`) or of a call (`wacid.…`).
///
/// It holds phone numbers in base64: compare it, never parse it, and treat it as personal data.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MetaId(String);

impl MetaId {
    /// The id itself. Personal data: never log it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for MetaId {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for MetaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&mask(&self.0))
    }
}

/// A person on WhatsApp as one event names them. At least one of the two is there.
///
/// Users with a username have no `wa_id` in webhooks; users of older accounts have no business-scoped id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct WhatsAppUser {
    /// Business-scoped user id.
    pub bsuid: Option<Bsuid>,
    /// Phone number in digits, mostly equal to E.164 without its `+`.
    pub wa_id: Option<WaId>,
}

impl WhatsAppUser {
    /// From what an event offers; `None` when it names nobody.
    pub fn new(bsuid: Option<Bsuid>, wa_id: Option<WaId>) -> Option<Self> {
        (bsuid.is_some() || wa_id.is_some()).then_some(Self { bsuid, wa_id })
    }

    /// What events of one person are kept together by: the business-scoped id, else the `wa_id`. Personal data.
    pub fn key(&self) -> &str {
        match (&self.bsuid, &self.wa_id) {
            (Some(bsuid), _) => bsuid.as_str(),
            (None, Some(wa_id)) => wa_id.as_str(),
            (None, None) => "",
        }
    }

    /// The number the `wa_id` most likely stands for.
    pub fn likely_phone(&self) -> Option<E164> {
        self.wa_id.as_ref().and_then(WaId::likely_phone)
    }
}
