//! The command line as a whole.

use std::io::Write;

use clap::{Parser, Subcommand};

use crate::{
    audit::AuditCommand, consent::ConsentCommand, contacts::ContactsCommand, contract::ContractCommand,
    dead_letters::DeadLettersCommand, failure::Failure, flags::FlagsCommand, migrate, outbox::OutboxCommand,
    requests::RequestsCommand, templates::TemplatesCommand, tokens::TokensCommand, vendors::VendorsCommand,
};

const EXIT_CODES: &str = "\
Environment (see .env.example):
  DATABASE_URL  sqlite://path or postgres://… [default: sqlite://concierge.db]
  DATA_KEY      opens personal data; required with PostgreSQL
  RUST_LOG      what is logged on standard error [default: warn]

Exit codes:
  0  done
  2  missing or malformed configuration, or wrong use
  1  anything else: database unreachable, a row refused, an answer rejected";

/// Operates Concierge: its database, vendors, requests and sends.
#[derive(Debug, Parser)]
#[command(name = "concierge-admin", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Bring the database to this program's schema version
    ///
    /// PostgreSQL: applies the embedded migrations in one transaction, under a lock, and says which. SQLite: the
    /// same; the database is created if it does not exist. Running it again changes nothing.
    #[command(after_help = "Example:\n  DATABASE_URL=postgres://… DATA_KEY=… concierge-admin migrate")]
    Migrate,
    /// The vendor directory: import, list, explain
    #[command(subcommand)]
    Vendors(VendorsCommand),
    /// Clients' requests: list, show, takeover, resume, close
    #[command(subcommand)]
    Requests(RequestsCommand),
    /// Consents to calls: show
    #[command(subcommand)]
    Consent(ConsentCommand),
    /// People: find, show, erase
    #[command(subcommand)]
    Contacts(ContactsCommand),
    /// Sends and the breaker: list, show, unknown, resolve, breaker, resume
    #[command(subcommand)]
    Outbox(OutboxCommand),
    /// What could not be worked: list, retry, resolve
    #[command(subcommand)]
    DeadLetters(DeadLettersCommand),
    /// The audit: verify, export, checkpoint
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Who may call the tools over HTTP: create, list, revoke
    #[command(subcommand)]
    Tokens(TokensCommand),
    /// Switches that take effect at once, on every process: list, off, on
    #[command(subcommand)]
    Flags(FlagsCommand),
    /// The template catalogue: check, and what to submit to Meta
    #[command(subcommand)]
    Templates(TemplatesCommand),
    /// Moltbot's output contract: check answers
    #[command(subcommand)]
    Contract(ContractCommand),
}

impl Cli {
    /// Does what was asked; what it has to say goes to `out`.
    pub(crate) fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        match self.command {
            Command::Migrate => migrate::run(out),
            Command::Vendors(command) => command.run(out),
            Command::Requests(command) => command.run(out),
            Command::Consent(command) => command.run(out),
            Command::Contacts(command) => command.run(out),
            Command::Outbox(command) => command.run(out),
            Command::DeadLetters(command) => command.run(out),
            Command::Audit(command) => command.run(out),
            Command::Tokens(command) => command.run(out),
            Command::Flags(command) => command.run(out),
            Command::Templates(command) => command.run(out),
            Command::Contract(command) => command.run(out),
        }
    }
}
