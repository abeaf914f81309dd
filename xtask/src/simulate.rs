//! `cargo xtask simulate`.

use std::process::{Command, ExitCode};

use anyhow::Context as _;

use crate::cargo;

/// Everything is passed on; `cargo xtask simulate --help` is the simulation's own help.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// [--database-url URL] [--scenario NAME|all] [--seed N] [--requests N] [--json] [--list] [--help]
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
    options: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut packages = cargo::PROGRAMS.to_vec();
    packages.push("simulation");
    cargo::build(&packages)?;
    let program = cargo::programs_folder().join(format!("simulation{}", std::env::consts::EXE_SUFFIX));
    let status = Command::new(&program)
        .args(&arguments.options)
        .status()
        .with_context(|| format!("cannot run {}", program.display()))?;
    Ok(cargo::exit_code(status))
}
