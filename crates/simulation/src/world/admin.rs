//! `concierge-admin` as an operator uses it: arguments in, JSON out.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context as _, bail};
use serde::de::DeserializeOwned;

use crate::process::{Environment, command};

/// No admin command takes longer, a migration included.
const PATIENCE: Duration = Duration::from_mins(1);

/// The program and the environment it runs with.
#[derive(Debug, Clone)]
pub struct Admin {
    /// `concierge-admin`.
    pub program: PathBuf,
    /// Its variables.
    pub environment: Environment,
}

impl Admin {
    /// Runs a command and gives what it printed; an error with its own words if it failed.
    pub async fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = command(&self.program, &self.environment);
        let output = tokio::time::timeout(PATIENCE, command.args(arguments).output())
            .await
            .with_context(|| format!("`concierge-admin {}` took over {PATIENCE:?}", arguments.join(" ")))??;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("`concierge-admin {}`: {}\n{}", arguments.join(" "), output.status, said.trim());
        }
        String::from_utf8(output.stdout).context("concierge-admin wrote no UTF-8")
    }

    /// Runs a command with `--json` and reads what it printed.
    pub async fn json<T: DeserializeOwned>(&self, arguments: &[&str]) -> anyhow::Result<T> {
        let mut arguments = arguments.to_vec();
        arguments.push("--json");
        let printed = self.run(&arguments).await?;
        serde_json::from_str(&printed).with_context(|| {
            format!("`concierge-admin {}` printed other JSON than expected", arguments.join(" "))
        })
    }
}
