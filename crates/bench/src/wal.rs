//! Counts commits in SQLite's write-ahead log (its file format: sqlite.org/fileformat2.html, section 4).
//!
//! A frame whose header names a database size ends a transaction. So what a turn costs is counted, not claimed.

use std::{fs, path::Path};

use anyhow::Context as _;

const FILE_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// What a log holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Log {
    /// Changes when the log begins anew after a checkpoint.
    salt: [u8; 8],
    commits: usize,
}

impl Log {
    /// The log beside a database file.
    pub(crate) fn read(database: &Path) -> anyhow::Result<Self> {
        let mut name = database.as_os_str().to_owned();
        name.push("-wal");
        Self::parse(&fs::read(&name)?).context("the write-ahead log is not readable")
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let page = usize::try_from(u32::from_be_bytes(bytes.get(8..12)?.try_into().ok()?)).ok()?;
        let salt: [u8; 8] = bytes.get(16..24)?.try_into().ok()?;
        let frames = bytes.get(FILE_HEADER..)?.chunks_exact(FRAME_HEADER + page);
        // What an earlier run of the log left behind has other salts.
        let current = frames.take_while(|frame| frame.get(8..16) == Some(salt.as_slice()));
        let commits = current.filter(|frame| frame.get(4..8).is_some_and(|size| size != [0; 4])).count();
        Some(Self { salt, commits })
    }

    /// How many transactions committed after `earlier` was read; `None` when the log began anew between.
    pub(crate) fn commits_since(&self, earlier: &Self) -> Option<usize> {
        (self.salt == earlier.salt).then(|| self.commits.saturating_sub(earlier.commits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(salt: u8, frames: &[(u8, u8)]) -> Vec<u8> {
        let mut bytes = vec![0; FILE_HEADER];
        bytes[10] = 2; // pages of 512 bytes
        bytes[16..24].fill(salt);
        for &(size, salt) in frames {
            let mut frame = vec![0; FRAME_HEADER + 512];
            frame[7] = size;
            frame[8..16].fill(salt);
            bytes.extend(frame);
        }
        bytes
    }

    #[test]
    fn frames_that_end_a_transaction_count_up_to_the_first_of_an_older_log() {
        for (frames, commits) in [
            (&[][..], 0),
            (&[(0, 7), (5, 7)], 1),
            (&[(5, 7), (5, 7), (0, 7)], 2),
            (&[(5, 7), (9, 6), (5, 7)], 1),
        ] {
            assert_eq!(Log::parse(&log(7, frames)).unwrap().commits, commits, "{frames:?}");
        }
    }

    #[test]
    fn a_log_that_began_anew_cannot_be_compared() {
        let read = |salt, frames| Log::parse(&log(salt, frames)).unwrap();
        let before = read(7, &[(5, 7)]);
        assert_eq!(read(7, &[(5, 7), (6, 7), (7, 7)]).commits_since(&before), Some(2));
        assert_eq!(read(8, &[(5, 8), (6, 8)]).commits_since(&before), None);
    }

    #[test]
    fn a_torn_file_is_no_log() {
        assert_eq!(Log::parse(&[0; 20]), None);
    }
}
