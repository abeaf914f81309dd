//! `marketplace.search_vendors`: who could have it, and why each is named.

use std::collections::BTreeSet;

use marketplace::VendorId;
use moltbot_contract::{VendorFilters, VendorFound};
use store::{Tx, requests::RequestGuard, sourcing, vendors};
use tool_registry::{SearchVendorsArgs, SearchVendorsResult};
use vendor_search::Place;

use super::Effect;
use crate::{
    Policy, ToolError,
    search::{Search, Weighed, weigh},
};

pub(super) fn run(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &RequestGuard,
    args: &SearchVendorsArgs,
) -> Result<Effect, ToolError> {
    let vendors = find(tx, policy, guard, &args.category, &args.filters, usize::from(args.limit))?;
    let ids: Vec<&VendorId> = vendors.iter().map(|vendor| &vendor.vendor_id).collect();
    let keys = vendors::data_keys(tx, &ids)?;
    let mut effect = Effect::new(SearchVendorsResult { vendors });
    effect.also_sealed_by.extend(keys);
    Ok(effect)
}

/// The vendors of a category that pass the filters, those to be asked first in front.
pub(super) fn find(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &RequestGuard,
    category: &str,
    filters: &VendorFilters,
    limit: usize,
) -> Result<Vec<VendorFound>, ToolError> {
    let request = guard.request();
    let contacted: BTreeSet<VendorId> =
        sourcing::outreaches_of(tx, request.id)?.into_iter().map(|outreach| outreach.vendor).collect();
    let category = category.trim().to_lowercase();
    let search = Search {
        category: &category,
        filters,
        near: request.position.and_then(|position| Place::new(position.latitude, position.longitude)),
        client: Some(request.client),
        contacted: &contacted,
        inquiries_per_day_max: policy.vendor_inquiries_per_day_max,
        now: guard.now(tx),
    };
    let mut found = Vec::new();
    for weighed in weigh(tx, &search)?.into_iter().filter(|weighed| weighed.standing.left_out.is_none()) {
        if found.len() == limit {
            break;
        }
        let vendor = vendors::load(tx, &weighed.vendor.id)?;
        // The number may be one that an erased person had.
        if !vendor.opted_out {
            found.push(named(weighed, vendor, &category, &contacted));
        }
    }
    Ok(found)
}

fn named(
    weighed: Weighed,
    known: vendors::Vendor,
    category: &str,
    contacted: &BTreeSet<VendorId>,
) -> VendorFound {
    let Weighed { vendor, distance_km, standing, .. } = weighed;
    VendorFound {
        contacted: contacted.contains(&vendor.id),
        why: standing.why.iter().map(ToString::to_string).collect(),
        opens_at: standing.opens_at(),
        vendor_id: vendor.id,
        name: known.name,
        category: category.to_owned(),
        // To a hundred metres: more would only tell where the client stands.
        distance_km: distance_km.map(|km| (km * 10.0).round() / 10.0),
        rating: vendor.rating,
        language: known.language,
        accepts_inquiries: vendor.accepts_inquiries,
    }
}
