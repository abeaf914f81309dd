//! One order: a conversation that runs, something that strikes it at a drawn step, and what must hold of it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use engine::{timers, turn::TurnStep, unanswered::Detector};
use marketplace::{ActorKind, ContactId, Control, OutboxId, RequestId, RequestState};
use store::{
    StoreError, Tx,
    contacts::{self, Identity},
    lanes, messages,
    outbox::{self, Send},
    requests, sourcing,
    testing::TestStore,
};
use tool_registry::SendClientMessageArgs;
use tools::{
    Caller, Invocation, ToolError,
    control::{Command, Step, steer},
};

use super::{
    office::{Office, POLICY, VENDORS, client_phone, vendor_phone},
    random::Random,
    stepper::stepped,
};

/// Orders that share one database.
const ORDERS_A_STORE: u64 = 50;
/// Steps among which the one is drawn that is struck. Few conversations have as many.
const STEPS: u64 = 260;

/// What strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strike {
    Takeover,
    ClientStops,
    VendorStops(u64),
}

/// How often each intent was put on the wire.
type Attempts = BTreeMap<OutboxId, i32>;

/// What is known of the strike.
#[derive(Debug, Default)]
struct Struck {
    /// Steps so far.
    steps: u64,
    /// What was under way.
    during: &'static str,
    /// Where it struck; empty until then.
    place: &'static str,
    /// What had been put on the wire until then, read in the strike's own transaction.
    before: Attempts,
    /// Messages that were unread when the request was given back.
    unread: usize,
    resumed: bool,
}

/// Plays `count` orders and says how they ended.
///
/// # Panics
/// When a promise breaks.
pub(crate) fn run(count: u64, seed: u64) -> BTreeMap<String, u64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut ends = BTreeMap::new();
    let mut played = 0;
    while played < count {
        let test = TestStore::sqlite_in_memory();
        runtime.block_on(async {
            for order in played..(played + ORDERS_A_STORE).min(count) {
                let order_seed = seed.wrapping_mul(0x0100_0000_01B3).wrapping_add(order);
                let play = Play::new(&test, order - played + 1, order_seed).await;
                for end in Box::pin(play.order()).await {
                    *ends.entry(end).or_insert(0) += 1;
                }
            }
        });
        played += ORDERS_A_STORE;
    }
    ends
}

struct Play<'a> {
    test: &'a TestStore,
    office: Office,
    chance: Arc<Mutex<Random>>,
    order: u64,
    seed: u64,
    strike: Strike,
    strike_at: u64,
    struck: Mutex<Struck>,
    answered: Mutex<[bool; 16]>,
    said: Mutex<u32>,
}

impl<'a> Play<'a> {
    async fn new(test: &'a TestStore, order: u64, seed: u64) -> Self {
        // A day later: windows and coalescing begin anew.
        test.clock.advance(Duration::from_hours(26));
        let chance = Arc::new(Mutex::new(Random(seed)));
        let office = Office::new(test, order, &chance).await;
        let strike = match chance.lock().unwrap().below(4) {
            0 => Strike::ClientStops,
            1 => Strike::VendorStops(Random(seed ^ 1).below(VENDORS)),
            _ => Strike::Takeover,
        };
        let strike_at = 1 + chance.lock().unwrap().below(STEPS);
        Self {
            test,
            office,
            chance,
            order,
            seed,
            strike,
            strike_at,
            struck: Mutex::default(),
            answered: Mutex::default(),
            said: Mutex::default(),
        }
    }

    fn below(&self, n: u64) -> u64 {
        self.chance.lock().unwrap().below(n)
    }

    async fn order(self) -> Vec<String> {
        let mut detector = Detector::new(self.test.db.clone());
        self.client_writes("I need brake pads for a 2014 Corolla").await;
        for _ in 0..26 + self.below(14) {
            Box::pin(self.event()).await;
            self.check().await;
        }
        if !self.is_struck() {
            self.strike_now("at the end").await;
        }
        for _ in 0..self.below(4) {
            Box::pin(self.event()).await;
            self.check().await;
        }
        self.resume().await;
        // Everything comes to its end.
        for _ in 0..8 {
            self.test.clock.advance(Duration::from_secs(40));
            self.everybody_answers().await;
            timers::step(&self.test.db, POLICY).await.unwrap();
            self.route().await;
            Box::pin(self.turns()).await;
            self.dispatch_all().await;
            self.check().await;
        }
        for _ in 0..4 {
            self.test.clock.advance(Duration::from_mins(9));
            timers::step(&self.test.db, POLICY).await.unwrap();
            self.route().await;
            Box::pin(self.turns()).await;
            self.dispatch_all().await;
        }
        // Somebody looks for long enough to tell silence.
        for _ in 0..6 {
            self.test.clock.advance(Duration::from_mins(2));
            detector.step().await.unwrap();
        }
        let ends = self.ends().await;
        self.office.close(self.test).await;
        ends
    }

    // What happens.

    async fn event(&self) {
        match self.below(12) {
            0 => self.client_says_something().await,
            1..=2 => self.a_vendor_answers().await,
            3..=4 => self.route().await,
            5..=7 => {
                self.test.clock.advance(Duration::from_secs(self.below(9)));
                Box::pin(self.turns()).await;
            }
            8..=9 => drop(self.dispatch().await),
            10 => {
                self.test.clock.advance(Duration::from_secs(1 + self.below(40)));
                timers::step(&self.test.db, POLICY).await.unwrap();
            }
            _ => self.a_person_acts().await,
        }
    }

    async fn client_says_something(&self) {
        let Some(request) = self.request().await else { return };
        let text = match request.state {
            RequestState::New | RequestState::Clarifying => "front axle, 1.8 petrol, Westlands",
            RequestState::Shortlisted => "1",
            _ => "any news?",
        };
        self.client_writes(text).await;
    }

    async fn client_writes(&self, text: &str) {
        *self.said.lock().unwrap() += 1;
        self.office.writes(self.test, &client_phone(self.order), text).await;
    }

    async fn a_vendor_answers(&self) {
        let at = self.below(VENDORS);
        self.vendor_answers(at).await;
    }

    /// Each vendor that was written to answers once.
    async fn vendor_answers(&self, at: u64) {
        let Some(request) = self.request().await else { return };
        let phone = vendor_phone(self.order, at);
        let Some(contact) = self.contact(&phone).await else { return };
        let id = request.id;
        let sends: Result<Vec<Send>, StoreError> =
            self.test.db.read(move |tx| outbox::of_request(tx, id)).await;
        let was_asked = sends.unwrap().iter().any(|send| send.contact == contact && send.state.is_accepted());
        let slot = usize::try_from(at).unwrap();
        if !was_asked || std::mem::replace(&mut self.answered.lock().unwrap()[slot], true) {
            return;
        }
        let text = ["yes we have, 4500", "available, 3800", "sorry no", "yes, 5000 tomorrow"][slot % 4];
        self.office.writes(self.test, &phone, text).await;
    }

    async fn everybody_answers(&self) {
        for at in 0..VENDORS {
            self.vendor_answers(at).await;
        }
        let state = self.request().await.map(|request| request.state);
        if matches!(state, Some(RequestState::Clarifying | RequestState::Shortlisted)) {
            self.client_says_something().await;
        }
    }

    /// While a person has the request: they write, or give it back.
    async fn a_person_acts(&self) {
        let Some(request) = self.request().await else { return };
        if request.control != Control::Human || self.strike != Strike::Takeover || !self.is_struck() {
            return;
        }
        if self.below(3) == 0 {
            return self.resume().await;
        }
        let key = format!("{}-{}", self.seed, self.below(u64::MAX));
        let write = Invocation {
            caller: Caller::operator(),
            key: Some(key),
            caused_by: None,
            call: SendClientMessageArgs {
                request_id: request.id,
                body: "Ann here, give me a minute.".to_owned(),
                buttons: Vec::new(),
                reply_to: None,
            }
            .into(),
        };
        let done: Result<_, ToolError> = self.test.db.write(move |tx| tools::run(tx, POLICY, &write)).await;
        done.unwrap().unwrap();
    }

    async fn resume(&self) {
        let Some(request) = self.request().await else { return };
        if request.control != Control::Human || !request.state.is_open() {
            return;
        }
        let before = {
            let struck = self.struck.lock().unwrap();
            (self.strike == Strike::Takeover && !struck.resumed && !struck.place.is_empty())
                .then(|| struck.before.clone())
        };
        let command = command(request.id, Step::Resume);
        let resumed: Result<_, ToolError> = self
            .test
            .db
            .write(move |tx| {
                if let Some(before) = &before {
                    assert_silent(before, &of_bot(outbox::of_request(tx, request.id)?), "the takeover");
                }
                steer(tx, &command)
            })
            .await;
        let (steered, _) = resumed.unwrap().unwrap();
        let mut struck = self.struck.lock().unwrap();
        struck.resumed |= self.strike == Strike::Takeover && !struck.place.is_empty();
        struck.unread = steered.unread;
    }

    async fn route(&self) {
        self.under("router");
        let report = stepped(self.office.router.step(), async || self.between().await).await;
        assert_eq!(report.unwrap().failed, 0);
    }

    async fn turns(&self) {
        self.under("turn");
        for _ in 0..12 {
            let step = Box::pin(stepped(self.office.turns.step(), async || self.between().await)).await;
            if matches!(step.unwrap(), TurnStep::Idle) {
                break;
            }
        }
    }

    /// Whether it moved anything.
    async fn dispatch(&self) -> bool {
        self.under("dispatcher");
        let report = stepped(self.office.dispatcher.step(), async || self.between().await).await.unwrap();
        assert_eq!(report.errors, 0);
        report.did_work()
    }

    async fn dispatch_all(&self) {
        for _ in 0..6 {
            if !self.dispatch().await {
                break;
            }
        }
    }

    fn under(&self, what: &'static str) {
        self.struck.lock().unwrap().during = what;
    }

    // The strike.

    fn is_struck(&self) -> bool {
        !self.struck.lock().unwrap().place.is_empty()
    }

    async fn between(&self) {
        let during = {
            let mut struck = self.struck.lock().unwrap();
            struck.steps += 1;
            (struck.steps >= self.strike_at && struck.place.is_empty()).then_some(struck.during)
        };
        if let Some(during) = during {
            self.strike_now(during).await;
        }
    }

    async fn strike_now(&self, during: &'static str) {
        // The first message may not be routed yet: then there is nothing to strike.
        let Some(request) = self.request().await else { return };
        match self.strike {
            Strike::Takeover => {
                let id = request.id;
                let command = command(id, Step::Takeover);
                let taken: Result<_, ToolError> = self
                    .test
                    .db
                    .write(move |tx| {
                        let done = steer(tx, &command)?;
                        Ok((done.is_ok(), attempts(&of_bot(outbox::of_request(tx, id)?))))
                    })
                    .await;
                let (is_taken, before) = taken.unwrap();
                if is_taken {
                    let mut struck = self.struck.lock().unwrap();
                    (struck.place, struck.before) = (during, before);
                }
            }
            Strike::ClientStops => self.stops(&client_phone(self.order), during).await,
            Strike::VendorStops(at) => self.stops(&vendor_phone(self.order, at), during).await,
        }
    }

    /// STOP comes in and is placed; the store has one writer, so what was before it is what is read right after it.
    async fn stops(&self, phone: &str, during: &'static str) {
        if during == "router" {
            // Its own step is under way: the next one places it.
            return;
        }
        self.office.writes(self.test, phone, "STOP").await;
        self.office.router.step().await.unwrap();
        let Some(contact) = self.contact(phone).await else { return };
        let (stopped, before) = self.sends_to(contact).await;
        if stopped {
            let mut struck = self.struck.lock().unwrap();
            (struck.place, struck.before) = (during, before);
        }
    }

    /// Whether this person is opted out, and what of this request was put on the wire to them.
    async fn sends_to(&self, contact: ContactId) -> (bool, Attempts) {
        let Some(request) = self.request_row().await else { return (false, Attempts::new()) };
        let found: Result<_, StoreError> = self
            .test
            .db
            .write(move |tx| {
                let stopped = contacts::load(tx, contact)?.opted_out_at.is_some();
                let mut sends = outbox::of_request(tx, request)?;
                sends.retain(|send| send.contact == contact);
                Ok((stopped, attempts(&sends)))
            })
            .await;
        found.unwrap()
    }

    // What must hold.

    async fn check(&self) {
        let (place, before, resumed) = {
            let struck = self.struck.lock().unwrap();
            (struck.place, struck.before.clone(), struck.resumed)
        };
        if place.is_empty() {
            return;
        }
        match self.strike {
            Strike::Takeover if resumed => {}
            Strike::Takeover => {
                let Some(id) = self.request_row().await else { return };
                let sends: Result<_, StoreError> =
                    self.test.db.write(move |tx| outbox::of_request(tx, id)).await;
                assert_silent(&before, &of_bot(sends.unwrap()), place);
            }
            Strike::ClientStops => self.check_stop(&client_phone(self.order), &before).await,
            Strike::VendorStops(at) => self.check_stop(&vendor_phone(self.order, at), &before).await,
        }
    }

    async fn check_stop(&self, phone: &str, before: &Attempts) {
        let contact = self.contact(phone).await.unwrap();
        let (_, after) = self.sends_to(contact).await;
        for (id, attempts) in after {
            let known = before.get(&id).copied().unwrap_or(0);
            assert!(attempts <= known, "seed {}: {id} went to a person who said STOP", self.seed);
        }
    }

    /// Nothing lost, nobody in silence, and where it ended.
    async fn ends(&self) -> Vec<String> {
        let Some(id) = self.request_row().await else { return vec!["no request".to_owned()] };
        let said = *self.said.lock().unwrap();
        let found: Result<_, StoreError> = self
            .test
            .db
            .read(move |tx| {
                let request = requests::load(tx, id)?;
                let heard = messages::latest(tx, id, 1_000)?;
                let of_client = |message: &messages::Message| {
                    message.direction == messages::Direction::In && message.contact == request.client
                };
                let heard = heard.iter().filter(|message| of_client(message)).count();
                let waiting = lanes::pending(tx, id)?.len();
                let outcomes = store::answers::of_request(tx, id)?;
                let letters = store::dead_letters::waiting(tx, 100)?;
                let told = letters.iter().filter(|letter| letter.request == Some(id)).count();
                let asked = sourcing::outreaches_of(tx, id)?.len();
                Ok((request, heard, waiting, outcomes, told, asked))
            })
            .await;
        let (request, heard, waiting, outcomes, told, asked) = found.unwrap();
        let seed = self.seed;
        if self.strike != Strike::ClientStops {
            // A handed-off client's words may open a request of their own.
            let is_over = !request.state.is_open();
            assert!(
                is_over || heard == usize::try_from(said).unwrap(),
                "seed {seed}: {heard} of {said} messages kept"
            );
        }
        let is_with_person = request.is_with_person();
        assert!(
            waiting == 0 || is_with_person,
            "seed {seed}: {waiting} entries wait for ever in {request:?}"
        );
        for (kind, outcome) in &outcomes {
            // Of what Meta refused a person is told: that is no silence.
            let silent = outcome.as_deref() == Some(store::answers::UNANSWERED);
            assert!(
                !silent || told > 0,
                "seed {seed}: a {kind} is left in silence: {outcomes:?} in {request:?}"
            );
        }
        let (place, resumed) = {
            let struck = self.struck.lock().unwrap();
            (struck.place, struck.resumed)
        };
        let what = match self.strike {
            Strike::Takeover if resumed => "takeover, resumed",
            Strike::Takeover => "takeover",
            Strike::ClientStops => "client stops",
            Strike::VendorStops(_) => "vendor stops",
        };
        vec![
            format!("{what}: {}", if place.is_empty() { "not struck" } else { place }),
            format!("ends {}", request.state),
            format!("(vendors asked: {asked})"),
        ]
    }

    // Rows.

    async fn contact(&self, phone: &str) -> Option<ContactId> {
        let identity = [Identity::Phone(format!("+{phone}").parse().unwrap())];
        let found: Result<_, StoreError> = self.test.db.read(move |tx| contacts::find(tx, &identity)).await;
        found.unwrap()
    }

    /// The first request of this order's client.
    async fn request_row(&self) -> Option<RequestId> {
        let client = self.contact(&client_phone(self.order)).await?;
        let found: Result<Vec<requests::Request>, StoreError> =
            self.test.db.read(move |tx: &mut Tx<'_>| requests::of_client(tx, client, 10)).await;
        found.unwrap().last().map(|request| request.id)
    }

    async fn request(&self) -> Option<requests::Request> {
        let id = self.request_row().await?;
        let found: Result<_, StoreError> = self.test.db.read(move |tx| requests::load(tx, id)).await;
        Some(found.unwrap())
    }
}

fn command(request: RequestId, step: Step) -> Command {
    Command { caller: Caller::operator(), request, step, reason: None, by: None, key: None, caused_by: None }
}

fn of_bot(mut sends: Vec<Send>) -> Vec<Send> {
    sends.retain(|send| send.author != ActorKind::Human);
    sends
}

fn attempts(sends: &[Send]) -> Attempts {
    sends.iter().map(|send| (send.id, send.attempts)).collect()
}

/// `attempts` moves with the commit of `sending` and with nothing else.
fn assert_silent(before: &Attempts, now: &[Send], place: &str) {
    for send in now {
        let known = before.get(&send.id).copied().unwrap_or(0);
        assert!(send.attempts <= known, "a message of the bot committed `sending` after {place}: {send:?}");
    }
}
