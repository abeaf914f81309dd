//! Every number of the calling policy. `.agent/rules/60_calling_policy.md` repeats them, a test holds the two together.

use std::time::Duration;

/// From one call of a request to the next, in dialling times; over at exactly this age.
pub const COOLDOWN: Duration = Duration::from_mins(10);
/// A message without an answer is silence from exactly this age on.
pub const SILENCE: Duration = Duration::from_mins(3);
/// A vendor's reply is ambiguous below this confidence, 0 to 1. The same number as the reply parser's.
pub const AMBIGUOUS_BELOW: f64 = 0.6;

/// A prompt for consent that is not answered before this age is over.
pub const PROMPT_LASTS: Duration = Duration::from_hours(24);
/// A consent lasts at most this long from the YES.
pub const CONSENT_LASTS: Duration = Duration::from_hours(7 * 24);

/// Nobody is called from this hour of the callee's day on.
pub const QUIET_FROM_HOUR: u8 = 21;
/// … until this hour; at exactly this hour calls are allowed.
pub const QUIET_UNTIL_HOUR: u8 = 8;

/// Meta's temporary permission lasts this long where the answer does not say until when.
pub const PERMISSION_LASTS: Duration = Duration::from_hours(168);
/// Meta's permission counts as over this long before its time: a dial takes a while to arrive.
pub const PERMISSION_MARGIN: Duration = Duration::from_mins(1);
/// What `GET call_permissions` said counts for a dial at most this long.
pub const PERMISSION_READ_FRESH: Duration = Duration::from_mins(1);
/// A yes that we read at Meta counts as given this much earlier: our clock may be ahead of Meta's, and a no that a
/// person gave after it must not lose against it.
pub const CLOCK_SKEW: Duration = Duration::from_secs(5);
/// Calls in a row that the callee did not answer, after which Meta takes the permission back.
pub const MISSES_THAT_REVOKE: usize = 4;

/// The shorter window of Meta's limit on permission requests to one person.
pub const PERMISSION_REQUEST_DAY: Duration = Duration::from_hours(24);
/// Permission requests to one person in the shorter window.
pub const PERMISSION_REQUESTS_A_DAY: usize = 1;
/// The longer window of Meta's limit on permission requests to one person.
pub const PERMISSION_REQUEST_WEEK: Duration = Duration::from_hours(7 * 24);
/// Permission requests to one person in the longer window.
pub const PERMISSION_REQUESTS_A_WEEK: usize = 2;

/// The window in which Meta counts answered calls to one person.
pub const CONNECTED_CALLS_WINDOW: Duration = Duration::from_hours(24);
/// Answered calls to one person in that window, where `GET call_permissions` names no other number.
pub const CONNECTED_CALLS_MAX: u32 = 100;

/// A call that nobody picks up is ended by us after this, from the dial on. Meta names no time of its own.
pub const RING_LIMIT: Duration = Duration::from_secs(45);
/// A dial of which nobody knows whether Meta took it counts as rung out after this, from the dial on.
pub const UNKNOWN_DIAL_LASTS: Duration = Duration::from_mins(2);
/// Meta's word about the end of a call that we ended is awaited this long.
pub const HANG_UP_WAITS: Duration = Duration::from_mins(2);
/// A call that people hold is ended by us after this, from the dial on: its end may have been lost.
pub const CALL_LASTS_MAX: Duration = Duration::from_mins(30);
