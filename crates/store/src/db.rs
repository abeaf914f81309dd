//! A store with its sources of ids and time: what the processes hold and clone.

use std::sync::Arc;

use marketplace::{Clock, IdSource};
use tracing::Span;

use crate::{Conn, Store, StoreError, Tx};

/// A store with its sources of ids and time: what the processes hold and clone.
#[derive(Clone)]
pub struct Db {
    /// The database.
    pub store: Store,
    /// Ids, salts and nonces.
    pub ids: Arc<dyn IdSource>,
    /// Domain time.
    pub clock: Arc<dyn Clock>,
    /// Real time for leases on SQLite; PostgreSQL uses its own clock.
    pub lease_clock: Arc<dyn Clock>,
}

impl Db {
    /// Runs `work` in one writing transaction, in the caller's span though on another thread. It may run more than once: it must have no effect but rows.
    ///
    /// # Errors
    /// What `work` returns (then nothing was written), or the store's own failure.
    pub async fn write<T, E>(
        &self,
        mut work: impl FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + std::error::Error + Send + 'static,
    {
        let (db, span) = (self.clone(), Span::current());
        self.store.write(move |conn| span.in_scope(|| work(&mut db.tx(conn)))).await
    }

    /// Runs `work` on a reading connection.
    ///
    /// # Errors
    /// What `work` returns, or the store's own failure.
    pub async fn read<T, E>(
        &self,
        mut work: impl FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (db, span) = (self.clone(), Span::current());
        self.store.read(move |conn| span.in_scope(|| work(&mut db.tx(conn)))).await
    }

    fn tx<'a>(&'a self, conn: &'a mut Conn) -> Tx<'a> {
        Tx {
            conn,
            vault: self.store.vault(),
            ids: &*self.ids,
            now: self.clock.now(),
            lease_clock: &*self.lease_clock,
        }
    }
}
