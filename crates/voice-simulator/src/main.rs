//! `voice-simulator`: the simulator on its own, for developing by hand.

use anyhow::Context;
use clap::Parser;
use tracing_subscriber::EnvFilter;
use voice_simulator::{Config, VoiceSimulator};

const EXAMPLES: &str = r#"Point VOICE_GATEWAY_URL of the worker at the address printed at start. Then look, and let things go wrong:

  curl http://127.0.0.1:9300/simulator/sessions
  curl http://127.0.0.1:9300/simulator/log
  curl -d '{"on":"offer","fault":{"status":503},"times":2}' http://127.0.0.1:9300/simulator/faults
  curl -d '{"on":"answer","fault":{"slow":{"ms":3000}}}' http://127.0.0.1:9300/simulator/faults
  curl -d '{"on":"hang_up","fault":"lost"}' http://127.0.0.1:9300/simulator/faults
  curl -X DELETE http://127.0.0.1:9300/simulator/faults
  curl -X PUT -d '{"sessions":0}' http://127.0.0.1:9300/simulator/capacity
  curl -X POST http://127.0.0.1:9300/simulator/forget

Faults: {"status":N}, {"slow":{"ms":N}}, "lost", "reset", "hang", "redirect", "nonsense", "not_text", "huge".
These paths ask for no password: keep to a loopback address."#;

/// A media server in a box: serves the voice gateway's protocol. No media flows.
#[derive(Parser)]
#[command(name = "voice-simulator", version, after_help = EXAMPLES)]
struct Arguments {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, env = "VOICE_SIMULATOR_BIND", default_value = "127.0.0.1:9300")]
    bind: String,
    /// Bearer token that requests must carry; without it none is asked for.
    #[arg(long, env = "VOICE_GATEWAY_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Live sessions at once, at most.
    #[arg(long, default_value_t = 1_000)]
    capacity: usize,
    /// Session ids and passwords follow from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Arguments { bind, token, capacity, seed } = Arguments::parse();
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,voice_simulator=info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_target(false).with_writer(std::io::stderr).init();

    let voice = VoiceSimulator::start(Config { bind, token, capacity, seed, ..Config::default() })?;
    println!("Voice gateway:   {}", voice.base_url());
    println!("Control surface: {}/simulator", voice.base_url());
    tokio::signal::ctrl_c().await.context("waiting for Ctrl-C")?;
    voice.shutdown();
    Ok(())
}
