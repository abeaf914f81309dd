//! `cargo xtask`: what developers run. It builds and starts other programs and stays light itself.

mod bench;
mod cargo;
mod docs;
mod simulate;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What developers run.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Play a conversation on the real programs, then check every rule
    ///
    /// Builds concierge-api, concierge-worker, concierge-admin and the simulation, then plays the scenario
    /// (default: happy-path) and prints the conversation as people saw it and every check with its verdict.
    /// Exit status 0 only if every check holds.
    #[command(disable_help_flag = true)]
    Simulate(simulate::Arguments),
    /// Build the programs, then run every test, those in the documentation too
    ///
    /// Uses cargo-nextest if it is installed, else `cargo test`. Tests on PostgreSQL need its server programs
    /// (Debian package `postgresql`); they are skipped with a notice where these are missing, except when CI=true.
    Test(test::Arguments),
    /// Measure intake, turns and contract validation, each beside its floor
    ///
    /// Builds concierge-api and the bench as they are released, then measures on SQLite and PostgreSQL and prints one
    /// table. What its lines mean stands in docs/benchmarks.md.
    #[command(disable_help_flag = true)]
    Bench(bench::Arguments),
    /// Write the documents that are generated from the code
    Docs(docs::Arguments),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Simulate(arguments) => simulate::run(&arguments),
        Task::Test(arguments) => test::run(&arguments),
        Task::Bench(arguments) => bench::run(&arguments),
        Task::Docs(arguments) => docs::run(&arguments),
    };
    done.unwrap_or_else(|error| {
        eprintln!("cargo xtask: {error:#}");
        ExitCode::FAILURE
    })
}
