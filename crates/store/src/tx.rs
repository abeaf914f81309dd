//! What a verb needs beside the connection: keys to seal with, ids, the time.

use std::str::FromStr;

use marketplace::{Clock, DataKeyId, IdSource, Timestamp};

use serde::{Serialize, de::DeserializeOwned};

use crate::{Conn, StoreError, Vault};

/// One transaction, or one consistent read, and what its verbs need.
pub struct Tx<'a> {
    /// The connection.
    pub conn: &'a mut Conn,
    /// Seals and opens personal data.
    pub vault: &'a Vault,
    /// New ids.
    pub ids: &'a dyn IdSource,
    /// Domain time when the closure began.
    pub now: Timestamp,
    pub(crate) lease_clock: &'a dyn Clock,
}

impl Tx<'_> {
    /// Runs `work` in a savepoint of this transaction: its error undoes what it wrote and nothing else.
    ///
    /// # Errors
    /// What `work` returns, or why the database gave the whole transaction up.
    pub fn savepoint<T, E>(&mut self, work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<StoreError>,
    {
        let (vault, ids, now, lease_clock) = (self.vault, self.ids, self.now, self.lease_clock);
        crate::savepoint(self.conn, |conn| work(&mut Tx { conn, vault, ids, now, lease_clock }))
    }

    /// Seals `plain` so that every one of `keys` is needed to open it: erasing any of these people destroys it.
    pub(crate) fn seal(&mut self, keys: &[DataKeyId], plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let keys = self.vault.data_keys(self.conn, keys)?.ok_or(StoreError::Erased)?;
        self.vault.seal(&keys.iter().collect::<Vec<_>>(), plain)
    }

    /// The same for what need not be kept: `None` once one of the people was erased.
    pub(crate) fn seal_or_drop(
        &mut self,
        keys: &[DataKeyId],
        plain: &[u8],
    ) -> Result<Option<Vec<u8>>, StoreError> {
        match self.seal(keys, plain) {
            Err(StoreError::Erased) => Ok(None),
            sealed => sealed.map(Some),
        }
    }

    /// Whether nobody of these was erased. On PostgreSQL it stays so until the transaction ends.
    pub fn all_exist(&mut self, keys: &[DataKeyId]) -> Result<bool, StoreError> {
        Ok(self.vault.data_keys(self.conn, keys)?.is_some())
    }

    /// Opens a sealed text; `None` when the person was erased.
    pub(crate) fn open_text(&mut self, blob: &[u8]) -> Result<Option<String>, StoreError> {
        self.vault.open_text(self.conn, blob)
    }

    /// Opens an optional sealed text.
    pub(crate) fn open_optional(&mut self, blob: Option<&[u8]>) -> Result<Option<String>, StoreError> {
        blob.map_or(Ok(None), |blob| self.open_text(blob))
    }

    /// Real time for leases: the database server's on PostgreSQL, so that machines need not agree.
    pub(crate) fn lease_now(&mut self) -> Result<Timestamp, StoreError> {
        use diesel::{RunQueryDsl as _, sql_types::BigInt};
        match self.conn {
            Conn::Sqlite(_) => Ok(self.lease_clock.now()),
            Conn::Pg(c) => {
                let ms = diesel::select(diesel::dsl::sql::<BigInt>(
                    "(extract(epoch FROM clock_timestamp()) * 1000)::bigint",
                ))
                .get_result(c)?;
                Ok(Timestamp::from_millis(ms))
            }
        }
    }
}

/// A reason, or whatever else stands in the clear beside personal data: a closed code, never what somebody wrote.
pub(crate) fn closed<'a>(text: &'a str, field: &'static str) -> Result<&'a str, StoreError> {
    if audit::is_code(text) { Ok(text) } else { Err(audit::AuditError::NotACode { field }.into()) }
}

/// Reads a typed value out of a text column.
pub(crate) fn parse<T: FromStr>(text: &str, what: &'static str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Corrupt { what })
}

/// Reads an optional typed value out of a text column.
pub(crate) fn parse_optional<T: FromStr>(
    text: Option<&str>,
    what: &'static str,
) -> Result<Option<T>, StoreError> {
    text.map(|text| parse(text, what)).transpose()
}

/// The wire name of an enum of the contract, as it stands in a text column.
pub(crate) fn wire_name<T: Serialize>(value: &T) -> Result<String, StoreError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => Ok(name),
        _ => Err(StoreError::Corrupt { what: "enum without a wire name" }),
    }
}

/// Reads an enum of the contract out of a text column.
pub(crate) fn parse_wire<T: DeserializeOwned>(text: &str, what: &'static str) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(text.to_owned()))
        .map_err(|_| StoreError::Corrupt { what })
}

/// Runs a query that takes its rows: `FOR UPDATE` on PostgreSQL; on SQLite the one writer has them already.
macro_rules! locked {
    ($conn:expr, $query:expr, |$taken:ident, $c:ident| $body:expr) => {
        match $conn {
            $crate::Conn::Sqlite($c) => {
                let $taken = $query;
                $body
            }
            $crate::Conn::Pg($c) => {
                let $taken = $query.for_update();
                $body
            }
        }
    };
}
pub(crate) use locked;
