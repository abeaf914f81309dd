//! A person who operates: takes requests over, writes, gives them back; over the command line and over HTTP.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Context as _;
use reqwest::Client;
use serde_json::{Value, json};

use crate::{clock::SimulationClock, evidence::RequestLine, hook::Hook, http, world::World};

/// What the person writes to the client.
pub const WORDS: &str = "Ann here, I have a look at this myself. One moment please.";
/// How long a request is held, in real time.
const HOLDS_FOR: Duration = Duration::from_millis(2_500);

/// What a person does in a story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operating {
    /// Takes each request over while vendors are being asked, writes to its client, and gives it back.
    TakesOver,
    /// Waits to be told of an escalation, finds more vendors, and gives the request back.
    IsTold,
}

/// What a person did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorAct {
    /// With which request.
    pub request_id: String,
    /// `takeover`, `write` or `resume`.
    pub what: &'static str,
    /// When it was done, simulated milliseconds since the epoch.
    pub at_ms: i64,
}

/// The person.
#[derive(Debug)]
pub(crate) struct Operator {
    http: Client,
    token: Option<String>,
    /// When a request was taken, real time; `None` once it was given back.
    taken: BTreeMap<String, Option<std::time::Instant>>,
    acts: Vec<OperatorAct>,
    clock: SimulationClock,
}

impl Operator {
    pub(crate) fn new(clock: SimulationClock) -> anyhow::Result<Self> {
        Ok(Self { http: http::client()?, token: None, taken: BTreeMap::new(), acts: Vec::new(), clock })
    }

    /// What was done so far.
    pub(crate) fn acts(&self) -> Vec<OperatorAct> {
        self.acts.clone()
    }

    /// Does what is to be done about a request now; true when the client is to be heard too.
    pub(crate) async fn attend(
        &mut self,
        operating: Operating,
        world: &World,
        hook: Option<&Hook>,
        line: &RequestLine,
    ) -> anyhow::Result<bool> {
        match operating {
            Operating::TakesOver => self.take_over(world, line).await,
            Operating::IsTold => {
                let is_told = hook.is_some_and(|hook| hook.took(&line.id));
                if line.state == "escalated" && is_told && !self.taken.contains_key(&line.id) {
                    self.taken.insert(line.id.clone(), None);
                    world.import_late_vendors().await?;
                    world.admin().run(&["requests", "resume", &line.id, "--by", "Ann"]).await?;
                    self.did(&line.id, "resume");
                }
                Ok(false)
            }
        }
    }

    async fn take_over(&mut self, world: &World, line: &RequestLine) -> anyhow::Result<bool> {
        match self.taken.get(&line.id) {
            None if line.state == "sourcing" => {
                let reason = ["requests", "takeover", &line.id, "--reason", "a look at it", "--by", "Ann"];
                world.admin().run(&reason).await?;
                self.did(&line.id, "takeover");
                self.taken.insert(line.id.clone(), Some(std::time::Instant::now()));
                self.write(world, &line.id).await?;
                Ok(true)
            }
            Some(Some(since)) if since.elapsed() > HOLDS_FOR => {
                self.did(&line.id, "resume");
                world.admin().run(&["requests", "resume", &line.id]).await?;
                self.taken.insert(line.id.clone(), None);
                Ok(false)
            }
            _ => Ok(false),
        }
    }

    /// Over HTTP, with a person's token.
    async fn write(&mut self, world: &World, request_id: &str) -> anyhow::Result<()> {
        let token = match &self.token {
            Some(token) => token.clone(),
            None => self.token.insert(token_of_a_person(world).await?).clone(),
        };
        let answer = self
            .http
            .post(format!("{}/v1/tools/marketplace.send_client_message", world.api_url()))
            .bearer_auth(token)
            .header("idempotency-key", format!("ann-{request_id}"))
            .json(&json!({ "request_id": request_id, "body": WORDS }))
            .send()
            .await
            .context("the tool does not answer")?;
        anyhow::ensure!(answer.status().is_success(), "a person may not write: {}", answer.status());
        self.did(request_id, "write");
        Ok(())
    }

    fn did(&mut self, request_id: &str, what: &'static str) {
        self.acts.push(OperatorAct { request_id: request_id.to_owned(), what, at_ms: self.clock.now_ms() });
    }
}

async fn token_of_a_person(world: &World) -> anyhow::Result<String> {
    let create = ["tokens", "create", "--name", "ann", "--actor", "human", "--scope", "send,operate"];
    let made: Value = world.admin().json(&create).await?;
    let token = made.get("token_text").and_then(Value::as_str);
    Ok(token.context("`tokens create` prints no token_text")?.to_owned())
}
