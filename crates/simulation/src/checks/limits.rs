//! The limits on contacting vendors.

use std::collections::BTreeSet;

use super::Check;
use crate::evidence::Evidence;

const BATCH_MAX: usize = 5;
const REQUEST_MAX: usize = 15;

/// At most 5 vendors in a batch and 15 in a request, by the product's account and by Meta's log.
pub(super) fn batches(evidence: &Evidence) -> Check {
    let mut faults = Vec::new();
    let (mut largest, mut most) = (0, 0);
    for request in &evidence.requests {
        let id = &request.request.id;
        let mut contacted: BTreeSet<&str> = BTreeSet::new();
        for batch in &request.batches {
            let vendors: BTreeSet<&str> =
                batch.vendors.iter().map(|vendor| vendor.vendor_id.as_str()).collect();
            largest = largest.max(batch.vendors.len());
            if batch.vendors.len() > BATCH_MAX {
                faults.push(format!("{id}: batch {} has {} vendors", batch.ordinal, batch.vendors.len()));
            }
            if let Some(again) = vendors.intersection(&contacted).next() {
                faults.push(format!("{id}: {again} is in two batches"));
            }
            contacted.extend(vendors);
        }
        let written_to =
            request.messages.iter().filter(|m| m.direction == "out").filter_map(|m| m.vendor_id.as_deref());
        let written_to: BTreeSet<&str> = written_to.collect();
        if let Some(stray) = written_to.difference(&contacted).next() {
            faults.push(format!("{id}: {stray} was written to outside a batch"));
        }
        let total = contacted.union(&written_to).count();
        most = most.max(total);
        if total > REQUEST_MAX {
            faults.push(format!("{id}: {total} vendors"));
        }
    }
    Check::of(
        "at most 5 vendors a batch, 15 a request",
        &faults,
        format!("largest batch {largest}, most vendors {most}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        checks::fixture::evidence,
        evidence::{BatchLine, BatchVendor},
    };

    fn batch(ordinal: u32, vendors: std::ops::Range<usize>) -> BatchLine {
        let vendors =
            vendors.map(|n| BatchVendor { vendor_id: format!("spare-parts-{:02}", n + 1) }).collect();
        BatchLine { ordinal, vendors }
    }

    #[test]
    fn every_limit_can_be_broken() {
        assert!(batches(&evidence()).ok, "{:?}", batches(&evidence()));
        for (batches_, fault) in [
            (vec![batch(1, 0..6)], "6 vendors"),
            (vec![batch(1, 0..5), batch(2, 4..6)], "two batches"),
            (vec![batch(1, 3..5)], "outside a batch"),
            ((0..4).map(|n| batch(1, 4 * n..4 * n + 4)).collect(), "16 vendors"),
        ] {
            let mut bad = evidence();
            bad.requests[0].batches = batches_;
            let check = batches(&bad);
            assert!(!check.ok && check.detail.contains(fault), "{fault}: {check:?}");
        }
    }
}
