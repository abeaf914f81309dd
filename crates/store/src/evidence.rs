//! Reads for a person who looks at what is stored: nothing the engine needs.

use diesel::prelude::*;
use marketplace::{DeadLetterId, RequestId, Timestamp};

use crate::{
    StoreError, Tx,
    dead_letters::DeadLetterSource,
    on_conn,
    schema::dead_letters,
    tx::{parse, parse_optional},
};

/// A dead letter by its id, dealt with or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterRecord {
    /// Where the work stopped.
    pub source: DeadLetterSource,
    /// The event, request or intent.
    pub reference: String,
    /// The request, when known.
    pub request: Option<RequestId>,
    /// When and how a person dealt with it.
    pub resolved: Option<(Timestamp, String)>,
}

/// Looks a dead letter up.
pub fn dead_letter(tx: &mut Tx<'_>, id: DeadLetterId) -> Result<Option<DeadLetterRecord>, StoreError> {
    type Row = (String, String, Option<String>, Option<i64>, Option<String>);
    let row: Option<Row> = on_conn!(&mut *tx.conn, |c| dead_letters::table
        .find(id.to_string())
        .select((
            dead_letters::source,
            dead_letters::reference,
            dead_letters::request_id,
            dead_letters::resolved_at,
            dead_letters::resolution,
        ))
        .get_result(c)
        .optional())?;
    row.map(|(source, reference, request, resolved_at, resolution)| {
        Ok(DeadLetterRecord {
            source: parse(&source, "dead_letters.source")?,
            reference,
            request: parse_optional(request.as_deref(), "dead_letters.request_id")?,
            resolved: resolved_at.map(|at| (Timestamp::from_millis(at), resolution.unwrap_or_default())),
        })
    })
    .transpose()
}
