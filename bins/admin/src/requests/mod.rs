//! `concierge-admin requests`: what clients asked for and what became of it.

pub(crate) mod calls;
mod compare;
mod dossier;
#[cfg(test)]
mod fixture;
pub(crate) mod names;
mod page;
mod steer;
mod story;
mod words;

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use clap::{
    Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};
use marketplace::{Control, Language, RequestId, RequestState, Timestamp};
use moltbot_contract::Urgency;
use serde::Serialize;
use store::{
    StoreError, Tx,
    requests::{self, Request},
};
use strum::IntoEnumIterator as _;
use tools::control::Step;

use crate::{
    database::Database,
    failure::Failure,
    listing::{Listing, or_dash, second},
    private,
};

#[derive(Debug, Subcommand)]
#[expect(clippy::doc_markdown, reason = "the help shows names as people type them")]
pub(crate) enum RequestsCommand {
    /// List requests, the most recently changed first
    #[command(after_help = "\
Examples:
  concierge-admin requests list
  concierge-admin requests list --state escalated
  concierge-admin requests list --limit 500 --json")]
    List {
        /// Only requests in this state
        #[arg(long, value_name = "STATE", value_parser = states())]
        state: Option<RequestState>,
        #[command(flatten)]
        listing: Listing,
    },
    /// Tell a request's story: messages, decisions and why, tool calls, phone calls, states, and whether its audit holds
    ///
    /// Shows names, numbers and texts as they are. What belonged to an erased person shows as "(erased)". With --html
    /// the same as one page that needs nothing but a browser, to hand to a customer or an auditor.
    #[command(after_help = "\
Examples:
  concierge-admin requests show req_0190a1b2c3d4e5f60718293a4b5c6d7e
  concierge-admin requests show req_0190a1b2c3d4e5f60718293a4b5c6d7e --json
  concierge-admin requests show req_0190a1b2c3d4e5f60718293a4b5c6d7e --html request.html")]
    Show {
        /// The request, as `requests list` shows it
        id: RequestId,
        /// Print one JSON object instead of the story
        #[arg(long)]
        json: bool,
        /// Write one self-contained HTML page, readable by its owner alone; `-` is standard output
        #[arg(long, value_name = "FILE", conflicts_with = "json")]
        html: Option<PathBuf>,
    },
    /// Take a request over: the bot neither sends nor calls until you give it back
    ///
    /// What the bot has under way ends with it: a turn has no effect any more, queued messages are cancelled, a call is
    /// ended. What the client writes is kept and stays unread, what vendors write is recorded. Write with
    /// marketplace.send_client_message and marketplace.send_vendor_message over HTTP, with a token of --actor human.
    #[command(after_help = "\
Examples:
  concierge-admin requests takeover req_0190a1b2c3d4e5f60718293a4b5c6d7e
  concierge-admin requests takeover req_0190a1b2c3d4e5f60718293a4b5c6d7e --reason 'asks for a discount' --by Ann")]
    Takeover(steer::Steering),
    /// Give a request back to the bot
    ///
    /// One turn reads everything that nobody has read, on the conversation as it is now. The state becomes sourcing if
    /// vendors were asked and clarifying if not; a shortlist that the client has before them stands.
    #[command(after_help = "\
Example:
  concierge-admin requests resume req_0190a1b2c3d4e5f60718293a4b5c6d7e")]
    Resume(steer::Steering),
    /// Close a request, whoever has it
    ///
    /// Nothing that the bot has queued goes out any more; what a person has queued to the client does.
    #[command(after_help = "\
Example:
  concierge-admin requests close req_0190a1b2c3d4e5f60718293a4b5c6d7e --reason 'bought elsewhere'")]
    Close(steer::Steering),
}

impl RequestsCommand {
    pub(crate) fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Self::List { state, listing } => list(state, listing, out),
            Self::Show { id, json, html } => show(id, json, html.as_deref(), out),
            Self::Takeover(asked) => steer::run(Step::Takeover, asked, out),
            Self::Resume(asked) => steer::run(Step::Resume, asked, out),
            Self::Close(asked) => steer::run(Step::Close, asked, out),
        }
    }
}

/// One request of the list.
#[derive(Debug, Serialize)]
struct Line {
    id: RequestId,
    state: RequestState,
    control: Control,
    version: i64,
    category: Option<String>,
    need: Option<String>,
    urgency: Urgency,
    language: Language,
    prescription: bool,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<Request> for Line {
    fn from(request: Request) -> Self {
        Self {
            id: request.id,
            state: request.state,
            control: request.control,
            version: request.version,
            category: request.category,
            need: request.need,
            urgency: request.urgency,
            language: request.language,
            prescription: request.prescription,
            created_at: request.created_at,
            updated_at: request.updated_at,
        }
    }
}

fn list(state: Option<RequestState>, listing: Listing, out: &mut dyn Write) -> Result<(), Failure> {
    let found = Database::open()?.read(move |tx| Ok(requests::list(tx, state, listing.fetch())?))?;
    let lines: Vec<Line> = found.into_iter().map(Line::from).collect();
    listing.print(
        out,
        "requests",
        lines,
        &["REQUEST", "STATE", "CONTROL", "CHANGED", "CATEGORY", "NEED"],
        |line| {
            vec![
                line.id.to_string(),
                line.state.to_string(),
                line.control.to_string(),
                second(line.updated_at),
                or_dash(line.category.as_deref()),
                or_dash(line.need.as_deref()),
            ]
        },
    )
}

/// Loads a request that somebody named.
pub(crate) fn existing(tx: &mut Tx<'_>, id: RequestId) -> Result<Request, Failure> {
    requests::load(tx, id).map_err(|error| match error {
        StoreError::NotFound => {
            Failure::refused(format!("there is no request {id}; `concierge-admin requests list` shows them"))
        }
        other => other.into(),
    })
}

fn show(id: RequestId, json: bool, html: Option<&Path>, out: &mut dyn Write) -> Result<(), Failure> {
    let dossier = Database::open()?.read(move |tx| dossier::gather(tx, id))?;
    if let Some(path) = html {
        let page = page::render(&dossier);
        if path.as_os_str() == "-" {
            out.write_all(page.as_bytes())?;
        } else {
            write_private(path, &page)?;
            writeln!(out, "{}", path.display())?;
        }
    } else if json {
        writeln!(out, "{}", serde_json::to_string(&dossier)?)?;
    } else {
        write!(out, "{}", story::tell(&dossier))?;
    }
    Ok(())
}

/// The page holds names, numbers and texts: nobody but its owner reads the file, whatever the umask and whoever could
/// read what was there before.
fn write_private(path: &Path, page: &str) -> Result<(), Failure> {
    private::create(path)
        .and_then(|mut file| file.write_all(page.as_bytes()))
        .map_err(|error| Failure::refused(format!("cannot write {}: {error}", path.display())))
}

/// The states as clap shows and reads them.
fn states() -> impl TypedValueParser<Value = RequestState> {
    PossibleValuesParser::new(RequestState::iter().map(<&'static str>::from))
        .try_map(|name| name.parse::<RequestState>())
}
