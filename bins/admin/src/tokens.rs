//! `concierge-admin tokens`: who may call the tools over HTTP.

use std::{io::Write, time::Duration};

use clap::{Subcommand, ValueEnum};
use marketplace::{ActorKind, Timestamp, TokenId};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::json;
use store::{
    Tx,
    tokens::{self, LIVE_MAX, NewToken, Token, TokenRefusal},
};
use tool_registry::Scope;
use tools::{AuditEntry, Caller, record_system};

use crate::{
    database::Database,
    failure::Failure,
    listing::{Listing, or_dash, second},
};

#[derive(Debug, Subcommand)]
pub(crate) enum TokensCommand {
    /// Make a token and print it, once
    ///
    /// Standard output is the token alone, so that it can go straight into a secret store; what is kept of it here is
    /// a hash. The name stands in the audit as who did it: use one per service or person. To replace a token, make a
    /// second one of the same name, hand it out, and revoke the first: idempotency keys belong to the name.
    #[command(after_help = "\
Scopes (none includes another):
  read     tools that read
  write    tools that write
  send     tools that send messages
  call     tools that place calls
  operate  steps that only a person may take, such as out of `escalated`; for --actor human alone

Examples:
  concierge-admin tokens create --name crm --actor service --scope read,send
  concierge-admin tokens create --name ops-2 --actor human --scope send,operate --expires-in-days 90")]
    Create {
        /// Who it is for: a-z 0-9 _ . : - and no number of seven digits; no name of a person's
        #[arg(long)]
        name: String,
        /// Whether a service or a person acts with it
        #[arg(long, value_enum)]
        actor: ActorArgument,
        /// What it allows, separated by commas
        #[arg(long = "scope", value_name = "SCOPES", value_delimiter = ',', required = true)]
        scopes: Vec<Scope>,
        /// Days until it expires [default: never]
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u64).range(1..=3_650))]
        expires_in_days: Option<u64>,
        /// Print one JSON object with the token in it
        #[arg(long)]
        json: bool,
    },
    /// List tokens, the newest first; never their secrets
    #[command(after_help = "Examples:\n  concierge-admin tokens list\n  concierge-admin tokens list --json")]
    List {
        #[command(flatten)]
        listing: Listing,
    },
    /// Take a token back, or every token of a name; it is refused from the next call on
    #[command(after_help = "\
Examples:
  concierge-admin tokens revoke tok_0190a1b2c3d4e5f60718293a4b5c6d7e
  concierge-admin tokens revoke --name crm")]
    Revoke {
        /// The token, as `tokens list` shows it
        #[arg(required_unless_present = "name", conflicts_with = "name")]
        id: Option<TokenId>,
        /// Every token of this name
        #[arg(long)]
        name: Option<String>,
    },
}

/// Who acts with a token.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ActorArgument {
    /// Another service
    Service,
    /// A person
    Human,
}

impl TokensCommand {
    pub(crate) fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Self::Create { name, actor, mut scopes, expires_in_days, json } => {
                let actor_kind = match actor {
                    ActorArgument::Service => ActorKind::Service,
                    ActorArgument::Human => ActorKind::Human,
                };
                scopes.sort_unstable();
                scopes.dedup();
                let scopes = scopes.iter().map(ToString::to_string).collect();
                let days = expires_in_days.map(|days| Duration::from_hours(24 * days));
                let new = NewToken { name, actor_kind, scopes, expires_at: None };
                let (token, text) = Database::open()?.write(move |tx| create(tx, &new, days))?;
                show(out, token, &text, json)
            }
            Self::List { listing } => list(listing, out),
            Self::Revoke { id, name } => {
                for id in Database::open()?.write(move |tx| revoke(tx, id, name.as_deref()))? {
                    writeln!(out, "{id} is revoked")?;
                }
                Ok(())
            }
        }
    }
}

/// One token of the list.
#[derive(Debug, Serialize)]
struct Line {
    id: TokenId,
    name: String,
    actor: ActorKind,
    scopes: Vec<String>,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
    state: &'static str,
}

impl Line {
    fn of(token: Token, now: Timestamp) -> Self {
        let state = match token.check(now) {
            Ok(()) => "live",
            Err(tokens::TokenFault::Expired) => "expired",
            Err(_) => "revoked",
        };
        Self {
            id: token.id,
            name: token.name,
            actor: token.actor_kind,
            scopes: token.scopes,
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
            revoked_at: token.revoked_at,
            state,
        }
    }
}

/// The token as an object of its own fields and its text, once.
#[derive(Serialize)]
struct Made<'a> {
    #[serde(flatten)]
    token: Line,
    token_text: &'a str,
}

fn create(tx: &mut Tx<'_>, new: &NewToken, lives: Option<Duration>) -> Result<(Line, SecretString), Failure> {
    let new = NewToken { expires_at: lives.map(|lives| tx.now + lives), ..new.clone() };
    match tokens::create(tx, &new)? {
        Ok((token, text)) => {
            audit(tx, "token.created", &token)?;
            Ok((Line::of(token, tx.now), text))
        }
        Err(refusal) => Err(Failure::refused(why_not(&new.name, refusal))),
    }
}

fn why_not(name: &str, refusal: TokenRefusal) -> String {
    match refusal {
        TokenRefusal::NameNotACode => {
            "--name: expected 1 to 64 of a-z 0-9 _ . : - and no seven digits in a row: it stands in the audit, where \
             nothing personal may"
                .to_owned()
        }
        TokenRefusal::NameReserved => {
            format!("--name: `{name}` is what the audit calls whoever works at the command line; choose another")
        }
        TokenRefusal::ActorKind => "--actor: a token is for a service or a person".to_owned(),
        TokenRefusal::NoScope => "--scope: name at least one".to_owned(),
        TokenRefusal::OperateNeedsPerson => {
            "--scope: `operate` allows what only a person may do; it goes with --actor human".to_owned()
        }
        TokenRefusal::OtherKind(kind) => {
            format!("--actor: `{name}` has been a {kind} before, and the audit must stay true: choose another name")
        }
        TokenRefusal::LiveLimit => format!(
            "`{name}` has {LIVE_MAX} live tokens, one in use and one to replace it: revoke one of them first \
             (`concierge-admin tokens list` shows them)"
        ),
    }
}

fn show(out: &mut dyn Write, token: Line, text: &SecretString, json: bool) -> Result<(), Failure> {
    if json {
        let made = Made { token, token_text: text.expose_secret() };
        return Ok(writeln!(out, "{}", serde_json::to_string(&made)?)?);
    }
    writeln!(out, "{}", text.expose_secret())?;
    out.flush()?;
    let ends = token.expires_at.map_or_else(|| "never".to_owned(), second);
    // Beside the token, not in it: standard output may lead into a secret store.
    let _ = writeln!(
        std::io::stderr(),
        "{} for {}:{}, scopes {}, expires {ends}. This is the only time it is shown; send it as\n\
         Authorization: Bearer <token>",
        token.id,
        token.actor,
        token.name,
        token.scopes.join(","),
    );
    Ok(())
}

fn list(listing: Listing, out: &mut dyn Write) -> Result<(), Failure> {
    let lines = Database::open()?.read(move |tx| {
        let now = tx.now;
        let found = tokens::list(tx, listing.fetch())?;
        Ok(found.into_iter().map(|token| Line::of(token, now)).collect::<Vec<_>>())
    })?;
    listing.print(
        out,
        "tokens",
        lines,
        &["TOKEN", "NAME", "ACTOR", "SCOPES", "STATE", "CREATED", "EXPIRES", "LAST USED"],
        |line| {
            vec![
                line.id.to_string(),
                line.name.clone(),
                line.actor.to_string(),
                line.scopes.join(","),
                line.state.to_owned(),
                second(line.created_at),
                or_dash(line.expires_at.map(second).as_deref()),
                or_dash(line.last_used_at.map(second).as_deref()),
            ]
        },
    )
}

/// Takes back one token, or the live ones of a name, each with its record.
fn revoke(tx: &mut Tx<'_>, id: Option<TokenId>, name: Option<&str>) -> Result<Vec<TokenId>, Failure> {
    let shows = "`concierge-admin tokens list` shows them";
    let wanted = match (id, name) {
        (Some(id), _) => tokens::load(tx, id)?.into_iter().collect(),
        (None, name) => tokens::of_name(tx, name.unwrap_or_default())?,
    };
    if wanted.is_empty() {
        return Err(Failure::refused(format!("there is no such token; {shows}")));
    }
    let mut revoked = Vec::new();
    for token in wanted {
        if tokens::revoke(tx, token.id)? {
            audit(tx, "token.revoked", &token)?;
            revoked.push(token.id);
        }
    }
    if revoked.is_empty() {
        return Err(Failure::refused(format!("revoked already; {shows}")));
    }
    Ok(revoked)
}

/// Ids and codes alone: the reasons name the token's bearer and what it allows.
fn audit(tx: &mut Tx<'_>, action: &str, token: &Token) -> Result<(), Failure> {
    let bearer = format!("{}:{}", token.actor_kind, token.name);
    let reasons = std::iter::once(bearer).chain(token.scopes.iter().map(|scope| format!("scope:{scope}")));
    let entry = AuditEntry::new(Caller::operator().actor, action, json!({ "token_id": token.id }))
        .with_outcome(audit::Outcome::Ok, reasons)
        .caused_by(token.id);
    Ok(record_system(tx, entry)?)
}
