//! What the dispatcher and the dialler of a business number share: the right to use the number, which one process has
//! at a time; what its tasks are working on; why nothing goes out for a while.

mod hold;
mod in_flight;
mod leadership;

pub use hold::{Hold, OPERATOR_HOLD};
pub(crate) use hold::{Rest, report_opened};
pub(crate) use in_flight::{Entered, InFlight};
pub use leadership::LEASE;
pub(crate) use leadership::{Leadership, Term};
