//! `meta-simulator`: the simulator on its own, for developing by hand.

use anyhow::Context;
use clap::Parser;
use meta_simulator::{BusinessNumber, Config, MetaSimulator, Template};
use tracing_subscriber::EnvFilter;

const EXAMPLES: &str = r#"Point META_API_BASE of the program under test at the address printed at start. Then write as anyone:

  curl -d '{"text":"hello"}' http://127.0.0.1:9200/simulator/people/254700000101/messages
  curl -d '{"button":{"id":"yes","title":"Yes"},"quote":"wamid…"}' \
       http://127.0.0.1:9200/simulator/people/254700000101/messages
  curl http://127.0.0.1:9200/simulator/people/254700000101/inbox
  curl http://127.0.0.1:9200/simulator/log
  curl -X POST http://127.0.0.1:9200/simulator/verify

People pick up after 5 s and talk for 30 s, and leave a request for permission to call unanswered, until told otherwise:

  curl -X PUT -d '{"on_call":{"decline":{"after_ms":4000}},"on_card":{"accept":{"after_ms":2000,"for_good":false}}}' \
       http://127.0.0.1:9200/simulator/people/254700000101/habits
  curl -d '{"answer":"accept","card":"wamid…"}' http://127.0.0.1:9200/simulator/people/254700000101/permission
  curl -d '{"answer":"reject"}' http://127.0.0.1:9200/simulator/people/254700000101/permission
  curl -X POST http://127.0.0.1:9200/simulator/people/254700000101/calls
  curl http://127.0.0.1:9200/simulator/calls
  curl -X POST http://127.0.0.1:9200/simulator/calls/wacid…/hang-up
  curl -d '{"event":"call_recording_available"}' http://127.0.0.1:9200/simulator/calls/wacid…/events
  curl -X PUT -d '{"enabled":false}' http://127.0.0.1:9200/simulator/calling

These paths ask for no password: keep to a loopback address."#;

/// Meta in a box: serves the WhatsApp Cloud API, posts signed webhooks, and plays people for you.
#[derive(Parser)]
#[command(name = "meta-simulator", version, after_help = EXAMPLES)]
struct Arguments {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, env = "META_SIMULATOR_BIND", default_value = "127.0.0.1:9200")]
    bind: String,
    /// Bearer token that sends must carry.
    #[arg(long, env = "META_ACCESS_TOKEN", hide_env_values = true)]
    token: String,
    /// Secret that signs webhooks.
    #[arg(long, env = "META_APP_SECRET", hide_env_values = true)]
    app_secret: String,
    /// Token told to the webhook at verification.
    #[arg(long, env = "META_VERIFY_TOKEN", hide_env_values = true)]
    verify_token: String,
    /// Our business numbers, separated by commas, each as ID or ID=+NUMBER.
    #[arg(long, env = "META_PHONE_NUMBER_ID", value_delimiter = ',', required = true)]
    phone_number_id: Vec<String>,
    /// Where webhooks are posted.
    #[arg(long, env = "META_SIMULATOR_WEBHOOK_URL")]
    webhook_url: Option<String>,
    /// An approved template as NAME:LANGUAGE:TEXT, with {{1}}, {{2}}, … where parameters go. May be repeated.
    #[arg(long, value_name = "NAME:LANGUAGE:TEXT", value_parser = template)]
    template: Vec<Template>,
    /// The same for a template with a card that asks for permission to call. May be repeated.
    #[arg(long, value_name = "NAME:LANGUAGE:TEXT", value_parser = template)]
    call_permission_template: Vec<Template>,
    /// Start with calling switched off, as Meta does.
    #[arg(long)]
    no_calling: bool,
    /// Ids follow from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Shown as the business number where none is given.
const SOME_NUMBER: &str = "+15550100001";

fn business_number(text: &str) -> BusinessNumber {
    let (id, number) = text.split_once('=').unwrap_or((text, SOME_NUMBER));
    BusinessNumber { phone_number_id: id.trim().to_owned(), display_number: number.trim().to_owned() }
}

fn template(text: &str) -> Result<Template, &'static str> {
    let mut parts = text.splitn(3, ':');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(name), Some(language), Some(body)) => Ok(Template::new(name, language, body)),
        _ => Err("a template is NAME:LANGUAGE:TEXT"),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,meta_simulator=info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_target(false).with_writer(std::io::stderr).init();

    let mut config = Config::new(&arguments.token, &arguments.app_secret, &arguments.verify_token, "", "");
    config.bind = arguments.bind;
    config.numbers = arguments.phone_number_id.iter().map(|text| business_number(text)).collect();
    config.webhook_url = arguments.webhook_url;
    config.seed = arguments.seed;
    config.calling.enabled = !arguments.no_calling;
    config.templates = arguments.template;
    config.templates.extend(arguments.call_permission_template.into_iter().map(Template::asking_to_call));
    let subscribed = config.webhook_url.is_some();

    let meta = MetaSimulator::start(config)?;
    println!("Graph API:       {}", meta.base_url());
    println!("Control surface: {}/simulator", meta.base_url());
    if subscribed {
        match meta.verify_webhook().await {
            Ok(()) => println!("Webhook:         verified"),
            Err(error) => println!("Webhook:         {error}"),
        }
    } else {
        println!("Webhook:         none; set one with PUT /simulator/webhook {{\"url\":\"…\"}}");
    }
    tokio::signal::ctrl_c().await.context("waiting for Ctrl-C")?;
    meta.shutdown();
    Ok(())
}
