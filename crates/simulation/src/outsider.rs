//! A service with a token of its own that calls the tools over HTTP, whether it should or not.

use std::collections::BTreeMap;

use anyhow::Context as _;
use reqwest::Client;
use serde_json::{Value, json};

use crate::{http, world::World};

/// Calls of one request: enough to meet every stage of a conversation.
const CALLS_EACH: u32 = 40;

/// What an outsider wants of each request, again and again, with a key of its own each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// `start_call` to the first vendor, from the moment vendors are written to.
    StartCall,
    /// `request_call_consent` of the client, once the client has answered a prompt.
    AskAgain,
}

impl Demand {
    const fn tool(self) -> &'static str {
        match self {
            Self::StartCall => "marketplace.start_call",
            Self::AskAgain => "marketplace.request_call_consent",
        }
    }
}

/// What a tool answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolAnswer {
    /// The request it was called for.
    pub request_id: String,
    /// The tool.
    pub tool: &'static str,
    /// HTTP status.
    pub status: u16,
    /// The problem's code, empty where it was done.
    pub code: String,
    /// Every code of the problem.
    pub reasons: Vec<String>,
}

/// The service.
#[derive(Debug)]
pub(crate) struct Outsider {
    http: Client,
    token: Option<String>,
    calls: BTreeMap<String, u32>,
    answers: Vec<ToolAnswer>,
}

impl Outsider {
    /// Without a token yet.
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self { http: http::client()?, token: None, calls: BTreeMap::new(), answers: Vec::new() })
    }

    /// What it was answered so far.
    pub(crate) fn answers(&self) -> Vec<ToolAnswer> {
        self.answers.clone()
    }

    /// Makes one more call for this request, unless it has made enough of them.
    pub(crate) async fn demand(
        &mut self,
        world: &World,
        demand: Demand,
        request_id: &str,
        vendor_id: &str,
    ) -> anyhow::Result<()> {
        let made = self.calls.entry(request_id.to_owned()).or_default();
        if *made >= CALLS_EACH {
            return Ok(());
        }
        *made += 1;
        let key = format!("{request_id}-{made}");
        let arguments = match demand {
            Demand::StartCall => {
                json!({ "request_id": request_id, "party": vendor_id, "trigger": "urgent_no_reply" })
            }
            Demand::AskAgain => json!({ "request_id": request_id, "party": "client", "scope": "either" }),
        };
        let token = match &self.token {
            Some(token) => token.clone(),
            None => self.token.insert(token_of_its_own(world).await?).clone(),
        };
        let called = self
            .http
            .post(format!("{}/v1/tools/{}", world.api_url(), demand.tool()))
            .bearer_auth(token)
            .header("idempotency-key", key)
            .json(&arguments);
        let answer = called.send().await.context("the tool does not answer")?;
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.context("the tool answers no JSON")?;
        self.answers.push(read(request_id, demand.tool(), status, &body));
        Ok(())
    }
}

async fn token_of_its_own(world: &World) -> anyhow::Result<String> {
    let scopes = ["tokens", "create", "--name", "crm", "--actor", "service", "--scope", "read,send,call"];
    let made: Value = world.admin().json(&scopes).await?;
    let token = made.get("token_text").and_then(Value::as_str);
    Ok(token.context("`tokens create` prints no token_text")?.to_owned())
}

fn read(request_id: &str, tool: &'static str, status: u16, body: &Value) -> ToolAnswer {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let code = body.get("code").and_then(text).unwrap_or_default();
    let reasons = body.get("reasons").and_then(Value::as_array);
    let code_of = |reason: &Value| text(reason).or_else(|| reason.get("code").and_then(text));
    let reasons = reasons.into_iter().flatten().filter_map(code_of).collect();
    ToolAnswer { request_id: request_id.to_owned(), tool, status, code, reasons }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_read_with_every_code() {
        let body = json!({ "status": 409, "code": "consent_required", "reasons": ["consent_required", "trigger_not_met"] });
        let answer = read("req_1", Demand::StartCall.tool(), 409, &body);
        assert_eq!(answer.code, "consent_required");
        assert_eq!(answer.reasons, ["consent_required", "trigger_not_met"]);
        let done = read("req_1", Demand::AskAgain.tool(), 200, &json!({ "consent_id": "cns_1" }));
        assert_eq!((done.status, done.code.as_str(), done.reasons.len()), (200, "", 0));
    }
}
