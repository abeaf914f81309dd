//! `concierge-admin`: what an operator does at the command line.

mod audit;
mod breaker;
mod cli;
mod consent;
mod contacts;
mod contract;
mod database;
mod dead_letters;
mod failure;
mod flags;
mod journal;
mod listing;
mod migrate;
mod outbox;
mod private;
mod requests;
mod sends;
mod templates;
mod tokens;
mod vendors;

use std::{
    io::{self, BufWriter, Write as _},
    process::ExitCode,
};

use clap::Parser as _;

use crate::{cli::Cli, failure::Failure};

fn main() -> ExitCode {
    // A fault of usage ends here, with clap's own message and exit code 2.
    let cli = Cli::parse();
    let mut out = BufWriter::new(io::stdout().lock());
    let done = cli.run(&mut out).and_then(|()| out.flush().map_err(Failure::from));
    match done {
        Ok(()) => settings::exit::DONE.into(),
        Err(failure) => {
            // What was printed before the failure still stands.
            let _ = out.flush();
            failure.report(&mut io::stderr());
            failure.exit_code().into()
        }
    }
}
