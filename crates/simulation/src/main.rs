//! `simulation`: plays a scenario on the real programs, prints the conversation and every check.

use std::{io::IsTerminal as _, process::ExitCode};

use anyhow::Context as _;
use clap::{Parser, builder::PossibleValuesParser};
use futures_util::{StreamExt as _, stream};
use simulation::{
    DEFAULT_SEED, checks,
    play::{Options, Played, play},
    progress::Progress,
    report::Report,
    scenarios::{self, Scenario},
    transcript,
};

/// Plays a conversation from the first message to the handoff on the real programs, then checks every rule.
///
/// Starts concierge-api, concierge-worker, a Meta simulator and a scripted Moltbot gateway; needs no network.
/// Exit status 0 only if every check holds.
#[derive(Debug, Parser)]
#[command(name = "simulation", bin_name = "cargo xtask simulate", max_term_width = 100)]
struct Arguments {
    /// A PostgreSQL server, as <postgres://user:password@host/database>. A database of its own is created there,
    /// migrated and dropped; the one named is never touched. Without it: SQLite in a temporary folder
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,

    /// The story to play, or `all`; --list shows them
    #[arg(long, value_name = "NAME", default_value = "happy-path", hide_possible_values = true,
        value_parser = PossibleValuesParser::new(names()))]
    scenario: String,

    /// What chance draws from: the same seed, the same story
    #[arg(long, value_name = "N", default_value_t = DEFAULT_SEED)]
    seed: u64,

    /// How many clients write, many at the same time; most stories have one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=5_000))]
    requests: Option<u64>,

    /// How many stories are played side by side with `all`; they wait more than they work. Without it: one a core
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16))]
    jobs: Option<u8>,

    /// Print one JSON object (with `all`: one a line) and nothing else on stdout; progress goes to stderr
    #[arg(long)]
    json: bool,

    /// Keep the folder with the programs' logs and the SQLite database, and say where it is
    #[arg(long)]
    keep: bool,

    /// List the stories and stop
    #[arg(long)]
    list: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.list {
        list();
        return ExitCode::SUCCESS;
    }
    let outcome = tokio::select! {
        outcome = run(&arguments) => outcome,
        // Leaving `run` here drops everything it started: programs are killed, the database goes.
        () = interrupted() => Err(anyhow::anyhow!("interrupted")),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            anstream::eprintln!("simulate: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Ctrl-C, or a polite kill.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

async fn run(arguments: &Arguments) -> anyhow::Result<bool> {
    let chosen: Vec<&Scenario> = match arguments.scenario.as_str() {
        "all" => scenarios::ALL.to_vec(),
        name => vec![scenarios::find(name).with_context(|| format!("there is no scenario {name}"))?],
    };
    let options = Options {
        database_url: arguments.database_url.clone(),
        seed: arguments.seed,
        requests: arguments.requests.map(usize::try_from).transpose()?,
        keep: arguments.keep,
    };
    let mut playable = Vec::new();
    for scenario in chosen {
        match cannot_be_played(scenario).await? {
            Some(why) => anstream::eprintln!("{}: NOT PLAYED, {why}", scenario.name),
            None => playable.push(scenario),
        }
    }
    let jobs = jobs(arguments.jobs, playable.len());
    let mut stories = stream::iter(playable)
        .map(|scenario| {
            let options = &options;
            async move {
                let label = scenario.name;
                let mut progress = if jobs > 1 { Progress::of_many(label) } else { Progress::new(label) };
                let played = play(scenario, options, &mut progress).await;
                progress.clear();
                (scenario, played)
            }
        })
        .buffer_unordered(jobs);
    let mut all_hold = true;
    while let Some((scenario, played)) = stories.next().await {
        all_hold &= tell(arguments, scenario, played)?;
    }
    Ok(all_hold)
}

/// Why a story cannot be played on this machine; an error where every story must be.
async fn cannot_be_played(scenario: &Scenario) -> anyhow::Result<Option<String>> {
    if !scenario.ocr {
        return Ok(None);
    }
    match ocr::Tesseract::probe(&ocr::Config::default()).await {
        Ok(_) => Ok(None),
        Err(error) if std::env::var("CI").as_deref() == Ok("true") => {
            Err(error).with_context(|| format!("{} cannot be played", scenario.name))
        }
        Err(error) => Ok(Some(error.to_string())),
    }
}

/// As many as the machine has cores, where nobody says.
fn jobs(wanted: Option<u8>, stories: usize) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    wanted.map_or_else(cores, usize::from).clamp(1, stories.max(1))
}

/// Prints what came of a story; true if every check holds.
fn tell(arguments: &Arguments, scenario: &Scenario, played: anyhow::Result<Played>) -> anyhow::Result<bool> {
    let played = match played {
        Ok(played) => played,
        Err(error) => {
            let error = format!("{error:#}");
            anstream::eprintln!("{} could not be played: {error}", scenario.name);
            if arguments.json {
                let report = Report::of_failure(scenario.name, arguments.seed, &error);
                println!("{}", serde_json::to_string(&report)?);
            }
            return Ok(false);
        }
    };
    let checks = checks::all(&played.evidence, scenario);
    let report = Report::new(scenario.name, arguments.seed, &played.evidence, checks, played.timings);
    if arguments.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print_for_people(scenario, &played, &report);
    }
    if let Some(tails) = played.log_tails.filter(|_| !report.ok) {
        anstream::eprintln!("{tails}");
    }
    Ok(report.ok)
}

fn print_for_people(scenario: &Scenario, played: &Played, report: &Report) {
    let bold = anstyle::Style::new().bold();
    let dim = anstyle::Style::new().dimmed();
    let evidence = &played.evidence;
    anstream::println!(
        "\n  {bold}{}{bold:#}  {dim}seed {} · {}{dim:#}",
        scenario.name,
        report.seed,
        scenario.about
    );
    if let Some(first) = evidence.requests.first() {
        anstream::print!("{}", transcript::conversation(first));
    }
    if evidence.requests.len() > 1 {
        anstream::println!("\n  … and {}", transcript::summary(&evidence.requests));
    }
    anstream::println!("\n  {bold}checks{bold:#}");
    anstream::print!("{}", transcript::checks(&report.checks));
    let held = report.checks.iter().filter(|check| check.ok).count();
    let seconds = |ms: u64| std::time::Duration::from_millis(ms).as_secs_f32();
    anstream::println!(
        "\n  {held} of {} checks hold  {dim}{:.1} s: start {:.1}, play {:.1}, accounts {:.1}, stop {:.1}{dim:#}\n",
        report.checks.len(),
        seconds(report.timings_ms.total),
        seconds(report.timings_ms.start),
        seconds(report.timings_ms.play),
        seconds(report.timings_ms.collect),
        seconds(report.timings_ms.stop),
    );
}

fn names() -> Vec<&'static str> {
    scenarios::ALL.iter().map(|scenario| scenario.name).chain(["all"]).collect()
}

fn list() {
    let bold =
        if std::io::stdout().is_terminal() { anstyle::Style::new().bold() } else { anstyle::Style::new() };
    for scenario in scenarios::ALL {
        anstream::println!("{bold}{:<20}{bold:#}{}", scenario.name, scenario.about);
    }
}
