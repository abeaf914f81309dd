//! A conversation as people saw it, with what was decided in between and why.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::{
    checks::Check,
    evidence::{
        CallLine, ConsentChange, ConsentLine, MessageLine, RequestAccount, StateChange, TurnLine, Violation,
        millis,
    },
};

const WIDTH: usize = 100;
const TIME: usize = 8;
const WHO: usize = 34;

const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const PERSON: Style = AnsiColor::Cyan.on_default();
const OURS: Style = AnsiColor::Green.on_default();
const CALL: Style = AnsiColor::Magenta.on_default();
const DECISION: Style = AnsiColor::Yellow.on_default();

/// One thing that happened, at its moment.
enum Line<'a> {
    In(&'a MessageLine),
    Turn(&'a TurnLine),
    State(&'a StateChange),
    Consent(&'a ConsentLine, &'a ConsentChange),
    Decided(&'a CallLine),
    Dialled(&'a CallLine),
    Ended(&'a CallLine),
    Out(Vec<&'a MessageLine>),
}

impl Line<'_> {
    /// What comes first when several carry the same moment: cause before consequence.
    fn rank(&self) -> u8 {
        match self {
            Self::State(change) if change.from.is_none() => 0,
            Self::In(_) => 1,
            Self::Turn(_) => 2,
            Self::Consent(..) => 3,
            Self::State(_) => 4,
            Self::Decided(_) => 5,
            Self::Dialled(_) => 6,
            Self::Ended(_) => 7,
            Self::Out(_) => 8,
        }
    }
}

/// The conversation of one request, with colours; print it through `anstream`.
pub fn conversation(account: &RequestAccount) -> String {
    let client = account.request.client.name.as_deref().unwrap_or("Client");
    let lines = timeline(account);
    let start = lines.first().map_or(0, |(at, _)| *at);
    let mut text = String::new();
    for (at, line) in &lines {
        match line {
            Line::State(change) => state(&mut text, change),
            Line::Turn(turn) => decision(&mut text, turn),
            Line::In(message) => {
                let who = message.vendor_name.as_deref().or(message.vendor_id.as_deref()).unwrap_or(client);
                row(&mut text, at - start, who, PERSON, body(message));
            }
            Line::Consent(consent, change) => {
                let who = consent.vendor_name.as_deref().unwrap_or(client);
                columns(&mut text, "", "☏ consent", CALL, &consent_words(who, consent, change), DIM);
            }
            Line::Decided(call) => {
                let words = format!("call to {} decided: {}", callee(call, client), call.trigger);
                columns(&mut text, "", "☏ call", CALL, &words, DIM);
            }
            Line::Dialled(call) => {
                row(&mut text, at - start, &format!("Concierge ☏ {}", callee(call, client)), CALL, "calls");
            }
            Line::Ended(call) => {
                let style = if call.end() == "completed" { GOOD } else { BAD };
                let who = format!("Concierge ☏ {}", callee(call, client));
                row(&mut text, at - start, &who, style, &end_words(call));
            }
            Line::Out(messages) => sent(&mut text, at - start, client, messages),
        }
    }
    text
}

fn callee<'a>(call: &'a CallLine, client: &'a str) -> &'a str {
    call.vendor_name.as_deref().or(call.vendor_id.as_deref()).unwrap_or(client)
}

/// Whose word moved which key where to.
fn consent_words(who: &str, consent: &ConsentLine, change: &ConsentChange) -> String {
    let key = if consent.key == "authorisation" { "a call for this request" } else { "being called" };
    let by = if consent.asked_by == "card" { ", on Meta's card" } else { "" };
    match change.status.as_str() {
        _ if change.event == "request_ended" => format!("{who}, {key}: over with the request"),
        "requested" => format!("{who} is asked for {key}{by}"),
        "granted" => format!("{who} allows {key}"),
        "denied" => format!("{who} does not allow {key}"),
        "expired" => format!("{who} did not allow {key} in time"),
        other => format!("{who}, {key}: {other}"),
    }
}

/// How a call ended, and how long it took.
fn end_words(call: &CallLine) -> String {
    let end = call.end().replace('_', " ");
    let why = call.end_code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default();
    let at = |moment: &Option<String>| moment.as_deref().and_then(millis);
    match at(&call.ended_at).zip(at(&call.dialled_at)) {
        Some((ended, dialled)) => format!("{end}{why} after {} s", (ended - dialled).max(0) / 1_000),
        None => format!("{end}{why}, never dialled"),
    }
}

/// The checks, one line each.
pub fn checks(checks: &[Check]) -> String {
    let widest = checks.iter().map(|check| check.name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for check in checks {
        let (mark, style) = if check.ok { ('✓', GOOD) } else { ('✗', BAD) };
        let padding = " ".repeat(widest - check.name.chars().count());
        let indent = widest + 6;
        let detail =
            wrap(&check.detail, WIDTH.saturating_sub(indent)).join(&format!("\n{}", " ".repeat(indent)));
        let _ = writeln!(text, "  {style}{mark}{style:#} {}{padding}  {DIM}{detail}{DIM:#}", check.name);
    }
    text
}

/// What became of the other conversations, in a sentence.
pub fn summary(accounts: &[RequestAccount]) -> String {
    let mut ends: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for account in accounts.iter().skip(1) {
        *ends.entry(account.request.state.as_str()).or_default() += 1;
    }
    let ends: Vec<String> = ends.iter().map(|(state, count)| format!("{count} {state}")).collect();
    let messages: usize = accounts.iter().skip(1).map(|account| account.messages.len()).sum();
    let mut lengths: Vec<i64> = accounts.iter().skip(1).filter_map(length_ms).collect();
    lengths.sort_unstable();
    let minutes = |at: usize| lengths.get(at).copied().unwrap_or(0) / 60_000;
    format!(
        "{} more conversations: {}; {messages} messages; half of them took at most {} simulated minutes, the longest {}",
        accounts.len().saturating_sub(1),
        ends.join(", "),
        minutes(lengths.len().saturating_sub(1) / 2),
        minutes(lengths.len().saturating_sub(1)),
    )
}

/// From the first to the last change of state.
fn length_ms(account: &RequestAccount) -> Option<i64> {
    Some(millis(&account.states.last()?.at)? - millis(&account.states.first()?.at)?)
}

fn timeline(account: &RequestAccount) -> Vec<(i64, Line<'_>)> {
    let mut lines: Vec<(i64, Line<'_>)> = Vec::new();
    let mut at = |text: &str, line| lines.push((millis(text).unwrap_or(0), line));
    // The request is opened by the first message; the reader sees the state first.
    let opening = account.messages.first().map(|message| message.at.as_str());
    for change in &account.states {
        let first = if change.from.is_none() { opening } else { None };
        at(first.unwrap_or(&change.at), Line::State(change));
    }
    for consent in &account.consents {
        for change in &consent.history {
            at(&change.at, Line::Consent(consent, change));
        }
    }
    for call in &account.calls {
        for (moment, line) in [
            (&call.created_at, Line::Decided(call)),
            (&call.dialled_at, Line::Dialled(call)),
            (&call.ended_at, Line::Ended(call)),
        ] {
            if let Some(moment) = moment {
                at(moment, line);
            }
        }
    }
    for turn in account.turns.iter().filter(|turn| !is_silent(turn)) {
        at(&turn.at, Line::Turn(turn));
    }
    for message in &account.messages {
        at(&message.at, if message.direction == "in" { Line::In(message) } else { Line::Out(vec![message]) });
    }
    lines.sort_by_key(|(at, line)| (*at, line.rank()));
    let mut merged: Vec<(i64, Line<'_>)> = Vec::new();
    for (at, line) in lines {
        if let (Some((_, Line::Out(group))), Line::Out(next)) = (merged.last_mut(), &line)
            && same_inquiry(group, next)
        {
            group.extend(next);
        } else {
            merged.push((at, line));
        }
    }
    merged
}

/// A turn in which nothing was asked and nothing decided.
fn is_silent(turn: &TurnLine) -> bool {
    turn.verdict == "not_asked" && matches!(turn.decision.as_deref(), None | Some("none"))
}

/// The same text to another vendor: one line for all of them.
fn same_inquiry(group: &[&MessageLine], next: &[&MessageLine]) -> bool {
    match (group.first(), next.first()) {
        (Some(first), Some(next)) => {
            first.party == "vendor" && next.party == "vendor" && first.text == next.text
        }
        _ => false,
    }
}

fn state(text: &mut String, change: &StateChange) {
    // A new request has no reason beyond the message that follows.
    let reason = change.reason.as_deref().filter(|reason| !reason.is_empty() && change.from.is_some());
    let label =
        reason.map_or_else(|| format!(" {} ", change.to), |reason| format!(" {} · {reason} ", change.to));
    let label: String = label.chars().take(WIDTH - 8).collect();
    let rest = "─".repeat((WIDTH - 4).saturating_sub(label.chars().count() + 2));
    let _ = writeln!(text, "\n  {BOLD}──{label}{rest}{BOLD:#}");
}

/// What Moltbot's answer was worth, if it was worth nothing, and what was decided.
fn decision(text: &mut String, turn: &TurnLine) {
    match turn.verdict.as_str() {
        "rejected" => columns(text, "", "◆ Moltbot: refused", BAD, &broken_rules(turn), DIM),
        "unavailable" => columns(text, "", "◆ Moltbot: no answer", BAD, &turn.reasons.join(", "), DIM),
        _ => {}
    }
    let who = match turn.source.as_str() {
        "moltbot" => "Moltbot",
        "coded_workflow" => "Coded workflow",
        "client_choice" => "Client's choice",
        other => other,
    };
    let what = turn.decision.as_deref().unwrap_or("none");
    let why = turn.why.as_deref().unwrap_or_default();
    columns(text, "", &format!("◆ {who}: {what}"), DECISION, why, DIM);
}

/// The first rules with the places where they are broken.
fn broken_rules(turn: &TurnLine) -> String {
    let rules = turn.violations.iter().take(3).map(|violation| {
        let Violation { rule, pointer, .. } = violation;
        if pointer.is_empty() { rule.clone() } else { format!("{rule} {pointer}") }
    });
    rules.collect::<Vec<_>>().join("; ")
}

fn sent(text: &mut String, after_ms: i64, client: &str, messages: &[&MessageLine]) {
    let Some(first) = messages.first() else { return };
    let names: Vec<&str> = messages
        .iter()
        .map(|message| match message.party.as_str() {
            "vendor" => message.vendor_name.as_deref().or(message.vendor_id.as_deref()).unwrap_or("a vendor"),
            _ => client,
        })
        .collect();
    let who = match names.as_slice() {
        [name] => format!("Concierge → {name}"),
        many => format!("Concierge → {} vendors", many.len()),
    };
    row(text, after_ms, &who, OURS, &with_trouble(first, body(first)));
    if names.len() > 1 {
        columns(text, "", "", DIM, &format!("to {}", names.join(", ")), DIM);
    }
}

/// A send that did not go its usual way says so.
fn with_trouble(message: &MessageLine, body: &str) -> String {
    match message.status.as_deref() {
        Some(status @ ("unknown" | "failed" | "cancelled" | "queued" | "sending")) => {
            format!("{body}  ({status})")
        }
        _ => body.to_owned(),
    }
}

fn body(message: &MessageLine) -> &str {
    message.text.as_deref().unwrap_or("…")
}

fn row(text: &mut String, after_ms: i64, who: &str, style: Style, body: &str) {
    let seconds = after_ms.max(0) / 1_000;
    let time = format!("+{:02}:{:02}", seconds / 60, seconds % 60);
    columns(text, &time, who, style, body, Style::new());
}

/// Time, who and text side by side; a long text goes on below itself.
fn columns(text: &mut String, time: &str, who: &str, style: Style, body: &str, body_style: Style) {
    let who: String = who.chars().take(WHO - 2).collect();
    let lines = wrap(body, WIDTH - TIME - WHO - 2);
    let mut lines = lines.iter();
    let first = lines.next().map_or("", String::as_str);
    let padding = " ".repeat(WHO - who.chars().count());
    let head = format!("  {DIM}{time:<TIME$}{DIM:#}{style}{who}{style:#}");
    if first.is_empty() {
        let _ = writeln!(text, "{head}");
    } else {
        let _ = writeln!(text, "{head}{padding}{body_style}{first}{body_style:#}");
    }
    for line in lines {
        if line.is_empty() {
            text.push('\n');
            continue;
        }
        let _ = writeln!(text, "  {:indent$}{body_style}{line}{body_style:#}", "", indent = TIME + WHO);
    }
}

/// Lines of at most `width` characters, broken between words; line breaks of the text stay.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::fixture::{account, call_evidence};

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn a_conversation_reads_like_one() {
        let mut account = account();
        for n in 2..=3 {
            let mut inquiry = account.messages[3].clone();
            inquiry.vendor_name = Some(format!("Baobab {n}"));
            account.messages.push(inquiry);
        }
        account.turns[2].verdict = "rejected".into();
        account.turns[2].source = "coded_workflow".into();
        account.turns[2].decision = Some("shortlist".into());
        account.turns[2].why = Some("2 vendors have it".into());
        account.turns[2].violations =
            vec![Violation { pointer: "/batch_size".into(), rule: "maximum".into(), message: String::new() }];
        insta::assert_snapshot!(plain(&conversation(&account)), @r#"
        ── new ─────────────────────────────────────────────────────────────────────────────────────────
        +00:00  Amina Wanjiru                     Hi, I need brake pads for a 2014 Corolla
                ◆ Moltbot: ask_client             axle and engine decide which pads fit

        ── clarifying · axle and engine decide which pads fit ──────────────────────────────────────────
        +00:03  Concierge → Amina Wanjiru         Front or rear brake pads, and which engine does the
                                                  Corolla have?
        +00:30  Amina Wanjiru                     Front ones, it is the 1.8 petrol
                ◆ Moltbot: vendor_outreach_plan   5 vendors, 3 offers wanted within 60 min

        ── sourcing · the need is clear ────────────────────────────────────────────────────────────────
        +00:33  Concierge → 3 vendors             Do you have this: Front brake pads for a Toyota Corolla
                                                  2014, 1.8 petrol?
                                                  Do you have it, and at what price?
                                                  to Acacia Auto Spares, Baobab 2, Baobab 3
        +02:10  Acacia Auto Spares                yes 3500/=
                ◆ Moltbot: refused                maximum /batch_size
                ◆ Coded workflow: shortlist       2 vendors have it

        ── shortlisted · 2 offers ──────────────────────────────────────────────────────────────────────
        +02:20  Concierge → Amina Wanjiru         One shop has it. Shall I connect you?
        +03:10  Amina Wanjiru                     1
                ◆ Client's choice: handoff        the client picked offer 1

        ── handed_off · the client picked an offer ─────────────────────────────────────────────────────
        +03:11  Concierge → Amina Wanjiru         Acacia Auto Spares: +254722000000
        +03:11  Concierge → Acacia Auto Spares    Amina wants the brake pads: +254711000000
        "#);
    }

    #[test]
    fn a_call_reads_like_one() {
        let mut run = call_evidence();
        let account = &mut run.requests[0];
        account.messages.retain(|message| message.id == "msg_20");
        account.states.clear();
        account.turns.clear();
        account.consents[1].vendor_name = Some("Acacia Auto Spares".into());
        account.consents[1].asked_by = "card".into();
        account.calls[0].vendor_name = Some("Acacia Auto Spares".into());
        account.calls[0].created_at = Some("2026-09-21T14:13:59Z".into());
        let refused = CallLine {
            end_reason: Some("refused".into()),
            end_code: Some("consent_required".into()),
            ended_at: Some("2026-09-21T14:15:00Z".into()),
            ..CallLine::default()
        };
        account.calls.push(refused);
        insta::assert_snapshot!(plain(&conversation(account)), @r#"
                ☏ consent                         Amina Wanjiru is asked for a call for this request
        +00:00  Concierge → Amina Wanjiru         To speed this up, I can place a WhatsApp call. Do you
                                                  allow a call for this request?
                ☏ consent                         Amina Wanjiru allows a call for this request
                ☏ consent                         Acacia Auto Spares is asked for being called, on Meta's
                                                  card
                ☏ consent                         Acacia Auto Spares allows being called
                ☏ call                            call to Acacia Auto Spares decided: urgent_no_reply
        +00:06  Concierge ☏ Acacia Auto Spares    calls
        +00:36  Concierge ☏ Acacia Auto Spares    completed after 30 s
        +01:06  Concierge ☏ Amina Wanjiru         refused (consent_required), never dialled
        "#);
    }

    #[test]
    fn checks_are_aligned_and_marked() {
        let list = [
            Check { name: "short", ok: true, detail: "3 sends".into() },
            Check { name: "a longer name", ok: false, detail: "word ".repeat(30) },
        ];
        insta::assert_snapshot!(plain(&checks(&list)), @r#"
        ✓ short          3 sends
        ✗ a longer name  word word word word word word word word word word word word word word word word
                         word word word word word word word word word word word word word word
        "#);
    }
}
