//! API tokens: who may call the tools from outside.
//!
//! A token's text is shown once, when it is made. Its row is found by the id in it; what is kept of its secret is
//! a hash. The secret is 32 random bytes, so the hash needs no salt: there is nothing to guess.

mod text;

use std::time::Duration;

use diesel::prelude::*;
use marketplace::{ActorKind, Timestamp, TokenId};
use secrecy::SecretString;

use self::text::{Parts, hash, matches};
use crate::{Conn, StoreError, Tx, on_conn, schema::api_tokens, tx::parse};

/// Tokens of one name that live at once, at most: the one in use and the one that replaces it.
pub const LIVE_MAX: usize = 2;
/// How often a token's use is written down, at most.
pub const USE_NOTED_EVERY: Duration = Duration::from_mins(1);
/// A token's name, at most, in characters: with its actor's kind before it, it is still a code.
pub const NAME_LENGTH_MAX: usize = 64;
/// The scope whose bearer makes the steps that only a person may take.
const PERSONS_SCOPE: &str = "operate";
/// The name that the audit gives whoever works at the command line; no token passes for them.
const COMMAND_LINE: &str = "operator";

/// A token to be made.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// A closed code ([`audit::is_code`]) of at most [`NAME_LENGTH_MAX`]: it stands in the audit chain.
    pub name: String,
    /// [`ActorKind::Service`] or [`ActorKind::Human`].
    pub actor_kind: ActorKind,
    /// What it allows: names of scopes, at least one.
    pub scopes: Vec<String>,
    /// From when on it is no longer valid.
    pub expires_at: Option<Timestamp>,
}

/// Why a token is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenRefusal {
    /// The name is not a closed code, or too long.
    NameNotACode,
    /// The name is the command line's own.
    NameReserved,
    /// Tokens belong to services and people.
    ActorKind,
    /// A token without a scope allows nothing.
    NoScope,
    /// `operate` is for people.
    OperateNeedsPerson,
    /// The name stands for another kind of actor.
    OtherKind(ActorKind),
    /// Two tokens of this name are live.
    LiveLimit,
}

/// Whether a text has the form of a token; whether it is one only the database knows.
pub fn is_well_formed(text: &str) -> bool {
    Parts::of(text).is_some()
}

/// A token without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its id, which is part of its text.
    pub id: TokenId,
    /// Its name, the actor's name in the audit.
    pub name: String,
    /// Who acts with it.
    pub actor_kind: ActorKind,
    /// What it allows.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is no longer valid.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to [`USE_NOTED_EVERY`].
    pub last_used_at: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
}

impl Token {
    /// What is wrong with it at this moment.
    ///
    /// # Errors
    /// [`TokenFault::Revoked`], [`TokenFault::Expired`].
    pub fn check(&self, now: Timestamp) -> Result<(), TokenFault> {
        if self.revoked_at.is_some() {
            Err(TokenFault::Revoked)
        } else if self.expires_at.is_some_and(|end| end <= now) {
            Err(TokenFault::Expired)
        } else {
            Ok(())
        }
    }
}

/// Why a text is no valid token. Callers from outside are told none of it; the audit is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, strum::Display, strum::IntoStaticStr, strum::EnumIter,
)]
#[strum(serialize_all = "snake_case", prefix = "token_")]
pub enum TokenFault {
    /// It does not have a token's form.
    Malformed,
    /// There is no such token, or its secret is another.
    Unknown,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = api_tokens)]
struct TokenRow {
    id: String,
    name: String,
    actor_kind: String,
    scopes: String,
    secret_hash: Vec<u8>,
    created_at: i64,
    expires_at: Option<i64>,
    last_used_at: Option<i64>,
    revoked_at: Option<i64>,
}

/// Makes a token and returns it with its text, which nobody can have again. The inner result is the verdict.
pub fn create(
    tx: &mut Tx<'_>,
    new: &NewToken,
) -> Result<Result<(Token, SecretString), TokenRefusal>, StoreError> {
    if let Err(refusal) = check_new(new) {
        return Ok(Err(refusal));
    }
    lock_name(tx, &new.name)?;
    let known = of_name(tx, &new.name)?;
    if let Some(other) = known.iter().find(|token| token.actor_kind != new.actor_kind) {
        return Ok(Err(TokenRefusal::OtherKind(other.actor_kind)));
    }
    let now = tx.now;
    if known.iter().filter(|token| token.check(now).is_ok()).count() >= LIVE_MAX {
        return Ok(Err(TokenRefusal::LiveLimit));
    }
    let (parts, text) = Parts::generate(tx.ids);
    let row = TokenRow {
        id: parts.id.to_string(),
        name: new.name.clone(),
        actor_kind: new.actor_kind.to_string(),
        scopes: new.scopes.join(" "),
        secret_hash: hash(parts.secret()).to_vec(),
        created_at: now.as_millis(),
        expires_at: new.expires_at.map(Timestamp::as_millis),
        last_used_at: None,
        revoked_at: None,
    };
    on_conn!(&mut *tx.conn, |c| diesel::insert_into(api_tokens::table).values(&row).execute(c))?;
    Ok(Ok((token(row)?, text)))
}

/// The token that a caller shows, if it is valid now. The inner result is the verdict.
pub fn verify(tx: &mut Tx<'_>, shown: &str) -> Result<Result<Token, TokenFault>, StoreError> {
    let Some(shown) = Parts::of(shown) else { return Ok(Err(TokenFault::Malformed)) };
    let row: Option<TokenRow> = on_conn!(&mut *tx.conn, |c| api_tokens::table
        .find(shown.id.to_string())
        .select(TokenRow::as_select())
        .get_result(c)
        .optional())?;
    // Whether or not there is a row, one hash is made and one comparison of equal length.
    let kept = row.as_ref().map_or(&[][..], |row| row.secret_hash.as_slice());
    let same = matches(kept, &hash(shown.secret()));
    let Some(row) = row.filter(|_| same) else { return Ok(Err(TokenFault::Unknown)) };
    let token = token(row)?;
    Ok(token.check(tx.now).map(|()| token))
}

/// Writes down that a token was used, unless that was done within [`USE_NOTED_EVERY`].
pub fn note_use(tx: &mut Tx<'_>, id: TokenId) -> Result<(), StoreError> {
    let long_ago = (tx.now - USE_NOTED_EVERY).as_millis();
    let due = api_tokens::last_used_at.is_null().or(api_tokens::last_used_at.le(long_ago));
    on_conn!(&mut *tx.conn, |c| diesel::update(api_tokens::table.find(id.to_string()).filter(due))
        .set(api_tokens::last_used_at.eq(tx.now.as_millis()))
        .execute(c))?;
    Ok(())
}

/// One token; `None` when there is none of this id.
pub fn load(tx: &mut Tx<'_>, id: TokenId) -> Result<Option<Token>, StoreError> {
    let row: Option<TokenRow> = on_conn!(&mut *tx.conn, |c| api_tokens::table
        .find(id.to_string())
        .select(TokenRow::as_select())
        .get_result(c)
        .optional())?;
    row.map(token).transpose()
}

/// Every token of a name, those taken back included, oldest first.
pub fn of_name(tx: &mut Tx<'_>, name: &str) -> Result<Vec<Token>, StoreError> {
    let rows: Vec<TokenRow> = on_conn!(&mut *tx.conn, |c| api_tokens::table
        .filter(api_tokens::name.eq(name))
        .order((api_tokens::created_at, api_tokens::id))
        .select(TokenRow::as_select())
        .load(c))?;
    rows.into_iter().map(token).collect()
}

/// Takes a token back for good; false when it is not there or was taken back before.
pub fn revoke(tx: &mut Tx<'_>, id: TokenId) -> Result<bool, StoreError> {
    let live = api_tokens::table.find(id.to_string()).filter(api_tokens::revoked_at.is_null());
    let revoked = on_conn!(&mut *tx.conn, |c| diesel::update(live)
        .set(api_tokens::revoked_at.eq(tx.now.as_millis()))
        .execute(c))?;
    Ok(revoked == 1)
}

/// The newest tokens of all names, those taken back included.
pub fn list(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<Token>, StoreError> {
    let rows: Vec<TokenRow> = on_conn!(&mut *tx.conn, |c| api_tokens::table
        .order((api_tokens::created_at.desc(), api_tokens::id.desc()))
        .limit(limit)
        .select(TokenRow::as_select())
        .load(c))?;
    rows.into_iter().map(token).collect()
}

fn check_new(new: &NewToken) -> Result<(), TokenRefusal> {
    let operates = new.scopes.iter().any(|scope| scope == PERSONS_SCOPE);
    if new.name.len() > NAME_LENGTH_MAX || !audit::is_code(&new.name) {
        Err(TokenRefusal::NameNotACode)
    } else if new.name == COMMAND_LINE {
        Err(TokenRefusal::NameReserved)
    } else if !matches!(new.actor_kind, ActorKind::Service | ActorKind::Human) {
        Err(TokenRefusal::ActorKind)
    } else if new.scopes.is_empty() {
        Err(TokenRefusal::NoScope)
    } else if operates && new.actor_kind != ActorKind::Human {
        Err(TokenRefusal::OperateNeedsPerson)
    } else {
        Ok(())
    }
}

/// Makes transactions that create tokens of one name wait for each other, so that the third one sees the first
/// two. SQLite's writers always do.
fn lock_name(tx: &mut Tx<'_>, name: &str) -> Result<(), StoreError> {
    use diesel::sql_types::BigInt;
    let hash = tx.vault.lookup_hash("token_name", name);
    let number = hash.iter().take(8).fold(0_i64, |number, byte| (number << 8) | i64::from(*byte));
    if let Conn::Pg(c) = &mut *tx.conn {
        diesel::sql_query("SELECT pg_advisory_xact_lock($1)").bind::<BigInt, _>(number).execute(c)?;
    }
    Ok(())
}

fn token(row: TokenRow) -> Result<Token, StoreError> {
    Ok(Token {
        id: parse(&row.id, "api_tokens.id")?,
        name: row.name,
        actor_kind: parse(&row.actor_kind, "api_tokens.actor_kind")?,
        scopes: row.scopes.split_whitespace().map(str::to_owned).collect(),
        created_at: Timestamp::from_millis(row.created_at),
        expires_at: row.expires_at.map(Timestamp::from_millis),
        last_used_at: row.last_used_at.map(Timestamp::from_millis),
        revoked_at: row.revoked_at.map(Timestamp::from_millis),
    })
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
