//! Calls: who may place them, how they go, and what is reported of them.

mod actions;
mod habits;
mod life;
mod log;
mod permission;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Serialize;

pub use habits::{OnCall, OnCard, PermissionAnswer};
pub use log::{CallAction, CallAttempt, CallLog, CallVerdict, PermissionLog};

use super::{Core, GraphError, WebhookPlan, graph_error};
use crate::config::Calling;
use permission::Permission;

/// Who placed a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallDirection {
    /// The business did.
    BusinessInitiated,
    /// The person did.
    UserInitiated,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallEnd {
    /// In order, answered or not.
    Completed,
    /// It broke.
    Failed {
        /// Meta's error code.
        code: u32,
    },
}

/// A call as Meta knows it. Times are milliseconds of the simulator's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Call {
    /// Meta's id.
    pub wacid: String,
    /// The business number.
    pub pnid: String,
    /// Digits of the person.
    pub digits: String,
    /// Who placed it.
    pub direction: CallDirection,
    /// `biz_opaque_callback_data`.
    pub intent_id: Option<String>,
    /// When it was placed.
    pub placed_ms: i64,
    /// When the phone began to ring.
    pub rang_ms: Option<i64>,
    /// When it was picked up.
    pub answered_ms: Option<i64>,
    /// When it ended.
    pub ended_ms: Option<i64>,
    /// How it ended.
    pub end: Option<CallEnd>,
    /// Declined by the one who was called.
    pub declined: bool,
}

/// What calling remembers.
#[derive(Debug)]
pub(super) struct State {
    config: Calling,
    /// Business numbers that differ from the configuration.
    switched: BTreeMap<String, bool>,
    permissions: BTreeMap<(String, String), Permission>,
    calls: Vec<Call>,
    connects_per_intent: BTreeMap<String, u64>,
    timers: BTreeMap<(i64, u64), Timer>,
    timers_set: u64,
    ready: Vec<WebhookPlan>,
    /// The media descriptions of calls that the business prepared, by call.
    prepared: BTreeMap<String, String>,
}

impl State {
    pub(super) fn new(config: Calling) -> Self {
        Self {
            config,
            switched: BTreeMap::new(),
            permissions: BTreeMap::new(),
            calls: Vec::new(),
            connects_per_intent: BTreeMap::new(),
            timers: BTreeMap::new(),
            timers_set: 0,
            ready: Vec::new(),
            prepared: BTreeMap::new(),
        }
    }
}

/// What follows a pick-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Talk {
    for_ms: i64,
    end: CallEnd,
}

impl Talk {
    /// How long somebody talks who is not scripted to, milliseconds of the simulator's clock.
    const USUAL_MS: i64 = 30_000;

    const fn of(habit: OnCall) -> Self {
        match habit {
            OnCall::Answer { talk_ms, .. } => Self { for_ms: talk_ms, end: CallEnd::Completed },
            OnCall::Break { talk_ms, code, .. } => Self { for_ms: talk_ms, end: CallEnd::Failed { code } },
            OnCall::Decline { .. } | OnCall::LetRing | OnCall::SwitchedOff | OnCall::CannotBeCalled => {
                Self { for_ms: Self::USUAL_MS, end: CallEnd::Completed }
            }
        }
    }

    /// A call that breaks at once was never heard by anybody.
    fn is_heard(self) -> bool {
        self.for_ms > 0 || self.end == CallEnd::Completed
    }
}

/// Something that happens at a moment of the simulator's clock. Calls are named by their place in the list.
#[derive(Debug)]
enum Timer {
    /// The media tunnel is ready.
    Tunnel(usize),
    /// The phone rings.
    Ring(usize),
    /// The person picks up.
    PickUp(usize, Talk),
    /// The person declines.
    Decline(usize),
    /// Nobody has answered for too long.
    GiveUp(usize),
    /// The talk is over, or the media breaks.
    End(usize, CallEnd),
    /// The person answers a card.
    AnswerCard { wamid: String, answer: PermissionAnswer },
    /// A webhook that was held back.
    Post(Box<WebhookPlan>),
}

impl Core {
    /// Switches calling on or off for one business number, or for all.
    pub fn set_calling(&mut self, pnid: Option<&str>, enabled: bool) {
        if let Some(pnid) = pnid {
            self.calling.switched.insert(pnid.to_owned(), enabled);
        } else {
            self.calling.switched.clear();
            self.calling.config.enabled = enabled;
        }
    }

    fn check_calling_enabled(&self, pnid: &str) -> Result<(), GraphError> {
        if *self.calling.switched.get(pnid).unwrap_or(&self.calling.config.enabled) {
            return Ok(());
        }
        Err(GraphError::new(138_000, graph_error::usual_details(138_000)))
    }

    /// Every call there was, in order of placing.
    pub fn calls(&self) -> &[Call] {
        &self.calling.calls
    }

    /// How many `connect` requests carried each `biz_opaque_callback_data`, taken or not.
    pub fn connects_per_intent(&self) -> &BTreeMap<String, u64> {
        &self.calling.connects_per_intent
    }

    /// The next moment at which something happens by itself, milliseconds of the simulator's clock.
    pub fn next_due_ms(&self) -> Option<i64> {
        self.calling.timers.keys().next().map(|(at_ms, _)| *at_ms)
    }

    /// How many things are still to happen by themselves.
    pub(super) fn timers(&self) -> u64 {
        self.calling.timers.len() as u64
    }

    /// Lets everything happen that is due, in order; each thing happens at its own moment, however late this is
    /// called. Gives the webhooks to post.
    pub fn advance(&mut self, now_ms: i64) -> Vec<WebhookPlan> {
        self.advance_before(now_ms);
        self.take_ready()
    }

    /// As [`Self::advance`], leaving the webhooks for [`Self::take_ready`].
    pub(crate) fn advance_before(&mut self, now_ms: i64) {
        while let Some(next) = self.calling.timers.first_entry().filter(|next| next.key().0 <= now_ms) {
            let ((at_ms, _), timer) = next.remove_entry();
            self.fire(timer, at_ms);
        }
    }

    /// Webhooks of calls and permissions that wait to be posted, in order.
    pub fn take_ready(&mut self) -> Vec<WebhookPlan> {
        std::mem::take(&mut self.calling.ready)
    }

    fn later(&mut self, at_ms: i64, timer: Timer) {
        self.calling.timers_set += 1;
        self.calling.timers.insert((at_ms, self.calling.timers_set), timer);
    }
}
