//! What a brain wishes of calling: a pure function from the Context Pack.

use serde_json::{Value, json};

/// What a brain wants of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wishes {
    /// No calls.
    None,
    /// Sensible: to call a vendor who does not answer, once everybody concerned has said yes.
    CallVendor,
    /// Sensible: to call a client who asked for it.
    CallClient,
    /// To call a vendor at once, whoever has said yes to it, in every decision until there is an offer.
    CallAtOnce,
    /// To ask the client for consent in every decision until there is an offer, whatever was answered before.
    AskAlways,
}

/// A wish as the contract writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wish {
    what: &'static str,
    party: Option<&'static str>,
    trigger: Option<&'static str>,
}

impl Wish {
    pub(super) const NONE: Self = Self { what: "none", party: None, trigger: None };
    const ASK_FOR_VENDOR: Self = Self { what: "request_consent", party: Some("vendor"), trigger: None };
    const ASK_CLIENT: Self = Self { what: "request_consent", party: Some("client"), trigger: None };
    const CALL_VENDOR: Self =
        Self { what: "start_call", party: Some("vendor"), trigger: Some("urgent_no_reply") };
    const CALL_CLIENT: Self =
        Self { what: "start_call", party: Some("client"), trigger: Some("client_asked") };

    /// As it stands in a decision.
    pub(super) fn json(self) -> Value {
        json!({ "wish": self.what, "party": self.party, "trigger": self.trigger })
    }
}

/// The beginning of every question for consent that we send, in English.
const PROMPT_BEGINS: &str = "To speed this up, I can place a WhatsApp call.";
/// The beginning of what the client reads when a call came to nothing.
const FALLBACK_BEGINS: &str = "Call didn't go through";

/// What the brain wishes after this pack.
pub(super) fn wish(pack: &Value, wishes: Wishes) -> Wish {
    match wishes {
        Wishes::None => Wish::NONE,
        Wishes::CallAtOnce => Wish::CALL_VENDOR,
        Wishes::AskAlways => Wish::ASK_FOR_VENDOR,
        Wishes::CallVendor | Wishes::CallClient if !may_call(pack) || is_over(pack) => Wish::NONE,
        Wishes::CallVendor => match consent(pack) {
            Some("granted") if a_vendor_was_asked(pack) => Wish::CALL_VENDOR,
            None | Some("granted") => Wish::ASK_FOR_VENDOR,
            Some(_) => Wish::NONE,
        },
        Wishes::CallClient => match consent(pack) {
            None if client_says_call_me(pack) => Wish::ASK_CLIENT,
            Some("granted") => Wish::CALL_CLIENT,
            _ => Wish::NONE,
        },
    }
}

fn may_call(pack: &Value) -> bool {
    pack.pointer("/policies/calling/enabled").and_then(Value::as_bool) == Some(true)
}

/// A call came to nothing: the brain goes on in chat.
fn is_over(pack: &Value) -> bool {
    said(pack).any(|(from, _, text)| from == "us" && text.starts_with(FALLBACK_BEGINS))
}

fn consent(pack: &Value) -> Option<&str> {
    pack.pointer("/policies/calling/consent_status").and_then(Value::as_str)
}

fn a_vendor_was_asked(pack: &Value) -> bool {
    said(pack).any(|(from, vendor, text)| from == "us" && vendor.is_some() && text.starts_with(PROMPT_BEGINS))
}

fn client_says_call_me(pack: &Value) -> bool {
    said(pack).any(|(from, _, text)| from == "client" && text.eq_ignore_ascii_case("call me"))
}

/// Who said what, oldest first, and to or from which vendor.
fn said(pack: &Value) -> impl Iterator<Item = (&str, Option<&str>, &str)> {
    let lines = pack.pointer("/conversation").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    lines.iter().map(|line| {
        let field = |name: &str| line.get(name).and_then(Value::as_str);
        (field("from").unwrap_or_default(), field("vendor_id"), field("text").unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(enabled: bool, consent: Option<&str>, said: &[(&str, Option<&str>, &str)]) -> Value {
        let lines: Vec<Value> = said
            .iter()
            .map(|(from, vendor, text)| json!({ "from": from, "vendor_id": vendor, "text": text }))
            .collect();
        json!({ "policies": { "calling": { "enabled": enabled, "consent_status": consent } }, "conversation": lines })
    }

    #[test]
    fn a_vendor_is_called_only_after_everybody_was_asked() {
        let of = |enabled, consent, said: &[_]| wish(&pack(enabled, consent, said), Wishes::CallVendor);
        let card = ("us", Some("v1"), "To speed this up, I can place a WhatsApp call. Do you allow …?");
        let prompt = ("us", None, card.2);
        assert_eq!(of(false, None, &[]), Wish::NONE);
        assert_eq!(of(true, None, &[]), Wish::ASK_FOR_VENDOR);
        for answer in ["requested", "denied", "expired"] {
            assert_eq!(of(true, Some(answer), &[card]), Wish::NONE, "{answer}");
        }
        assert_eq!(of(true, Some("granted"), &[prompt]), Wish::ASK_FOR_VENDOR);
        assert_eq!(of(true, Some("granted"), &[prompt, card]), Wish::CALL_VENDOR);
        let fallback = ("us", None, "Call didn't go through; continuing via chat.");
        assert_eq!(of(true, Some("granted"), &[card, fallback]), Wish::NONE);
    }

    #[test]
    fn a_client_is_called_only_on_request() {
        let of = |consent, said: &[_]| wish(&pack(true, consent, said), Wishes::CallClient);
        assert_eq!(of(None, &[("client", None, "hello")]), Wish::NONE);
        let asks = [("client", None, "Call me")];
        assert_eq!(of(None, &asks), Wish::ASK_CLIENT);
        assert_eq!(of(Some("requested"), &asks), Wish::NONE);
        assert_eq!(of(Some("granted"), &asks), Wish::CALL_CLIENT);
    }

    #[test]
    fn the_unreasonable_wish_whatever_the_pack_says() {
        assert_eq!(wish(&json!({}), Wishes::CallAtOnce), Wish::CALL_VENDOR);
        assert_eq!(wish(&pack(true, Some("denied"), &[]), Wishes::AskAlways), Wish::ASK_FOR_VENDOR);
        assert_eq!(
            Wish::CALL_VENDOR.json(),
            json!({ "wish": "start_call", "party": "vendor", "trigger": "urgent_no_reply" })
        );
        assert_eq!(Wish::NONE.json(), json!({ "wish": "none", "party": null, "trigger": null }));
    }
}
