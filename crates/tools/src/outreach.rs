//! What came of asking a vendor, and what that means for the batch.

use marketplace::{Control, RequestState};
use moltbot_contract::{BatchStatus, OutreachStatus};
use store::{
    Tx,
    dead_letters::{self, DeadLetterSource, NewDeadLetter},
    lanes::{self, EntryKind},
    outbox::{Purpose, Send},
    requests::RequestGuard,
    sourcing::{self, Outreach},
    timers::{self, TimerKind},
};

use crate::{ToolError, calling::consent_ends, control::CONTROL_CHANGED};

/// Records what came of an outreach; when that was the last vendor its open batch waited for, the batch settles.
///
/// News of an older batch never settles the one that is open now.
pub fn settle(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    outreach: &Outreach,
    status: OutreachStatus,
) -> Result<(), ToolError> {
    let request = guard.request().id;
    sourcing::set_outreach_status(tx, guard, outreach.id, status)?;
    let waiting = sourcing::outreaches_of(tx, request)?
        .iter()
        .any(|other| other.batch == outreach.batch && other.status == OutreachStatus::Waiting);
    let is_open = sourcing::batches_of(tx, request)?
        .iter()
        .any(|batch| batch.id == outreach.batch && batch.status == BatchStatus::Open);
    if is_open
        && !waiting
        && let Some(batch) = sourcing::settle_open_batch(tx, guard)?
    {
        timers::settle(tx, request, TimerKind::BatchDeadline, &batch.to_string())?;
    }
    Ok(())
}

/// What follows when a message will not arrive: a batch no longer waits for that vendor and the workflow looks
/// again; a prompt for consent leaves nothing open; a word to the client, or a contact handed over, becomes a dead
/// letter for a person, unless one has the request.
pub fn not_delivered(
    tx: &mut Tx<'_>,
    guard: Option<&RequestGuard>,
    send: &Send,
    reason: &str,
) -> Result<(), ToolError> {
    let Some(guard) = guard else { return Ok(()) };
    if matches!(send.purpose, Purpose::ConsentPrompt | Purpose::PermissionCard) {
        return consent_ends::not_delivered(tx, guard, send, reason);
    }
    if send.purpose == Purpose::VendorInquiry {
        return inquiry_failed(tx, guard, send);
    }
    if reason == CONTROL_CHANGED {
        // A person has the request, and sees what was not said.
        return Ok(());
    }
    let to_client = send.contact == guard.request().client;
    if to_client || send.purpose == Purpose::Handoff {
        dead_letters::insert(
            tx,
            &NewDeadLetter {
                source: DeadLetterSource::Dispatch,
                reference: &send.id.to_string(),
                request: send.request,
                reason,
                detail: None,
            },
        )?;
    }
    Ok(())
}

/// The batch need not wait for this vendor, and the workflow looks again where the bot still acts.
fn inquiry_failed(tx: &mut Tx<'_>, guard: &RequestGuard, send: &Send) -> Result<(), ToolError> {
    let request = guard.request();
    let waiting = sourcing::outreaches_of(tx, request.id)?
        .into_iter()
        .find(|outreach| outreach.contact == send.contact && outreach.status == OutreachStatus::Waiting);
    let Some(waiting) = waiting else { return Ok(()) };
    settle(tx, guard, &waiting, OutreachStatus::Failed)?;
    let is_over = matches!(request.state, RequestState::HandedOff | RequestState::Closed);
    if request.control == Control::Bot && !is_over {
        let now = guard.now(tx);
        lanes::append(tx, guard, EntryKind::Wake, None, Some("send_failed"), now)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use marketplace::{ContactId, Language, VendorId};
    use store::{
        contacts::{self, Identity},
        requests,
        sourcing::NewBatch,
        testing::{self, on_both},
        vendors,
    };

    use super::*;

    fn vendor(tx: &mut Tx<'_>, at: u8) -> (VendorId, ContactId) {
        let id: VendorId = format!("v-{at}").parse().unwrap();
        let record =
            testing::vendor_record(id.clone(), format!("+25470000020{at}").parse().unwrap(), "tools");
        vendors::import(tx, &record).unwrap();
        let contact = vendors::load(tx, &id).unwrap().contact;
        (id, contact)
    }

    fn ask(tx: &mut Tx<'_>, guard: &RequestGuard, vendors: &[u8]) {
        let size = u8::try_from(vendors.len()).unwrap();
        let deadline_at = tx.now + Duration::from_mins(10);
        let batch = NewBatch {
            size,
            offers_wanted: 1,
            deadline_at,
            plan: "{}".to_owned(),
            also_sealed_by: Vec::new(),
        };
        sourcing::open_batch(tx, guard, &batch).unwrap().unwrap();
        for at in vendors {
            let (id, contact) = vendor(tx, *at);
            sourcing::add_outreach(tx, guard, &id, contact).unwrap().unwrap();
        }
    }

    fn open_batches(tx: &mut Tx<'_>, guard: &RequestGuard) -> Vec<u8> {
        let batches = sourcing::batches_of(tx, guard.request().id).unwrap();
        batches.iter().filter(|batch| batch.status == BatchStatus::Open).map(|batch| batch.ordinal).collect()
    }

    #[test]
    fn the_last_answer_settles_its_own_batch_and_no_other() {
        on_both(async |test| {
            let done: Result<(), ToolError> = test
                .db
                .write(|tx| {
                    let client = [Identity::Phone("+254700000101".parse().unwrap())];
                    let client = contacts::find_or_create(tx, &client, None, Language::En)?.id;
                    let guard = requests::create(tx, client, &"10001".parse().unwrap(), Language::En)?;
                    ask(tx, &guard, &[1, 2]);
                    let asked = sourcing::outreaches_of(tx, guard.request().id)?;
                    settle(tx, &guard, &asked[0], OutreachStatus::Replied)?;
                    assert_eq!(open_batches(tx, &guard), [1]);
                    settle(tx, &guard, &asked[1], OutreachStatus::Failed)?;
                    assert_eq!(open_batches(tx, &guard), [0; 0]);
                    ask(tx, &guard, &[3]);
                    settle(tx, &guard, &asked[1], OutreachStatus::Replied)?;
                    assert_eq!(open_batches(tx, &guard), [2]);
                    Ok(())
                })
                .await;
            done.unwrap();
        });
    }
}
