//! What the handlers share.

use std::{num::NonZeroU32, sync::Arc};

use ::mcp::McpEndpoint;
use engine::intake::Intake;
use marketplace::IdSource;
use meta_client::WebhookSecrets;
use secrecy::SecretString;
use store::Db;
use tools::{
    Policy,
    api::{Api, CALLS_PER_MINUTE},
};

use crate::{
    body::BodyBudget,
    mcp,
    metrics::{Counters, Observer},
};

/// What the handlers share; a clone is the same state.
#[derive(Clone)]
pub struct AppState {
    pub(crate) db: Db,
    pub(crate) intake: Intake,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) secrets: Arc<WebhookSecrets>,
    pub(crate) verify_token: SecretString,
    pub(crate) bodies: BodyBudget,
    pub(crate) tools: Api,
    pub(crate) mcp: McpEndpoint<mcp::Tools>,
    pub(crate) counters: Counters,
    pub(crate) observer: Observer,
}

impl AppState {
    /// Over a store, with everything switched off that can be. `secrets` sign webhooks, `verify_token` is what Meta
    /// says when a webhook is registered.
    pub fn new(db: Db, secrets: WebhookSecrets, verify_token: SecretString) -> Self {
        let tools = Api::new(db.clone(), Policy::default(), CALLS_PER_MINUTE);
        Self {
            intake: Intake::new(db.clone()),
            ids: Arc::clone(&db.ids),
            mcp: mcp::endpoint(&tools),
            tools,
            db,
            secrets: Arc::new(secrets),
            verify_token,
            bodies: BodyBudget::default(),
            counters: Counters::default(),
            observer: Observer::default(),
        }
    }

    /// With what the environment allows tools to do, and how often a token may call.
    #[must_use]
    pub fn with_tools(mut self, policy: Policy, calls_per_minute: NonZeroU32) -> Self {
        self.tools = Api::new(self.db.clone(), policy, calls_per_minute);
        self.mcp = mcp::endpoint(&self.tools);
        self
    }

    /// With another bound on the bodies held in memory.
    #[must_use]
    pub fn with_body_budget(mut self, bodies: BodyBudget) -> Self {
        self.bodies = bodies;
        self
    }
}
