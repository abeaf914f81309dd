//! `cargo xtask bench`.

use std::process::ExitCode;

use crate::cargo::{self, Profile};

/// Everything is passed on; `cargo xtask bench --help` is the bench's own help.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// [--json] [--quick] [--database-url URL] [--audit RECORDS] [--help]
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
    options: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    cargo::build(Profile::Release, &["bench", "api", "admin"])?;
    cargo::run_program(Profile::Release, "concierge-bench", &arguments.options)
}
