//! Which database, and the key that wraps the keys of personal data.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use base64::{
    Engine,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use secrecy::{ExposeSecret, SecretBox, SecretString};

use crate::{
    reader::{Faulty, Parsed, Reader},
    variables::{DATA_KEY, DATABASE_URL},
};

/// `DATABASE_URL`.
#[derive(Clone)]
pub enum DatabaseUrl {
    /// A file on this machine, created at start if it does not exist.
    Sqlite {
        /// Relative to the working directory unless it starts with `/`.
        path: PathBuf,
    },
    /// A PostgreSQL server; the address as libpq takes it, mostly with a password inside.
    Postgres(SecretString),
}

impl DatabaseUrl {
    fn parse(text: &str) -> Parsed<Self> {
        if let Some(path) = text.strip_prefix("sqlite://") {
            return match path {
                "" | "/" => Err("names no file".to_owned()),
                ":memory:" => Err("is in memory, where other processes cannot share it".to_owned()),
                _ if path.contains('?') => Err("has options after `?`, which are not read".to_owned()),
                _ if path.ends_with('/') => Err("names a directory, not a file".to_owned()),
                _ => Ok(Self::Sqlite { path: PathBuf::from(path) }),
            };
        }
        // libpq takes several hosts and socket directories, so only the start is checked here.
        match text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://")) {
            Some("") => Err("names no server".to_owned()),
            Some(rest) if rest.contains(char::is_whitespace) => Err("contains white space".to_owned()),
            Some(_) => Ok(Self::Postgres(text.into())),
            None => Err("starts neither with sqlite:// nor with postgres://".to_owned()),
        }
    }
}

/// Names the kind and a SQLite file; never a server's address, which carries a password.
impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { path } => write!(f, "SQLite at {}", path.display()),
            Self::Postgres(_) => f.write_str("PostgreSQL"),
        }
    }
}

/// 32 bytes that wrap the keys of personal data.
pub struct DataKey(SecretBox<[u8; 32]>);

impl DataKey {
    /// From the bytes themselves.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(SecretBox::new(Box::new(bytes)))
    }

    /// From 64 hex digits or base64 (standard or URL-safe alphabet, padding optional). `None` if the text
    /// is neither or stands for another length than 32 bytes. Key files hold the same text.
    pub fn decode(text: &str) -> Option<Self> {
        let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let bytes = if text.len() == 64 {
            hex::decode(text).ok()?
        } else {
            GeneralPurpose::new(&STANDARD, config)
                .decode(text)
                .or_else(|_| GeneralPurpose::new(&URL_SAFE, config).decode(text))
                .ok()?
        };
        bytes.try_into().ok().map(Self::new)
    }

    /// The bytes.
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose_secret()
    }
}

impl Clone for DataKey {
    fn clone(&self) -> Self {
        Self::new(*self.expose())
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey([REDACTED])")
    }
}

/// Where `DATA_KEY` comes from.
#[derive(Debug, Clone)]
pub enum DataKeySource {
    /// It was given.
    Given(DataKey),
    /// A file beside the SQLite database, to be created with mode 0600 if it does not exist.
    File(PathBuf),
}

/// `DATABASE_URL` and `DATA_KEY`, which depend on each other.
pub(crate) fn read(reader: &mut Reader) -> Result<(DatabaseUrl, DataKeySource), Faulty> {
    let database = reader.or_default(&DATABASE_URL, DatabaseUrl::parse);
    let key = reader.optional(&DATA_KEY, |text| {
        DataKey::decode(text).ok_or_else(|| "is not 32 bytes in base64 or hex".to_owned())
    });
    match (database?, key?) {
        (database, Some(key)) => Ok((database, DataKeySource::Given(key))),
        (DatabaseUrl::Sqlite { path }, None) => {
            let file = key_file(&path);
            Ok((DatabaseUrl::Sqlite { path }, DataKeySource::File(file)))
        }
        (DatabaseUrl::Postgres(_), None) => {
            Err(reader.fault(&DATA_KEY, "is missing; it is required with PostgreSQL"))
        }
    }
}

/// `concierge.db` keeps its key in `concierge.db.key`.
fn key_file(database: &Path) -> PathBuf {
    let mut file = database.as_os_str().to_owned();
    file.push(".key");
    file.into()
}
