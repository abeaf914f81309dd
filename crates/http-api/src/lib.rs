//! What the world may ask over HTTP: Meta's webhooks, the tools, the health checks and the metrics; one folder a
//! subject.
//!
//! - [`app`]: all routes, for the server and for tests.
//! - [`serve`]: the server around them, its limits and its graceful stop.
//! - [`documents`]: the OpenAPI document and the table of problems, made from the tool registry.
//! - [`Problem`]: every answer that is an error, as RFC 9457 has it.
//!
//! Neither bodies nor query strings are ever logged: they hold personal data and secrets.

mod body;
mod health;
mod mcp;
mod metrics;
mod openapi;
mod problem;
mod request_id;
mod requests;
mod server;
mod state;
mod tools;
mod webhooks;

pub use body::{BODY_MAX, BodyBudget};
pub use openapi::{Document, documents};
pub use problem::{Code, Problem};
pub use request_id::REQUEST_ID_HEADER;
pub use server::{SHUTDOWN_MAX, serve};
pub use state::AppState;

use actix_web::{
    App, Error,
    body::BoxBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    middleware::from_fn,
    web,
};

/// All routes over `state`.
pub fn app(
    state: AppState,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = Error,
        InitError = (),
    >,
> {
    App::new()
        .app_data(web::Data::new(state))
        .wrap(from_fn(request_id::identify))
        // What is wrapped last is outermost.
        .wrap(from_fn(metrics::measure))
        .configure(health::configure)
        .configure(metrics::configure)
        .configure(webhooks::configure)
        .configure(tools::configure)
        .configure(requests::configure)
        .configure(mcp::configure)
        .configure(openapi::configure)
        .default_service(web::to(not_found))
}

async fn not_found() -> Result<&'static str, Problem> {
    Err(Problem::new(Code::NotFound))
}

#[cfg(test)]
mod tests;
