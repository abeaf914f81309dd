//! Driving a running simulator from a test or a scenario.

use std::{
    collections::BTreeMap,
    fmt, io,
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use serde_json::Value;

use super::{poster, shared::Shared};
use crate::{
    Error,
    config::Template,
    core::{
        Button, Call, Core, Counters, Delivered, FaultPlan, LogEntry, PermissionAnswer, Person, Said, Saying,
    },
};

/// How long the webhook may take to answer verification; Meta was seen to give up after about 6 s.
const VERIFICATION_TIMEOUT: Duration = Duration::from_secs(6);

/// A running simulator. Clones drive the same one. People are named by their number, with or without `+`.
#[derive(Clone)]
pub struct Handle {
    running: Arc<Running>,
}

struct Running {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<io::Result<()>>>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("base_url", &self.base_url()).finish_non_exhaustive()
    }
}

impl Handle {
    pub(super) fn new(shared: Arc<Shared>, thread: JoinHandle<io::Result<()>>) -> Self {
        Self { running: Arc::new(Running { shared, thread: Mutex::new(Some(thread)) }) }
    }

    fn shared(&self) -> &Shared {
        &self.running.shared
    }

    /// Where the Graph API is served, without a trailing slash: `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> &str {
        &self.shared().base_url
    }

    /// Milliseconds of the simulator's clock.
    pub fn now_ms(&self) -> i64 {
        self.shared().now_ms()
    }

    /// Where webhooks go from now on, also those that wait to be repeated.
    pub fn set_webhook_url(&self, url: &str) {
        self.shared().set_webhook_url(Some(url.to_owned()));
    }

    /// Stops the server and waits until it has. Webhooks under way are dropped.
    pub fn shutdown(&self) {
        self.shared().stop();
        let thread = self.running.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            match thread.join() {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "the simulator's server failed"),
                Err(_) => tracing::error!("the simulator's server panicked"),
            }
        }
    }

    /// Meta's verification: asks the webhook to echo a challenge. Done at subscription, here on demand.
    pub async fn verify_webhook(&self) -> Result<(), Error> {
        verify_webhook(self.shared()).await
    }

    /// Registers a person, or gives a known one another name.
    pub fn person(&self, phone: &str, name: &str) -> Person {
        self.shared().change(|core| core.person(phone, name))
    }

    /// Changes a person: reachability, reading habits, hidden number, what they do when called or asked.
    pub fn change_person(&self, phone: &str, change: impl FnOnce(&mut Person)) -> Result<(), Error> {
        let changed = self.shared().change(|core| core.person_mut(phone).map(change));
        changed.ok_or_else(|| Error::UnknownPerson(phone.to_owned()))
    }

    /// Everyone registered, by number.
    pub fn people(&self) -> Vec<Person> {
        self.shared().core().people()
    }

    /// Adds an approved template, or replaces the one of this name and language.
    pub fn register_template(&self, template: Template) {
        self.shared().change(|core| core.register_template(template));
    }

    /// Replaces the faults; their counters begin anew.
    pub fn set_faults(&self, plan: FaultPlan) {
        self.shared().change(|core| core.set_faults(plan));
    }

    /// Somebody sends something; gives its id. The general form of the four below.
    pub fn say(&self, saying: &Saying) -> Result<String, Error> {
        self.shared().say(saying)
    }

    /// A text to the first business number.
    pub fn send_text(&self, phone: &str, text: &str) -> Result<String, Error> {
        self.say_to_first(phone, None, Said::Text(text.to_owned()))
    }

    /// A text that quotes a message.
    pub fn reply_to(&self, phone: &str, wamid: &str, text: &str) -> Result<String, Error> {
        self.say_to_first(phone, Some(wamid), Said::Text(text.to_owned()))
    }

    /// A tap on a button, a list row or a quick reply of the quoted message.
    pub fn send_button(&self, phone: &str, id: &str, title: &str, wamid: &str) -> Result<String, Error> {
        let button = Button { id: id.to_owned(), title: title.to_owned() };
        self.say_to_first(phone, Some(wamid), Said::Tap(button))
    }

    /// A picture; the business can fetch the bytes as media.
    pub fn send_image(
        &self,
        phone: &str,
        bytes: &[u8],
        mime_type: &str,
        caption: Option<&str>,
    ) -> Result<String, Error> {
        let (bytes, mime_type) = (bytes.to_vec(), mime_type.to_owned());
        let image = Said::Image { bytes, mime_type, caption: caption.map(str::to_owned) };
        self.say_to_first(phone, None, image)
    }

    /// Any message object, for example `{"type":"location","location":{…}}`. Its own `id`, `from`, `timestamp`
    /// and `context` win over the usual ones.
    pub fn send_raw_message(&self, phone: &str, message: Value) -> Result<String, Error> {
        self.say_to_first(phone, None, Said::Raw(message))
    }

    fn say_to_first(&self, phone: &str, quoting: Option<&str>, said: Said) -> Result<String, Error> {
        let quoting = quoting.map(str::to_owned);
        self.say(&Saying { phone: phone.to_owned(), to_pnid: None, quoting, said })
    }

    /// Somebody answers a card that asks for permission to call, or changes the answer. Without a card the permission
    /// changes in the profile of the first business number. Gives the id of the webhook's message.
    pub fn answer_permission(
        &self,
        phone: &str,
        answer: PermissionAnswer,
        card: Option<&str>,
    ) -> Result<String, Error> {
        let now = self.now_ms();
        self.shared().change(|core| core.answer_permission(phone, answer, card, None, now))
    }

    /// Somebody calls the first business number; gives the call's id.
    pub fn call_business(&self, phone: &str) -> Result<String, Error> {
        let now = self.now_ms();
        self.shared().change(|core| core.call_business(phone, None, now))
    }

    /// Somebody hangs up.
    pub fn hang_up(&self, wacid: &str) -> Result<(), Error> {
        let now = self.now_ms();
        self.shared().change(|core| core.hang_up(wacid, now))
    }

    /// Reports any event of a call, known or not: `call_recording_available`, `call_reticulated`.
    pub fn report_call_event(&self, wacid: &str, event: &str) -> Result<(), Error> {
        let now = self.now_ms();
        self.shared().change(|core| core.report_call_event(wacid, event, now))
    }

    /// Switches calling on or off, for one business number or for all.
    pub fn set_calling(&self, pnid: Option<&str>, enabled: bool) {
        self.shared().change(|core| core.set_calling(pnid, enabled));
    }

    /// Every call there was, in order of placing.
    pub fn calls(&self) -> Vec<Call> {
        self.shared().core().calls().to_vec()
    }

    /// Waits for the first call from `after_index` on that fits. The timeout is in real time.
    pub async fn wait_for_call_that(
        &self,
        after_index: usize,
        timeout: Duration,
        fits: impl Fn(&Call) -> bool,
    ) -> Result<Call, Error> {
        self.wait_for(timeout, |core| core.calls().iter().skip(after_index).find(|call| fits(call)).cloned())
            .await
    }

    /// How many `connect` requests carried each `biz_opaque_callback_data`, taken or not.
    pub fn connects_per_intent(&self) -> BTreeMap<String, u64> {
        self.shared().core().connects_per_intent().clone()
    }

    /// What a person received, in order of arrival. Empty for unknown people.
    pub fn inbox(&self, phone: &str) -> Vec<Delivered> {
        self.shared().core().inbox(phone).to_vec()
    }

    /// Waits until the inbox holds more than `after_index` messages and gives the one at that index: 0 is the
    /// first message ever, `inbox(phone).len()` the next to come. The timeout is in real time.
    pub async fn wait_for_message(
        &self,
        phone: &str,
        after_index: usize,
        timeout: Duration,
    ) -> Result<Delivered, Error> {
        self.wait_for(timeout, |core| core.inbox(phone).get(after_index).cloned()).await
    }

    /// Waits for the first message from `after_index` on that fits.
    pub async fn wait_for_message_that(
        &self,
        phone: &str,
        after_index: usize,
        timeout: Duration,
        fits: impl Fn(&Delivered) -> bool,
    ) -> Result<Delivered, Error> {
        self.wait_for(timeout, |core| {
            core.inbox(phone).iter().skip(after_index).find(|message| fits(message)).cloned()
        })
        .await
    }

    /// Waits until `look` finds something; it looks again after every change. Real time; no polling.
    pub async fn wait_for<T>(
        &self,
        timeout: Duration,
        look: impl Fn(&Core) -> Option<T>,
    ) -> Result<T, Error> {
        let mut changes = self.shared().changes();
        let found = tokio::time::timeout(timeout, async {
            loop {
                changes.mark_unchanged();
                if let Some(found) = look(&self.shared().core()) {
                    return Some(found);
                }
                changes.changed().await.ok()?;
            }
        });
        found.await.ok().flatten().ok_or(Error::TimedOut(timeout))
    }

    /// Waits until no status and no webhook is under way and no call has anything before it. A call ends by the
    /// simulator's clock, the timeout is in real time.
    pub async fn wait_until_quiet(&self, timeout: Duration) -> Result<(), Error> {
        self.wait_for(timeout, |core| (core.counters().pending == 0).then_some(())).await
    }

    /// Everything that happened, in order.
    pub fn log(&self) -> Vec<LogEntry> {
        self.shared().core().log().to_vec()
    }

    /// Totals.
    pub fn counters(&self) -> Counters {
        self.shared().core().counters()
    }

    /// How many sends carried each `biz_opaque_callback_data`, accepted or not.
    pub fn sends_per_intent(&self) -> BTreeMap<String, u64> {
        self.shared().core().sends_per_intent().clone()
    }
}

pub(super) async fn verify_webhook(shared: &Shared) -> Result<(), Error> {
    let url = shared.webhook_url().ok_or(Error::NoWebhookUrl)?;
    let refused = |what: String| Error::Verification(what);
    let mut url = reqwest::Url::parse(&url).map_err(|error| refused(error.to_string()))?;
    let challenge = "1158201444";
    url.query_pairs_mut()
        .append_pair("hub.mode", "subscribe")
        .append_pair("hub.challenge", challenge)
        .append_pair("hub.verify_token", &shared.verify_token);
    // Without the address: its query holds the verify token.
    let failed = |error: reqwest::Error| refused(with_causes(&error.without_url()));
    let client = poster::client(VERIFICATION_TIMEOUT).map_err(failed)?;
    let answer = client.get(url).send().await.map_err(failed)?;
    let status = answer.status();
    if status != reqwest::StatusCode::OK {
        return Err(refused(format!("it answered {status}")));
    }
    let echoed = answer.text().await.map_err(failed)?;
    if echoed.trim() == challenge { Ok(()) } else { Err(refused("it did not echo the challenge".to_owned())) }
}

/// An error with what lies beneath it, which is where reqwest tells what really happened.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
