//! Packs and entries for the tests of this crate.

use std::time::Duration;

use marketplace::{
    EventId, Language, MessageId, ReplyId, RequestId, RequestState, SeededIds, Timestamp, TurnId, VendorId,
    allowed_next,
};
use moltbot_contract::{
    Availability, BatchStatus, BatchView, CONTRACT_VERSION, CallingPolicyView, ContextPack,
    ConversationEntry, EntryKind, LimitsView, OutreachStatus, PoliciesView, ReplyView, RequestView,
    ShortlistView, ShortlistedView, Speaker, Urgency, VendorContacted, VendorFound,
};

use crate::{ClientContent, Entry, TurnEvent, TurnInput};

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// An id that the number tells from others.
pub(crate) fn ids(seed: u64) -> SeededIds {
    SeededIds::new(seed)
}

pub(crate) fn request() -> RequestId {
    RequestId::generate(&ids(1))
}

pub(crate) fn vendor(number: usize) -> VendorId {
    format!("v-{number}").parse().unwrap()
}

pub(crate) fn pack() -> ContextPack {
    ContextPack {
        contract_version: CONTRACT_VERSION.to_owned(),
        now: NOW,
        request: RequestView {
            id: request(),
            state: RequestState::New,
            version: 7,
            category: None,
            need: None,
            urgency: Urgency::Normal,
            language: Language::En,
            prescription: false,
        },
        conversation: Vec::new(),
        ocr: Vec::new(),
        vendors_found: Vec::new(),
        vendors_contacted: Vec::new(),
        replies: Vec::new(),
        batches: Vec::new(),
        shortlist: None,
        limits: LimitsView {
            batch_size_max: 5,
            vendors_per_request_max: 15,
            vendors_contacted: 0,
            vendors_remaining: 15,
            batch_open: false,
        },
        policies: PoliciesView {
            ai_concierge_enabled: true,
            ocr_enabled: false,
            calling: CallingPolicyView {
                enabled: false,
                consent_status: None,
                allowed_scopes: Vec::new(),
                cooldown_minutes: 10,
            },
        },
        allowed_next_states: allowed_next(RequestState::New).to_vec(),
    }
}

/// Steps that bring a pack where a test needs it.
pub(crate) trait PackExt {
    fn inner(&mut self) -> &mut ContextPack;

    fn state(&mut self, state: RequestState) -> &mut ContextPack {
        let pack = self.inner();
        pack.request.state = state;
        pack.allowed_next_states = allowed_next(state).to_vec();
        pack
    }

    fn entry(&mut self, from: Speaker, text: &str) -> &mut ContextPack {
        let pack = self.inner();
        let number = pack.conversation.len();
        pack.conversation.push(ConversationEntry {
            message_id: MessageId::generate(&ids(1_000 + number as u64)),
            at: NOW,
            from,
            vendor_id: None,
            kind: EntryKind::Text,
            text: text.to_owned(),
        });
        pack
    }

    fn say(&mut self, text: &str) -> &mut ContextPack {
        self.entry(Speaker::Client, text)
    }

    fn answer(&mut self, text: &str) -> &mut ContextPack {
        self.entry(Speaker::Us, text)
    }

    /// A batch of `size` vendors that nobody answered yet.
    fn batch(&mut self, size: u8) -> &mut ContextPack {
        let pack = self.inner();
        let ordinal = u32::try_from(pack.batches.len()).unwrap() + 1;
        for _ in 0..size {
            let number = pack.vendors_contacted.len() + 1;
            pack.vendors_contacted.push(VendorContacted {
                vendor_id: vendor(number),
                name: format!("Vendor {number}"),
                batch: ordinal,
                status: OutreachStatus::Waiting,
                contacted_at: NOW - Duration::from_mins(5),
            });
        }
        pack.batches.push(BatchView {
            ordinal,
            size,
            offers_wanted: 3,
            deadline_at: NOW + Duration::from_mins(10),
            status: BatchStatus::Open,
            offers: 0,
        });
        pack.limits.vendors_contacted += size;
        pack.limits.vendors_remaining -= size;
        pack.limits.batch_open = true;
        pack
    }

    /// The last batch comes to its deadline.
    fn settle(&mut self) -> &mut ContextPack {
        let pack = self.inner();
        for batch in &mut pack.batches {
            batch.status = BatchStatus::Settled;
            batch.deadline_at = NOW - Duration::from_mins(1);
        }
        for contacted in &mut pack.vendors_contacted {
            if contacted.status == OutreachStatus::Waiting {
                contacted.status = OutreachStatus::Silent;
            }
        }
        pack.limits.batch_open = false;
        pack
    }

    /// A vendor's reply; a price makes it an offer.
    fn replies_with(
        &mut self,
        number: usize,
        price_minor: Option<i64>,
        availability: Availability,
    ) -> &mut ContextPack {
        let pack = self.inner();
        let seed = 2_000 + pack.replies.len() as u64;
        pack.replies.push(ReplyView {
            reply_id: ReplyId::generate(&ids(seed)),
            vendor_id: vendor(number),
            message_id: MessageId::generate(&ids(seed)),
            availability,
            price_minor,
            currency: price_minor.map(|_| "KES".parse().unwrap()),
            eta: None,
            confidence: 0.9,
            text: "yes".to_owned(),
        });
        for contacted in &mut pack.vendors_contacted {
            if contacted.vendor_id == vendor(number) {
                contacted.status = OutreachStatus::Replied;
            }
        }
        pack
    }

    fn offer(&mut self, number: usize, price_minor: i64) -> &mut ContextPack {
        self.replies_with(number, Some(price_minor), Availability::InStock)
    }

    /// The shortlist of all replies, in their order.
    fn shortlisted(&mut self) -> &mut ContextPack {
        let pack = self.state(RequestState::Shortlisted);
        let items = (1..)
            .zip(&pack.replies)
            .map(|(position, reply)| ShortlistedView {
                position,
                vendor_id: reply.vendor_id.clone(),
                reply_id: reply.reply_id,
            })
            .collect();
        pack.shortlist = Some(ShortlistView { sent_at: NOW, items });
        pack
    }
}

impl PackExt for ContextPack {
    fn inner(&mut self) -> &mut ContextPack {
        self
    }
}

/// Vendors `from..=to` as a search finds them.
pub(crate) fn found(numbers: std::ops::RangeInclusive<usize>) -> Vec<VendorFound> {
    numbers
        .map(|number| VendorFound {
            vendor_id: vendor(number),
            name: format!("Vendor {number}"),
            category: "spare_parts".to_owned(),
            distance_km: None,
            rating: None,
            language: marketplace::Language::En,
            accepts_inquiries: true,
            opens_at: None,
            contacted: false,
            why: vec!["category".to_owned()],
        })
        .collect()
}

pub(crate) fn client(content: ClientContent) -> Entry {
    Entry {
        id: EventId::generate(&ids(3_000)),
        event: TurnEvent::ClientMessage { message: MessageId::generate(&ids(3_000)), content },
    }
}

pub(crate) fn says(text: &str) -> Entry {
    client(ClientContent::Text(text.to_owned()))
}

pub(crate) fn vendor_writes(number: usize) -> Entry {
    let seed = 4_000 + number as u64;
    Entry {
        id: EventId::generate(&ids(seed)),
        event: TurnEvent::VendorMessage { message: MessageId::generate(&ids(seed)), vendor: vendor(number) },
    }
}

pub(crate) fn wake() -> Entry {
    wake_for("batch_deadline")
}

pub(crate) fn wake_for(reason: &str) -> Entry {
    Entry { id: EventId::generate(&ids(5_000)), event: TurnEvent::Wake { reason: reason.to_owned() } }
}

pub(crate) fn input(entries: Vec<Entry>) -> TurnInput {
    TurnInput {
        turn: TurnId::generate(&ids(6_000)),
        request: request(),
        entries,
        journal: None,
        asks: 0,
        last_attempt: false,
        is_with_person: false,
    }
}
