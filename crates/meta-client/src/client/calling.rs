//! Calls over HTTP.

use std::time::Duration;

use async_trait::async_trait;
use marketplace::PhoneNumberId;
use reqwest::Url;
use serde_json::json;

use super::{
    MetaClient,
    answer::{Answer, Failure},
};
use crate::{
    calling::{
        CallErrorClass, CallingApi, DialOutcome, OutboundCall, PermissionLookupError, PermissionState,
        SdpOffer, TerminateError, call_error_class, time_in,
    },
    error::{self, MetaError, Reading},
    identity::MetaId,
    json,
    outbound::Recipient,
};

/// The pause after a throttle for which no table has one: lookups are limited by the second.
const THROTTLE_PAUSE: Duration = Duration::from_secs(1);

#[async_trait]
impl CallingApi for MetaClient {
    async fn connect(&self, from: &PhoneNumberId, call: &OutboundCall) -> DialOutcome {
        let outcome = match self.post(from, "calls", &call.to_json()).await {
            Ok(answer) => answer.dialled(call.offer()),
            Err(Failure::BeforeEffect(detail)) => DialOutcome::NoEffect { after: None, code: None, detail },
            Err(Failure::Doubt(why)) => DialOutcome::Unknown { why },
        };
        tracing::debug!(
            phone_number_id = from.as_str(),
            intent_id = call.intent_id(),
            outcome = outcome.as_str(),
            "connect"
        );
        outcome
    }

    async fn terminate(&self, from: &PhoneNumberId, wacid: &MetaId) -> Result<(), TerminateError> {
        let body = json!({"messaging_product": "whatsapp", "action": "terminate", "call_id": wacid});
        match self.post(from, "calls", &body).await {
            Ok(answer) => answer.terminated(),
            Err(Failure::BeforeEffect(why) | Failure::Doubt(why)) => Err(TerminateError::Unconfirmed(why)),
        }
    }

    async fn call_permissions(
        &self,
        from: &PhoneNumberId,
        contact: &Recipient,
    ) -> Result<PermissionState, PermissionLookupError> {
        let unavailable = |detail| PermissionLookupError::Unavailable { after: None, detail };
        let address = format!("{}/{}/call_permissions", self.root, from.as_str());
        let mut url: Url = address.parse().map_err(|_| unavailable("the address is no URL".to_owned()))?;
        match contact {
            Recipient::Phone(phone) => {
                url.query_pairs_mut().append_pair("user_wa_id", phone.as_str().trim_start_matches('+'))
            }
            Recipient::Bsuid(bsuid) => url.query_pairs_mut().append_pair("recipient", bsuid.as_str()),
        };
        match self.exchange(self.http.get(url)).await {
            Ok(answer) => answer.permissions(),
            Err(Failure::BeforeEffect(detail) | Failure::Doubt(detail)) => Err(unavailable(detail)),
        }
    }
}

/// What an answer that is no success proves about a calling request.
enum CallReading {
    Throttled { after: Duration, code: i64 },
    Refused { class: CallErrorClass, code: i64 },
    Doubt,
}

impl Answer {
    /// As for messages: an id in a success is acceptance, else Meta's code decides, whatever the HTTP status.
    fn dialled(&self, offer: &SdpOffer) -> DialOutcome {
        if let Some(wacid) = self.placed() {
            return DialOutcome::Placed { wacid };
        }
        let detail = self.reason();
        let quotes = offer.is_quoted_in(&detail);
        let detail = if quotes { self.reason_withheld() } else { detail };
        match self.call_reading() {
            CallReading::Throttled { after, code } => {
                DialOutcome::NoEffect { after: Some(after), code: Some(code), detail }
            }
            CallReading::Refused { class, code } => {
                let limited = class == CallErrorClass::ConnectedLimit;
                let retry_at = self.error().filter(|_| limited).and_then(|error| time_in(error.reason()));
                DialOutcome::Refused { class, code, retry_at, detail }
            }
            CallReading::Doubt => DialOutcome::Unknown { why: detail },
        }
    }

    fn placed(&self) -> Option<MetaId> {
        let call = json::first(self.success()?, "calls")?;
        json::text(call, "id").map(MetaId::from)
    }

    fn terminated(&self) -> Result<(), TerminateError> {
        if self.confirms() || self.error().is_some_and(|error| says_it_is_over(&error)) {
            return Ok(());
        }
        Err(match self.call_reading() {
            CallReading::Refused { class, code } => {
                TerminateError::Refused { class, code, detail: self.reason() }
            }
            CallReading::Throttled { .. } | CallReading::Doubt => TerminateError::Unconfirmed(self.reason()),
        })
    }

    fn permissions(&self) -> Result<PermissionState, PermissionLookupError> {
        if let Some(state) = self.success().and_then(PermissionState::read) {
            return Ok(state);
        }
        let detail = self.reason();
        Err(match self.call_reading() {
            CallReading::Refused { class, code } => PermissionLookupError::Refused { class, code, detail },
            CallReading::Throttled { after, .. } => {
                PermissionLookupError::Unavailable { after: Some(after), detail }
            }
            CallReading::Doubt => PermissionLookupError::Unavailable { after: None, detail },
        })
    }

    fn call_reading(&self) -> CallReading {
        let Some(code) = self.error().and_then(|error| error.code) else { return CallReading::Doubt };
        match call_error_class(code) {
            CallErrorClass::Throttled => {
                let after = match error::reading(code) {
                    Some(Reading::Throttled(after)) => after,
                    _ => THROTTLE_PAUSE,
                };
                CallReading::Throttled { after, code }
            }
            // The second as an answer to a request is not in the table of Meta; it says of itself that it knows nothing.
            CallErrorClass::Doubt | CallErrorClass::AnsweredInDoubt => CallReading::Doubt,
            CallErrorClass::Unknown if !self.is_client_error() => CallReading::Doubt,
            class => CallReading::Refused { class, code },
        }
    }
}

/// Ending a call that is over is an error at Meta, under a code that its pages do not name.
fn says_it_is_over(error: &MetaError) -> bool {
    let words = [&error.details, &error.message, &error.title].into_iter().flatten();
    words.map(|words| words.to_ascii_lowercase()).any(|words| {
        let over = ["terminated", "ended", "completed", "hung up", "rejected", "over"];
        words.contains("already") && over.iter().any(|over| words.contains(over))
    })
}
