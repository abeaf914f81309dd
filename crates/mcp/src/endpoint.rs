//! One HTTP request in, one HTTP answer out.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
};
use tokio::time::timeout;

use crate::{backend::ToolBackend, server::Server};

/// The largest request body, in bytes: as for a call over the HTTP API.
pub const BODY_MAX: usize = 64 * 1024;
/// The largest answer, in bytes: a Context Pack and its copy as text stay far below.
const ANSWER_MAX: usize = 8 * 1024 * 1024;
/// The longest that an answer may take.
pub const ANSWER_TIME_MAX: Duration = Duration::from_mins(1);

/// Why a request has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum McpError {
    /// It took longer than [`ANSWER_TIME_MAX`]. What it had begun may have been done.
    #[error("the MCP request was not answered in time")]
    Timeout,
    /// The answer broke off or was too large: a defect of ours.
    #[error("the MCP answer could not be read")]
    Unreadable,
}

/// Answers MCP requests. A clone is the same endpoint.
pub struct McpEndpoint<B: ToolBackend> {
    service: StreamableHttpService<Server<B>, NeverSessionManager>,
}

impl<B: ToolBackend> Clone for McpEndpoint<B> {
    fn clone(&self) -> Self {
        Self { service: self.service.clone() }
    }
}

impl<B: ToolBackend> McpEndpoint<B> {
    /// Over the tools.
    pub fn new(backend: B) -> Self {
        let backend = Arc::new(backend);
        let config = StreamableHttpServerConfig::default()
            .with_legacy_session_mode(false)
            .with_json_response(true)
            .with_max_request_body_bytes(BODY_MAX)
            // Names of hosts are the proxy's affair: a token is needed, which no page of another origin has. For the
            // same reason a browser's request is refused.
            .disable_allowed_hosts()
            .enforce_origin_validation();
        let service = StreamableHttpService::new(
            move || Ok(Server::new(Arc::clone(&backend))),
            Arc::new(NeverSessionManager::default()),
            config,
        );
        Self { service }
    }

    /// Answers a request of an authenticated caller.
    ///
    /// # Errors
    /// [`McpError`].
    pub async fn answer(
        &self,
        request: Request<Bytes>,
        caller: B::Caller,
    ) -> Result<Response<Bytes>, McpError> {
        let mut request = request.map(Full::new);
        request.extensions_mut().insert(caller);
        let answered = async {
            let (parts, body) = self.service.handle(request).await.into_parts();
            let body = Limited::new(body, ANSWER_MAX).collect().await.map_err(|_| McpError::Unreadable)?;
            Ok(Response::from_parts(parts, body.to_bytes()))
        };
        timeout(ANSWER_TIME_MAX, answered).await.unwrap_or(Err(McpError::Timeout))
    }
}
