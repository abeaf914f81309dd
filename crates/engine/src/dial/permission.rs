//! What Meta lets us do, asked right before a dial.

use calling_policy::{AttemptEvent, CallLimit, PermissionRead, Rule};
use marketplace::{CallAttemptId, Timestamp};
use meta_client::{CallErrorClass, PermissionLookupError, PermissionState, Recipient};
use store::{StoreError, calls, contacts};

use super::{DialError, Dialler, Done, Hold, backoff, outcome};
use crate::number::OPERATOR_HOLD;

impl Dialler {
    pub(super) async fn recipient(&self, id: CallAttemptId) -> Result<Option<Recipient>, StoreError> {
        self.db
            .read(move |tx| {
                let callee = calls::load(tx, id)?.contact;
                let contact = contacts::load(tx, callee)?;
                let by_phone = contact.phone.map(Recipient::Phone);
                Ok(by_phone.or_else(|| contact.bsuid.map(Recipient::Bsuid)))
            })
            .await
    }

    pub(super) async fn read_permission(
        &self,
        to: &Recipient,
    ) -> Result<PermissionRead, PermissionLookupError> {
        // Dated before it was asked: what is stored meanwhile is newer.
        let at = self.db.clock.now();
        let state = self.meta.call_permissions(&self.number, to).await?;
        Ok(read_of(&state, at))
    }

    pub(super) async fn permission_unread(
        &self,
        id: CallAttemptId,
        error: &PermissionLookupError,
    ) -> Result<Done, DialError> {
        match error {
            PermissionLookupError::Unavailable { after, .. } => {
                let pause = after.unwrap_or_default().max(backoff::HOLD);
                self.wait(id, AttemptEvent::Refused(Rule::PermissionUnread), pause).await
            }
            PermissionLookupError::Refused { class, code, .. } => {
                tracing::warn!(class = class.as_str(), code, "Meta refuses to tell a call permission");
                if outcome::is_of_the_number(*class) {
                    self.rest_for(Hold::Operator { class: *class, code: *code }, OPERATOR_HOLD);
                }
                let rule = match class {
                    CallErrorClass::PermissionMissing | CallErrorClass::NotCallable => {
                        Rule::PermissionMissing
                    }
                    _ => Rule::PermissionUnread,
                };
                self.give_up(id, AttemptEvent::Refused(rule)).await
            }
        }
    }
}

/// Meta's answer as the policy takes it. Of several limits the one that is used up counts, and of those the last to
/// end; else the tightest.
fn read_of(state: &PermissionState, at: Timestamp) -> PermissionRead {
    let limit = |limit: &meta_client::calling::PermissionLimit| {
        let number = |value: Option<i64>| u32::try_from(value?).ok();
        Some(CallLimit {
            max_allowed: number(limit.max_allowed)?,
            current_usage: number(limit.current_usage).unwrap_or(0),
            until: limit.ends_at,
        })
    };
    let tightness = |limit: &CallLimit| {
        let room = limit.max_allowed.saturating_sub(limit.current_usage);
        (room > 0, room, std::cmp::Reverse(limit.until))
    };
    PermissionRead {
        at,
        can_start_call: state.can_call,
        says_permanent: state
            .status
            .as_deref()
            .is_some_and(|status| status.eq_ignore_ascii_case("permanent")),
        expires_at: state.expires_at,
        call_limit: state.call_limits.iter().filter_map(limit).min_by_key(tightness),
    }
}
