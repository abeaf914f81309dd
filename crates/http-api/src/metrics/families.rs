//! What the database says, as metrics: a function a subject, each with every label value that it can have.

use std::time::Duration;

use marketplace::RequestState;
use prometheus::proto::{Gauge, LabelPair, Metric, MetricFamily, MetricType};
use store::{
    Backend,
    dead_letters::DeadLetterSource,
    flags::Flag,
    observation::{Observation, SettledTurn},
    outbox::{SendState, breaker::Scope},
    turns::TurnStatus,
};
use strum::IntoEnumIterator as _;
use tool_registry::{RefusalCode, ToolName};

/// What stands for a value that this release does not know.
const OTHER: &str = "other";
/// Who decides.
const SOURCES: [&str; 3] = ["moltbot", "coded_workflow", "client_choice"];
/// What validation says of an answer.
const VERDICTS: [&str; 4] = ["accepted", "rejected", "unavailable", "not_asked"];
/// Where a call stands that is not over.
const PHASES: [&str; 6] = ["intent", "dialling", "unknown", "placed", "ringing", "answered"];
/// Where a consent stands that is not over.
const CONSENTS: [&str; 2] = ["requested", "granted"];
/// How a call ends.
const CALL_ENDS: [&str; 6] = ["completed", "declined", "no_answer", "failed", "cancelled", "refused"];
/// The roles whose processes say that they live.
const ROLES: [&str; 2] = ["api", "worker"];

/// What is told whether or not the database answers.
pub(super) fn always(database_up: bool, backend: Backend, took: Duration) -> Vec<MetricFamily> {
    let backend = match backend {
        Backend::Sqlite => "sqlite",
        Backend::Postgres => "postgresql",
    };
    vec![
        gauge(
            "concierge_build_info",
            "The release that answers; always 1.",
            vec![(vec![("version", env!("CARGO_PKG_VERSION"))], 1.0)],
        ),
        gauge(
            "concierge_database_up",
            "1 if the database answered; if 0, every metric that is read from it is missing.",
            vec![(vec![("backend", backend)], f64::from(u8::from(database_up)))],
        ),
        gauge(
            "concierge_observation_seconds",
            "How long this scrape waited for what the database says; 0 when a look was shared.",
            vec![(vec![], took.as_secs_f64())],
        ),
    ]
}

/// Everything that is read from the database.
pub(super) fn of(seen: &Observation) -> Vec<MetricFamily> {
    [schema, events, webhook_lag, lanes, lane_age, outbox, ended, unknown_sends, unknown_age]
        .into_iter()
        .chain([
            turn_durations,
            turns,
            decisions,
            refusals,
            dead_letters,
            unanswered,
            notifications_pending,
            notification_age,
            notifications_failed,
            requests,
            flags,
            breakers,
            sent,
            calls,
            call_age,
            calls_ended,
            consents,
            numbers_paused,
            heartbeats,
            processes,
        ])
        .map(|family| family(seen))
        .collect()
}

fn schema(seen: &Observation) -> MetricFamily {
    let help = "The newest migration of the database; always 1.";
    gauge("concierge_database_info", help, vec![(vec![("schema", &seen.schema)], 1.0)])
}

fn events(seen: &Observation) -> MetricFamily {
    let of = |status, count| (vec![("status", status)], number(count));
    gauge(
        "concierge_events_waiting",
        "Stored webhook events that wait: pending for a worker, parked for a send of ours to become known. Counted \
         up to 10000.",
        vec![of("pending", seen.events_pending), of("parked", seen.events_parked)],
    )
}

fn webhook_lag(seen: &Observation) -> MetricFamily {
    let help = "How long the oldest stored event has waited for a worker to place it; 0 when none waits.";
    age("concierge_webhook_lag_seconds", help, seen.webhook_lag)
}

fn lanes(seen: &Observation) -> MetricFamily {
    let help = "Requests whose mailbox is due, worked right now or not. Counted up to 10000.";
    gauge("concierge_lanes_due", help, vec![(vec![], number(seen.lanes_due))])
}

fn lane_age(seen: &Observation) -> MetricFamily {
    let help = "How long the longest-due request has been due, worked right now or not; 0 when none is.";
    age("concierge_lane_age_seconds", help, seen.lane_age)
}

fn outbox(seen: &Observation) -> MetricFamily {
    gauge(
        "concierge_outbox",
        "Messages that are queued, on the wire (sending) or in doubt (unknown). Counted up to 10000.",
        every([SendState::Queued, SendState::Sending, SendState::Unknown], "state", &seen.outbox),
    )
}

fn ended(seen: &Observation) -> MetricFamily {
    gauge(
        "concierge_sends_ended_last_hour",
        "Messages that came to nothing in the last hour: failed (Meta will not deliver it) or cancelled (a gate \
         before the wire).",
        every([SendState::Failed, SendState::Cancelled], "state", &seen.ended),
    )
}

fn unknown_sends(seen: &Observation) -> MetricFamily {
    let help = "Messages of which nobody knows whether they were sent; they are not sent again.";
    gauge("concierge_unknown_sends", help, vec![(vec![], number(seen.unknown_sends()))])
}

fn unknown_age(seen: &Observation) -> MetricFamily {
    let help = "How long the oldest send has been in doubt; 0 when none is.";
    age("concierge_unknown_send_age_seconds", help, seen.unknown_age)
}

/// Gauges, not a summary: a summary's count never falls, and these look at five minutes.
fn turn_durations(seen: &Observation) -> MetricFamily {
    let mut samples = Vec::new();
    let phases: [(&str, Vec<Duration>); 2] = [
        ("whole", seen.turns.iter().map(|turn| turn.whole).collect()),
        ("moltbot", seen.turns.iter().filter_map(|turn| turn.moltbot).collect()),
    ];
    for (phase, mut durations) in phases {
        durations.sort_unstable();
        for (statistic, share) in [("p50", 50), ("p95", 95), ("max", 100)] {
            // Without a turn there is no duration, and 0 would be a lie.
            if let Some(duration) = at_share(&durations, share) {
                samples.push((vec![("phase", phase), ("statistic", statistic)], duration.as_secs_f64()));
            }
        }
    }
    gauge(
        "concierge_turn_duration_seconds",
        "Turns settled in the last 5 minutes: the whole turn, and in it Moltbot from question to answer. Missing \
         when there was none.",
        samples,
    )
}

/// The nearest-rank percentile of sorted values.
fn at_share(sorted: &[Duration], percent: usize) -> Option<Duration> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}

fn turns(seen: &Observation) -> MetricFamily {
    let ends = [TurnStatus::Committed, TurnStatus::Superseded, TurnStatus::Dropped, TurnStatus::Failed];
    let counted: Vec<(TurnStatus, i64)> =
        ends.into_iter().map(|end| (end, count(&seen.turns, |turn| turn.status == end))).collect();
    gauge(
        "concierge_turns",
        "Turns settled in the last 5 minutes, by how they ended.",
        every(ends, "end", &counted),
    )
}

fn decisions(seen: &Observation) -> MetricFamily {
    let known = |text: &Option<String>, all: &[&'static str]| {
        all.iter().copied().find(|value| text.as_deref() == Some(value)).unwrap_or(OTHER)
    };
    let mut samples = Vec::new();
    for source in SOURCES.into_iter().chain([OTHER]) {
        for verdict in VERDICTS.into_iter().chain([OTHER]) {
            let found = count(&seen.turns, |turn| {
                known(&turn.source, &SOURCES) == source && known(&turn.verdict, &VERDICTS) == verdict
            });
            if found > 0 || (source != OTHER && verdict != OTHER) {
                samples.push((vec![("source", source), ("verdict", verdict)], number(found)));
            }
        }
    }
    gauge(
        "concierge_decisions",
        "Turns settled in the last 5 minutes: who decided, and what became of Moltbot's answer.",
        samples,
    )
}

/// Only what happened: ten tools times some forty codes would be four hundred zeros.
fn refusals(seen: &Observation) -> MetricFamily {
    let mut samples: Vec<(Vec<(&str, &str)>, f64)> = Vec::new();
    for (tool, code, found) in &seen.refusals {
        let tool = ToolName::from_name(tool).map_or(OTHER, ToolName::as_str);
        let code = RefusalCode::from_code(code).map_or(OTHER, RefusalCode::code);
        let labels = vec![("tool", tool), ("code", code)];
        match samples.iter_mut().find(|(known, _)| *known == labels) {
            Some((_, sum)) => *sum += number(*found),
            None => samples.push((labels, number(*found))),
        }
    }
    gauge(
        "concierge_refusals",
        "Tool calls that a gate refused in the last 5 minutes. Missing where there was none.",
        samples,
    )
}

fn dead_letters(seen: &Observation) -> MetricFamily {
    use DeadLetterSource as Source;
    let sources =
        [Source::Intake, Source::Router, Source::Turn, Source::Dispatch, Source::Silence, Source::Notify];
    gauge(
        "concierge_dead_letters",
        "What could not be worked and waits for a person, by where it stopped. Counted up to 10000.",
        every(sources, "source", &seen.dead_letters),
    )
}

fn unanswered(seen: &Observation) -> MetricFamily {
    let help = "Messages of clients and vendors that nothing became of within 5 minutes: not placed, not read, or read \
                and followed by no word to the client. Counted up to 10000.";
    gauge("concierge_unanswered_messages", help, vec![(vec![], number(seen.unanswered))])
}

fn notifications_pending(seen: &Observation) -> MetricFamily {
    let help = "Notifications to the people who operate that are not delivered yet. Counted up to 10000.";
    gauge("concierge_notifications_pending", help, vec![(vec![], number(seen.notifications_pending))])
}

fn notification_age(seen: &Observation) -> MetricFamily {
    let help = "How long the oldest of them has waited; 0 when none does.";
    age("concierge_notification_age_seconds", help, seen.notification_age)
}

fn notifications_failed(seen: &Observation) -> MetricFamily {
    let help = "Notifications that were given up in the last hour, 24 hours after what they tell of. Counted up to 10000.";
    gauge("concierge_notifications_failed", help, vec![(vec![], number(seen.notifications_failed))])
}

fn requests(seen: &Observation) -> MetricFamily {
    let open = RequestState::iter()
        .filter(|state| !matches!(state, RequestState::HandedOff | RequestState::Closed))
        .collect::<Vec<_>>();
    gauge(
        "concierge_requests",
        "Requests that are not over, by state; escalated and error wait for a person. Counted up to 10000.",
        every(open, "state", &seen.requests),
    )
}

fn breakers(seen: &Observation) -> MetricFamily {
    let open = |of: fn(&Scope) -> bool| seen.open_breakers.iter().filter(|scope| of(scope)).count();
    let of = |scope, count: usize| (vec![("scope", scope)], number(i64::try_from(count).unwrap_or(i64::MAX)));
    gauge(
        "concierge_breakers_open",
        "Open breakers for outbound volume: the product's holds everything that is sent, a vendor's what is for that \
         vendor. Each stays open until a person resumes it.",
        vec![
            of("product", open(|scope| matches!(scope, Scope::Product))),
            of("vendor", open(|scope| matches!(scope, Scope::Vendor(_)))),
        ],
    )
}

fn sent(seen: &Observation) -> MetricFamily {
    let help = "Messages put on the wire lately, as they count against OUTBOUND_PER_HOUR_MAX.";
    gauge("concierge_sent_last_hour", help, vec![(vec![], number(seen.sent_last_hour))])
}

fn calls(seen: &Observation) -> MetricFamily {
    gauge(
        "concierge_calls",
        "Calls that are not over, by phase: an intent is not dialled yet, an unknown one may ring. Counted up to 10000.",
        coded(&PHASES, "phase", &seen.calls),
    )
}

fn call_age(seen: &Observation) -> MetricFamily {
    let help = "How long ago the oldest call that is not over was dialled; 0 when there is none.";
    age("concierge_call_age_seconds", help, seen.call_age)
}

fn calls_ended(seen: &Observation) -> MetricFamily {
    gauge(
        "concierge_calls_ended_last_hour",
        "Calls that ended in the last hour, by reason: failed at Meta or the voice gateway, refused by a rule at the \
         moment of dialling, cancelled by us. Counted up to 10000.",
        coded(&CALL_ENDS, "reason", &seen.calls_ended),
    )
}

fn consents(seen: &Observation) -> MetricFamily {
    gauge(
        "concierge_consents_open",
        "Consents to calls that are asked for and not answered, or given and not over. Counted up to 10000.",
        coded(&CONSENTS, "status", &seen.consents),
    )
}

fn numbers_paused(seen: &Observation) -> MetricFamily {
    let help = "Our numbers from which Meta lets nobody call now, for the quality of the calls before.";
    gauge("concierge_numbers_paused", help, vec![(vec![], number(seen.numbers_paused))])
}

fn flags(seen: &Observation) -> MetricFamily {
    gauge(
        "concierge_flag_on",
        "0 if the database switches it off. The environment of each process may do so too, which is not told here.",
        Flag::iter()
            .map(|flag| (vec![("flag", flag.into())], f64::from(u8::from(seen.flags.is_on(flag)))))
            .collect(),
    )
}

fn heartbeats(seen: &Observation) -> MetricFamily {
    let age_of = |role| seen.roles.iter().find(|health| health.role == role).map(|health| health.age);
    gauge(
        "concierge_process_heartbeat_age_seconds",
        "How long ago any process of the role said that it lives. Missing when none has.",
        ROLES
            .into_iter()
            .filter_map(|role| Some((vec![("role", role)], age_of(role)?.as_secs_f64())))
            .collect(),
    )
}

fn processes(seen: &Observation) -> MetricFamily {
    gauge(
        "concierge_processes",
        "Processes that said within 30 seconds that they live.",
        ROLES.into_iter().map(|role| (vec![("role", role)], number(seen.living(role)))).collect(),
    )
}

/// A sample: its labels and its value.
type Sample<'a> = (Vec<(&'a str, &'a str)>, f64);

fn gauge(name: &str, help: &str, samples: Vec<Sample<'_>>) -> MetricFamily {
    let mut family = MetricFamily::default();
    family.set_name(name.to_owned());
    family.set_help(help.to_owned());
    family.set_field_type(MetricType::GAUGE);
    family.set_metric(samples.into_iter().map(sample).collect());
    family
}

fn sample((labels, value): Sample<'_>) -> Metric {
    let pair = |(name, value): (&str, &str)| {
        let mut pair = LabelPair::default();
        pair.set_name(name.to_owned());
        pair.set_value(value.to_owned());
        pair
    };
    let mut metric = Metric::from_label(labels.into_iter().map(pair).collect());
    let mut gauge = Gauge::default();
    gauge.set_value(value);
    metric.set_gauge(gauge);
    metric
}

fn age(name: &str, help: &str, age: Option<Duration>) -> MetricFamily {
    gauge(name, help, vec![(vec![], age.unwrap_or_default().as_secs_f64())])
}

/// A sample for each value that is possible: an alert needs its 0.
fn every<'a, T>(values: impl IntoIterator<Item = T>, label: &'a str, counted: &[(T, i64)]) -> Vec<Sample<'a>>
where
    T: PartialEq + Into<&'static str>,
{
    let count_of =
        |value: &T| counted.iter().find(|(known, _)| known == value).map_or(0, |(_, count)| *count);
    values
        .into_iter()
        .map(|value| {
            let count = count_of(&value);
            (vec![(label, value.into())], number(count))
        })
        .collect()
}

/// The same of codes as they stand in rows; one that this release does not know is `other`.
fn coded<'a>(known: &[&'static str], label: &'a str, counted: &[(String, i64)]) -> Vec<Sample<'a>> {
    let is_known = |name: &str| known.contains(&name);
    let mut samples: Vec<Sample<'a>> = known
        .iter()
        .map(|value| {
            let found = counted.iter().find(|(name, _)| name == value).map_or(0, |(_, count)| *count);
            (vec![(label, *value)], number(found))
        })
        .collect();
    let others: i64 = counted.iter().filter(|(name, _)| !is_known(name)).map(|(_, count)| *count).sum();
    if others > 0 {
        samples.push((vec![(label, OTHER)], number(others)));
    }
    samples
}

fn count(turns: &[SettledTurn], wanted: impl Fn(&SettledTurn) -> bool) -> i64 {
    i64::try_from(turns.iter().filter(|turn| wanted(turn)).count()).unwrap_or(i64::MAX)
}

/// Counts here are far below 2⁵³.
#[expect(clippy::cast_precision_loss, reason = "a count of at most some thousands")]
fn number(count: i64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_another_release_is_counted_as_other() {
        let counted = [("dialling".to_owned(), 2), ("pondering".to_owned(), 3), ("dreaming".to_owned(), 4)];
        let samples = coded(&PHASES, "phase", &counted);
        let of = |phase| samples.iter().find(|(labels, _)| labels == &[("phase", phase)]).map(|(_, n)| *n);
        assert_eq!((of("dialling"), of("ringing"), of(OTHER)), (Some(2.0), Some(0.0), Some(7.0)));
        assert_eq!(coded(&PHASES, "phase", &counted[..1]).len(), PHASES.len());
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        let of = |count: u64| (1..=count).map(Duration::from_secs).collect::<Vec<_>>();
        for (count, percent, expected) in [
            (0, 50, None),
            (1, 50, Some(1)),
            (1, 95, Some(1)),
            (4, 50, Some(2)),
            (100, 95, Some(95)),
            (3, 100, Some(3)),
        ] {
            assert_eq!(at_share(&of(count), percent), expected.map(Duration::from_secs), "{count} {percent}");
        }
    }
}
