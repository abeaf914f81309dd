//! Hard limits of the mission (G3). No configuration, plan or retry raises them.

/// Vendors contacted in one batch, at most.
pub const BATCH_SIZE_MAX: u8 = 5;

/// Vendors contacted for one request over all batches, at most.
pub const VENDORS_PER_REQUEST_MAX: u8 = 15;
