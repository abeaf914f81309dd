//! What a story says about calls.

use crate::{
    gateway::wishes::Wishes,
    outsider::Demand,
    people::{
        Cast, Vendor,
        calls::{ClientCalls, Phone},
    },
};

/// Whether calls are possible in a story.
#[derive(Debug, Clone, Copy)]
pub enum Calling {
    /// As the product is delivered: no voice gateway, calling switched off.
    Off,
    /// With a voice gateway, and calling switched on.
    On(Calls),
}

impl Calling {
    /// The story's calls, if it has any.
    pub const fn calls(&self) -> Option<&Calls> {
        match self {
            Self::Off => None,
            Self::On(calls) => Some(calls),
        }
    }
}

/// Who wants which calls, and what people do about them.
#[derive(Debug, Clone, Copy)]
pub struct Calls {
    /// What the brain wishes for.
    pub wishes: Wishes,
    /// The n-th client, counted from 0.
    pub client: fn(usize) -> ClientCalls,
    /// The phone of a vendor.
    pub vendor: fn(&Cast, &Vendor) -> Phone,
    /// What a service with a token wants beside.
    pub demand: Option<Demand>,
    /// Whether a callee takes the permission back as soon as Meta is asked whether we may call, before Meta answers.
    pub revoked_at_lookup: bool,
    /// Meta itself ends a call that nobody answers after so long, milliseconds of the simulated clock.
    pub meta_ring_limit_ms: i64,
}

impl Calls {
    /// A client in a hurry, everybody willing, a brain that wants to call a vendor who does not answer.
    pub const WILLING: Self = Self {
        wishes: Wishes::CallVendor,
        client: |_| ClientCalls::WILLING,
        vendor: |_, _| Phone::WILLING,
        demand: None,
        revoked_at_lookup: false,
        // Longer than ours: who gives up is us.
        meta_ring_limit_ms: 180_000,
    };
}

/// Which of several kinds a vendor's category is of: the first client's category 0, the next one's 1, and so on.
pub(super) fn kind_of(cast: &Cast, vendor: &Vendor, kinds: usize) -> usize {
    let first = cast.clients.iter().position(|client| client.need.category == vendor.category);
    first.unwrap_or(0) % kinds.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendors_of_neighbouring_clients_differ_in_kind() {
        let cast = Cast::assemble(3, 8, crate::DEFAULT_SEED);
        let kinds: Vec<usize> = [0, 7, 8, 16].map(|n| kind_of(&cast, &cast.vendors[n], 2)).to_vec();
        assert_eq!(kinds, [0, 0, 1, 0]);
        assert!(Calling::Off.calls().is_none());
    }
}
