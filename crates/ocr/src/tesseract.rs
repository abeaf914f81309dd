//! Tesseract: what of it is there, and one run for one picture.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::process::{self, Finished, Limits};
use crate::{Bounds, OcrEngine, OcrError, OcrLanguage, Reading, inspect, tsv};

/// Sauvola's threshold came with 5.0.
const NEEDED: u32 = 5;
/// Sixty bytes a word: a page has a few hundred, this is room for seventeen thousand.
const OUTPUT_BYTES: usize = 1024 * 1024;
/// Of a question about the program, which takes a few ms on an idle machine.
const PROBE: Limits =
    Limits { time: Duration::from_secs(10), memory_bytes: 1 << 30, output_bytes: 64 * 1024 };

/// How pictures are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// A path, or a bare name to look for in `PATH`.
    pub program: PathBuf,
    /// What is taken.
    pub bounds: Bounds,
    /// Wall clock for one picture, and CPU time rounded up to seconds.
    pub time: Duration,
    /// Address space of one process, in bytes. The largest picture of the default bounds needs 510 MB.
    pub memory_bytes: u64,
    /// Pictures read at once.
    pub concurrent: usize,
    /// Pictures that may wait for their turn.
    pub waiting: usize,
    /// The longest wait for a turn.
    pub wait: Duration,
}

impl Default for Config {
    /// Tesseract from `PATH`, 30 s and 1 GiB for one picture, one at a time, eight waiting for at most 30 s.
    fn default() -> Self {
        Self {
            program: PathBuf::from("tesseract"),
            bounds: Bounds::default(),
            time: Duration::from_secs(30),
            memory_bytes: 1 << 30,
            concurrent: 1,
            waiting: 8,
            wait: Duration::from_secs(30),
        }
    }
}

/// What there is on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// Where the program is.
    pub program: PathBuf,
    /// Its version, such as `5.3.0`.
    pub version: String,
    /// Those of our languages that have their pack.
    pub languages: BTreeSet<OcrLanguage>,
    /// Whether pictures that lie on a side are turned (Debian: `tesseract-ocr-osd`).
    pub turns: bool,
}

/// An [`OcrEngine`] that runs Tesseract once for every picture.
#[derive(Debug)]
pub struct Tesseract {
    config: Config,
    probe: Probe,
    /// Those who read.
    turns: Semaphore,
    /// Those who read and those who wait.
    places: Semaphore,
}

impl Tesseract {
    /// Asks the program for its version and its languages. To be called at start, and when an operator asks: every
    /// error but [`OcrError::TimedOut`] and [`OcrError::System`] stays until the machine is set up.
    pub async fn probe(config: &Config) -> Result<Probe, OcrError> {
        let program = find(&config.program).ok_or(OcrError::NotInstalled)?;
        let version = version(&ask(&program, "--version").await?).ok_or(OcrError::NotTesseract)?;
        let found = major(&version).ok_or(OcrError::NotTesseract)?;
        if found < NEEDED {
            return Err(OcrError::TooOld { found, needed: NEEDED });
        }
        let listed = ask(&program, "--list-langs").await?;
        let languages: BTreeSet<OcrLanguage> = listed.lines().filter_map(OcrLanguage::from_code).collect();
        if languages.is_empty() {
            return Err(OcrError::LanguageMissing(OcrLanguage::ALL.to_vec()));
        }
        Ok(Probe { program, version, languages, turns: listed.lines().any(|name| name == "osd") })
    }

    /// An engine on what was found.
    pub fn new(config: Config, probe: Probe) -> Self {
        let most = |wanted: usize| wanted.min(Semaphore::MAX_PERMITS);
        let concurrent = most(config.concurrent.max(1));
        let places = most(concurrent.saturating_add(config.waiting));
        Self { config, probe, turns: Semaphore::new(concurrent), places: Semaphore::new(places) }
    }

    /// What was found.
    pub fn found(&self) -> &Probe {
        &self.probe
    }

    /// `eng+swa`: those that are installed, in the caller's order, each once.
    pub(crate) fn usable(&self, wanted: &[OcrLanguage]) -> Result<String, OcrError> {
        if wanted.is_empty() {
            return Err(OcrError::NoLanguage);
        }
        let mut codes: Vec<&str> = Vec::new();
        for language in wanted.iter().filter(|language| self.probe.languages.contains(language)) {
            if !codes.contains(&language.code()) {
                codes.push(language.code());
            }
        }
        if codes.is_empty() { Err(missing(wanted)) } else { Ok(codes.join("+")) }
    }

    pub(crate) async fn run(&self, picture: &[u8], languages: &str) -> Result<Finished, OcrError> {
        // 1 turns the page and then segments as 3 does; without the orientation's pack it would fail.
        let segmentation = if self.probe.turns { "1" } else { "3" };
        let arguments = [
            "stdin",
            "stdout",
            "-l",
            languages,
            "--psm",
            segmentation,
            // Sauvola's threshold, which follows a shadow.
            "-c",
            "thresholding_method=2",
            "-c",
            "tessedit_create_tsv=1",
        ];
        let limits = Limits {
            time: self.config.time,
            memory_bytes: self.config.memory_bytes,
            output_bytes: OUTPUT_BYTES,
        };
        process::run(&self.probe.program, &arguments, picture, limits).await
    }
}

#[async_trait]
impl OcrEngine for Tesseract {
    async fn read(&self, picture: &[u8], languages: &[OcrLanguage]) -> Result<Reading, OcrError> {
        inspect(picture, &self.config.bounds)?;
        let codes = self.usable(languages)?;
        let _place = self.places.try_acquire().map_err(|_| OcrError::Busy)?;
        let turn = timeout(self.config.wait, self.turns.acquire()).await;
        let _turn = turn.map_err(|_| OcrError::Busy)?.map_err(|_| OcrError::Busy)?;
        let finished = self.run(picture, &codes).await?;
        match finished.code {
            0 => tsv::parse(&finished.output),
            // One code for all: a pack that went after the probe is told from a bad picture by the words.
            1 if no_language(&finished.errors) => Err(missing(languages)),
            1 => Err(OcrError::Undecodable),
            code => Err(OcrError::Failed { code }),
        }
    }
}

fn missing(languages: &[OcrLanguage]) -> OcrError {
    OcrError::LanguageMissing(languages.iter().copied().collect::<BTreeSet<_>>().into_iter().collect())
}

pub(crate) fn no_language(errors: &[u8]) -> bool {
    String::from_utf8_lossy(errors).contains("couldn't load any languages")
}

/// A bare name is looked for in `PATH`, here and once: the child has no `PATH`, and what was probed is what runs.
fn find(program: &Path) -> Option<PathBuf> {
    let runs = |path: &Path| {
        path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    if program.components().count() == 1 && !program.has_root() {
        let path = std::env::var_os("PATH")?;
        return std::env::split_paths(&path).map(|folder| folder.join(program)).find(|found| runs(found));
    }
    // The child starts in another folder.
    std::path::absolute(program).ok().filter(|found| runs(found))
}

async fn ask(program: &Path, question: &str) -> Result<String, OcrError> {
    let finished = process::run(program, &[question], &[], PROBE).await.map_err(|error| match error {
        OcrError::TooMuchOutput { .. } => OcrError::NotTesseract,
        error => error,
    })?;
    if finished.code != 0 {
        return Err(OcrError::NotTesseract);
    }
    String::from_utf8(finished.output).map_err(|_| OcrError::NotTesseract)
}

/// From `tesseract 5.3.0`, or `tesseract v5.3.0.20221214`. It is shown to people: letters, digits, dots and dashes alone.
fn version(answer: &str) -> Option<String> {
    let version = answer.lines().next()?.strip_prefix("tesseract ")?;
    let version = version.strip_prefix('v').unwrap_or(version).trim_end();
    let plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_');
    (version.len() <= 40 && version.chars().all(plain)).then(|| version.to_owned())
}

fn major(version: &str) -> Option<u32> {
    version.split('.').next()?.parse().ok()
}
