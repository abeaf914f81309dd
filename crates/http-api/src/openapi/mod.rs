//! `/openapi.json` and the documents beside it: made from the tool registry and the table of problems, never written
//! by hand.

mod describe;
mod errors;
mod examples;
mod meanings;
mod operator;
mod parts;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;

use actix_web::{
    HttpResponse,
    http::header::ContentType,
    web::{self, ServiceConfig},
};
use tool_registry::pretty_ordered;

use crate::{Code, Problem};

/// One generated document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Where it lies, from the root of the repository.
    pub path: &'static str,
    /// Its whole text.
    pub text: String,
}

/// The OpenAPI document and the table of problems.
pub fn documents() -> Vec<Document> {
    vec![
        Document { path: "docs/api/openapi.v1.json", text: text().to_owned() },
        Document { path: "docs/errors.md", text: errors::markdown() },
    ]
}

pub(crate) fn configure(config: &mut ServiceConfig) {
    let resource = web::resource("/openapi.json").route(web::get().to(serve));
    config.service(resource.default_service(web::to(method_not_allowed)));
}

async fn serve() -> HttpResponse {
    HttpResponse::Ok().insert_header(ContentType::json()).body(text())
}

async fn method_not_allowed() -> Result<&'static str, Problem> {
    Err(Problem::new(Code::MethodNotAllowed("GET")))
}

/// What comes first in an object, for people who read it.
const FIRST: [&str; 16] = [
    "openapi",
    "info",
    "title",
    "version",
    "operationId",
    "summary",
    "description",
    "name",
    "in",
    "tags",
    "security",
    "parameters",
    "requestBody",
    "responses",
    "paths",
    "components",
];

fn text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| pretty_ordered(&describe::document(), &FIRST))
}
