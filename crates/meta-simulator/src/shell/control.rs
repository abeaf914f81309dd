//! The control surface: people by HTTP, for developing by hand. It asks for no password.

use actix_web::{HttpResponse, ResponseError, http::StatusCode, web};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{handle, shared::Shared};
use crate::{
    Error,
    core::{Button, OnCall, OnCard, PermissionAnswer, Said, Saying},
    phone,
};

/// Everything under `/simulator`.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::scope("/simulator")
            .route("/people", web::get().to(people))
            .route("/people/{phone}", web::put().to(person))
            .route("/people/{phone}/messages", web::post().to(say))
            .route("/people/{phone}/inbox", web::get().to(inbox))
            .route("/people/{phone}/habits", web::put().to(habits))
            .route("/people/{phone}/permission", web::post().to(permission))
            .route("/people/{phone}/calls", web::post().to(call))
            .route("/calls", web::get().to(calls))
            .route("/calls/{wacid}/events", web::post().to(call_event))
            .route("/calls/{wacid}/hang-up", web::post().to(hang_up))
            .route("/calling", web::put().to(calling))
            .route("/log", web::get().to(log))
            .route("/counters", web::get().to(counters))
            .route("/webhook", web::put().to(set_webhook))
            .route("/verify", web::post().to(verify))
            .default_service(web::to(HttpResponse::NotFound)),
    );
}

/// What somebody is to send: one of text, button, picture and message.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToSay {
    text: Option<String>,
    button: Option<ToTap>,
    picture: Option<ToShow>,
    /// A message object, passed on as it is.
    message: Option<Value>,
    quote: Option<String>,
    to_pnid: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToTap {
    id: String,
    title: String,
}

/// A picture: the file in base64.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToShow {
    base64: String,
    mime_type: Option<String>,
    caption: Option<String>,
}

/// What somebody does when called or asked; what is not named stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Habits {
    on_call: Option<OnCall>,
    on_card: Option<OnCard>,
}

/// A word on whether the business may call: to a card, or without one in the business's profile.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Word {
    answer: PermissionAnswer,
    card: Option<String>,
    to_pnid: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Switch {
    enabled: bool,
    pnid: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Happening {
    event: String,
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

#[derive(Deserialize)]
struct Webhook {
    url: String,
}

/// The body is read as JSON whatever its `Content-Type`, so that `curl -d` works.
fn read<T: for<'a> Deserialize<'a>>(body: &[u8]) -> serde_json::Result<T> {
    serde_json::from_slice(body)
}

fn bad_request(what: &str) -> HttpResponse {
    HttpResponse::BadRequest().json(json!({"error": what}))
}

async fn people(shared: web::Data<Shared>) -> HttpResponse {
    let people = shared.core().people();
    let shown = people
        .iter()
        .map(|person| json!({"phone": person.phone(), "name": person.name, "bsuid": person.bsuid}));
    HttpResponse::Ok().json(shown.collect::<Vec<_>>())
}

async fn person(shared: web::Data<Shared>, phone: web::Path<String>, body: web::Bytes) -> HttpResponse {
    if phone::digits(&phone).is_empty() {
        return bad_request("the number has no digits");
    }
    match read::<Name>(&body) {
        Ok(Name { name }) => {
            let person = shared.change(|core| core.person(&phone, &name));
            HttpResponse::Ok().json(json!({"phone": person.phone(), "name": person.name}))
        }
        Err(error) => bad_request(&error.to_string()),
    }
}

/// Strangers are registered on the way, named after their number.
async fn say(shared: web::Data<Shared>, phone: web::Path<String>, body: web::Bytes) -> HttpResponse {
    let to_say: ToSay = match read(&body) {
        Ok(to_say) => to_say,
        Err(error) => return bad_request(&error.to_string()),
    };
    let said = match (to_say.text, to_say.button, to_say.picture, to_say.message) {
        (Some(text), None, None, None) => Said::Text(text),
        (None, Some(ToTap { id, title }), None, None) => Said::Tap(Button { id, title }),
        (None, None, Some(picture), None) => match BASE64_STANDARD.decode(&picture.base64) {
            Ok(bytes) => Said::Image {
                bytes,
                mime_type: picture.mime_type.unwrap_or_else(|| "image/jpeg".to_owned()),
                caption: picture.caption,
            },
            Err(error) => return bad_request(&error.to_string()),
        },
        (None, None, None, Some(message)) => Said::Raw(message),
        _ => return bad_request("give one of text, button {id, title}, picture {base64} and message"),
    };
    let digits = phone::digits(&phone);
    if digits.is_empty() {
        return bad_request("the number has no digits");
    }
    shared.change(|core| {
        if core.person_mut(&digits).is_none() {
            core.person(&digits, &format!("Person {digits}"));
        }
    });
    let saying = Saying { phone: digits, to_pnid: to_say.to_pnid, quoting: to_say.quote, said };
    match shared.say(&saying) {
        Ok(wamid) => HttpResponse::Ok().json(json!({"wamid": wamid})),
        Err(error) => error.error_response(),
    }
}

async fn inbox(shared: web::Data<Shared>, phone: web::Path<String>) -> HttpResponse {
    HttpResponse::Ok().json(shared.core().inbox(&phone))
}

async fn habits(shared: web::Data<Shared>, phone: web::Path<String>, body: web::Bytes) -> HttpResponse {
    let habits: Habits = match read(&body) {
        Ok(habits) => habits,
        Err(error) => return bad_request(&error.to_string()),
    };
    let shown = shared.change(|core| {
        let person = core.person_mut(&phone)?;
        person.on_call = habits.on_call.unwrap_or(person.on_call);
        person.on_card = habits.on_card.unwrap_or(person.on_card);
        Some(json!({"on_call": person.on_call, "on_card": person.on_card}))
    });
    match shown {
        Some(shown) => HttpResponse::Ok().json(shown),
        None => Error::UnknownPerson(phone.into_inner()).error_response(),
    }
}

async fn permission(shared: web::Data<Shared>, phone: web::Path<String>, body: web::Bytes) -> HttpResponse {
    let Word { answer, card, to_pnid } = match read(&body) {
        Ok(word) => word,
        Err(error) => return bad_request(&error.to_string()),
    };
    let now = shared.now_ms();
    let answered = shared
        .change(|core| core.answer_permission(&phone, answer, card.as_deref(), to_pnid.as_deref(), now));
    match answered {
        Ok(wamid) => HttpResponse::Ok().json(json!({"wamid": wamid})),
        Err(error) => error.error_response(),
    }
}

/// A person calls the first business number.
async fn call(shared: web::Data<Shared>, phone: web::Path<String>) -> HttpResponse {
    let now = shared.now_ms();
    match shared.change(|core| core.call_business(&phone, None, now)) {
        Ok(wacid) => HttpResponse::Ok().json(json!({"wacid": wacid})),
        Err(error) => error.error_response(),
    }
}

async fn calls(shared: web::Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().json(shared.core().calls())
}

async fn call_event(shared: web::Data<Shared>, wacid: web::Path<String>, body: web::Bytes) -> HttpResponse {
    let Happening { event } = match read(&body) {
        Ok(happening) => happening,
        Err(error) => return bad_request(&error.to_string()),
    };
    let now = shared.now_ms();
    done(shared.change(|core| core.report_call_event(&wacid, &event, now)))
}

async fn hang_up(shared: web::Data<Shared>, wacid: web::Path<String>) -> HttpResponse {
    let now = shared.now_ms();
    done(shared.change(|core| core.hang_up(&wacid, now)))
}

async fn calling(shared: web::Data<Shared>, body: web::Bytes) -> HttpResponse {
    match read::<Switch>(&body) {
        Ok(Switch { enabled, pnid }) => {
            shared.change(|core| core.set_calling(pnid.as_deref(), enabled));
            HttpResponse::NoContent().finish()
        }
        Err(error) => bad_request(&error.to_string()),
    }
}

fn done(result: Result<(), Error>) -> HttpResponse {
    match result {
        Ok(()) => HttpResponse::NoContent().finish(),
        Err(error) => error.error_response(),
    }
}

async fn log(shared: web::Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().json(shared.core().log())
}

async fn counters(shared: web::Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().json(shared.core().counters())
}

async fn set_webhook(shared: web::Data<Shared>, body: web::Bytes) -> HttpResponse {
    match read::<Webhook>(&body) {
        Ok(Webhook { url }) => {
            shared.set_webhook_url(Some(url));
            HttpResponse::NoContent().finish()
        }
        Err(error) => bad_request(&error.to_string()),
    }
}

async fn verify(shared: web::Data<Shared>) -> HttpResponse {
    match handle::verify_webhook(&shared).await {
        Ok(()) => HttpResponse::Ok().json(json!({"verified": true})),
        Err(error) => error.error_response(),
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::UnknownPerson(_)
            | Self::UnknownBusinessNumber(_)
            | Self::UnknownMessage(_)
            | Self::UnknownCall(_) => StatusCode::NOT_FOUND,
            Self::NoWebhookUrl | Self::CardLapsed(_) | Self::Busy(_) => StatusCode::CONFLICT,
            Self::Verification(_) => StatusCode::BAD_GATEWAY,
            Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Self::TimedOut(_) => StatusCode::GATEWAY_TIMEOUT,
            Self::Start(_) | Self::NoBusinessNumber => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code()).json(json!({"error": self.to_string()}))
    }
}
