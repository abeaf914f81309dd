//! The machine, as far as it explains the numbers.

use std::{
    fs::File,
    io::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Context as _;

use crate::{
    report::{Machine, micros},
    stats::Samples,
};

const APPENDS: usize = 200;
const BLOCK: [u8; 4_096] = [0x5a; 4_096];

/// `databases` are described by themselves.
pub(crate) fn describe(folder: &Path, databases: Vec<String>) -> anyhow::Result<Machine> {
    Ok(Machine {
        cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        build: if cfg!(debug_assertions) { "DEBUG (no numbers to keep)" } else { "release" },
        fsync_us: micros(fsync(folder)?),
        databases,
    })
}

/// The median of appending a block and waiting until it is on the device.
fn fsync(folder: &Path) -> anyhow::Result<Duration> {
    let mut file = File::create(folder.join("fsync"))?;
    let mut samples = Samples::default();
    for _ in 0..APPENDS {
        let began = Instant::now();
        file.write_all(&BLOCK)?;
        file.sync_data()?;
        samples.push(began.elapsed());
    }
    Ok(samples.spread().context("no appends")?.p50)
}
