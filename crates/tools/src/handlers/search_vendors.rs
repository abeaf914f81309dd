//! `marketplace.search_vendors`: who could have it, and why each is named.

use std::collections::BTreeSet;

use marketplace::VendorId;
use moltbot_contract::{VendorFilters, VendorFound};
use store::{Tx, requests::RequestGuard, sourcing, vendors};
use tool_registry::{SearchVendorsArgs, SearchVendorsResult};

use super::Effect;
use crate::ToolError;

/// How many vendors of a category are looked at before filters narrow them.
const SCAN_MAX: i64 = 200;

pub(super) fn run(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    args: &SearchVendorsArgs,
) -> Result<Effect, ToolError> {
    let vendors = find(tx, guard, &args.category, &args.filters, usize::from(args.limit))?;
    let ids: Vec<&VendorId> = vendors.iter().map(|vendor| &vendor.vendor_id).collect();
    let keys = vendors::data_keys(tx, &ids)?;
    let mut effect = Effect::new(SearchVendorsResult { vendors });
    effect.also_sealed_by.extend(keys);
    Ok(effect)
}

/// The vendors of a category that pass the filters, those still to be asked first.
pub(super) fn find(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    category: &str,
    filters: &VendorFilters,
    limit: usize,
) -> Result<Vec<VendorFound>, ToolError> {
    let request = guard.request();
    let contacted: BTreeSet<VendorId> =
        sourcing::outreaches_of(tx, request.id)?.into_iter().map(|outreach| outreach.vendor).collect();
    let category = category.trim().to_lowercase();
    let mut found: Vec<VendorFound> = vendors::in_category(tx, &category, SCAN_MAX)?
        .into_iter()
        .filter(|vendor| vendor.contact != request.client && !vendor.opted_out)
        .filter(|vendor| fits(vendor, filters))
        .map(|vendor| {
            let contacted = contacted.contains(&vendor.id);
            VendorFound {
                why: why(&vendor, filters, contacted),
                vendor_id: vendor.id,
                name: vendor.name,
                category: category.clone(),
                distance_km: None,
                rating: vendor.rating,
                language: vendor.language,
                accepts_inquiries: vendor.accepts_inquiries,
                contacted,
            }
        })
        .collect();
    // Those still to be asked come first; the store has ordered by rating and id.
    found.sort_by_key(|vendor| (vendor.contacted, !vendor.accepts_inquiries));
    found.truncate(limit);
    Ok(found)
}

/// The distance filter narrows nothing yet: a client's position is not known before location messages are read.
fn fits(vendor: &vendors::Vendor, filters: &VendorFilters) -> bool {
    let language = filters.languages.is_empty()
        || vendor.languages.iter().any(|language| filters.languages.contains(language));
    let rating = filters.min_rating.is_none_or(|least| vendor.rating.is_some_and(|rating| rating >= least));
    language && rating
}

/// Short codes: why a vendor is named, and what speaks against asking them.
fn why(vendor: &vendors::Vendor, filters: &VendorFilters, contacted: bool) -> Vec<String> {
    let speaks = vendor.languages.iter().any(|language| filters.languages.contains(language));
    let reasons = [
        ("category", true),
        ("rating", filters.min_rating.is_some()),
        ("language", speaks),
        ("not_accepting", !vendor.accepts_inquiries),
        ("contacted", contacted),
    ];
    reasons.into_iter().filter(|(_, holds)| *holds).map(|(code, _)| code.to_owned()).collect()
}
