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

/// The programs that write documents, each with its package.
const GENERATORS: [(&str, &str); 2] = [("tool-registry", "generate-docs"), ("http-api", "generate-api-docs")];

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut ended = ExitCode::SUCCESS;
    for (package, program) in GENERATORS {
        let mut command = cargo::command();
        command.args(["run", "--quiet", "--package", package, "--bin", program, "--"]);
        if arguments.check {
            command.arg("--check");
        }
        let status = command.status().context("cannot run cargo")?;
        // Every document that drifted is named, not the first generator's alone.
        if !status.success() {
            ended = cargo::exit_code(status);
        }
    }
    Ok(ended)
}
