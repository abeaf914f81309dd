//! `concierge-admin requests takeover`, `resume`, `close`: who has a request.

use std::io::Write;

use clap::Args;
use marketplace::{Control, RequestId, RequestState};
use tools::{
    Caller,
    control::{Command, REASON_MAX, Steered, Step, steer},
};

use crate::{database::Database, failure::Failure};

/// What the three have in common.
#[derive(Debug, Args)]
pub(crate) struct Steering {
    /// The request, as `requests list` shows it
    id: RequestId,
    /// Why; kept in the audit, sealed under the client's key
    #[arg(long, value_name = "TEXT", value_parser = text)]
    reason: Option<String>,
    /// Who you are; kept beside the reason
    #[arg(long, value_name = "NAME", value_parser = text)]
    by: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

fn text(text: &str) -> Result<String, String> {
    let fits = !text.trim().is_empty() && text.chars().count() <= REASON_MAX && !text.contains('\0');
    if fits { Ok(text.to_owned()) } else { Err(format!("expected 1 to {REASON_MAX} characters")) }
}

pub(super) fn run(step: Step, asked: Steering, out: &mut dyn Write) -> Result<(), Failure> {
    let command = Command {
        caller: Caller::operator(),
        request: asked.id,
        step,
        reason: asked.reason,
        by: asked.by,
        key: None,
        caused_by: None,
    };
    let done = Database::open()?.write(move |tx| Ok(steer(tx, &command)?))?;
    let (steered, _) =
        done.map_err(|refusal| Failure::refused(format!("{}: {}", refusal.code, refusal.detail)))?;
    if asked.json {
        return Ok(writeln!(out, "{}", serde_json::to_string(&steered)?)?);
    }
    Ok(write!(out, "{}", told(&steered))?)
}

/// What happened, what came of the bot's work, and what to do next.
fn told(steered: &Steered) -> String {
    let id = steered.request_id;
    let mut lines = vec![headline(steered)];
    if steered.cancelled_sends > 0 {
        lines.push(format!(
            "  {} of the bot, not sent yet, cancelled",
            counted(steered.cancelled_sends, "message")
        ));
    }
    if steered.dropped_turn {
        lines.push("  a turn was under way; it has no effect any more".to_owned());
    }
    if steered.calls_under_way > 0 && steered.step != Step::Resume {
        lines.push(format!(
            "  {} under way; the worker ends what the bot placed",
            counted(steered.calls_under_way, "call")
        ));
    }
    if steered.unread > 0 && steered.state != RequestState::Closed {
        lines.push(format!("  {} unread", counted(steered.unread, "message")));
    }
    match steered.step {
        Step::Takeover => lines.extend([
            format!("read it:       concierge-admin requests show {id}"),
            "write:         marketplace.send_client_message over HTTP, with a token of --actor human --scope send,operate".to_owned(),
            format!("give it back:  concierge-admin requests resume {id}"),
            format!("or end it:     concierge-admin requests close {id}"),
        ]),
        Step::Resume if steered.control == Control::Bot => {
            lines.push(format!("see what it does:  concierge-admin requests show {id}"));
        }
        Step::Resume | Step::Close => {}
    }
    lines.join("\n") + "\n"
}

fn headline(steered: &Steered) -> String {
    let Steered { request_id: id, state, .. } = steered;
    match (steered.step, steered.changed) {
        (Step::Takeover, true) => {
            format!("{id}: yours now ({state}); the bot neither sends nor calls until you give it back")
        }
        (Step::Takeover, false) => format!("{id}: a person has it already ({state})"),
        (Step::Resume, true) => {
            format!("{id}: the bot's again ({state}); one turn reads everything that is unread")
        }
        (Step::Resume, false) => format!("{id}: the bot has it already ({state}); nothing changed"),
        (Step::Close, true) => format!("{id}: closed; the client's next message opens a new request"),
        (Step::Close, false) => format!("{id}: closed already; nothing changed"),
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steered(step: Step) -> Steered {
        Steered {
            request_id: "req_0190a1b2c3d4e5f60718293a4b5c6d7e".parse().unwrap(),
            step,
            changed: true,
            from: RequestState::Sourcing,
            state: RequestState::Sourcing,
            control: Control::Human,
            version: 7,
            cancelled_sends: 2,
            dropped_turn: true,
            calls_under_way: 1,
            unread: 1,
        }
    }

    #[test]
    fn a_takeover_says_what_ended_and_what_comes_next() {
        insta::assert_snapshot!(told(&steered(Step::Takeover)), @r"
        req_0190a1b2c3d4e5f60718293a4b5c6d7e: yours now (sourcing); the bot neither sends nor calls until you give it back
          2 messages of the bot, not sent yet, cancelled
          a turn was under way; it has no effect any more
          1 call under way; the worker ends what the bot placed
          1 message unread
        read it:       concierge-admin requests show req_0190a1b2c3d4e5f60718293a4b5c6d7e
        write:         marketplace.send_client_message over HTTP, with a token of --actor human --scope send,operate
        give it back:  concierge-admin requests resume req_0190a1b2c3d4e5f60718293a4b5c6d7e
        or end it:     concierge-admin requests close req_0190a1b2c3d4e5f60718293a4b5c6d7e
        ");
    }

    #[test]
    fn what_was_so_already_is_said() {
        let unchanged = |step| Steered {
            changed: false,
            cancelled_sends: 0,
            dropped_turn: false,
            calls_under_way: 0,
            unread: 0,
            ..steered(step)
        };
        insta::assert_snapshot!(told(&unchanged(Step::Resume)), @"req_0190a1b2c3d4e5f60718293a4b5c6d7e: the bot has it already (sourcing); nothing changed");
        insta::assert_snapshot!(told(&unchanged(Step::Close)), @"req_0190a1b2c3d4e5f60718293a4b5c6d7e: closed already; nothing changed");
    }
}
