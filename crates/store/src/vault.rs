//! Sealing personal data: every person's data has a key of its own, kept wrapped under `DATA_KEY`.
//!
//! Erasing a person is deleting one row of `data_keys`: what was sealed under it can't be opened any more, in
//! this database, its replicas, its logs and its backups without that row. What must be found again is found
//! by a keyed hash, which nobody without `DATA_KEY` can recompute from a guessed phone number.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};
use hmac::{Hmac, KeyInit, Mac};
use marketplace::{DataKeyId, IdSource, Timestamp};
use secrecy::{ExposeSecret, SecretBox};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{Conn, StoreError, on_conn, schema::data_keys};

/// The first byte of everything sealed or wrapped here.
const FORMAT: u8 = 1;
const NONCE_LENGTH: usize = 24;
/// The most keys that one value is sealed under: a Context Pack names the client, 15 vendors that were contacted and
/// 15 that were found.
pub const SEAL_KEYS_MAX: usize = 48;
/// The most keys in one statement: 4 values each.
const INSERT_MAX: usize = 1_024;
/// Unwrapped keys kept in memory for opening, at most this many,
const CACHE_MAX: usize = 1_024;
/// and at most this long: an erasure by another process takes effect here no later.
const CACHE_AGE_MAX: Duration = Duration::from_secs(30);

/// The most keys, and sets of keys, that an [`Opener`] holds.
const OPENER_MAX: usize = 16_384;

/// The 32 bytes of `DATA_KEY`. Whoever has it and the database can read everything.
#[derive(Clone)]
pub struct MasterKey(Arc<SecretBox<[u8; 32]>>);

impl MasterKey {
    /// From 64 hexadecimal digits, as `openssl rand -hex 32` prints them.
    ///
    /// # Errors
    /// [`StoreError::DataKey`], without a word of the text.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        let mut bytes = Box::new([0; 32]);
        hex::decode_to_slice(text.trim(), bytes.as_mut_slice()).map_err(|_| StoreError::DataKey {
            reason: "expected 64 hexadecimal digits, as `openssl rand -hex 32` prints them".to_owned(),
        })?;
        Ok(Self::from_box(bytes))
    }

    pub(crate) fn from_box(bytes: Box<[u8; 32]>) -> Self {
        Self(Arc::new(SecretBox::new(bytes)))
    }

    fn derive(&self, label: &str) -> SecretBox<[u8; 32]> {
        SecretBox::new(Box::new(hmac(self.0.expose_secret(), &[label.as_bytes()])))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

/// One person's key, unwrapped.
#[derive(Clone)]
pub struct DataKey {
    id: DataKeyId,
    bytes: Arc<SecretBox<[u8; 32]>>,
}

impl DataKey {
    /// The key's row in `data_keys`.
    pub const fn id(&self) -> DataKeyId {
        self.id
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataKey({}, ..)", self.id)
    }
}

/// What came of opening a sealed value.
#[derive(Clone, PartialEq, Eq)]
pub enum Opened {
    /// The plaintext.
    Plain(Vec<u8>),
    /// A key it was sealed under has been destroyed: the person was erased.
    Erased,
}

impl Opened {
    /// The plaintext, `None` if it was erased.
    pub fn plain(self) -> Option<Vec<u8>> {
        match self {
            Self::Plain(bytes) => Some(bytes),
            Self::Erased => None,
        }
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(bytes) => write!(f, "Plain({} bytes)", bytes.len()),
            Self::Erased => f.write_str("Erased"),
        }
    }
}

/// Seals, opens and hashes personal data.
pub struct Vault {
    wrapping: SecretBox<[u8; 32]>,
    lookup: SecretBox<[u8; 32]>,
    ids: Arc<dyn IdSource>,
    cache: Mutex<HashMap<DataKeyId, (DataKey, Instant)>>,
}

impl Vault {
    /// `ids` gives new keys, their ids and the nonces.
    pub fn new(master: &MasterKey, ids: Arc<dyn IdSource>) -> Self {
        Self {
            wrapping: master.derive("concierge/wrapping/1"),
            lookup: master.derive("concierge/lookup/1"),
            ids,
            cache: Mutex::new(HashMap::new()),
        }
    }

    /// The source of keys, salts and nonces.
    pub fn ids(&self) -> &dyn IdSource {
        &*self.ids
    }

    /// The keyed hash by which a value is found without being stored. `kind` keeps equal texts of different
    /// meaning apart.
    pub fn lookup_hash(&self, kind: &str, value: impl AsRef<[u8]>) -> [u8; 32] {
        let kind_length = (kind.len() as u64).to_be_bytes();
        hmac(self.lookup.expose_secret(), &[&kind_length, kind.as_bytes(), value.as_ref()])
    }

    /// The key of the subject with this lookup hash; made on first sight. The caller's transaction decides
    /// whether a new key lasts.
    pub fn data_key_for_subject(
        &self,
        conn: &mut Conn,
        subject_hash: &[u8],
        now: Timestamp,
    ) -> Result<DataKey, StoreError> {
        if let Some((id, wrapped)) = find_by_subject(conn, subject_hash)? {
            return self.unwrap_key(parse_id(&id)?, &wrapped);
        }
        if let Some(made) = self.insert_new(conn, Some(subject_hash), now)? {
            return Ok(made);
        }
        // Another transaction was first, and has committed: the insert waited for it.
        let (id, wrapped) = find_by_subject(conn, subject_hash)?.ok_or(StoreError::NotFound)?;
        self.unwrap_key(parse_id(&id)?, &wrapped)
    }

    /// The keys of many subjects, made on first sight; on PostgreSQL in at most three statements.
    ///
    /// There the rows stay shared until the caller's transaction ends, so that a person is erased after what is
    /// sealed here was stored, never between: nothing is sealed under a key that is gone.
    pub(crate) fn data_keys_for_subjects(
        &self,
        conn: &mut Conn,
        subject_hashes: &BTreeSet<Vec<u8>>,
        now: Timestamp,
    ) -> Result<HashMap<Vec<u8>, DataKey>, StoreError> {
        if let Conn::Sqlite(_) = conn {
            let mut key = |hash: &Vec<u8>| Ok((hash.clone(), self.data_key_for_subject(conn, hash, now)?));
            return subject_hashes.iter().map(&mut key).collect();
        }
        let mut keys = self.find_and_share(conn, subject_hashes.iter())?;
        let missing: Vec<_> = subject_hashes.iter().filter(|hash| !keys.contains_key(*hash)).collect();
        if !missing.is_empty() {
            self.insert_many(conn, &missing, now)?;
            keys.extend(self.find_and_share(conn, missing.into_iter())?);
        }
        Ok(keys)
    }

    /// A key that belongs to no subject yet.
    pub fn new_data_key(&self, conn: &mut Conn, now: Timestamp) -> Result<DataKey, StoreError> {
        self.insert_new(conn, None, now)?.ok_or(StoreError::NotFound)
    }

    /// The key of a row, to seal with; `None` once it was destroyed. On PostgreSQL the row stays shared until the
    /// caller's transaction ends: a person is erased before what is sealed here, or after it was stored, never between.
    pub fn data_key(&self, conn: &mut Conn, id: DataKeyId) -> Result<Option<DataKey>, StoreError> {
        let row = data_keys::table.find(id.to_string()).select(data_keys::wrapped);
        let wrapped: Option<Vec<u8>> = match conn {
            Conn::Sqlite(c) => row.get_result(c).optional()?,
            Conn::Pg(c) => row.for_key_share().get_result(c).optional()?,
        };
        wrapped.map(|wrapped| self.unwrap_key(id, &wrapped)).transpose()
    }

    /// The keys of rows, to seal with, in one statement; `None` once one of them was destroyed. See
    /// [`Self::data_key`].
    pub fn data_keys(&self, conn: &mut Conn, ids: &[DataKeyId]) -> Result<Option<Vec<DataKey>>, StoreError> {
        let wanted: BTreeSet<String> = ids.iter().map(ToString::to_string).collect();
        let query = data_keys::table
            .filter(data_keys::id.eq_any(wanted.iter()))
            .order(data_keys::id)
            .select((data_keys::id, data_keys::wrapped));
        let rows: Vec<(String, Vec<u8>)> = match conn {
            Conn::Sqlite(c) => query.load(c)?,
            Conn::Pg(c) => query.for_key_share().load(c)?,
        };
        if rows.len() < wanted.len() {
            return Ok(None);
        }
        let keys = rows.into_iter().map(|(id, wrapped)| self.unwrap_key(parse_id(&id)?, &wrapped));
        keys.collect::<Result<_, _>>().map(Some)
    }

    /// The key of a row, to open with.
    fn stored_key(&self, conn: &mut Conn, id: DataKeyId) -> Result<Option<DataKey>, StoreError> {
        let wrapped: Option<Vec<u8>> = on_conn!(conn, |c| data_keys::table
            .find(id.to_string())
            .select(data_keys::wrapped)
            .get_result(c)
            .optional())?;
        wrapped.map(|wrapped| self.unwrap_key(id, &wrapped)).transpose()
    }

    /// Destroys a key: everything sealed under it is erased. Returns whether there was one.
    pub fn destroy_data_key(&self, conn: &mut Conn, id: DataKeyId) -> Result<bool, StoreError> {
        let deleted = on_conn!(conn, |c| diesel::delete(data_keys::table.find(id.to_string())).execute(c))?;
        self.forget(id);
        Ok(deleted > 0)
    }

    /// Drops a key from memory.
    pub fn forget(&self, id: DataKeyId) {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    /// Drops every key from memory.
    pub fn forget_all(&self) {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Seals `plaintext` under all of `keys` together: destroying any one of them erases it. The order of the
    /// keys does not matter.
    ///
    /// The result is: format, number of keys, key ids (16 bytes each, ascending), nonce (24), ciphertext with
    /// tag (XChaCha20-Poly1305); everything before the ciphertext is authenticated.
    ///
    /// # Errors
    /// [`StoreError::Sealing`] without a key or with more than [`SEAL_KEYS_MAX`].
    pub fn seal(&self, keys: &[&DataKey], plaintext: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut keys = keys.to_vec();
        keys.sort_by_key(|key| key.id);
        keys.dedup_by_key(|key| key.id);
        let count =
            u8::try_from(keys.len()).ok().filter(|count| (1..=SEAL_KEYS_MAX).contains(&usize::from(*count)));
        let count = count.ok_or(StoreError::Sealing { reason: "1 to 48 keys are needed" })?;
        let nonce = self.nonce();

        let mut sealed = vec![FORMAT, count];
        for key in &keys {
            sealed.extend_from_slice(key.id.uuid().as_bytes());
        }
        sealed.extend_from_slice(&nonce);
        let ciphertext = cipher(&sealing_key(&keys))
            .encrypt(XNonce::from_slice(&nonce), Payload { msg: plaintext, aad: &sealed })
            .map_err(|_| StoreError::Sealing { reason: "the value is too long" })?;
        sealed.extend_from_slice(&ciphertext);
        Ok(sealed)
    }

    /// Seals text; see [`Self::seal`].
    pub fn seal_text(&self, keys: &[&DataKey], text: &str) -> Result<Vec<u8>, StoreError> {
        self.seal(keys, text.as_bytes())
    }

    /// Opens what [`Self::seal`] made.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if these are not the bytes that were sealed, or not under this `DATA_KEY`.
    pub fn open(&self, conn: &mut Conn, sealed: &[u8]) -> Result<Opened, StoreError> {
        let parts = Parts::of(sealed).ok_or(CORRUPT)?;
        let mut keys = Vec::with_capacity(SEAL_KEYS_MAX);
        for id in parts.key_ids() {
            match self.key_for_opening(conn, id)? {
                Some(key) => keys.push(key),
                None => return Ok(Opened::Erased),
            }
        }
        let keys: Vec<&DataKey> = keys.iter().collect();
        parts.decrypt(&cipher(&sealing_key(&keys)))
    }

    /// Opens many values of one snapshot.
    pub(crate) fn opener(&self) -> Opener<'_> {
        Opener { vault: self, keys: HashMap::new(), ciphers: HashMap::new() }
    }

    /// Opens text; `None` if it was erased.
    pub fn open_text(&self, conn: &mut Conn, sealed: &[u8]) -> Result<Option<String>, StoreError> {
        let plain = self.open(conn, sealed)?.plain();
        plain.map(|bytes| String::from_utf8(bytes).map_err(|_| CORRUPT)).transpose()
    }

    /// The ids of the keys that a value is sealed under.
    pub fn key_ids(sealed: &[u8]) -> Result<Vec<DataKeyId>, StoreError> {
        Parts::of(sealed).map(|parts| parts.key_ids().collect()).ok_or(CORRUPT)
    }

    /// Whether the stored keys were wrapped under this `DATA_KEY`: tries one.
    pub(crate) fn check(&self, conn: &mut Conn) -> Result<(), StoreError> {
        let one: Option<(String, Vec<u8>)> = on_conn!(conn, |c| data_keys::table
            .order(data_keys::id)
            .select((data_keys::id, data_keys::wrapped))
            .first(c)
            .optional())?;
        let Some((id, wrapped)) = one else { return Ok(()) };
        self.unwrap_key(parse_id(&id)?, &wrapped).map(drop).map_err(|_| StoreError::DataKey {
            reason: "this is not the key that the database was sealed with".to_owned(),
        })
    }

    fn key_for_opening(&self, conn: &mut Conn, id: DataKeyId) -> Result<Option<DataKey>, StoreError> {
        {
            let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((key, since)) = cache.get(&id)
                && since.elapsed() < CACHE_AGE_MAX
            {
                return Ok(Some(key.clone()));
            }
        }
        let Some(key) = self.stored_key(conn, id)? else {
            self.forget(id);
            return Ok(None);
        };
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= CACHE_MAX {
            cache.clear();
        }
        cache.insert(id, (key.clone(), Instant::now()));
        Ok(Some(key))
    }

    /// `None`: the subject has a key already.
    fn insert_new(
        &self,
        conn: &mut Conn,
        subject_hash: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<Option<DataKey>, StoreError> {
        let key = self.make_key();
        let wrapped = self.wrap_key(&key)?;
        let inserted = on_conn!(conn, |c| diesel::insert_into(data_keys::table)
            .values((
                data_keys::id.eq(key.id.to_string()),
                data_keys::subject_hash.eq(subject_hash),
                data_keys::wrapped.eq(&wrapped),
                data_keys::created_at.eq(now.as_millis()),
            ))
            .on_conflict(data_keys::subject_hash)
            .do_nothing()
            .execute(c))?;
        Ok((inserted == 1).then_some(key))
    }

    fn find_and_share<'a>(
        &self,
        conn: &mut Conn,
        subject_hashes: impl Iterator<Item = &'a Vec<u8>>,
    ) -> Result<HashMap<Vec<u8>, DataKey>, StoreError> {
        type Row = (Option<Vec<u8>>, String, Vec<u8>);
        let wanted = data_keys::table
            .filter(data_keys::subject_hash.eq_any(subject_hashes.map(Some)))
            .order(data_keys::subject_hash)
            .select((data_keys::subject_hash, data_keys::id, data_keys::wrapped));
        let rows: Vec<Row> = match conn {
            Conn::Sqlite(c) => wanted.load(c)?,
            Conn::Pg(c) => wanted.for_key_share().load(c)?,
        };
        rows.into_iter()
            .filter_map(|(hash, id, wrapped)| hash.map(|hash| (hash, id, wrapped)))
            .map(|(hash, id, wrapped)| Ok((hash, self.unwrap_key(parse_id(&id)?, &wrapped)?)))
            .collect()
    }

    /// Makes keys for the subjects that have none; `subject_hashes` ascends, so that two of these can't deadlock.
    fn insert_many(
        &self,
        conn: &mut Conn,
        subject_hashes: &[&Vec<u8>],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for subject_hashes in subject_hashes.chunks(INSERT_MAX) {
            let mut rows = Vec::with_capacity(subject_hashes.len());
            for hash in subject_hashes {
                let key = self.make_key();
                rows.push((
                    data_keys::id.eq(key.id.to_string()),
                    data_keys::subject_hash.eq(*hash),
                    data_keys::wrapped.eq(self.wrap_key(&key)?),
                    data_keys::created_at.eq(now.as_millis()),
                ));
            }
            if let Conn::Pg(c) = conn {
                diesel::insert_into(data_keys::table)
                    .values(&rows)
                    .on_conflict(data_keys::subject_hash)
                    .do_nothing()
                    .execute(c)?;
            }
        }
        Ok(())
    }

    fn make_key(&self) -> DataKey {
        let mut bytes = Box::new([0; 32]);
        self.ids.fill_random(bytes.as_mut_slice());
        DataKey { id: DataKeyId::generate(&*self.ids), bytes: Arc::new(SecretBox::new(bytes)) }
    }

    fn wrap_key(&self, key: &DataKey) -> Result<Vec<u8>, StoreError> {
        let nonce = self.nonce();
        let ciphertext = cipher(self.wrapping.expose_secret())
            .encrypt(
                XNonce::from_slice(&nonce),
                Payload { msg: key.bytes.expose_secret(), aad: key.id.uuid().as_bytes() },
            )
            .map_err(|_| StoreError::Sealing { reason: "the key could not be wrapped" })?;
        Ok([&[FORMAT], nonce.as_slice(), &ciphertext].concat())
    }

    fn unwrap_key(&self, id: DataKeyId, wrapped: &[u8]) -> Result<DataKey, StoreError> {
        let corrupt = || StoreError::Corrupt { what: "data_keys.wrapped" };
        let rest = wrapped.strip_prefix(&[FORMAT]).ok_or_else(corrupt)?;
        let (nonce, ciphertext) = rest.split_at_checked(NONCE_LENGTH).ok_or_else(corrupt)?;
        let plain = cipher(self.wrapping.expose_secret())
            .decrypt(XNonce::from_slice(nonce), Payload { msg: ciphertext, aad: id.uuid().as_bytes() })
            .map_err(|_| corrupt())?;
        let bytes: Box<[u8; 32]> = plain.into_boxed_slice().try_into().map_err(|_| corrupt())?;
        Ok(DataKey { id, bytes: Arc::new(SecretBox::new(bytes)) })
    }

    fn nonce(&self) -> [u8; NONCE_LENGTH] {
        let mut nonce = [0; NONCE_LENGTH];
        self.ids.fill_random(&mut nonce);
        nonce
    }
}

/// Opens many values of one snapshot: their keys are fetched in one statement for many values, and what a set of
/// keys opens with is derived once.
pub(crate) struct Opener<'v> {
    vault: &'v Vault,
    keys: HashMap<DataKeyId, Found<DataKey>>,
    /// By the ids of the keys together.
    ciphers: HashMap<Vec<u8>, Found<XChaCha20Poly1305>>,
}

/// What there is of a key.
enum Found<T> {
    Here(T),
    Destroyed,
    /// A row that was not written by us, or not under this `DATA_KEY`.
    Unreadable,
}

impl Opener<'_> {
    /// Fetches the keys of these values, as far as they are not at hand. Keep it to some thousand values.
    pub(crate) fn fetch<'a>(
        &mut self,
        conn: &mut Conn,
        sealed: impl Iterator<Item = &'a [u8]>,
    ) -> Result<(), StoreError> {
        if self.ciphers.len() > OPENER_MAX || self.keys.len() > OPENER_MAX {
            self.ciphers.clear();
            self.keys.clear();
        }
        let mut missing: BTreeSet<DataKeyId> = BTreeSet::new();
        for parts in sealed.filter_map(Parts::of) {
            if !self.ciphers.contains_key(parts.key_ids) {
                missing.extend(parts.key_ids().filter(|id| !self.keys.contains_key(id)));
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let names = missing.iter().map(DataKeyId::to_string);
        let rows: Vec<(String, Vec<u8>)> = on_conn!(conn, |c| data_keys::table
            .filter(data_keys::id.eq_any(names))
            .order(data_keys::id)
            .select((data_keys::id, data_keys::wrapped))
            .load(c))?;
        self.keys.extend(missing.into_iter().map(|id| (id, Found::Destroyed)));
        for (id, wrapped) in rows {
            let id = parse_id(&id)?;
            let key = self.vault.unwrap_key(id, &wrapped).map_or(Found::Unreadable, Found::Here);
            self.keys.insert(id, key);
        }
        Ok(())
    }

    /// Opens a value whose keys were fetched.
    ///
    /// # Errors
    /// As [`Vault::open`].
    pub(crate) fn open(&mut self, sealed: &[u8]) -> Result<Opened, StoreError> {
        let parts = Parts::of(sealed).ok_or(CORRUPT)?;
        if !self.ciphers.contains_key(parts.key_ids) {
            self.ciphers.insert(parts.key_ids.to_vec(), self.cipher(&parts));
        }
        match self.ciphers.get(parts.key_ids) {
            Some(Found::Here(cipher)) => parts.decrypt(cipher),
            Some(Found::Destroyed) => Ok(Opened::Erased),
            _ => Err(CORRUPT),
        }
    }

    fn cipher(&self, parts: &Parts<'_>) -> Found<XChaCha20Poly1305> {
        let mut keys = Vec::with_capacity(SEAL_KEYS_MAX);
        let mut unreadable = false;
        for id in parts.key_ids() {
            match self.keys.get(&id) {
                Some(Found::Here(key)) => keys.push(key),
                Some(Found::Unreadable) => unreadable = true,
                Some(Found::Destroyed) | None => return Found::Destroyed,
            }
        }
        if unreadable { Found::Unreadable } else { Found::Here(cipher(&sealing_key(&keys))) }
    }
}

const CORRUPT: StoreError = StoreError::Corrupt { what: "a sealed value" };

struct Parts<'a> {
    /// The ids of the keys, 16 bytes each.
    key_ids: &'a [u8],
    /// Everything before the ciphertext.
    header: &'a [u8],
    nonce: &'a [u8],
    ciphertext: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(sealed: &'a [u8]) -> Option<Self> {
        let [FORMAT, count, ..] = *sealed else { return None };
        let count = usize::from(count);
        if !(1..=SEAL_KEYS_MAX).contains(&count) {
            return None;
        }
        let nonce_at = 2 + 16 * count;
        let (header, ciphertext) = sealed.split_at_checked(nonce_at + NONCE_LENGTH)?;
        let (ids, nonce) = header.split_at_checked(nonce_at)?;
        Some(Self { key_ids: ids.get(2..)?, header, nonce, ciphertext })
    }

    fn key_ids(&self) -> impl Iterator<Item = DataKeyId> {
        let ids = self.key_ids.chunks_exact(16).filter_map(|id| Uuid::from_slice(id).ok());
        ids.map(DataKeyId::from_uuid)
    }

    fn decrypt(&self, cipher: &XChaCha20Poly1305) -> Result<Opened, StoreError> {
        cipher
            .decrypt(XNonce::from_slice(self.nonce), Payload { msg: self.ciphertext, aad: self.header })
            .map(Opened::Plain)
            .map_err(|_| CORRUPT)
    }
}

/// One AEAD key out of all data keys, which stand in the order of their ids.
fn sealing_key(keys: &[&DataKey]) -> [u8; 32] {
    let mut all = Sha256::new();
    for key in keys {
        all.update(key.bytes.expose_secret());
    }
    hmac(&all.finalize().into(), &[b"concierge/sealing/1"])
}

fn cipher(key: &[u8; 32]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.into())
}

fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC pads a short key with zeros to its block of 64 bytes; done here, it can't fail.
    let mut block = [0; 64];
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn find_by_subject(conn: &mut Conn, subject_hash: &[u8]) -> Result<Option<(String, Vec<u8>)>, StoreError> {
    // Not `first`: SQLite prepares a statement anew for each value bound to its LIMIT.
    Ok(on_conn!(conn, |c| data_keys::table
        .filter(data_keys::subject_hash.eq(subject_hash))
        .select((data_keys::id, data_keys::wrapped))
        .get_result(c)
        .optional())?)
}

fn parse_id(text: &str) -> Result<DataKeyId, StoreError> {
    text.parse().map_err(|_| StoreError::Corrupt { what: "data_keys.id" })
}

#[cfg(test)]
#[path = "vault_tests.rs"]
mod tests;
