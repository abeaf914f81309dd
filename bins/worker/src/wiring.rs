//! Settings become the parts of a worker.

use std::{sync::Arc, time::Duration};

use engine::{
    brain::{MoltbotBrain, NoBrain},
    dial::Dialler,
    dispatch::Dispatcher,
    media::Reader,
    notify::Notifier,
    router::Router,
    templates::TemplateCatalogue,
    turn::TurnRunner,
};
use marketplace::{IdSource as _, RandomIds, SystemClock};
use meta_client::{MetaClient, MetaConfig};
use moltbot_client::{Config, MoltbotClient, Transport};
use ocr::{OcrEngine, OcrLanguage, Tesseract};
use operator_webhook::{HttpWebhook, OperatorWebhook, WebhookConfig};
use orchestrator::Brain;
use settings::{MoltbotTransport, WorkerSettings};
use startup::Failure;
use store::{Db, outbox::breaker::VolumeLimits};
use tools::Policy;
use voice_gateway::{HttpVoiceGateway, VoiceGateway, VoiceGatewayConfig};

/// Moltbot's deadline when there is no Moltbot: bounds a turn all the same.
const NO_BRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// The parts of a worker, ready to loop.
pub(crate) struct Worker {
    pub(crate) db: Db,
    /// The name of this process in leases and heartbeats.
    pub(crate) owner: String,
    pub(crate) policy: Policy,
    pub(crate) router: Router,
    pub(crate) turns: TurnRunner,
    pub(crate) dispatchers: Vec<Arc<Dispatcher>>,
    pub(crate) diallers: Vec<Dialler>,
    pub(crate) reader: Reader,
    pub(crate) notifier: Notifier,
}

pub(crate) async fn wire(settings: &WorkerSettings) -> Result<Worker, Failure> {
    let options = startup::store_options("concierge-worker", &settings.database, &settings.data_key)?;
    let db = startup::open(&options, startup::clock(settings.simulation_clock))?;
    let policy = Policy {
        ai_concierge: settings.flags.ai_concierge,
        ocr: settings.flags.ocr,
        calling: settings.flags.calling,
        vendor_inquiries_per_day_max: settings.vendor_inquiries_per_day_max,
    };
    // A fresh name at every start: what an earlier run of this process left on the wire is told apart by it.
    let owner = format!("worker-{}", RandomIds::new(Arc::new(SystemClock)).next_uuid().simple());
    let numbers = settings.meta.phone_number_ids.clone();
    let (brain, brain_timeout) = brain(settings)?;
    let meta = meta(settings)?;
    let templates = match &settings.templates_file {
        Some(path) => TemplateCatalogue::load(path).map_err(|error| Failure::Usage(error.to_string()))?,
        None => TemplateCatalogue::built_in(),
    };
    for warning in templates.warnings(settings.flags.calling) {
        tracing::warn!("template catalogue: {warning}");
    }
    let templates = Arc::new(templates);
    let limits = VolumeLimits {
        per_hour: settings.outbound.per_hour,
        per_vendor_per_day: settings.outbound.per_vendor_per_day,
    };
    let dispatchers = numbers
        .iter()
        .map(|number| {
            let (db, meta, templates) = (db.clone(), meta.clone(), templates.clone());
            Arc::new(Dispatcher::new(db, meta, templates, policy, limits, number.clone(), owner.clone()))
        })
        .collect();
    let (engine, languages) = ocr_engine(settings).await;
    // Also with OCR off: what waits is ended, and its client asked to type.
    let reader = Reader::new(db.clone(), meta.clone(), engine, languages, policy, owner.clone());
    let voice = voice(settings)?;
    // Also with calling off: what was dialled before must still be ended and recorded.
    let diallers = numbers
        .iter()
        .map(|number| {
            let (db, meta, voice) = (db.clone(), meta.clone(), voice.clone());
            Dialler::new(db, meta, voice, policy, limits, number.clone(), owner.clone())
        })
        .collect();
    Ok(Worker {
        router: Router::new(db.clone(), numbers, policy, owner.clone()),
        turns: TurnRunner::new(db.clone(), brain, policy, owner.clone(), brain_timeout),
        owner,
        notifier: Notifier::new(db.clone(), operators(settings)?),
        dispatchers,
        diallers,
        reader,
        policy,
        db,
    })
}

fn brain(settings: &WorkerSettings) -> Result<(Arc<dyn Brain>, Duration), Failure> {
    let Some(moltbot) = &settings.moltbot else { return Ok((Arc::new(NoBrain), NO_BRAIN_TIMEOUT)) };
    let transport = match moltbot.transport.clone() {
        MoltbotTransport::LlmTask { agent_id } => Transport::LlmTask { agent_id },
        MoltbotTransport::ChatCompletions { model } => Transport::ChatCompletions { model },
    };
    let url = moltbot.url.to_string();
    let config = Config::with_transport(url, moltbot.token.clone(), transport, moltbot.timeout);
    let client = MoltbotClient::new(config).map_err(|error| Failure::from_error(&error))?;
    Ok((Arc::new(MoltbotBrain(client)), moltbot.timeout))
}

/// Tesseract, if pictures are to be read and it is there. Without it the worker does everything else, and says so.
async fn ocr_engine(settings: &WorkerSettings) -> (Option<Arc<dyn OcrEngine>>, Vec<OcrLanguage>) {
    let languages: Vec<OcrLanguage> =
        settings.ocr.languages.iter().filter_map(|code| OcrLanguage::from_code(code)).collect();
    if !settings.flags.ocr {
        return (None, languages);
    }
    let config = ocr::Config { program: settings.ocr.program.clone(), ..ocr::Config::default() };
    let found = match Tesseract::probe(&config).await {
        Ok(found) => found,
        Err(error) => {
            tracing::error!(%error, "OCR_ENABLED is true and no picture can be read: clients are asked to type");
            return (None, languages);
        }
    };
    let missing: Vec<&str> = languages
        .iter()
        .filter(|language| !found.languages.contains(language))
        .map(|language| language.debian_package())
        .collect();
    if missing.len() == languages.len() {
        tracing::error!(?missing, "no language of OCR_LANGUAGES is installed: clients are asked to type");
        return (None, languages);
    }
    if !missing.is_empty() {
        tracing::warn!(?missing, "languages of OCR_LANGUAGES are not installed, and not read");
    }
    tracing::info!(version = found.version, turns = found.turns, "pictures are read with Tesseract");
    (Some(Arc::new(Tesseract::new(config, found))), languages)
}

fn voice(settings: &WorkerSettings) -> Result<Option<Arc<dyn VoiceGateway>>, Failure> {
    let Some(gateway) = &settings.voice_gateway else { return Ok(None) };
    let config = VoiceGatewayConfig::new(gateway.url.to_string(), gateway.token.clone());
    let client = HttpVoiceGateway::new(&config).map_err(|error| Failure::from_error(&error))?;
    Ok(Some(Arc::new(client)))
}

/// Something always escalates: a client who asks for a person, with Moltbot or without.
fn operators(settings: &WorkerSettings) -> Result<Option<Arc<dyn OperatorWebhook>>, Failure> {
    let Some(webhook) = &settings.operator_webhook else {
        tracing::warn!("OPERATOR_WEBHOOK_URL is not set: nobody is told when a request needs a person");
        return Ok(None);
    };
    let config = WebhookConfig::new(webhook.url.to_string(), webhook.secret.clone());
    let client = HttpWebhook::new(&config).map_err(|error| Failure::from_error(&error))?;
    Ok(Some(Arc::new(client)))
}

fn meta(settings: &WorkerSettings) -> Result<Arc<MetaClient>, Failure> {
    let config = MetaConfig {
        base_url: settings.meta.graph.base.to_string(),
        version: settings.meta.graph.version.clone(),
        access_token: settings.meta.access_token.clone(),
        timeout: meta_client::client::TIMEOUT_DEFAULT,
    };
    let client = MetaClient::new(config).map_err(|error| Failure::from_error(&error))?;
    Ok(Arc::new(client.with_media_hosts(settings.meta.media_hosts.clone())))
}
