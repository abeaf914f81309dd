//! Files that hold personal data.

use std::{
    fs::{File, Permissions},
    io,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

/// Readable and writable by the owner alone.
const MODE: u32 = 0o600;

/// Creates or empties a file that its owner alone can read, also where it was there with another mode: a mode given at
/// opening is that of new files only. What is no file (a pipe, a terminal) keeps its mode.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    let file = File::options().write(true).create(true).truncate(true).mode(MODE).open(path)?;
    if file.metadata()?.is_file() {
        file.set_permissions(Permissions::from_mode(MODE))?;
    }
    Ok(file)
}
