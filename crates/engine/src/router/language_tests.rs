//! In which language people are answered, by what they write.

use conversation::{Sentence, catalogue};
use marketplace::{Clock as _, ContactId, Language, PhoneNumberId, RequestId};
use serde_json::json;
use store::{
    Tx,
    contacts::{self, Identity, LanguageSource},
    outbox, requests,
    testing::{self, TestStore, on_both},
    vendors::{self, VendorRecord},
};
use tools::{Policy, ToolError};

use super::Router;
use crate::intake::Intake;

const NUMBER: &str = "300000000000001";
const CLIENT: &str = "254700000101";
const VENDOR: &str = "254700000202";

struct Desk<'a> {
    test: &'a TestStore,
    intake: Intake,
    router: Router,
}

impl<'a> Desk<'a> {
    fn new(test: &'a TestStore) -> Self {
        let db = test.db.clone();
        let router =
            Router::new(db.clone(), vec![NUMBER.parse().unwrap()], Policy::default(), "test".to_owned());
        Self { test, intake: Intake::new(db), router }
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, ToolError> + Send + 'static,
    ) -> T {
        self.test.db.write(work).await.unwrap()
    }

    async fn writes(&self, from: &str, text: &str) {
        self.test.clock.advance(std::time::Duration::from_secs(1));
        let now = self.test.clock.now();
        let body = json!({
            "object": "whatsapp_business_account",
            "entry": [{ "id": "1", "changes": [{ "field": "messages", "value": {
                "messaging_product": "whatsapp",
                "metadata": { "display_phone_number": "15550100001", "phone_number_id": NUMBER },
                "contacts": [{ "wa_id": from }],
                "messages": [{ "id": format!("wamid.{}", now.as_millis()), "type": "text", "from": from,
                    "timestamp": now.as_seconds().to_string(), "text": { "body": text } }],
            }}]}],
        });
        assert_eq!(self.intake.accept(body.to_string().as_bytes()).await.unwrap().dead, 0);
        assert_eq!(self.router.step().await.unwrap().failed, 0);
    }

    async fn contact(&self, digits: &'static str) -> contacts::Contact {
        self.write(move |tx| {
            let known = [
                Identity::WaId(digits.parse().unwrap()),
                Identity::Phone(format!("+{digits}").parse().unwrap()),
            ];
            let id: ContactId = contacts::find(tx, &known)?.unwrap();
            Ok(contacts::load(tx, id)?)
        })
        .await
    }

    async fn request_of(&self, digits: &'static str) -> requests::Request {
        let client = self.contact(digits).await.id;
        self.write(move |tx| {
            let id: RequestId = requests::open_of_client(tx, client)?.unwrap();
            Ok(requests::load(tx, id)?)
        })
        .await
    }

    /// The texts that wait for a person.
    async fn queued(&self, digits: &'static str) -> Vec<String> {
        let who = self.contact(digits).await.id;
        self.write(move |tx| {
            let queued = outbox::queued_to(tx, who)?;
            queued.into_iter().map(|(id, _)| Ok(outbox::load(tx, id)?.payload.unwrap().body)).collect()
        })
        .await
    }
}

#[test]
fn a_clients_language_is_heard_and_their_wish_outranks_it() {
    use Language::{En, Es, Fr, Sw};
    use LanguageSource::{Asked, Default, Detected};
    on_both(async |test| {
        let desk = Desk::new(test);
        for (text, language, source) in [
            ("2014", En, Default),
            ("Necesito pastillas de freno para un Toyota Corolla 2014, por favor", Es, Detected),
            ("ok", Es, Detected),
            // One message in another language changes nothing, a second one does.
            ("I need them for a Toyota, please", Es, Detected),
            ("¿Cuánto cuesta y cuándo está listo?", Es, Detected),
            ("I need them for a Toyota, please", Es, Detected),
            ("Can you deliver this today before 5pm", En, Detected),
            ("Je cherche des plaquettes de frein pour une Toyota", En, Detected),
            ("2", En, Detected),
            ("J'ai besoin d'un plombier aujourd'hui à Dakar", Fr, Detected),
            ("kiswahili tafadhali", Sw, Asked),
            ("I need brake pads for a 2014 Corolla", Sw, Asked),
            ("Can you deliver this today before 5pm", Sw, Asked),
            ("en español por favor", Es, Asked),
        ] {
            desk.writes(CLIENT, text).await;
            let contact = desk.contact(CLIENT).await;
            assert_eq!((contact.language, contact.language_source), (language, source), "{text}");
            assert_eq!(desk.request_of(CLIENT).await.language, language, "{text}");
        }
        // Each wish was confirmed in the language asked for, nothing else was said.
        let confirmed = |language| catalogue::text(language, &Sentence::LanguageSet);
        assert_eq!(desk.queued(CLIENT).await, [confirmed(Sw), confirmed(Es)]);
    });
}

#[test]
fn a_vendors_language_is_the_directorys_until_they_wish_otherwise() {
    on_both(async |test| {
        let desk = Desk::new(test);
        let import = move |tx: &mut Tx<'_>| {
            let record = VendorRecord {
                languages: vec![Language::Sw],
                ..testing::vendor_record(
                    "v-1".parse().unwrap(),
                    format!("+{VENDOR}").parse().unwrap(),
                    "tools",
                )
            };
            vendors::import(tx, &record)?;
            let client =
                contacts::find_or_create(tx, &[Identity::WaId(CLIENT.parse().unwrap())], None, Language::En)?;
            let number: PhoneNumberId = NUMBER.parse().unwrap();
            Ok((client.id, number, record.id))
        };
        let (client, number, id) = desk.write(import).await;
        let vendor = desk.contact(VENDOR).await;
        assert_eq!((vendor.language, vendor.language_source), (Language::Sw, LanguageSource::Directory));
        let contact = vendor.id;
        desk.write(move |tx| {
            let mut guard = requests::create(tx, client, &number, Language::En)?;
            requests::set_state(tx, &mut guard, marketplace::RequestState::Sourcing)?;
            let batch = store::sourcing::NewBatch {
                size: 1,
                offers_wanted: 1,
                deadline_at: tx.now + std::time::Duration::from_mins(10),
                plan: "{}".to_owned(),
                also_sealed_by: Vec::new(),
            };
            store::sourcing::open_batch(tx, &guard, &batch)?.unwrap();
            store::sourcing::add_outreach(tx, &guard, &id, contact)?.unwrap();
            Ok(())
        })
        .await;
        desk.writes(VENDOR, "We have it, KES 3500, available tomorrow").await;
        assert_eq!(desk.contact(VENDOR).await.language, Language::Sw);
        desk.writes(VENDOR, "English please").await;
        let vendor = desk.contact(VENDOR).await;
        assert_eq!((vendor.language, vendor.language_source), (Language::En, LanguageSource::Asked));
        assert_eq!(desk.queued(VENDOR).await, [catalogue::text(Language::En, &Sentence::LanguageSet)]);
        // A new import of the directory takes nothing back.
        desk.write(import).await;
        assert_eq!(desk.contact(VENDOR).await.language, Language::En);
    });
}
