//! `/mcp`: the ten tools over the Model Context Protocol, behind the same door as `/v1/tools`.

use ::mcp::{CallFailure, McpEndpoint, McpError, ToolBackend};
use ::tools::api::{Api, Failure, Principal, Request, parse_object};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, HeaderName, HeaderValue},
    },
    web::{self, Bytes, Data, Payload, ReqData},
};
use async_trait::async_trait;
use marketplace::HttpRequestId;
use serde_json::{Map, Value};
use tool_registry::Scope;

use crate::{AppState, Code, Problem, body, tools::bearer};

pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/mcp").route(web::post().to(answer)).default_service(web::to(method_not_allowed)),
    );
}

/// There is no stream to open and no session to end.
async fn method_not_allowed() -> Result<&'static str, Problem> {
    Err(Problem::new(Code::MethodNotAllowed("POST")))
}

/// The tools as an MCP server needs them.
pub(crate) struct Tools(pub(crate) Api);

/// Who calls, and in which HTTP request.
#[derive(Clone)]
pub(crate) struct McpCaller {
    principal: Principal,
    cause: HttpRequestId,
}

#[async_trait]
impl ToolBackend for Tools {
    type Caller = McpCaller;

    fn allows(&self, caller: &McpCaller, scope: Scope) -> bool {
        caller.principal.has(scope)
    }

    async fn call(
        &self,
        caller: &McpCaller,
        tool: &str,
        arguments: Map<String, Value>,
        key: Option<String>,
    ) -> Result<Value, CallFailure> {
        let args = Value::Object(arguments).to_string();
        let key = key.as_deref().map(str::as_bytes);
        let request = Request { tool, args: args.as_bytes(), key, cause: caller.cause };
        let problem = |failure: Failure| Problem::from(failure).to_json(&caller.cause.to_string());
        match self.0.call(&caller.principal, request).await {
            Ok(answer) => serde_json::to_value(answer.result)
                .map_err(|_| CallFailure::Failed(problem(Failure::Internal))),
            Err(Failure::UnknownTool) => Err(CallFailure::UnknownTool),
            Err(failure @ (Failure::Unavailable | Failure::Internal)) => {
                Err(CallFailure::Failed(problem(failure)))
            }
            Err(failure) => Err(CallFailure::Refused(problem(failure))),
        }
    }
}

/// One JSON-RPC message of a client.
async fn answer(
    request: HttpRequest,
    payload: Payload,
    state: Data<AppState>,
    id: ReqData<HttpRequestId>,
) -> Result<HttpResponse, Problem> {
    let cause = id.into_inner();
    let principal = state.tools.authenticate(bearer(&request), cause).await?;
    let body = match body::read(&request, payload, &state.bodies, ::mcp::BODY_MAX).await {
        Ok(body) => body,
        Err(problem) => return Err(refused(&state, &principal, problem, cause).await),
    };
    // As strictly as for a call over HTTP: what is written twice or cannot be read in one way only is refused.
    if let Err(rejection) = parse_object(body.bytes()) {
        let problem = Problem::from(Failure::Malformed(rejection.violations));
        return Err(refused(&state, &principal, problem, cause).await);
    }
    let asked = translated(&request, Bytes::copy_from_slice(body.bytes()))?;
    let caller = McpCaller { principal: principal.clone(), cause };
    let answered = state.mcp.answer(asked, caller).await.map_err(|error| {
        tracing::error!(%error, "an MCP request has no answer");
        Problem::new(match error {
            McpError::Timeout => Code::Unavailable,
            McpError::Unreadable => Code::Internal,
        })
    })?;
    match told(answered) {
        Ok(response) => Ok(response),
        Err(problem) => Err(refused(&state, &principal, problem, cause).await),
    }
}

/// A request that ends before it is a call has its audit record too.
async fn refused(state: &AppState, principal: &Principal, problem: Problem, cause: HttpRequestId) -> Problem {
    match state.tools.refused_unread(principal, "", problem.code().as_str(), cause).await {
        Ok(()) => problem,
        Err(worse) => worse.into(),
    }
}

/// As the MCP endpoint reads it: it speaks a newer version of the types of HTTP than actix-web.
fn translated(request: &HttpRequest, body: Bytes) -> Result<http::Request<Bytes>, Problem> {
    let mut builder = http::Request::builder().method(http::Method::POST).uri("/mcp");
    for (name, value) in request.headers() {
        builder = builder.header(name.as_str(), value.as_bytes());
    }
    builder.body(body).map_err(|_| Problem::new(Code::BadRequest))
}

/// The endpoint's answer. Where it refuses without JSON-RPC, it is a problem like every other.
fn told(answered: http::Response<Bytes>) -> Result<HttpResponse, Problem> {
    let (parts, body) = answered.into_parts();
    let is_json = parts
        .headers
        .get(http::header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let status = StatusCode::from_u16(parts.status.as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if !is_json && !status.is_success() {
        let code = match parts.status {
            http::StatusCode::FORBIDDEN => Code::OriginRefused,
            http::StatusCode::NOT_ACCEPTABLE => Code::NotAcceptable,
            http::StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
            http::StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge,
            status if status.is_client_error() => Code::BadRequest,
            _ => Code::Internal,
        };
        return Err(Problem::new(code).with_detail(String::from_utf8_lossy(&body).into_owned()));
    }
    let mut response = HttpResponse::build(status);
    for (name, value) in &parts.headers {
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_str().as_bytes()), HeaderValue::from_bytes(value.as_bytes()))
        {
            response.insert_header((name, value));
        }
    }
    // It speaks of people.
    response.insert_header((CACHE_CONTROL, "no-store"));
    Ok(response.body(body))
}

/// Over the tools.
pub(crate) fn endpoint(tools: &Api) -> McpEndpoint<Tools> {
    McpEndpoint::new(Tools(tools.clone()))
}
