//! A shortlist is built from stored replies alone.

use crate::{
    decision::{Shortlist, ShortlistItem},
    pack::{ContextPack, ReplyView},
    rejection::{RuleId, Violation},
};

pub(super) fn check(shortlist: &Shortlist, pack: &ContextPack, found: &mut Vec<Violation>) {
    for (index, item) in shortlist.items.iter().enumerate() {
        let mut broken = |field: &str, rule: RuleId, message: &'static str| {
            found.push(Violation::new(format!("/items/{index}/{field}"), rule, message));
        };
        if item.price_minor.is_some() != item.currency.is_some() {
            broken("currency", RuleId::PriceWithoutCurrency, "expected price_minor and currency together");
        }
        let mut before = shortlist.items.iter().take(index);
        if before.any(|other| other.vendor_id == item.vendor_id || other.reply_id == item.reply_id) {
            broken("vendor_id", RuleId::DuplicateItem, "expected each vendor and each reply once");
        }
        if pack.contacted(&item.vendor_id).is_none() {
            broken("vendor_id", RuleId::VendorNotContacted, "expected a vendor contacted for this request");
        }
        match item.reply().and_then(|id| pack.reply(id)) {
            None => broken("reply_id", RuleId::ReplyUnknown, "expected a reply of the Context Pack"),
            Some(reply) if reply.vendor_id.as_str() != item.vendor_id => {
                broken("reply_id", RuleId::ReplyOfOtherVendor, "expected a reply of this vendor");
            }
            Some(reply) => facts(item, reply, &mut broken),
        }
    }
}

/// What the reply says, neither more nor less; only the time of delivery may be left out.
fn facts(item: &ShortlistItem, reply: &ReplyView, broken: &mut impl FnMut(&str, RuleId, &'static str)) {
    if item.availability != reply.availability {
        broken("availability", RuleId::AvailabilityDiffers, "expected the availability of the reply");
    }
    if item.price_minor != reply.price_minor {
        broken("price_minor", RuleId::PriceDiffers, "expected the price of the reply");
    }
    if item.currency.as_deref() != reply.currency.as_ref().map(marketplace::Currency::as_str) {
        broken("currency", RuleId::CurrencyDiffers, "expected the currency of the reply");
    }
    if let Some(eta) = &item.eta
        && reply.eta.as_deref().is_none_or(|stored| stored.trim() != eta.trim())
    {
        broken("eta", RuleId::EtaDiffers, "expected the eta of the reply, or null");
    }
}
