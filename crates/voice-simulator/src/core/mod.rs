//! The simulator without I/O: which sessions there are, and what each request does to them. Time comes in as
//! milliseconds, what is to be answered goes out as [`Answer`].

mod description;
mod faults;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use faults::{Fault, Step};

use crate::config::Config;
use faults::Faults;

/// Sessions ever, at most: a simulator that runs for weeks must be started anew.
const SESSIONS_MAX: usize = 100_000;
/// Requests that are remembered, at most; what comes later is served and not written down.
const LOG_MAX: usize = 1_000_000;
/// Longest attempt id, in characters.
const ATTEMPT_CHARS_MAX: usize = 64;
/// Size of the body of [`Fault::Huge`].
const HUGE_BYTES: usize = 2 * 1024 * 1024;

/// One request as it arrived.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// What it asks for.
    pub step: Step,
    /// The attempt or session in its path.
    pub subject: &'a str,
    /// The `Authorization` header, empty if there is none.
    pub authorization: &'a str,
    /// The raw body.
    pub body: &'a [u8],
}

/// Media of one call attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Session {
    /// Its id.
    pub id: String,
    /// The attempt it was asked for with.
    pub attempt: String,
    /// Our description.
    pub offer: String,
    /// How often it was asked for.
    pub offers: u32,
    /// The description of the other side, as it was handed over.
    pub answer: Option<String>,
    /// The same as a media stack can take it: `a=setup:actpass` is `active`.
    pub applied: Option<String>,
    /// How often the answer was handed over.
    pub answers: u32,
    /// How often it was hung up.
    pub hang_ups: u32,
    /// When it began, in milliseconds of the clock.
    pub began_ms: i64,
    /// Why it is over; `None` while it lives.
    pub end: Option<SessionEnd>,
}

/// Why a session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionEnd {
    /// It was hung up.
    HungUp,
    /// No answer came in time.
    Abandoned,
    /// The simulator was told to forget, as a media server does that starts anew.
    Forgotten,
}

/// One request and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogEntry {
    /// When, in milliseconds of the clock.
    pub at_ms: i64,
    /// What was asked for.
    pub step: Step,
    /// The attempt or session in its path.
    pub subject: String,
    /// The HTTP status; `None` if the connection was closed or left hanging instead.
    pub status: Option<u16>,
    /// What went wrong on demand.
    pub fault: Option<Fault>,
}

/// What to answer, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Body.
    pub body: Body,
    /// Whether the client gets to hear it.
    pub fate: Fate,
    /// Real milliseconds before the client hears it.
    pub after_ms: u64,
}

/// A body.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// None.
    Empty,
    /// JSON.
    Json(Value),
    /// A problem (RFC 9457).
    Problem(Value),
    /// Anything else.
    Raw(Vec<u8>),
}

/// Whether the client gets to hear an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is given.
    Given,
    /// The connection is closed instead.
    Closed,
    /// Nothing comes.
    Held,
}

impl Answer {
    fn new(status: u16, body: Body) -> Self {
        Self { status, body, fate: Fate::Given, after_ms: 0 }
    }

    fn done() -> Self {
        Self::new(204, Body::Empty)
    }

    fn problem(status: u16, title: &str) -> Self {
        Self::new(status, Body::Problem(json!({"title": title, "status": status})))
    }
}

/// The body of an answer that is handed over.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Handed {
    sdp_type: String,
    sdp: String,
}

/// Everything the simulator knows.
pub struct Core {
    token: Option<String>,
    seed: u64,
    capacity: usize,
    unanswered_limit_ms: i64,
    sessions: Vec<Session>,
    by_attempt: HashMap<String, usize>,
    by_id: HashMap<String, usize>,
    /// How often everything was forgotten: sessions after that have other ids.
    lives: u32,
    faults: Faults,
    log: Vec<LogEntry>,
}

impl Core {
    /// With no sessions.
    pub fn new(config: &Config) -> Self {
        Self {
            token: config.token.clone(),
            seed: config.seed,
            capacity: config.capacity,
            unanswered_limit_ms: config.unanswered_limit_ms,
            sessions: Vec::new(),
            by_attempt: HashMap::new(),
            by_id: HashMap::new(),
            lives: 0,
            faults: Faults::default(),
            log: Vec::new(),
        }
    }

    /// Every session there was, in order of their beginning.
    pub fn sessions(&self) -> &[Session] {
        &self.sessions
    }

    /// The newest session of an attempt.
    pub fn session_of(&self, attempt: &str) -> Option<&Session> {
        self.sessions.iter().rfind(|session| session.attempt == attempt)
    }

    /// Sessions that are not over.
    pub fn live(&self) -> usize {
        self.sessions.iter().filter(|session| session.end.is_none()).count()
    }

    /// Every request, in order.
    pub fn log(&self) -> &[LogEntry] {
        &self.log
    }

    /// The next `times` requests of this step go wrong like this, after those that were told before.
    pub fn fault(&mut self, step: Step, fault: Fault, times: usize) {
        self.faults.add(step, fault, times);
    }

    /// Nothing goes wrong any more.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// Live sessions at once, at most.
    pub fn set_capacity(&mut self, sessions: usize) {
        self.capacity = sessions;
    }

    /// Forgets every session, as a media server does that starts anew.
    pub fn forget(&mut self) {
        for session in &mut self.sessions {
            session.end.get_or_insert(SessionEnd::Forgotten);
        }
        self.by_attempt.clear();
        self.by_id.clear();
        self.lives += 1;
    }

    /// Gives up what got no answer in time.
    pub fn expire(&mut self, now_ms: i64) {
        let begun_by = now_ms.saturating_sub(self.unanswered_limit_ms);
        let waits = |session: &&mut Session| session.end.is_none() && session.answer.is_none();
        for session in self.sessions.iter_mut().filter(waits).filter(|session| session.began_ms <= begun_by) {
            session.end = Some(SessionEnd::Abandoned);
        }
    }

    /// One request: what it does, and what it is answered.
    pub fn handle(&mut self, request: &Request<'_>, now_ms: i64) -> Answer {
        self.expire(now_ms);
        let fault = self.faults.next(request.step);
        let answer = match fault {
            Some(fault) if !fault.has_effect() => spoilt(fault, None),
            Some(fault) => spoilt(fault, Some(self.serve(request, now_ms))),
            None => self.serve(request, now_ms),
        };
        if self.log.len() < LOG_MAX {
            self.log.push(LogEntry {
                at_ms: now_ms,
                step: request.step,
                subject: request.subject.to_owned(),
                status: (answer.fate == Fate::Given).then_some(answer.status),
                fault,
            });
        }
        answer
    }

    fn serve(&mut self, request: &Request<'_>, now_ms: i64) -> Answer {
        let expected = self.token.as_ref().map(|token| format!("Bearer {token}"));
        if expected.is_some_and(|expected| expected != request.authorization) {
            return Answer::problem(401, "the token is missing or wrong");
        }
        match request.step {
            Step::Offer => self.offer(request.subject, request.body, now_ms),
            Step::Answer => self.answer(request.subject, request.body),
            Step::HangUp => self.hang_up(request.subject),
        }
    }

    fn offer(&mut self, attempt: &str, body: &[u8], now_ms: i64) -> Answer {
        let fits = (1..=ATTEMPT_CHARS_MAX).contains(&attempt.len())
            && attempt.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        if !fits || !body.is_empty() {
            return Answer::problem(400, "an offer is asked for by the attempt's id, without a body");
        }
        if let Some(session) = self.by_attempt.get(attempt).and_then(|&at| self.sessions.get_mut(at)) {
            session.offers += 1;
            return match session.end {
                None => offered(200, session),
                Some(_) => Answer::problem(410, "the session of this attempt is over"),
            };
        }
        if self.live() >= self.capacity || self.sessions.len() >= SESSIONS_MAX {
            return Answer::problem(503, "no capacity");
        }
        let session = self.begin(attempt, now_ms);
        offered(201, &session)
    }

    fn begin(&mut self, attempt: &str, now_ms: i64) -> Session {
        let drawn =
            description::draw(&[&self.seed.to_be_bytes(), &self.lives.to_be_bytes(), attempt.as_bytes()]);
        let digits: String = hex::encode(drawn).chars().take(32).collect();
        let id = format!("vse_{digits}");
        let session = Session {
            offer: description::offer(&id),
            id,
            attempt: attempt.to_owned(),
            offers: 1,
            answer: None,
            applied: None,
            answers: 0,
            hang_ups: 0,
            began_ms: now_ms,
            end: None,
        };
        let at = self.sessions.len();
        self.by_attempt.insert(attempt.to_owned(), at);
        self.by_id.insert(session.id.clone(), at);
        self.sessions.push(session.clone());
        session
    }

    fn answer(&mut self, id: &str, body: &[u8]) -> Answer {
        let Ok(Handed { sdp_type, sdp }) = serde_json::from_slice(body) else {
            return Answer::problem(400, "the body is not a JSON object of sdp_type and sdp");
        };
        if sdp_type != "answer" {
            return Answer::problem(400, "sdp_type is not answer");
        }
        let Some(session) = self.by_id.get(id).and_then(|&at| self.sessions.get_mut(at)) else {
            return Answer::problem(404, "no such session");
        };
        if session.end.is_some() {
            return Answer::problem(410, "the session is over");
        }
        if let Some(missing) = description::missing(&sdp) {
            return Answer::problem(422, &format!("the description has no {missing}"));
        }
        if session.answer.as_ref().is_some_and(|known| *known != sdp) {
            return Answer::problem(409, "the session has another answer already");
        }
        session.answers += 1;
        session.applied = Some(description::applied(&sdp));
        session.answer = Some(sdp);
        Answer::done()
    }

    fn hang_up(&mut self, id: &str) -> Answer {
        let Some(session) = self.by_id.get(id).and_then(|&at| self.sessions.get_mut(at)) else {
            return Answer::problem(404, "no such session");
        };
        session.hang_ups += 1;
        session.end.get_or_insert(SessionEnd::HungUp);
        Answer::done()
    }
}

fn offered(status: u16, session: &Session) -> Answer {
    let body = json!({"session": session.id, "sdp_type": "offer", "sdp": session.offer});
    Answer::new(status, Body::Json(body))
}

/// What comes in place of an answer. `served` is the answer to a request that had its effect.
fn spoilt(fault: Fault, served: Option<Answer>) -> Answer {
    let served = served.unwrap_or_else(Answer::done);
    let raw = |bytes: Vec<u8>| Answer::new(200, Body::Raw(bytes));
    match fault {
        Fault::Status(status) => Answer::problem(status, "as it was told"),
        Fault::Redirect => Answer::new(307, Body::Empty),
        Fault::Slow { ms } => Answer { after_ms: ms, ..served },
        Fault::Lost | Fault::Reset => Answer { fate: Fate::Closed, ..served },
        Fault::Hang => Answer { fate: Fate::Held, ..served },
        Fault::Nonsense => raw(b"<html><title>Sign in</title></html>".to_vec()),
        Fault::NotText => raw(b"{\"session\":\"\xff\xfe\"}".to_vec()),
        Fault::Huge => raw(vec![b' '; HUGE_BYTES]),
    }
}

#[cfg(test)]
mod tests;
