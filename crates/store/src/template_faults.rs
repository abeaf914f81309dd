//! The templates that Meta refuses: paused, disabled, not approved in a language. What needs one waits.

use std::time::Duration;

use diesel::prelude::*;
use marketplace::Timestamp;

use crate::{StoreError, Tx, on_conn, schema::template_faults};

/// How long a refused template is not tried again.
pub const TRIED_AGAIN_AFTER: Duration = Duration::from_mins(15);
/// How long what needs a refused template waits for it. Then it is given up, and a person decides.
pub const WAITS_MAX: Duration = Duration::from_hours(2);

/// A template that Meta refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateFault {
    /// Our name for what it is for.
    pub purpose: String,
    /// Meta's language code.
    pub language: String,
    /// Meta's code of the refusal.
    pub code: i64,
    /// Since when.
    pub since: Timestamp,
    /// It is not tried before this.
    pub until: Timestamp,
}

impl TemplateFault {
    /// Whether what needs this template has waited long enough for it.
    pub fn is_given_up(&self, now: Timestamp) -> bool {
        now.since(self.since) >= WAITS_MAX
    }
}

/// Remembers a refusal; true when the template worked until now, as far as anybody knows.
pub fn refuse(tx: &mut Tx<'_>, purpose: &str, language: &str, code: i64) -> Result<bool, StoreError> {
    let until = template_faults::until_at.eq((tx.now + TRIED_AGAIN_AFTER).as_millis());
    let code = template_faults::code.eq(code);
    let known =
        on_conn!(&mut *tx.conn, |c| diesel::update(template_faults::table.find((purpose, language)))
            .set((code, until))
            .execute(c))?;
    if known > 0 {
        return Ok(false);
    }
    let row = (
        template_faults::purpose.eq(purpose),
        template_faults::language.eq(language),
        template_faults::since.eq(tx.now.as_millis()),
    );
    let added = on_conn!(&mut *tx.conn, |c| diesel::insert_into(template_faults::table)
        .values((row.0, row.1, row.2, code, until))
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(added > 0)
}

/// Meta took this template: whatever was wrong with it is over.
pub fn works(tx: &mut Tx<'_>, purpose: &str, language: &str) -> Result<(), StoreError> {
    on_conn!(&mut *tx.conn, |c| diesel::delete(template_faults::table.find((purpose, language))).execute(c))?;
    Ok(())
}

/// What Meta refuses for this purpose and is not to be tried now, by language.
pub fn refused(tx: &mut Tx<'_>, purpose: &str) -> Result<Vec<TemplateFault>, StoreError> {
    let now = tx.now;
    let mut faults = all(tx)?;
    faults.retain(|fault| fault.purpose == purpose && now < fault.until);
    Ok(faults)
}

/// Every template that Meta refused and has not taken since, by purpose and language.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<TemplateFault>, StoreError> {
    type Row = (String, String, i64, i64, i64);
    let rows: Vec<Row> = on_conn!(&mut *tx.conn, |c| template_faults::table
        .order((template_faults::purpose, template_faults::language))
        .select((
            template_faults::purpose,
            template_faults::language,
            template_faults::code,
            template_faults::since,
            template_faults::until_at
        ))
        .load(c))?;
    let fault = |(purpose, language, code, since, until): Row| TemplateFault {
        purpose,
        language,
        code,
        since: Timestamp::from_millis(since),
        until: Timestamp::from_millis(until),
    };
    Ok(rows.into_iter().map(fault).collect())
}
