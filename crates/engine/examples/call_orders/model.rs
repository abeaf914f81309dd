//! What this program itself knows to have happened, in its own words: an oracle beside the policy.

use calling_policy::Party;
use marketplace::Timestamp;

/// The newest words of one person, in whole seconds as Meta dates them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Words {
    yes: Option<i64>,
    no: Option<i64>,
}

impl Words {
    pub(crate) fn say(&mut self, yes: bool, at: Timestamp) {
        let side = if yes { &mut self.yes } else { &mut self.no };
        *side = (*side).max(Some(at.as_seconds()));
    }

    /// The newest word is a yes; of the same second the no counts.
    pub(crate) fn allow(self) -> bool {
        self.yes.is_some() && self.no < self.yes
    }
}

/// Everything that a call needs, as this program remembers it.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Model {
    /// What client and vendor answered to our prompts.
    pub(crate) client_consents: Words,
    pub(crate) vendor_consents: Words,
    /// What client and vendor answered on Meta's card.
    pub(crate) client_permits: Words,
    pub(crate) vendor_permits: Words,
    pub(crate) client_stopped: bool,
    pub(crate) vendor_stopped: bool,
    pub(crate) prescription: bool,
    pub(crate) human: bool,
    /// Counts takeovers: a decision from before one is void.
    pub(crate) takeovers: u32,
    pub(crate) over: bool,
    pub(crate) calling_off: bool,
    pub(crate) sending_off: bool,
}

impl Model {
    /// Whether a decision of the bot made under `takeovers` may be dialled now.
    pub(crate) fn allows(&self, callee: Party, takeovers: u32) -> bool {
        let of_callee = match callee {
            Party::Client => self.client_permits.allow(),
            Party::Vendor => {
                self.vendor_consents.allow() && self.vendor_permits.allow() && !self.vendor_stopped
            }
        };
        of_callee
            && self.client_consents.allow()
            && !self.client_stopped
            && !self.prescription
            && !self.human
            && self.takeovers == takeovers
            && !self.over
            && !self.calling_off
            && !self.sending_off
    }

    /// Whether the bot may say anything to the client.
    pub(crate) const fn may_speak(&self) -> bool {
        !self.human && !self.over
    }
}
