//! Which vendors are asked first, and why. Pure: what is known of each vendor comes in, an order and reasons come out.

mod hours;
mod place;
mod standing;

pub use hours::{Hours, HoursError, Openness, openness};
pub use place::Place;
pub use standing::{
    Candidate, History, INQUIRIES_PER_DAY_MAX_DEFAULT, Standing, Wanted, Why, judge, reliability,
};
