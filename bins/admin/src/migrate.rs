//! `concierge-admin migrate`.

use std::io::Write;

use crate::{database, failure::Failure};

/// Brings the database to this program's schema version and says which migrations ran.
pub(crate) fn run(out: &mut dyn Write) -> Result<(), Failure> {
    let ran = database::options()?.migrate()?;
    if ran.is_empty() {
        writeln!(out, "the schema is up to date")?;
    }
    for version in ran {
        writeln!(out, "applied {version}")?;
    }
    Ok(())
}
