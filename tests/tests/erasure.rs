//! A person is erased on the real programs: nothing of theirs is found in a file, a log or what an operator can read,
//! before their erasure in the clear or after it at all; and they are not contacted again.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    clippy::expect_used
)]

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use meta_simulator::{Config, Handle, MetaSimulator, Template};
use serde_json::Value;
use simulation::{
    clock::SimulationClock,
    gateway::{Gateway, Manners, decide::Plan, wishes::Wishes},
    people::Cast,
    world::{BUSINESS_PHONE, PHONE_NUMBER_ID, Secrets, Setup, Surroundings, World},
};
use store::testing::TestStore;
use support::turn;

/// Simulated seconds in a real one.
const SPEED: u32 = 20;
/// Nothing here takes so long unless it never happens.
const PATIENCE: Duration = Duration::from_mins(1);
/// Stands in every name and text of these people, and nowhere else.
const MARKER: &str = "zqmark";
/// Stands in every number.
const DIGITS: &str = "7913572";
/// Begins every id of a message that Meta gives.
const WAMID: &str = "wamid.";

const CLIENT: &str = "+254791357299";

/// The product with three vendors and one client, all marked.
struct Stand<'a> {
    meta: Handle,
    gateway: Gateway,
    world: World,
    cast: Cast,
    server: Option<&'a TestStore>,
}

impl<'a> Stand<'a> {
    async fn build(server: Option<&'a TestStore>) -> Self {
        let clock = SimulationClock::starting_now(SPEED);
        let mut cast = Cast::assemble(1, 3, simulation::DEFAULT_SEED);
        "Zqmarka Clientele".clone_into(&mut cast.clients[0].name);
        CLIENT.clone_into(&mut cast.clients[0].phone);
        for (at, vendor) in cast.vendors.iter_mut().enumerate() {
            vendor.name = format!("Zqmarkshop{at} Spares");
            vendor.phone = format!("+2547913572{at:02}");
        }
        let secrets = Secrets::from_seed(1);
        let mut config = Config::new(
            &secrets.access_token,
            &secrets.app_secret,
            &secrets.verify_token,
            PHONE_NUMBER_ID,
            BUSINESS_PHONE,
        );
        config.clock = std::sync::Arc::new(move || clock.now_ms());
        config.templates = ["vendor_inquiry", "client_update", "handoff_client", "handoff_vendor"]
            .map(|purpose| Template::new(&format!("concierge_{purpose}_v1"), "en", "{{1}}"))
            .to_vec();
        let meta = MetaSimulator::start(config).unwrap();
        meta.person(CLIENT, &cast.clients[0].name);
        for vendor in &cast.vendors {
            meta.person(&vendor.phone, &vendor.name);
        }
        let gateway = Gateway::start(Manners::Sensible, Plan::ORDINARY, Wishes::None, 1, clock).unwrap();
        let around = Surroundings {
            meta_url: meta.base_url(),
            moltbot_url: &gateway.url(),
            moltbot_token: gateway.token(),
            moltbot_model: None,
            moltbot_timeout_ms: 10_000,
            two_numbers: false,
            secrets: &secrets,
            voice: None,
            ocr: false,
            operators: None,
            known_vendors: None,
            clock,
            workers: 1,
            log: Some("trace"),
            setup: Setup::default(),
        };
        let url = server.map(|server| server.options().database_url.as_str());
        let world = World::start(&around, &cast, 1, url).await.unwrap();
        meta.set_webhook_url(&world.webhook_url());
        meta.verify_webhook().await.unwrap();
        Self { meta, gateway, world, cast, server }
    }

    /// Up to the vendors' being asked.
    async fn ask_vendors(&self) {
        self.says(CLIENT, &format!("I need brake pads for a 2014 Corolla {MARKER}first")).await;
        self.meta.wait_for_message(CLIENT, 0, PATIENCE).await.unwrap();
        self.says(CLIENT, &format!("Front ones, it is the 1.8 petrol {MARKER}second")).await;
        for at in 0..3 {
            self.meta.wait_for_message(self.vendor(at), 0, PATIENCE).await.unwrap();
        }
    }

    async fn vendor_says(&self, at: usize, text: &str) {
        self.says(self.vendor(at), &format!("{text} {MARKER}vendor{at}")).await;
    }

    /// The client waits for the list and takes its first line; until they have the vendor's contact.
    async fn hand_off(&self) {
        let lists = |text: &str| text.contains("1.") && text.contains("2.");
        let list = self.meta.wait_for_message_that(CLIENT, 0, PATIENCE, |message| lists(&message.text)).await;
        list.unwrap_or_else(|error| panic!("{error}: {:?}\n{}", self.inbox(CLIENT), self.world.log_tails()));
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.says(CLIENT, "1").await;
        let told =
            self.meta.wait_for_message_that(CLIENT, 0, PATIENCE, |message| message.text.contains(DIGITS));
        told.await.unwrap();
        self.meta.wait_until_quiet(PATIENCE).await.unwrap();
    }

    async fn says(&self, phone: &str, text: &str) {
        self.meta.send_text(phone, text).unwrap();
        self.meta.wait_until_quiet(PATIENCE).await.unwrap();
    }

    fn vendor(&self, at: usize) -> &str {
        &self.cast.vendors[at].phone
    }

    fn inbox(&self, phone: &str) -> Vec<String> {
        self.meta.inbox(phone).into_iter().map(|message| message.text).collect()
    }

    async fn erase(&self, whom: [&str; 2]) -> Value {
        let arguments = ["contacts", "erase", whom[0], whom[1], "--yes"];
        let done: Value = self.world.admin().json(&arguments).await.unwrap();
        assert_eq!(done["files_scrubbed"], true, "{done}");
        done
    }

    /// Everything that an operator can print; every chain holds.
    async fn shown(&self) -> String {
        let admin = self.world.admin();
        let list: Value = admin.json(&["requests", "list"]).await.unwrap();
        let mut all = vec![list.to_string()];
        for request in list["requests"].as_array().unwrap() {
            let id = request["id"].as_str().unwrap();
            let account: Value = admin.json(&["requests", "show", id]).await.unwrap();
            assert_eq!(account["audit_verified"], true, "{}", account["audit_fault"]);
            all.push(account.to_string());
            all.push(admin.run(&["requests", "show", id]).await.unwrap());
        }
        // Another export is one line here.
        for listing in [["vendors", "list"], ["dead-letters", "list"], ["outbox", "unknown"]] {
            all.push(admin.run(&[listing[0], listing[1], "--json"]).await.unwrap());
        }
        all.concat().to_lowercase()
    }

    /// No marker in any file: the database as it lies on the disk, write-ahead logs included, and the logs.
    async fn assert_files_are_clean(&self) {
        let csv = self.world.folder().join("vendors.csv");
        if csv.exists() {
            fs::remove_file(csv).unwrap();
        }
        let mut read = clean(self.world.folder());
        if let Some(server) = self.server {
            read += clean(&server.data_directory().await);
        }
        assert!(read > 100_000, "there was something to read: {read} bytes");
    }

    /// The directory comes again, as another system would send it: another id, another spelling of the number.
    async fn import_again(&self, at: usize) -> String {
        let digits = self.vendor(at).trim_start_matches('+');
        let phone = format!("+{} {}-{}", &digits[..3], &digits[3..6], &digits[6..]);
        let file = self.world.folder().join("again.csv");
        let header =
            "vendor_id,name,phone,categories,latitude,longitude,timezone,languages,accepts_inquiries,rating";
        fs::write(
            &file,
            format!("{header}\nanother-id,Shop,{phone},spare_parts,,,Africa/Nairobi,en,true,5\n"),
        )
        .unwrap();
        let said = self.world.admin().run(&["vendors", "import", &file.display().to_string()]).await.unwrap();
        fs::remove_file(file).unwrap();
        said
    }

    async fn end(self) {
        let stuck = self.world.stop().await;
        self.gateway.stop().await;
        self.meta.shutdown();
        assert!(stuck.is_empty(), "{stuck:?}");
    }
}

/// How many bytes there were to read below a folder, none of them personal.
fn clean(folder: &Path) -> usize {
    let mut read = 0;
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        // The server's files come and go.
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(bytes) = fs::read(&path) {
                read += bytes.len();
                let text = String::from_utf8_lossy(&bytes).to_lowercase();
                for personal in [MARKER, DIGITS, WAMID] {
                    if let Some(at) = text.find(personal) {
                        let around: String =
                            text[..at].chars().rev().take(200).collect::<Vec<_>>().iter().rev().collect();
                        panic!("{personal} in {} after {around}", path.display());
                    }
                }
            }
        }
    }
    read
}

#[expect(clippy::needless_pass_by_value, reason = "a test is written at the call")]
fn on_both(test: impl AsyncFn(Option<&TestStore>)) {
    let _turn = turn();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(test(None));
    if let Some(server) = TestStore::postgres() {
        runtime.block_on(test(Some(&server)));
    }
}

#[test]
fn a_client_is_erased_after_the_handoff() {
    on_both(async |server| {
        let stand = Stand::build(server).await;
        stand.ask_vendors().await;
        for (at, text) in ["yes we have, 4500", "tuko nayo 3800/=", "available 5000"].into_iter().enumerate()
        {
            stand.vendor_says(at, text).await;
        }
        stand.hand_off().await;
        assert!(stand.shown().await.contains("zqmarksecond"), "it is there for an operator");
        stand.assert_files_are_clean().await;

        let received = stand.inbox(CLIENT).len();
        let done = stand.erase(["--phone", "+254 791 357 299"]).await;
        assert_eq!(done["report"]["requests_closed"], 1, "{done}");
        let shown = stand.shown().await;
        for theirs in ["zqmarka", "zqmarkfirst", "zqmarksecond", &CLIENT[1..]] {
            assert!(!shown.contains(theirs), "{theirs}: {shown}");
        }
        assert!(shown.contains("(erased)") && shown.contains("zqmarkshop1"), "{shown}");
        stand.assert_files_are_clean().await;
        assert_eq!(stand.inbox(CLIENT).len(), received, "nothing more reaches them");
        stand.end().await;
    });
}

#[test]
fn a_vendor_is_erased_while_the_request_runs() {
    on_both(async |server| {
        let stand = Stand::build(server).await;
        stand.ask_vendors().await;
        stand.vendor_says(1, "yes we have, 4500").await;
        let received = stand.inbox(stand.vendor(1)).len();
        let id = stand.cast.vendors[1].id.clone();
        let done = stand.erase(["--vendor", &id]).await;
        assert_eq!(done["report"]["outreaches_ended"], 1, "{done}");
        stand.vendor_says(0, "tuko nayo 3800/=").await;
        stand.vendor_says(2, "available 5000").await;
        stand.hand_off().await;

        assert_eq!(stand.inbox(stand.vendor(1)).len(), received, "nothing more reaches them");
        let told = stand.inbox(CLIENT).concat().to_lowercase();
        assert!(!told.contains("zqmarkshop1") && told.contains("zqmarkshop0"), "{told}");
        let shown = stand.shown().await;
        for theirs in ["zqmarkshop1", "zqmarkvendor1", &stand.vendor(1)[1..]] {
            assert!(!shown.contains(theirs), "{theirs}: {shown}");
        }
        assert!(shown.contains("zqmarkvendor0") && shown.contains("handed_off"), "{shown}");
        stand.assert_files_are_clean().await;

        let said = stand.import_again(1).await;
        assert!(said.contains("suppressed   1"), "{said}");
        stand.end().await;
    });
}
