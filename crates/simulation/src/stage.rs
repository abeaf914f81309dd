//! The loop of a run: people react, faults strike, until every conversation has come to rest.

use std::{
    collections::{BTreeMap, BTreeSet, BinaryHeap},
    time::{Duration, Instant},
};

use meta_simulator::{
    CallAction, Handle, LogEntry, LogEvent, Outcome, PermissionAnswer, Said, Saying, SendAttempt,
};
use serde_json::json;

use crate::{
    clock::SimulationClock,
    deaths::Deaths,
    evidence::RequestList,
    gateway::Gateway,
    hook::Hook,
    operator::{Operator, OperatorAct},
    outsider::{Demand, Outsider, ToolAnswer},
    people::{Act, Cast, ClientScript, Received, VendorScript, calls::CONSENT_BUTTON, digits, ways::Way},
    progress::Progress,
    scenarios::Scenario,
    world::{SECOND_NUMBER_ID, World},
};

/// Conversations that are under way at the same moment.
const AT_ONCE: usize = 64;
/// How often the states of all requests are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(700);
/// States that the bot does not move a request on from.
const BOT_IS_OUT: [&str; 4] = ["handed_off", "escalated", "error", "closed"];
/// How long a step of the loop waits for something to happen at Meta.
const STEP: Duration = Duration::from_millis(20);
/// Between two pieces of a message in pieces; real time.
const FRAGMENT_GAP: Duration = Duration::from_millis(600);
/// How often a client writes again into silence.
const NUDGES: u32 = 3;

/// Something somebody will say.
#[derive(Debug)]
struct Due {
    at: Instant,
    ordinal: u64,
    saying: Saying,
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.ordinal == other.ordinal
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    /// The earliest is the greatest, as a heap gives it.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (other.at, other.ordinal).cmp(&(self.at, self.ordinal))
    }
}

#[derive(Debug)]
struct ClientOnStage {
    script: ClientScript,
    heard_ms: i64,
    nudges: u32,
}

/// Everybody at work.
pub(crate) struct Stage<'a> {
    scenario: &'a Scenario,
    cast: &'a Cast,
    meta: &'a Handle,
    gateway: &'a Gateway,
    hook: Option<&'a Hook>,
    clock: SimulationClock,
    seed: u64,
    clients: BTreeMap<&'a str, ClientOnStage>,
    /// Clients who have another number by now, by that.
    moved: BTreeMap<String, ClientOnStage>,
    vendors: BTreeMap<&'a str, VendorScript>,
    contacted: BTreeMap<&'a str, usize>,
    agenda: BinaryHeap<Due>,
    ordinal: u64,
    read: usize,
    last_news: Instant,
    deaths: Deaths,
    outsider: Outsider,
    operator: Operator,
    /// The first vendor that was written to, by category.
    first_vendor: BTreeMap<&'a str, &'a str>,
    /// Who has answered a question for consent, in digits.
    has_answered: BTreeSet<String>,
    /// Who took a permission back, in digits.
    revoked: BTreeSet<String>,
}

impl<'a> Stage<'a> {
    /// Everybody waits for the first client.
    pub(crate) fn new(
        scenario: &'a Scenario,
        cast: &'a Cast,
        meta: &'a Handle,
        gateway: &'a Gateway,
        hook: Option<&'a Hook>,
        clock: SimulationClock,
        seed: u64,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            scenario,
            cast,
            meta,
            gateway,
            hook,
            clock,
            seed,
            clients: BTreeMap::new(),
            moved: BTreeMap::new(),
            vendors: BTreeMap::new(),
            contacted: BTreeMap::new(),
            agenda: BinaryHeap::new(),
            ordinal: 0,
            read: 0,
            last_news: Instant::now(),
            deaths: Deaths::new(scenario.kills, seed),
            outsider: Outsider::new()?,
            operator: Operator::new(clock)?,
            first_vendor: BTreeMap::new(),
            has_answered: BTreeSet::new(),
            revoked: BTreeSet::new(),
        })
    }

    /// What the tools answered to a service that called them.
    pub(crate) fn tool_answers(&self) -> Vec<ToolAnswer> {
        self.outsider.answers()
    }

    /// What a person who operates did.
    pub(crate) fn operator_acts(&self) -> Vec<OperatorAct> {
        self.operator.acts()
    }

    /// How often a worker was killed.
    pub(crate) const fn kills(&self) -> u32 {
        self.deaths.struck()
    }

    /// Until every request is at its end and Meta is quiet; what was still open if patience ended first.
    pub(crate) async fn run(
        &mut self,
        world: &mut World,
        progress: &mut Progress,
    ) -> anyhow::Result<Option<String>> {
        let begun = Instant::now();
        let patience = self.scenario.patience_for(self.cast.clients.len());
        let mut looked = Instant::now();
        let mut done = 0;
        loop {
            self.listen().await?;
            self.let_clients_in(done)?;
            self.say_what_is_due()?;
            self.nudge();
            if self.deaths.due(self.read + self.gateway.questions()) {
                world.kill_worker(usize::try_from(self.deaths.struck())?).await?;
            }
            if looked.elapsed() < LOOK_EVERY {
                continue;
            }
            world.check_alive()?;
            let list: RequestList = world.admin().json(&["requests", "list"]).await?;
            looked = Instant::now();
            self.demand(world, &list).await?;
            self.operate(world, &list).await?;
            done =
                list.requests.iter().filter(|line| self.scenario.ends.contains(&line.state.as_str())).count();
            progress.show(&format!("{done}/{} conversations at their end", self.cast.clients.len()));
            if done >= self.cast.clients.len() && self.is_quiet() {
                return Ok(None);
            }
            // Nobody gives back what a person has, and nothing comes of what is over: waiting longer changes nothing.
            let is_settled = self.scenario.operating.is_none()
                && list.requests.len() >= self.cast.clients.len()
                && list.requests.iter().all(|line| {
                    self.scenario.ends.contains(&line.state.as_str())
                        || BOT_IS_OUT.contains(&line.state.as_str())
                })
                && self.is_quiet();
            if is_settled || begun.elapsed() > patience {
                return Ok(Some(describe_open(&list, self.scenario.ends, begun.elapsed())));
            }
        }
    }

    /// Whether nobody has anything more to say and nothing happened at Meta for a while.
    pub(crate) fn is_quiet(&self) -> bool {
        self.agenda.is_empty()
            && self.meta.counters().pending == 0
            && self.last_news.elapsed() > self.scenario.quiet_for
    }

    /// Lets people react for a while longer.
    pub(crate) async fn go_on_for(&mut self, time: Duration) -> anyhow::Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < time {
            self.listen().await?;
            self.say_what_is_due()?;
        }
        Ok(())
    }

    /// Reads what is new in Meta's log and lets people react.
    async fn listen(&mut self) -> anyhow::Result<()> {
        let from = self.read;
        let news = self
            .meta
            .wait_for(STEP, |core| {
                core.log().get(from..).filter(|news| !news.is_empty()).map(<[LogEntry]>::to_vec)
            })
            .await
            .unwrap_or_default();
        self.read += news.len();
        if !news.is_empty() {
            self.last_news = Instant::now();
        }
        for entry in &news {
            match &entry.event {
                LogEvent::Send(attempt) => {
                    if let Outcome::Accepted { wamid } = &attempt.outcome {
                        self.react(attempt, wamid, entry.at_ms);
                    }
                }
                LogEvent::Said(reply) if is_consent_answer(reply.button_id.as_deref(), &reply.text) => {
                    self.has_answered.insert(reply.digits.clone());
                }
                LogEvent::Call(call) if call.action == CallAction::Lookup => self.revoke(&call.digits)?,
                LogEvent::CallEvent(call) if call.what == "terminate" => self.react_to_call(&call.digits),
                LogEvent::Permission(change) if change.response == "reject" => {
                    self.react_to_call(&change.digits);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// In some stories a callee takes the permission back as soon as Meta is asked for it: before Meta's answer is
    /// read, since that is on its way for a while.
    fn revoke(&mut self, phone: &str) -> anyhow::Result<()> {
        let wanted = self.scenario.calling.calls().is_some_and(|calls| calls.revoked_at_lookup);
        if wanted && self.revoked.insert(phone.to_owned()) {
            self.meta.answer_permission(phone, PermissionAnswer::Reject, None)?;
        }
        Ok(())
    }

    /// A call to somebody is over, or will not be: who has an answer due writes it now.
    fn react_to_call(&mut self, phone: &str) {
        if let Some(act) = self.vendors.get_mut(phone).and_then(VendorScript::after_call) {
            self.plan_act(phone, act);
        }
    }

    /// Lets the service with a token call its tool once more for each request.
    async fn demand(&mut self, world: &World, list: &RequestList) -> anyhow::Result<()> {
        let Some(demand) = self.scenario.calling.calls().and_then(|calls| calls.demand) else {
            return Ok(());
        };
        for line in &list.requests {
            let category = line.category.as_deref().unwrap_or_default();
            let Some(vendor) = self.first_vendor.get(category) else { continue };
            let mut clients = self.cast.clients.iter().filter(|client| client.need.category == category);
            let its_time = match demand {
                Demand::StartCall => line.state == "sourcing",
                Demand::AskAgain => clients.any(|client| self.has_answered.contains(digits(&client.phone))),
            };
            if its_time {
                self.outsider.demand(world, demand, &line.id, vendor).await?;
            }
        }
        Ok(())
    }

    /// Lets the person who operates attend to each request. A client whose request was taken over asks for news.
    async fn operate(&mut self, world: &World, list: &RequestList) -> anyhow::Result<()> {
        let Some(operating) = self.scenario.operating else { return Ok(()) };
        for line in &list.requests {
            if self.operator.attend(operating, world, self.hook, line).await? {
                let category = line.category.as_deref().unwrap_or_default();
                let client = self.cast.clients.iter().find(|client| client.need.category == category);
                if let Some(client) = client {
                    let news = Said::Text("I am still looking for it".to_owned());
                    self.plan(&client.phone, Duration::from_millis(400), news, None);
                }
            }
        }
        Ok(())
    }

    fn react(&mut self, attempt: &SendAttempt, wamid: &str, at_ms: i64) {
        let received = Received { wamid, kind: attempt.kind, text: &attempt.text, buttons: &attempt.buttons };
        let cast = self.cast;
        let mut also = None;
        let on_stage = match self.clients.get_mut(attempt.digits.as_str()) {
            Some(client) => Some(client),
            None => self.moved.get_mut(&attempt.digits),
        };
        let act = if let Some(client) = on_stage {
            client.heard_ms = at_ms;
            let only_listens = self.scenario.fragments > 1;
            let act = if only_listens { None } else { client.script.react(received) };
            also = act.as_ref().and_then(|_| client.script.also_says());
            act
        } else if let Some(vendor) = cast.vendor(&attempt.digits) {
            self.first_vendor.entry(vendor.category).or_insert(&vendor.id);
            let script = self.vendors.entry(digits(&vendor.phone)).or_insert_with(|| {
                let nth = self.contacted.entry(vendor.category).or_default();
                *nth += 1;
                VendorScript::new(vendor, (self.scenario.temper)(*nth - 1), self.seed)
            });
            script.react(received)
        } else {
            None
        };
        let phone = self.line_of(&attempt.digits);
        for act in act.into_iter().chain(also) {
            self.plan_act(&phone, act);
        }
    }

    /// The number that somebody writes from next: who moves does it before the first answer.
    fn line_of(&mut self, of: &str) -> String {
        let moves = self.cast.client(of).filter(|client| client.way == Way::Moves);
        let Some(client) = moves else { return of.to_owned() };
        let next = client.next_phone();
        let notice = json!({
            "type": "system",
            "system": {
                "type": "user_changed_number",
                "body": "changed",
                "wa_id": digits(&next),
            },
        });
        self.plan(of, Duration::from_millis(1), Said::Raw(notice), None);
        // Reactions to what comes to the new number are the same person's.
        if let Some(client_on_stage) = self.clients.remove(digits(&client.phone)) {
            self.moved.insert(digits(&next).to_owned(), client_on_stage);
        }
        next
    }

    fn plan_act(&mut self, phone: &str, act: Act) {
        self.plan(phone, self.clock.real(act.after), act.said, act.quoting);
    }

    fn plan(&mut self, phone: &str, after: Duration, said: Said, quoting: Option<String>) {
        self.ordinal += 1;
        let client = self.cast.client(phone).filter(|client| client.way == Way::WritesToSecond);
        let to_pnid = client.map(|_| SECOND_NUMBER_ID.to_owned());
        let saying = Saying { phone: phone.to_owned(), to_pnid, quoting, said };
        self.agenda.push(Due { at: Instant::now() + after, ordinal: self.ordinal, saying });
    }

    /// The next clients write, as long as not too many conversations are under way.
    fn let_clients_in(&mut self, done: usize) -> anyhow::Result<()> {
        let on_stage = |stage: &Self| stage.clients.len() + stage.moved.len();
        while on_stage(self) < self.cast.clients.len() && on_stage(self) - done.min(on_stage(self)) < AT_ONCE
        {
            let index = on_stage(self);
            let Some(client) = self.cast.clients.get(index) else { break };
            let calls = self.scenario.calling.calls().map(|calls| (calls.client)(index));
            let script = ClientScript::new(client, index.is_multiple_of(2), calls)
                .at(self.scenario.client_shares)
                .with_picture((self.scenario.pictures)(index))
                .with((self.scenario.character)(index));
            let mut opening = fragments(script.opening(), self.scenario.fragments).into_iter();
            let Some(said) = opening.next() else { continue };
            let saying = Saying { phone: client.phone.clone(), to_pnid: None, quoting: None, said };
            self.meta.say(&saying)?;
            for (said, nth) in opening.zip(1..) {
                self.plan(&client.phone, FRAGMENT_GAP * nth, said, None);
            }
            let heard_ms = self.clock.now_ms();
            self.clients.insert(digits(&client.phone), ClientOnStage { script, heard_ms, nudges: 0 });
        }
        Ok(())
    }

    fn say_what_is_due(&mut self) -> anyhow::Result<()> {
        while self.agenda.peek().is_some_and(|due| due.at <= Instant::now()) {
            if let Some(due) = self.agenda.pop() {
                self.meta.say(&due.saying)?;
            }
        }
        Ok(())
    }

    /// A client who heard nothing for long writes again.
    fn nudge(&mut self) {
        let Some(after) = self.scenario.nudge_after else { return };
        let after = i64::try_from(after.as_millis()).unwrap_or(i64::MAX);
        let now = self.clock.now_ms();
        let mut impatient = Vec::new();
        for (phone, client) in &mut self.clients {
            if now - client.heard_ms > after && client.nudges < NUDGES {
                client.nudges += 1;
                client.heard_ms = now;
                impatient.push((
                    *phone,
                    format!("Hello? Is anybody there?{}", "?".repeat(client.nudges as usize - 1)),
                ));
            }
        }
        for (phone, text) in impatient {
            self.plan(phone, Duration::ZERO, Said::Text(text), None);
        }
    }
}

/// A message in so many pieces: greetings where it has too few words, then a word each, and the rest in the last.
fn fragments(said: Said, count: usize) -> Vec<Said> {
    let text = match said {
        Said::Text(text) if count > 1 => text,
        whole => return vec![whole],
    };
    let words: Vec<&str> = text.splitn(count, ' ').collect();
    let greetings = ["Hello", "Good day", "Anybody there?"].into_iter().take(count - words.len());
    greetings.chain(words).map(|part| Said::Text(part.to_owned())).collect()
}

/// A press on YES or NO, or the word.
fn is_consent_answer(button_id: Option<&str>, text: &str) -> bool {
    let word = ["yes", "no"].iter().any(|word| text.eq_ignore_ascii_case(word));
    button_id.map_or(word, |id| id.starts_with(CONSENT_BUTTON))
}

fn describe_open(list: &RequestList, ends: &[&str], waited: Duration) -> String {
    let open: Vec<String> = list
        .requests
        .iter()
        .filter(|line| !ends.contains(&line.state.as_str()))
        .map(|line| format!("{} is {}", line.id, line.state))
        .collect();
    let what = if open.is_empty() { "messages are still under way".to_owned() } else { open.join(", ") };
    format!("after {} s {what}", waited.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agenda_gives_the_earliest_first() {
        let now = Instant::now();
        let due = |seconds, ordinal| Due {
            at: now + Duration::from_secs(seconds),
            ordinal,
            saying: Saying {
                phone: String::new(),
                to_pnid: None,
                quoting: None,
                said: Said::Text(String::new()),
            },
        };
        let mut agenda: BinaryHeap<Due> = [due(3, 1), due(1, 2), due(1, 3)].into();
        let order: Vec<u64> = std::iter::from_fn(|| agenda.pop()).map(|due| due.ordinal).collect();
        assert_eq!(order, [2, 3, 1]);
    }
}
