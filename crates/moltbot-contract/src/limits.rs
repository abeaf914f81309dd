//! Bounds of the contract, in Unicode code points where a text is bounded.
//!
//! They follow WhatsApp: 4,096 for a text body, 1,024 for a body with buttons, 10 rows in a list.

/// The whole answer, in bytes.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// How deep objects and arrays may nest; the outermost object is 1.
pub const DEPTH_MAX: usize = 16;

/// A text body without buttons.
pub const BODY_MAX: usize = 4_096;
/// A text body that may carry buttons.
pub const BODY_WITH_BUTTONS_MAX: usize = 1_024;
/// A reason for people who read the journal; never sent.
pub const REASON_MAX: usize = 1_000;
/// A category of the vendor directory.
pub const CATEGORY_MAX: usize = 80;
/// The need in one sentence.
pub const NEED_MAX: usize = 400;
/// Questions put to each vendor. With the need and a frame around them they fit one text body.
pub const VENDOR_QUESTIONS_MAX: usize = 5;
/// One question put to a vendor.
pub const QUESTION_MAX: usize = 200;
/// Items of a shortlist: the rows of a WhatsApp list.
pub const ITEMS_MAX: usize = 10;
/// When an item can be had.
pub const ETA_MAX: usize = 80;
/// A remark on one item.
pub const NOTE_MAX: usize = 200;
/// Languages of a vendor filter: every language we ship, once.
pub const FILTER_LANGUAGES_MAX: usize = 6;
/// The farthest a vendor filter reaches, in kilometres: half the circumference of the Earth.
pub const DISTANCE_KM_MAX: f64 = 20_000.0;
/// The best rating of a vendor.
pub const RATING_MAX: f64 = 5.0;
/// Offers that end a batch early, at most: one of every vendor of a request.
pub const OFFERS_WANTED_MAX: u8 = marketplace::VENDORS_PER_REQUEST_MAX;
/// How long a batch may stay open, in minutes: a day.
pub const DEADLINE_MINUTES_MAX: u16 = 1_440;
