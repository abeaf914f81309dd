//! Running cargo.

use std::{
    ffi::OsString,
    path::PathBuf,
    process::{Command, ExitCode, ExitStatus},
};

use anyhow::{Context as _, ensure};

/// The packages whose programs are started: the product's, the simulation's and those that write documents. Always
/// all of them: cargo chooses the features of what they share by what is built together, and builds it anew for
/// another choice.
pub(crate) const PROGRAMS: [&str; 6] = ["api", "worker", "admin", "simulation", "tool-registry", "http-api"];

/// The cargo that runs us, in the workspace's folder.
pub(crate) fn command() -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.current_dir(workspace());
    // What cargo told us of ourselves. Build scripts watch these: passed on, they would make `ring` and all that uses it
    // be built anew whenever `cargo xtask` follows a plain `cargo`.
    let own = |name: &str| name.starts_with("CARGO_MANIFEST_") || name.starts_with("CARGO_PKG_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(own)) {
        command.env_remove(name);
    }
    command
}

/// The folder of the workspace.
pub(crate) fn workspace() -> PathBuf {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    own.parent().map(PathBuf::from).unwrap_or(own)
}

/// How programs are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// For everything but measuring.
    Dev,
    /// As it is deployed.
    Release,
}

/// Builds packages with their programs, in one invocation, with cargo's own progress on stderr.
pub(crate) fn build(profile: Profile, packages: &[&str]) -> anyhow::Result<()> {
    let mut command = command();
    command.args(["build", "--bins"]);
    if profile == Profile::Release {
        command.arg("--release");
    }
    for package in packages {
        command.args(["--package", package]);
    }
    let status = command.status().context("cannot run cargo")?;
    ensure!(status.success(), "the build failed");
    Ok(())
}

/// Where `cargo build` puts programs.
pub(crate) fn programs_folder(profile: Profile) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    workspace().join(target).join(match profile {
        Profile::Dev => "debug",
        Profile::Release => "release",
    })
}

/// Runs one of the programs that were built.
pub(crate) fn run_program(profile: Profile, name: &str, options: &[String]) -> anyhow::Result<ExitCode> {
    let program = programs_folder(profile).join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let status = Command::new(&program)
        .args(options)
        .status()
        .with_context(|| format!("cannot run {}", program.display()))?;
    Ok(exit_code(status))
}

/// The same status for our own exit.
pub(crate) fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}
