//! One order after another: people, events, checks.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use calling_policy::{Fallback, Party, PermissionResponse, Terminated};
use engine::{
    dial::{Dialler, TERMINATE_TRIES},
    timers,
};
use marketplace::{CallAttemptId, Clock as _, Control, RequestState};
use store::{
    calls,
    contacts::{self, Identity},
    flags::{self, Flag},
    outbox::{self, breaker::VolumeLimits},
    requests::{self, FactChanges},
    testing::TestStore,
};
use tools::{
    Caller, ToolError,
    calling::call_status_webhook::{CallNews, NewsKind, Received, call_status_webhook},
};

use crate::{
    fixture::{self, CALLING, People, SILENT, number},
    meta::{Port, Stored, World, wacid_of},
    model::Model,
    random::Random,
};

/// Orders that share one database.
const ORDERS_A_STORE: u64 = 250;
const LIMITS: VolumeLimits = VolumeLimits { per_hour: 1_000_000, per_vendor_per_day: 1_000_000 };

/// One order being played.
pub(crate) struct Play<'a> {
    store: &'a TestStore,
    world: Arc<World>,
    people: People,
    dialler: Dialler,
    owners: u32,
    fallbacks: usize,
}

impl<'a> Play<'a> {
    /// Plays `count` orders and says how their attempts ended.
    ///
    /// # Panics
    /// When a promise breaks.
    pub(crate) fn run(count: u64, seed: u64) -> BTreeMap<String, u64> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut ends = BTreeMap::new();
        let mut played = 0;
        while played < count {
            let store = TestStore::sqlite_in_memory();
            runtime.block_on(async {
                for order in played..(played + ORDERS_A_STORE).min(count) {
                    let order_seed = seed.wrapping_mul(0x0100_0000_01B3).wrapping_add(order);
                    let mut play = Play::new(&store, order, order_seed).await;
                    play.order().await;
                    play.tell(&mut ends).await;
                }
            });
            played += ORDERS_A_STORE;
        }
        ends
    }

    async fn new(store: &'a TestStore, order: u64, seed: u64) -> Self {
        let cast = u32::try_from(order % ORDERS_A_STORE).unwrap() + 1;
        // By day: at night nobody is called, and each order begins anew.
        let day = Duration::from_hours(24);
        store.clock.set(store::testing::START + day * cast);
        let phone = format!("+25470{cast:07}");
        let people: Result<People, ToolError> = store
            .db
            .write(move |tx| fixture::people_known_by(tx, &[Identity::Phone(phone.parse().unwrap())], cast))
            .await;
        let mut model = Model::default();
        let now = store.clock.now();
        for words in [
            &mut model.client_consents,
            &mut model.vendor_consents,
            &mut model.client_permits,
            &mut model.vendor_permits,
        ] {
            words.say(true, now);
        }
        let world = Arc::new(World {
            db: store.db.clone(),
            random: Mutex::new(Random(seed)),
            model: Mutex::new(model),
            decided: Mutex::default(),
            dialled: Mutex::default(),
            hangs: Mutex::new(false),
            arrived: tokio::sync::Notify::new(),
        });
        store.clock.advance(SILENT);
        let dialler = dialler(store, &world, &format!("{order}-0"));
        Self { store, world, people: people.unwrap(), dialler, owners: 0, fallbacks: 0 }
    }

    fn below(&self, n: u64) -> u64 {
        self.world.random.lock().unwrap().below(n)
    }

    fn pick<T: Copy>(&self, from: &[T]) -> T {
        let at = self.below(u64::try_from(from.len()).unwrap());
        *from.get(usize::try_from(at).unwrap()).unwrap()
    }

    async fn order(&mut self) {
        for _ in 0..6 + self.below(12) {
            let may_speak = self.world.model.lock().unwrap().may_speak();
            self.event().await;
            self.check(may_speak).await;
        }
        // Whatever was begun comes to its end.
        for _ in 0..10 {
            let may_speak = self.world.model.lock().unwrap().may_speak();
            self.store.clock.advance(Duration::from_mins(5));
            timers::step(&self.store.db, CALLING).await.unwrap();
            assert_eq!(self.dialler.step().await.unwrap().errors, 0);
            self.check(may_speak).await;
        }
        self.dialler.release().await.unwrap();
    }

    async fn event(&mut self) {
        match self.below(26) {
            0..=4 => self.decide().await,
            5..=9 => {
                assert_eq!(self.dialler.step().await.unwrap().errors, 0);
            }
            10 => {
                assert_eq!(self.dialler.tend().await.unwrap().errors, 0);
            }
            11 => self.die_at_meta().await,
            12..=16 => self.webhook().await,
            17 => self.consent().await,
            18 => self.permit().await,
            19 => self.stop().await,
            20 => self.take_over().await,
            21 => self.rare().await,
            22 => self.switch().await,
            _ => {
                let seconds = self.pick(&[0, 1, 5, 30, 46, 121, 601]);
                self.store.clock.advance(Duration::from_secs(seconds));
                timers::step(&self.store.db, CALLING).await.unwrap();
            }
        }
    }

    async fn decide(&self) {
        let callee = if self.below(2) == 0 { Party::Client } else { Party::Vendor };
        let people = self.people;
        let decided: Result<_, ToolError> = self
            .store
            .db
            .write(move |tx| {
                // "Call me", once more.
                let mut guard = requests::lock(tx, people.request)?;
                requests::set_call_asked(tx, &mut guard, tx.now)?;
                fixture::decide(tx, people, callee, &Caller::orchestrator())
            })
            .await;
        if let Some(id) = decided.unwrap() {
            let takeovers = self.world.model.lock().unwrap().takeovers;
            self.world.decided.lock().unwrap().insert(id, takeovers);
        }
    }

    /// A dialler that dies while Meta has the call, and its successor.
    async fn die_at_meta(&mut self) {
        *self.world.hangs.lock().unwrap() = true;
        tokio::select! {
            report = self.dialler.step() => assert_eq!(report.unwrap().errors, 0),
            () = self.world.arrived.notified() => {}
        }
        *self.world.hangs.lock().unwrap() = false;
        self.owners += 1;
        if self.below(2) == 0 {
            self.dialler.release().await.unwrap();
        } else {
            self.store.clock.advance(Duration::from_secs(61));
        }
        self.dialler = dialler(self.store, &self.world, &format!("{}-{}", self.people.cast, self.owners));
    }

    async fn attempts(&self) -> Vec<calls::CallAttempt> {
        let request = self.people.request;
        let attempts: Stored<_> = self.store.db.read(move |tx| calls::of_request(tx, request)).await;
        attempts.unwrap()
    }

    /// Something of Meta's about a call that reached it: in any order, late, twice, with or without our id.
    async fn webhook(&self) {
        let dialled: Vec<CallAttemptId> = self.world.dialled.lock().unwrap().keys().copied().collect();
        if dialled.is_empty() {
            return;
        }
        let id = self.pick(&dialled);
        let kind = match self.below(8) {
            0 => NewsKind::Connect,
            1 | 2 => NewsKind::Ringing,
            3 => NewsKind::Accepted,
            4 => NewsKind::Rejected,
            _ => NewsKind::Terminated(Terminated {
                talked: self.below(3) == 0,
                failed: self.below(3) == 0,
                error: self.pick(&[None, None, Some(138_021), Some(138_023)]),
            }),
        };
        let news = CallNews {
            wacid: wacid_of(id),
            intent_id: (self.below(3) != 0).then(|| id.to_string()),
            kind,
            at: Some(self.store.clock.now() - Duration::from_secs(self.below(60))),
            user: Vec::new(),
            sdp_answer: (kind == NewsKind::Connect).then(|| "v=0\r\n".to_owned()),
            is_theirs: false,
        };
        let times = if self.below(4) == 0 { 2 } else { 1 };
        for _ in 0..times {
            let (news, client) = (news.clone(), self.people.client);
            let applied: Result<_, ToolError> = self
                .store
                .db
                .write(move |tx| {
                    let (data_key, number) = (contacts::data_key(tx, client)?, number());
                    let received = Received { data_key, number: &number, payload: "{}", at: tx.now };
                    call_status_webhook(tx, received, &news)
                })
                .await;
            applied.unwrap();
        }
    }

    async fn consent(&self) {
        let (yes, is_client, people) = (self.below(2) == 0, self.below(2) == 0, self.people);
        let at = self.store.clock.now();
        let by = if is_client { people.client } else { people.vendor };
        self.write(move |tx| {
            let guard = requests::lock(tx, people.request)?;
            Ok(fixture::answer_id(tx, &guard, by, yes, at)?)
        })
        .await;
        let mut model = self.world.model.lock().unwrap();
        if is_client { model.client_consents.say(yes, at) } else { model.vendor_consents.say(yes, at) }
    }

    async fn permit(&self) {
        let (yes, is_client, people) = (self.below(2) == 0, self.below(2) == 0, self.people);
        let at = self.store.clock.now();
        let by = if is_client { people.client } else { people.vendor };
        let response = if yes { PermissionResponse::Accept } else { PermissionResponse::Reject };
        self.write(move |tx| Ok(fixture::permit(tx, by, response, at)?)).await;
        let mut model = self.world.model.lock().unwrap();
        if is_client { model.client_permits.say(yes, at) } else { model.vendor_permits.say(yes, at) }
    }

    async fn stop(&self) {
        let (out, is_client, people) = (self.below(3) != 0, self.below(2) == 0, self.people);
        let who = if is_client { people.client } else { people.vendor };
        self.write(move |tx| {
            contacts::lock(tx, who)?;
            Ok(contacts::set_opt_out(tx, who, out.then_some(tx.now))?)
        })
        .await;
        let mut model = self.world.model.lock().unwrap();
        if is_client { model.client_stopped = out } else { model.vendor_stopped = out }
    }

    async fn take_over(&self) {
        let human = !self.world.model.lock().unwrap().human;
        let (control, request) = (if human { Control::Human } else { Control::Bot }, self.people.request);
        self.write(move |tx| {
            let mut guard = requests::lock(tx, request)?;
            Ok(requests::set_control(tx, &mut guard, control)?)
        })
        .await;
        let mut model = self.world.model.lock().unwrap();
        model.human = human;
        model.takeovers += 1;
    }

    async fn rare(&self) {
        let (what, request) = (self.below(4), self.people.request);
        self.write(move |tx| {
            let mut guard = requests::lock(tx, request)?;
            match what {
                0 => requests::set_state(tx, &mut guard, RequestState::HandedOff)?,
                1 => requests::set_state(tx, &mut guard, RequestState::Closed)?,
                2 => {
                    let marked = FactChanges { prescription: Some(true), ..FactChanges::default() };
                    requests::set_facts(tx, &mut guard, &marked)?;
                }
                _ => {}
            }
            Ok(())
        })
        .await;
        let mut model = self.world.model.lock().unwrap();
        model.over |= what < 2;
        model.prescription |= what == 2;
    }

    async fn switch(&self) {
        let (calling, on) = (self.below(2) == 0, self.below(2) == 0);
        let flag = if calling { Flag::Calling } else { Flag::Outbound };
        self.write(move |tx| Ok(flags::set(tx.conn, flag, on, tx.now)?)).await;
        let mut model = self.world.model.lock().unwrap();
        if calling { model.calling_off = !on } else { model.sending_off = !on }
    }

    async fn write(&self, work: impl FnMut(&mut store::Tx<'_>) -> Result<(), ToolError> + Send + 'static) {
        self.store.db.write(work).await.unwrap();
    }

    async fn check(&mut self, could_speak: bool) {
        let attempts = self.attempts().await;
        let live = attempts.iter().filter(|known| known.attempt.is_live()).count();
        assert!(live <= 1, "{live} calls of one request at once");
        let request = self.people.request;
        let sends: Stored<_> = self.store.db.read(move |tx| outbox::of_request(tx, request)).await;
        let sends = sends.unwrap();
        let body = |send: &outbox::Send| send.payload.as_ref().map(|payload| payload.body.clone());
        let is_fallback = |send: &&outbox::Send| body(send).is_some_and(|text| text.contains("via chat"));
        let said = sends.iter().filter(is_fallback).count();
        let owed = attempts.iter().filter(|known| known.attempt.fallback() == Fallback::Sent).count();
        assert_eq!(said, owed, "the fallback is said once for each attempt that owes it");
        assert!(said == self.fallbacks || could_speak, "the fallback was said by a bot that must be silent");
        self.fallbacks = said;
    }

    /// What came of it, and every switch back on for the next order.
    async fn tell(&self, ends: &mut BTreeMap<String, u64>) {
        for known in self.attempts().await {
            let end = known.attempt.end_reason().map_or("not over", calling_policy::EndReason::code);
            *ends.entry(end.to_owned()).or_insert(0) += 1;
            assert!(known.attempt.end_reason().is_some(), "an attempt never ends: {:?}", known.attempt);
            let is_ended_by_nobody = known.attempt.may_be_alive()
                && known.terminate_at.is_none()
                && known.terminate_tries < TERMINATE_TRIES;
            assert!(!is_ended_by_nobody, "it may be ringing at Meta: {:?}", known.attempt);
        }
        let placed = self.world.dialled.lock().unwrap().len();
        *ends.entry("(placed at Meta)".to_owned()).or_insert(0) += u64::try_from(placed).unwrap();
        self.write(|tx| {
            flags::set(tx.conn, Flag::Calling, true, tx.now)?;
            Ok(flags::set(tx.conn, Flag::Outbound, true, tx.now)?)
        })
        .await;
    }
}

fn dialler(store: &TestStore, world: &Arc<World>, owner: &str) -> Dialler {
    let port = Arc::new(Port(Arc::clone(world)));
    let (db, meta, voice) = (store.db.clone(), port.clone(), port);
    Dialler::new(db, meta, Some(voice), CALLING, LIMITS, number(), owner.to_owned())
}
