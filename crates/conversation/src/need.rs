//! What a first message is about: whether it names a need, of which kind, how urgent, on prescription or not.

/// Whether the text carries a need at all, not a mere greeting.
pub fn is_stated(text: &str) -> bool {
    let _ = text;
    false
}

/// The category a text most likely belongs to, from the table [`CATEGORIES`]; the fallback is the caller's.
pub fn guess_category(text: &str) -> Option<&'static str> {
    let _ = text;
    None
}

/// Whether the text says that it is urgent.
pub fn is_urgent(text: &str) -> bool {
    let _ = text;
    false
}

/// Whether the text speaks of a medical prescription.
pub fn mentions_prescription(text: &str) -> bool {
    let _ = text;
    false
}
