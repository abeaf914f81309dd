//! Programs that answer a probe as Tesseract does, and then misbehave.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::{Config, Probe, Tesseract};

/// A folder with a program in it.
pub(super) struct Script {
    folder: TempDir,
}

impl Script {
    /// A whole program.
    pub(super) fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("tesseract");
        fs::write(&program, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }

    /// One that has English, Swahili and orientation, and does `body` for a picture. `$here` is its folder.
    pub(super) fn reading(body: &str) -> Self {
        Self::new(&format!(
            "here=$(/usr/bin/dirname \"$0\")
case \"$1\" in
--version) echo 'tesseract 5.3.0'; echo ' leptonica-1.82.0';;
--list-langs) printf 'List of available languages in \"/x\" (3):\\neng\\nosd\\nswa\\n';;
*) {body};;
esac"
        ))
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn program(&self) -> PathBuf {
        self.folder.path().join("tesseract")
    }

    pub(super) fn config(&self) -> Config {
        Config { program: self.program(), time: Duration::from_mins(1), ..Config::default() }
    }

    pub(super) async fn probe(&self) -> Probe {
        Tesseract::probe(&self.config()).await.unwrap()
    }

    pub(super) async fn engine(&self) -> Tesseract {
        self.engine_with(|_| {}).await
    }

    pub(super) async fn engine_with(&self, change: impl FnOnce(&mut Config)) -> Tesseract {
        let mut config = self.config();
        change(&mut config);
        Tesseract::new(config, self.probe().await)
    }
}
