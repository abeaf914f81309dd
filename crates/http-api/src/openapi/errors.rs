//! `docs/errors.md`.

use std::fmt::Write as _;

use tool_registry::RefusalCode;

use super::meanings::{advice, meaning};
use crate::Code;

/// The table of problems for people.
pub(super) fn markdown() -> String {
    let mut out = "# Problems\n\n\
        Generated from `crates/http-api` and the tool registry. Do not edit: run `cargo xtask docs`.\n\n\
        Every answer that is an error is `application/problem+json` (RFC 9457). Compare `code`: codes are added, never\n\
        renamed. `request_id` is the answer's `X-Request-Id`; the log and the audit know the request by it.\n"
        .to_owned();
    let own = |from: usize, to: usize| Code::OWN.into_iter().skip(from).take(to - from);
    section(&mut out, "Any path", "", own(0, 7));
    section(&mut out, "Webhooks", "", own(7, 9));
    section(
        &mut out,
        "Tools, before they run",
        "Nothing was done but the audit record. `violations` holds `pointer`, `rule` and `message` of every fault.",
        own(9, 18),
    );
    section(&mut out, "MCP alone", "", own(18, Code::OWN.len()));
    section(
        &mut out,
        "Tools, refused",
        "A gate said no on the rows as they were. Nothing changed but the audit log, and the idempotency key is free.\n\
         `reasons` lists every gate that said no; `retry_at`, where it is known, from when on the call may succeed.",
        RefusalCode::ALL.iter().copied().map(Code::Refused),
    );
    out
}

fn section(out: &mut String, title: &str, text: &str, codes: impl Iterator<Item = Code>) {
    let _ = write!(out, "\n## {title}\n\n");
    if !text.is_empty() {
        let _ = write!(out, "{text}\n\n");
    }
    out.push_str("| code | status | meaning | what to do |\n|---|---|---|---|\n");
    for code in codes {
        let (name, status) = (code.as_str(), code.status().as_u16());
        let _ = writeln!(out, "| `{name}` | {status} | {} | {} |", meaning(code), advice(code));
    }
}
