//! The `Brain` port over Moltbot's HTTP client.

use async_trait::async_trait;
use moltbot_client::MoltbotClient;
use moltbot_contract::ContextPack;
use orchestrator::{Brain, BrainUnavailable};

/// Moltbot behind its HTTP API.
pub struct MoltbotBrain(pub MoltbotClient);

#[async_trait]
impl Brain for MoltbotBrain {
    async fn ask(&self, pack: &ContextPack) -> Result<Vec<u8>, BrainUnavailable> {
        let Some(permit) = self.0.permit().await else {
            return Err(BrainUnavailable { code: "no_permit" });
        };
        match self.0.ask(&permit, pack).await {
            Ok(answer) => Ok(answer.bytes),
            Err(error) => {
                tracing::warn!(code = error.code(), "moltbot gave no answer");
                Err(BrainUnavailable { code: error.code() })
            }
        }
    }
}

/// No Moltbot: `AI_CONCIERGE_ENABLED` is off.
pub struct NoBrain;

#[async_trait]
impl Brain for NoBrain {
    async fn ask(&self, _pack: &ContextPack) -> Result<Vec<u8>, BrainUnavailable> {
        Err(BrainUnavailable { code: "disabled" })
    }
}
