//! `cargo xtask test`.

use std::process::{Command, ExitCode, Stdio};

use anyhow::Context as _;

use crate::cargo::{self, Profile};

/// What is passed on.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Passed to the test runner, for instance a test's name or `--package store`; then the tests in the
    /// documentation are left out
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
    options: Vec<String>,
}

/// End-to-end tests start the programs, so these are built first. The runner's own summary is the last thing
/// that is printed.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    cargo::build(Profile::Dev, &cargo::PROGRAMS)?;
    if arguments.options.is_empty() {
        let documentation = cargo::command().args(["test", "--quiet", "--doc", "--workspace"]).status();
        let documentation = documentation.context("cannot run cargo test --doc")?;
        if !documentation.success() {
            return Ok(cargo::exit_code(documentation));
        }
    }
    let mut runner = cargo::command();
    if nextest_is_installed() {
        runner.args(["nextest", "run"]);
    } else {
        runner.args(["test", "--all-targets", "--no-fail-fast"]);
    }
    if !arguments.options.iter().any(|option| option == "-p" || option.starts_with("--package")) {
        runner.arg("--workspace");
    }
    let status = runner.args(&arguments.options).status().context("cannot run the tests")?;
    Ok(cargo::exit_code(status))
}

fn nextest_is_installed() -> bool {
    let mut probe: Command = cargo::command();
    probe.args(["nextest", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    probe.status().is_ok_and(|status| status.success())
}
