//! Defence in depth: no line is written with a phone number or a message id of Meta's in it, whoever let it get that
//! far. Nothing is logged in the trust that this cuts it out.

use std::io::{self, Write};

use tracing_subscriber::fmt::MakeWriter;

/// A number with `+` has at least this many digits; shorter ones are offsets and sums.
const DIGITS_MIN: usize = 7;
/// How many digits of a number stay at either end: enough to tell two apart, not to call.
const DIGITS_KEPT: usize = 2;
/// What Meta's ids of messages and of calls begin with.
const ID_PREFIXES: [&[u8]; 2] = [b"wamid.", b"wacid."];

/// Makes writers that mask. The subscriber writes one event at a time, whole.
pub(crate) struct Masking<W>(pub(crate) W);

/// Masks what is written through it.
pub(crate) struct Masked<W>(W);

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Masking<W> {
    type Writer = Masked<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Masked(self.0.make_writer())
    }
}

impl<W: Write> Write for Masked<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match masked(line) {
            Some(masked) => self.0.write_all(&masked)?,
            None => self.0.write_all(line)?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The line with numbers and ids masked; `None` when it holds none, which is nearly always.
fn masked(line: &[u8]) -> Option<Vec<u8>> {
    let mut out: Option<Vec<u8>> = None;
    let (mut copied, mut at) = (0, 0);
    while let Some(rest) = line.get(at..) {
        let Some(offset) = rest.iter().position(|byte| matches!(byte, b'+' | b'w')) else { break };
        at += offset;
        let found = line.get(at..).unwrap_or_default();
        let Some((length, mask)) = number(found).or_else(|| id(found)) else {
            at += 1;
            continue;
        };
        let out = out.get_or_insert_with(|| Vec::with_capacity(line.len()));
        out.extend_from_slice(line.get(copied..at).unwrap_or_default());
        out.extend_from_slice(&mask);
        at += length;
        copied = at;
    }
    let mut out = out?;
    out.extend_from_slice(line.get(copied..).unwrap_or_default());
    Some(out)
}

/// A phone number at the start, spaces and the like between its digits: its length and what stands for it.
fn number(text: &[u8]) -> Option<(usize, Vec<u8>)> {
    let rest = text.strip_prefix(b"+")?;
    let (mut digits, mut end) = (Vec::new(), 0);
    let mut gap = 0;
    for (index, byte) in rest.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                digits.push(*byte);
                (end, gap) = (index + 1, 0);
            }
            b' ' | b'-' | b'.' | b'(' | b')' | b'/' if gap < 2 && !digits.is_empty() => gap += 1,
            _ => break,
        }
    }
    if digits.len() < DIGITS_MIN {
        return None;
    }
    let (head, tail) = (digits.first_chunk::<DIGITS_KEPT>()?, digits.last_chunk::<DIGITS_KEPT>()?);
    Some((end + 1, ["+".as_bytes(), head, "…".as_bytes(), tail].concat()))
}

/// An id of Meta's at the start.
fn id(text: &[u8]) -> Option<(usize, Vec<u8>)> {
    let prefix = ID_PREFIXES.into_iter().find(|prefix| text.starts_with(prefix))?;
    let rest = text.get(prefix.len()..)?;
    let is_part =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'_' | b'-' | b'.');
    let length = rest.iter().take_while(|byte| is_part(byte)).count();
    (length > 0).then(|| (prefix.len() + length, [prefix, "…".as_bytes()].concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(line: &str) -> String {
        masked(line.as_bytes()).map_or_else(|| line.to_owned(), |masked| String::from_utf8(masked).unwrap())
    }

    #[test]
    fn numbers_and_ids_of_meta_are_masked() {
        for (line, expected) in [
            ("to +254700000101 now", "to +25…01 now"),
            ("\"+254 700-000-101\",", "\"+25…01\","),
            ("+1 (555) 078-3881.", "+15…81."),
            ("a +254700000101 b +254700000202", "a +25…01 b +25…02"),
            ("id=wamid.HBgMMjU0NzAwMDAwMTAxFQIAERgSQTY1/+==\"}", "id=wamid.…\"}"),
            ("wacid.ABC_-1 and wamid.X", "wacid.… and wamid.…"),
            ("é +254700000101 é", "é +25…01 é"),
        ] {
            assert_eq!(after(line), expected);
        }
    }

    #[test]
    fn what_an_operator_needs_stays_legible() {
        for line in [
            "2026-09-21T14:13:20.123456Z  INFO turn{request=req_0190a1b2c3d4e5f60718293a4b5c6d7e}: x",
            "phone_number_id=\"300000000000001\" code=131047",
            "offset +02:00, +5 vendors, 1+1=2, +123456",
            "wamid. and wacid alone, www.example",
            "trailing +",
            "trailing wamid.",
            "",
        ] {
            assert_eq!(masked(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn a_masked_line_counts_as_written_whole() {
        let mut out = Masked(Vec::new());
        out.write_all(b"to +254700000101\n").unwrap();
        out.write_all(b"plain\n").unwrap();
        assert_eq!(String::from_utf8(out.0).unwrap(), "to +25…01\nplain\n");
    }

    /// What it costs: `cargo test -p telemetry --release -- --ignored --nocapture`.
    #[test]
    #[ignore = "a measurement"]
    fn the_cost_of_a_line() {
        let line = "2026-09-21T14:13:20.123456Z  WARN dispatch{intent=int_0190a1b2c3d4e5f60718293a4b5c6d7e \
                    request=req_0190a1b2c3d4e5f60718293a4b5c6d7e}: engine::dispatch::outcome: Meta refused a message \
                    class=\"window\" code=131047\n";
        let rounds = 100_000_u32;
        let started = std::time::Instant::now();
        for _ in 0..rounds {
            std::hint::black_box(masked(std::hint::black_box(line.as_bytes())));
        }
        println!("{} bytes: {:?} a line", line.len(), started.elapsed() / rounds);
    }
}
