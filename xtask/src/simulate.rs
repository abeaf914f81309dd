//! `cargo xtask simulate`.

use std::process::ExitCode;

use crate::cargo::{self, Profile};

/// Everything is passed on; `cargo xtask simulate --help` is the simulation's own help.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// [--database-url URL] [--scenario NAME|all] [--seed N] [--requests N] [--json] [--list] [--help]
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
    options: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    cargo::build(Profile::Dev, &cargo::PROGRAMS)?;
    cargo::run_program(Profile::Dev, "simulation", &arguments.options)
}
