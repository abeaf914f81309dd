//! The client's choice from a shortlist: a button, a number or a name, and nothing that is only nearly one.

use marketplace::VendorId;

/// One line of the shortlist as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PickItem {
    /// The number in front of the line, from 1.
    pub position: u8,
    /// The vendor.
    pub vendor_id: VendorId,
    /// The name shown.
    pub vendor_name: String,
}

/// Whether a message chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// It chooses the item at this index of the slice.
    Chosen(usize),
    /// It seems to choose, but not exactly one item: ask again.
    Ambiguous,
    /// It is about something else, or a question.
    None,
}

/// Reads a text or a button id as a choice among `items`.
pub fn recognise(text_or_button: &str, items: &[PickItem]) -> Pick {
    let _ = (text_or_button, items);
    Pick::None
}
