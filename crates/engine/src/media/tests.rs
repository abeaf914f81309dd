//! Pictures from the webhook to the vendors, on both databases, with a scripted Meta and a scripted Tesseract.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use marketplace::{Clock as _, PhoneNumberId, RequestState};
use meta_client::{MediaApi, MediaError, MediaRef};
use ocr::{Line, OcrEngine, OcrError, OcrLanguage, Reading};
use serde_json::{Value, json};
use store::{
    StoreError,
    audit_log::{self, Payload},
    contacts::{self, Identity},
    documents::{self, Job, JobStatus},
    flags, messages, requests,
    testing::{self, TestStore, on_both},
    turns, vendors,
};
use tools::Policy;

use super::Reader;
use crate::{
    brain::NoBrain,
    intake::Intake,
    router::Router,
    sweep, timers,
    turn::{TurnRunner, TurnStep},
};

const NUMBER: &str = "300000000000001";
const CLIENT: &str = "254700000101";
const RECEIPT: &str = "JUMBO AUTO SPARES\nTel 0712 345 678\nBrake pads Corolla 2014 3,500.00\nTOTAL 3,500.00";
const SCRIPT: &str = "Dr. A. Otieno\nPatient Zuhura\nRx\nAmoxicillin 500mg x21 - 1 tab three times a day";

/// What Meta and Tesseract do with the next pictures; the last answer stays.
#[derive(Default)]
struct World {
    fetches: Mutex<VecDeque<Result<(), MediaError>>>,
    readings: Mutex<VecDeque<Result<(&'static str, f64), OcrError>>>,
    fetched: Mutex<Vec<String>>,
}

fn next<T: Clone>(answers: &Mutex<VecDeque<T>>, otherwise: T) -> T {
    let mut answers = answers.lock().unwrap();
    if answers.len() > 1 {
        answers.pop_front().unwrap()
    } else {
        answers.front().cloned().unwrap_or(otherwise)
    }
}

#[async_trait]
impl MediaApi for World {
    async fn fetch(&self, number: &PhoneNumberId, media: MediaRef<'_>) -> Result<Vec<u8>, MediaError> {
        assert_eq!(number.as_str(), NUMBER);
        assert_eq!(media.sha256, Some("digest"));
        self.fetched.lock().unwrap().push(media.id.to_owned());
        next(&self.fetches, Ok(())).map(|()| b"picture".to_vec())
    }
}

#[async_trait]
impl OcrEngine for World {
    async fn read(&self, picture: &[u8], languages: &[OcrLanguage]) -> Result<Reading, OcrError> {
        assert_eq!((picture, languages), (&b"picture"[..], &[OcrLanguage::Eng][..]));
        let (text, confidence) = next(&self.readings, Ok((RECEIPT, 0.9)))?;
        let lines = text.lines().map(|text| Line { text: text.to_owned(), confidence }).collect();
        Ok(Reading { lines, confidence })
    }
}

const POLICY: Policy = Policy { ocr: true, ..Policy::OFF };

/// Intake, router, turns and reader over one database.
struct Office<'a> {
    test: &'a TestStore,
    world: Arc<World>,
    intake: Intake,
    router: Router,
    turns: TurnRunner,
    reader: Reader,
    written: Mutex<u32>,
}

impl<'a> Office<'a> {
    async fn new(test: &'a TestStore) -> Self {
        let db = test.db.clone();
        let imported: Result<(), StoreError> = db
            .write(|tx| {
                (1..=2).try_for_each(|n| {
                    let record = vendors::VendorRecord {
                        categories: vec!["spare_parts".to_owned(), "pharmacy".to_owned()],
                        name: format!("Shop {n}"),
                        ..testing::vendor_record(
                            format!("v{n}").parse().unwrap(),
                            format!("+25472200000{n}").parse().unwrap(),
                            "spare_parts",
                        )
                    };
                    vendors::import(tx, &record).map(drop)
                })
            })
            .await;
        imported.unwrap();
        let world = Arc::new(World::default());
        let (media, engine): (Arc<dyn MediaApi>, Arc<dyn OcrEngine>) = (world.clone(), world.clone());
        Self {
            test,
            intake: Intake::new(db.clone()),
            router: Router::new(db.clone(), vec![NUMBER.parse().unwrap()], POLICY, "test".to_owned()),
            turns: TurnRunner::new(
                db.clone(),
                Arc::new(NoBrain),
                POLICY,
                "test".to_owned(),
                Duration::from_secs(5),
            ),
            reader: Reader::new(db, media, Some(engine), vec![OcrLanguage::Eng], POLICY, "test".to_owned()),
            world,
            written: Mutex::new(0),
        }
    }

    fn reads(&self, reading: Result<(&'static str, f64), OcrError>) {
        *self.world.readings.lock().unwrap() = VecDeque::from([reading]);
    }

    fn fetches(&self, answers: impl IntoIterator<Item = Result<(), MediaError>>) {
        *self.world.fetches.lock().unwrap() = answers.into_iter().collect();
    }

    async fn sends(&self, content: Value) {
        self.test.clock.advance(Duration::from_secs(1));
        let number = {
            let mut written = self.written.lock().unwrap();
            *written += 1;
            *written
        };
        let mut message = json!({
            "from": CLIENT, "id": format!("wamid.in{number}"),
            "timestamp": self.test.clock.now().as_seconds().to_string(),
        });
        message.as_object_mut().unwrap().extend(content.as_object().unwrap().clone());
        let body = json!({
            "object": "whatsapp_business_account",
            "entry": [{ "id": "2", "changes": [{ "field": "messages", "value": {
                "messaging_product": "whatsapp",
                "metadata": { "display_phone_number": "254700900100", "phone_number_id": NUMBER },
                "contacts": [{ "profile": { "name": "Amina Wanjiru" }, "wa_id": CLIENT }],
                "messages": [message],
            }}]}],
        });
        assert_eq!(self.intake.accept(body.to_string().as_bytes()).await.unwrap().dead, 0);
        assert_eq!(self.router.step().await.unwrap().failed, 0);
    }

    async fn picture(&self, id: &str, caption: Option<&str>) {
        let mut image = json!({ "id": id, "mime_type": "image/png", "sha256": "digest" });
        if let Some(caption) = caption {
            image["caption"] = json!(caption);
        }
        self.sends(json!({ "type": "image", "image": image })).await;
    }

    async fn says(&self, text: &str) {
        self.sends(json!({ "type": "text", "text": { "body": text } })).await;
        self.turn().await;
    }

    async fn turn(&self) {
        self.test.clock.advance(Duration::from_secs(10));
        for _ in 0..20 {
            match self.turns.step().await.unwrap() {
                TurnStep::Idle => return,
                TurnStep::Failed => panic!("a turn failed"),
                TurnStep::Worked(_) | TurnStep::Empty => {}
            }
        }
        panic!("turns without end");
    }

    async fn step(&self) -> Result<bool, tools::ToolError> {
        self.reader.step(std::future::pending()).await
    }

    /// Reads whatever is due, then lets the lane go on.
    async fn read(&self) {
        while self.step().await.unwrap() {}
        self.turn().await;
    }

    async fn request(&self) -> requests::Request {
        self.test.db.read(|tx| Ok::<_, StoreError>(requests::list(tx, None, 10)?.remove(0))).await.unwrap()
    }

    async fn jobs(&self) -> Vec<Job> {
        let request = self.request().await.id;
        self.test.db.read(move |tx| documents::jobs_of(tx, request)).await.unwrap()
    }

    /// What was written to the client, or to vendors, oldest first.
    async fn written_to(&self, party: messages::Party) -> Vec<String> {
        let request = self.request().await.id;
        let all = self.test.db.read(move |tx| messages::latest(tx, request, 100)).await.unwrap();
        all.into_iter()
            .filter(|message| message.direction == messages::Direction::Out && message.party == party)
            .filter_map(|message| message.body)
            .collect()
    }

    async fn last_to_client(&self) -> String {
        self.written_to(messages::Party::Client).await.pop().unwrap_or_default()
    }

    /// Everything that can still be read of the request.
    async fn readable(&self) -> String {
        let request = self.request().await;
        self.test
            .db
            .read(move |tx| {
                let said = messages::latest(tx, request.id, 1_000)?;
                let sends = store::outbox::of_request(tx, request.id)?;
                let decided = turns::of_request(tx, request.id)?;
                let read = documents::jobs_of(tx, request.id)?;
                let mut all = format!("{request:?}{said:?}{sends:?}{decided:?}{read:?}");
                for (chain, _) in audit_log::chains(tx.conn)? {
                    audit_log::verify(tx.conn, chain, None)?.unwrap();
                    for (record, payload) in audit_log::chain_with_payloads(tx.conn, tx.vault, chain)? {
                        assert_ne!(payload, Payload::Altered, "{record:?}");
                        all = format!("{all}{record:?} {payload:?}");
                    }
                }
                Ok::<_, StoreError>(all)
            })
            .await
            .unwrap()
    }
}

fn codes(jobs: &[Job]) -> Vec<&str> {
    jobs.iter()
        .map(|job| job.error.as_deref().unwrap_or(if job.text.is_some() { "read" } else { "" }))
        .collect()
}

#[test]
fn a_picture_is_read_confirmed_and_becomes_the_need() {
    on_both(async |test| {
        let office = Office::new(test).await;
        office.picture("m1", None).await;
        office.turn().await;
        assert_eq!(office.last_to_client().await, "Processing image…");
        assert_eq!(office.request().await.state, RequestState::OcrProcessing);

        office.read().await;
        assert_eq!(office.request().await.state, RequestState::Clarifying);
        assert_eq!(
            office.last_to_client().await,
            "I read this in your picture:\n\n• Brake pads Corolla 2014\n\n\
             Is that what you need? Reply YES, or type what you need instead."
        );
        assert!(office.written_to(messages::Party::Vendor).await.is_empty(), "nothing before the YES");

        office.says("Yes").await;
        let request = office.request().await;
        assert_eq!(request.state, RequestState::Sourcing);
        assert_eq!(request.need.as_deref(), Some("Brake pads Corolla 2014"));
        assert!(!request.prescription);
        let asked = office.written_to(messages::Party::Vendor).await;
        assert_eq!(asked.len(), 2);
        assert!(asked.iter().all(|text| text.contains("\n\nBrake pads Corolla 2014\n\n")), "{asked:?}");
        assert!(!asked.concat().contains("JUMBO"));
        assert_eq!(office.world.fetched.lock().unwrap().as_slice(), ["m1"]);
        let actions = office.readable().await;
        assert!(actions.contains("ocr.read") && actions.contains("marketplace.create_ocr_job"));
    });
}

#[test]
fn a_reading_that_the_client_corrects_is_not_passed_on() {
    on_both(async |test| {
        let office = Office::new(test).await;
        office.picture("m1", None).await;
        office.turn().await;
        office.read().await;
        office.says("no").await;
        assert!(office.last_to_client().await.starts_with("I can't read your picture well enough"));
        office.says("rear shock absorbers for a Probox").await;
        let asked = office.written_to(messages::Party::Vendor).await;
        assert!(asked.iter().all(|text| text.contains("rear shock absorbers for a Probox")), "{asked:?}");
        assert!(!asked.is_empty() && !asked.concat().contains("Corolla"));
    });
}

#[test]
fn what_cannot_be_read_is_asked_to_be_typed() {
    on_both(async |test| {
        let office = Office::new(test).await;
        for (n, (fetch, read, code)) in [
            (Err(MediaError::TooLarge), Ok(("", 0.0)), "media_too_large"),
            (Err(MediaError::ForeignHost), Ok(("", 0.0)), "media_host_refused"),
            (Err(MediaError::Digest), Ok(("", 0.0)), "media_digest_differs"),
            (Err(MediaError::Gone), Ok(("", 0.0)), "media_gone"),
            (Ok(()), Err(OcrError::Picture(ocr::PictureError::UnknownFormat)), "not_a_picture"),
            (
                Ok(()),
                Err(OcrError::Picture(ocr::PictureError::OutOfBounds { width: 60_000, height: 60_000 })),
                "picture_out_of_bounds",
            ),
            (Ok(()), Err(OcrError::TimedOut(Duration::from_secs(30))), "picture_not_readable"),
            (Ok(()), Err(OcrError::NotInstalled), "ocr_unavailable"),
            (Ok(()), Ok(("", 0.0)), "read"),
            (Ok(()), Ok(("Br@ke p~ds", 0.1)), "read"),
        ]
        .into_iter()
        .enumerate()
        {
            office.fetches([fetch]);
            office.reads(read);
            office.picture(&format!("m{n}"), None).await;
            office.turn().await;
            assert_eq!(office.request().await.state, RequestState::OcrProcessing, "{code}");
            office.read().await;
            assert_eq!(codes(&office.jobs().await).last(), Some(&code));
            assert!(
                office.last_to_client().await.starts_with("I can't read your picture well enough"),
                "{code}"
            );
            assert_eq!(office.request().await.state, RequestState::Clarifying, "{code}");
        }
        // Nothing is lost: typing goes on from here.
        office.says("brake pads for a 2014 Corolla").await;
        assert_eq!(office.request().await.state, RequestState::Sourcing);
    });
}

#[test]
fn what_fails_for_the_moment_is_tried_again_three_times_at_most() {
    on_both(async |test| {
        let office = Office::new(test).await;
        let moment = || Err(MediaError::Moment("no connection"));
        office.fetches([moment(), moment(), Ok(())]);
        office.picture("m1", None).await;
        office.turn().await;
        for tries in 1..=2 {
            assert!(office.step().await.unwrap());
            assert!(!office.step().await.unwrap(), "not at once");
            assert_eq!(office.jobs().await[0].status, JobStatus::Pending);
            assert_eq!(office.world.fetched.lock().unwrap().len(), tries);
            test.clock.advance(Duration::from_secs(20));
        }
        office.read().await;
        assert_eq!(codes(&office.jobs().await), ["read"]);

        office.fetches([moment()]);
        office.picture("m2", None).await;
        office.turn().await;
        for _ in 0..3 {
            assert!(office.step().await.unwrap());
            test.clock.advance(Duration::from_secs(20));
        }
        assert!(!office.step().await.unwrap());
        assert_eq!(codes(&office.jobs().await), ["read", "media_unavailable"]);
    });
}

#[test]
fn a_client_does_not_wait_longer_than_the_deadline() {
    on_both(async |test| {
        let office = Office::new(test).await;
        office.picture("m1", None).await;
        office.turn().await;
        let claim = test.db.write(|tx| documents::claim(tx, "slow")).await.unwrap().unwrap();
        test.clock.advance(tools::documents::DEADLINE.saturating_sub(Duration::from_secs(11)));
        timers::step(&test.db, POLICY).await.unwrap();
        assert_eq!(office.jobs().await[0].status, JobStatus::Pending);
        test.clock.advance(Duration::from_secs(11));
        timers::step(&test.db, POLICY).await.unwrap();
        office.turn().await;
        assert_eq!(codes(&office.jobs().await), ["deadline_passed"]);
        assert!(office.last_to_client().await.starts_with("I can't read your picture well enough"));
        // What comes after all is nobody's.
        let late = test
            .db
            .write(move |tx| {
                let mut guard = requests::lock(tx, claim.request)?;
                let end = documents::JobEnd::Read { text: RECEIPT.to_owned(), confidence: 0.9 };
                tools::documents::ended(tx, &mut guard, claim.job, Some(claim.fence), &end)
            })
            .await
            .unwrap();
        assert!(!late);
        assert_eq!(codes(&office.jobs().await), ["deadline_passed"]);
    });
}

#[test]
fn a_worker_that_dies_leaves_the_picture_to_another_three_times() {
    on_both(async |test| {
        let office = Office::new(test).await;
        office.picture("m1", None).await;
        office.turn().await;
        for fence in 1..=3 {
            let dead = test.db.write(|tx| documents::claim(tx, "dead")).await.unwrap().unwrap();
            assert_eq!((dead.fence, dead.attempts), (fence, i32::try_from(fence).unwrap()));
            assert!(!office.step().await.unwrap(), "the lease holds");
            // Its lease is over; PostgreSQL counts by its own clock.
            test.execute("UPDATE ocr_jobs SET lease_until = 1").await;
        }
        office.read().await;
        assert_eq!(codes(&office.jobs().await), ["attempts_exhausted"]);
        assert!(office.world.fetched.lock().unwrap().is_empty(), "a picture that kills is not touched again");
    });
}

#[test]
fn a_worker_that_stops_gives_the_picture_back() {
    on_both(async |test| {
        let office = Office::new(test).await;
        office.picture("m1", None).await;
        office.turn().await;
        let endless = Reader { media: Arc::new(Endless), ..office.reader.clone() };
        assert!(endless.step(std::future::ready(())).await.unwrap());
        office.read().await;
        assert_eq!(codes(&office.jobs().await), ["read"], "by the next worker, at once");
    });
}

struct Endless;

#[async_trait]
impl MediaApi for Endless {
    async fn fetch(&self, _: &PhoneNumberId, _: MediaRef<'_>) -> Result<Vec<u8>, MediaError> {
        std::future::pending().await
    }
}

#[test]
fn a_burst_of_pictures_is_read_one_by_one_and_answered_once() {
    on_both(async |test| {
        let office = Office::new(test).await;
        for n in 1..=7 {
            office.picture(&format!("m{n}"), (n == 1).then_some("these please")).await;
        }
        office.turn().await;
        assert_eq!(office.jobs().await.len(), 5, "five of a burst");
        let said = office.written_to(messages::Party::Client).await;
        assert_eq!(said, ["Processing image…"]);
        let first = test.db.write(|tx| documents::claim(tx, "one")).await.unwrap();
        assert!(first.is_some());
        assert!(test.db.write(|tx| documents::claim(tx, "two")).await.unwrap().is_none(), "one of a request");
        test.execute("UPDATE ocr_jobs SET lease_until = NULL").await;
        for _ in 0..4 {
            assert!(office.step().await.unwrap());
        }
        office.turn().await;
        assert_eq!(office.written_to(messages::Party::Client).await, said, "until all are read");
        office.read().await;
        assert_eq!(office.written_to(messages::Party::Client).await.len(), 2);
        assert!(office.last_to_client().await.contains("Brake pads Corolla 2014"));
    });
}

#[test]
fn words_beside_an_unreadable_picture_are_enough() {
    on_both(async |test| {
        let office = Office::new(test).await;
        office.reads(Ok(("", 0.0)));
        office.picture("m1", Some("I need brake pads for a 2014 Corolla like these")).await;
        office.turn().await;
        assert_eq!(office.last_to_client().await, "Processing image…");
        office.read().await;
        assert_eq!(office.request().await.state, RequestState::Sourcing);
    });
}

#[test]
fn a_picture_of_a_request_that_is_over_is_not_fetched() {
    on_both(async |test| {
        let office = Office::new(test).await;
        office.picture("m1", None).await;
        office.turn().await;
        office.says("cancel").await;
        assert_eq!(office.request().await.state, RequestState::Closed);
        while office.step().await.unwrap() {}
        assert_eq!(codes(&office.jobs().await), ["request_over"]);
        assert!(office.world.fetched.lock().unwrap().is_empty());
    });
}

#[test]
fn ocr_that_was_switched_off_asks_to_type() {
    on_both(async |test| {
        let office = Office::new(test).await;
        office.picture("m1", None).await;
        office.turn().await;
        test.db.write(|tx| flags::set(tx.conn, flags::Flag::Ocr, false, tx.now)).await.unwrap();
        office.read().await;
        assert_eq!(codes(&office.jobs().await), ["ocr_disabled"]);
        office.picture("m2", None).await;
        office.turn().await;
        assert!(office.last_to_client().await.starts_with("I can't read pictures"));
        assert_eq!(office.jobs().await.len(), 1);
    });
}

#[test]
fn of_a_prescription_vendors_get_the_confirmed_medicine_alone() {
    on_both(async |test| {
        let office = Office::new(test).await;
        office.reads(Ok((SCRIPT, 0.85)));
        office.picture("m1", None).await;
        office.turn().await;
        office.read().await;
        assert!(office.request().await.prescription, "marked by what was read");
        let question = office.last_to_client().await;
        assert!(question.contains("• Amoxicillin 500mg x21\n"), "{question}");
        assert!(!question.contains("tab") && !question.contains("Zuhura"), "{question}");
        assert!(office.written_to(messages::Party::Vendor).await.is_empty());
        office.says("yes").await;
        let asked = office.written_to(messages::Party::Vendor).await;
        assert_eq!(asked.len(), 2);
        for text in &asked {
            assert!(text.contains("Amoxicillin"), "{text}");
            for secret in ["Zuhura", "Otieno", "three times", "tab"] {
                assert!(!text.contains(secret), "{text}");
            }
        }
    });
}

#[test]
fn documents_are_destroyed_when_their_time_is_over() {
    on_both(async |test| {
        let office = Office::new(test).await;
        office.reads(Ok((SCRIPT, 0.85)));
        office.picture("m1", None).await;
        office.turn().await;
        office.read().await;
        office.says("yes").await;
        let request = office.request().await.id;
        test.clock.advance(documents::KEPT_FOR.saturating_sub(Duration::from_mins(1)));
        while sweep::step(&test.db).await.unwrap() {}
        assert_eq!(office.jobs().await.len(), 1, "kept as long as the request is in use");
        assert!(office.readable().await.contains("Zuhura"));

        test.clock.advance(Duration::from_mins(2));
        while sweep::step(&test.db).await.unwrap() {}
        let (jobs, key) = test
            .db
            .read(move |tx| {
                Ok::<_, StoreError>((documents::jobs_of(tx, request)?, documents::key(tx, request)?))
            })
            .await
            .unwrap();
        assert!(jobs.is_empty() && key.is_none());
        let left = office.readable().await;
        for secret in ["Zuhura", "Otieno", "Amoxicillin", "500mg"] {
            assert!(!left.contains(secret), "{secret} is left in {left}");
        }
        assert!(left.contains("documents.expired"));
        // The request goes on, without them.
        office.says("hello? is it there?").await;
        office.picture("m2", None).await;
        office.turn().await;
    });
}

#[test]
fn an_erased_clients_pictures_are_not_read() {
    on_both(async |test| {
        let office = Office::new(test).await;
        office.reads(Ok((SCRIPT, 0.85)));
        office.picture("m1", None).await;
        office.turn().await;
        office.read().await;
        office.picture("m2", None).await;
        office.turn().await;
        let phone = Identity::Phone(format!("+{CLIENT}").parse().unwrap());
        let found = test.db.read(move |tx| contacts::find(tx, std::slice::from_ref(&phone))).await.unwrap();
        tools::erasure::erase(&test.db, found.unwrap()).await.unwrap();
        while office.step().await.unwrap() {}
        assert_eq!(office.world.fetched.lock().unwrap().as_slice(), ["m1"]);
        assert_eq!(codes(&office.jobs().await), ["", "erased"]);
        let left = office.readable().await;
        for secret in ["Zuhura", "Otieno", "Amoxicillin"] {
            assert!(!left.contains(secret), "{secret} is left");
        }
        test.clock.advance(documents::KEPT_FOR * 2);
        while sweep::step(&test.db).await.unwrap() {}
        assert!(office.jobs().await.is_empty());
    });
}
