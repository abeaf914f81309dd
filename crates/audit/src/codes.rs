//! What may stand in a chain: closed codes and random ids. A name, a number or a sentence never fits.

/// The longest code, in characters.
pub const CODE_LENGTH_MAX: usize = 96;

/// A phone number without its `+` would pass as a code; a code has no use for so many digits in a row.
const DIGITS_IN_A_ROW_MAX: usize = 6;

/// Whether a text is a closed code: 1 to [`CODE_LENGTH_MAX`] of `a-z 0-9 _ . : -`, no seven digits in a row.
///
/// Actor names, actions and reasons must be codes; a name given by an operator is checked where it is created.
pub fn is_code(text: &str) -> bool {
    (1..=CODE_LENGTH_MAX).contains(&text.len()) && text.bytes().all(is_code_byte) && !has_long_number(text)
}

/// Whether a text is a random id of ours: three letters, `_`, 32 hexadecimal digits, then at most a step such
/// as `/2` or `:send` (32 characters of a code).
pub fn is_cause(text: &str) -> bool {
    let Some((id, step)) = text.split_at_checked(36) else { return false };
    let Some((prefix, uuid)) = id.split_once('_') else { return false };
    let id_fits = prefix.len() == 3
        && prefix.bytes().all(|byte| byte.is_ascii_lowercase())
        && uuid.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let step_fits = step.is_empty()
        || step.strip_prefix(['/', ':', '.', '-']).is_some_and(|rest| rest.len() <= 32 && is_code(rest));
    id_fits && step_fits
}

const fn is_code_byte(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b':' | b'-')
}

fn has_long_number(text: &str) -> bool {
    // Separators people put into numbers don't hide one.
    let mut digits = 0;
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => digits += 1,
            b'-' | b'.' => {}
            _ => digits = 0,
        }
        if digits > DIGITS_IN_A_ROW_MAX {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_closed_and_impersonal() {
        for good in
            ["state.changed", "marketplace.send_client_message", "turn", "batch_limit", "ops-2", "v1.0:x"]
        {
            assert!(is_code(good), "{good}");
        }
        let long = "x".repeat(CODE_LENGTH_MAX + 1);
        for bad in [
            "",
            "Amina",
            "amina wanjiru",
            "254700000101",
            "+254700000101",
            "0700-000-101",
            "téléphone",
            "a\n",
            "wamid.HBgL",
            "yes!",
            &long,
        ] {
            assert!(!is_code(bad), "{bad}");
        }
    }

    #[test]
    fn causes_are_random_ids() {
        let id = format!("trn_{}", "0123456789abcdef".repeat(2));
        for good in [id.clone(), format!("{id}/2"), format!("{id}:send_client_message")] {
            assert!(is_cause(&good), "{good}");
        }
        for bad in [
            String::new(),
            "254700000101".to_owned(),
            id.to_uppercase(),
            format!("{id}0"),
            format!("{id}/"),
            format!("{id}/254700000101"),
            "wamid.HBgMMjU0NzAwMDAwMTAxFQIAERgSQTY1".to_owned(),
            "é".repeat(18),
        ] {
            assert!(!is_cause(&bad), "{bad}");
        }
    }
}
