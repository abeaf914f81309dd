//! How far one of our messages has come.

use std::fmt;

use marketplace::Timestamp;
use serde_json::Value;

use crate::{
    error::MetaError,
    identity::{MetaId, WhatsAppUser},
    json,
    open_enum::open_enum,
    webhook::Located,
};

/// A status of a message that we sent. May come before the answer to the send, twice, and in any order.
#[derive(Clone, PartialEq)]
pub struct StatusUpdate {
    /// The message.
    pub wamid: MetaId,
    /// How far it is.
    pub status: DeliveryStatus,
    /// When, to the second.
    pub at: Option<Timestamp>,
    /// To whom.
    pub recipient: Option<WhatsAppUser>,
    /// Our own id of the send (`biz_opaque_callback_data`): the only proof of which send this was.
    pub intent_id: Option<String>,
    /// Why it failed.
    pub errors: Vec<MetaError>,
    /// Meta's conversation object, as it came.
    pub conversation: Option<Value>,
    /// Meta's price, as it came; it is on some statuses of a message, not on each.
    pub pricing: Option<Value>,
}

impl fmt::Debug for StatusUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusUpdate")
            .field("wamid", &self.wamid)
            .field("status", &self.status)
            .field("at", &self.at)
            .field("intent_id", &self.intent_id)
            .field("errors", &self.errors)
            .finish_non_exhaustive()
    }
}

open_enum! {
    /// The steps of a message's way. They only go forward: a late `delivered` after `read` changes nothing.
    DeliveryStatus {
        /// On Meta's servers.
        Sent = "sent",
        /// On the person's phone. May never come when `read` comes.
        Delivered = "delivered",
        /// Read.
        Read = "read",
        /// A voice message was played.
        Played = "played",
        /// Not delivered and never will be.
        Failed = "failed",
    }
}

pub(crate) fn read(located: &Located<'_>) -> Option<StatusUpdate> {
    let item = located.item?;
    Some(StatusUpdate {
        wamid: located.id()?,
        status: DeliveryStatus::from_wire(&json::text_or_first(item, "status").unwrap_or_default()),
        at: located.at(),
        recipient: located.user(),
        intent_id: json::text(item, "biz_opaque_callback_data"),
        errors: MetaError::read_all(json::items(item, "errors")),
        conversation: item.get("conversation").cloned(),
        pricing: item.get("pricing").cloned(),
    })
}
