//! `cargo xtask docs`.

use std::process::ExitCode;

use anyhow::Context as _;

use crate::cargo;

/// What is done.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Write nothing; fail if a document differs from what the code says
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut command = cargo::command();
    command.args(["run", "--quiet", "--package", "tool-registry", "--bin", "generate-docs", "--"]);
    if arguments.check {
        command.arg("--check");
    }
    Ok(cargo::exit_code(command.status().context("cannot run cargo")?))
}
