//! `DATA_KEY` in a file beside a SQLite database, for the operator who sets nothing.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use marketplace::IdSource;

use crate::{StoreError, vault::MasterKey};

/// The key file of the database `<db>`: `<db>.key`.
pub(crate) fn path_for(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(".key");
    path.into()
}

/// Reads the key, or makes it when the database is new too.
///
/// The file is complete before it has its name, and is there before the database is: a second process that
/// starts at the same time finds the same key or nothing at all.
///
/// # Errors
/// [`StoreError::KeyFile`] if others can read the file, if it holds no key, or if it is missing while the
/// database has content: a new key could not open what the lost one sealed.
pub(crate) fn load_or_create(database: &Path, ids: &dyn IdSource) -> Result<MasterKey, StoreError> {
    let path = path_for(database);
    if let Some(key) = load(&path)? {
        return Ok(key);
    }
    if fs::metadata(database).is_ok_and(|file| file.len() > 0) {
        // Looked at again: another process may have made both between our two looks.
        return load(&path)?.ok_or_else(|| {
            key_file(
                &path,
                "it is missing, but the database has content sealed under it: restore it from your backup, or \
                 set DATA_KEY to its content",
            )
        });
    }
    create(&path, ids)?;
    load(&path)?.ok_or_else(|| key_file(&path, "it vanished while the database was being created"))
}

fn load(path: &Path) -> Result<Option<MasterKey>, StoreError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(key_file(path, &error.to_string())),
    };
    let mode = fs::metadata(path).map_err(|error| key_file(path, &error.to_string()))?.mode();
    if mode & 0o077 != 0 {
        return Err(key_file(path, "others can read it: chmod 600 it"));
    }
    MasterKey::parse(&text).map(Some).map_err(|_| key_file(path, "expected 64 hexadecimal digits"))
}

/// Writes a new key under a temporary name, then links it: of several processes one wins, the others use its
/// file.
fn create(path: &Path, ids: &dyn IdSource) -> Result<(), StoreError> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let mut bytes = [0; 32];
    ids.fill_random(&mut bytes);
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    let temporary = PathBuf::from(temporary);
    let written =
        write_new(&temporary, &hex::encode(bytes)).and_then(|()| match fs::hard_link(&temporary, path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        });
    let _ = fs::remove_file(&temporary);
    written.map_err(|error| key_file(path, &error.to_string()))
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

fn key_file(path: &Path, reason: &str) -> StoreError {
    StoreError::KeyFile { path: path.to_owned(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use marketplace::SeededIds;

    use super::*;

    #[test]
    fn a_new_key_is_readable_by_its_owner_alone_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("c.db");
        load_or_create(&database, &SeededIds::new(1)).unwrap();
        let path = path_for(&database);
        let first = fs::read_to_string(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);

        load_or_create(&database, &SeededIds::new(2)).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), first);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn a_lost_key_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("c.db");
        fs::write(&database, "content").unwrap();
        let error = load_or_create(&database, &SeededIds::new(1)).unwrap_err();
        assert!(error.to_string().contains("restore it from your backup"), "{error}");
        assert!(!path_for(&database).exists());
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("c.db");
        load_or_create(&database, &SeededIds::new(1)).unwrap();
        fs::set_permissions(path_for(&database), fs::Permissions::from_mode(0o640)).unwrap();
        let error = load_or_create(&database, &SeededIds::new(1)).unwrap_err();
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }

    #[test]
    fn a_file_without_a_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("c.db");
        write_new(&path_for(&database), "not a key").unwrap();
        let error = load_or_create(&database, &SeededIds::new(1)).unwrap_err();
        assert!(error.to_string().contains("64 hexadecimal digits"), "{error}");
    }
}
