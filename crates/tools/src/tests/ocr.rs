//! The OCR tools, and what is never said where a prescription is involved.

use marketplace::{ActorKind, MediaId, MessageId, OcrJobId, RequestState};
use store::{
    documents::{self, JobEnd, MediaSource},
    flags,
    messages::{self, Direction, MessageKind, NewMessage, Party},
    requests,
    testing::{TestStore, on_both},
};
use tool_registry::{
    CreateOcrJobArgs, FactSource, Facts, GetOcrResultArgs, OcrStatus, RefusalCode, SendClientMessageArgs,
    SendVendorMessageArgs, Sourced, ToolResult,
};

use super::world::World;
use crate::{Caller, Policy};

async fn with_ocr(test: &TestStore) -> World<'_> {
    World { policy: Policy { ocr: true, ..Policy::default() }, ..World::new(test, 2).await }
}

impl World<'_> {
    /// The client sends a picture.
    async fn picture(&self) -> MediaId {
        let (request, client) = (self.request, self.client);
        self.write(move |tx| {
            let new = NewMessage {
                request: Some(request),
                contact: client,
                direction: Direction::In,
                party: Party::Client,
                kind: MessageKind::Document,
                body: String::new(),
                also_sealed_by: Vec::new(),
                button_id: None,
                wamid: None,
                quoted_wamid: None,
                meta_at: tx.now,
            };
            let message = messages::insert(tx, &new)?;
            let source = MediaSource { id: "77".to_owned(), mime_type: None, sha256: None };
            let request = requests::load(tx, request)?;
            Ok(documents::keep(tx, &request, message, &source, tx.now)?)
        })
        .await
    }

    async fn job(&self, media_id: MediaId) -> Result<(OcrJobId, OcrStatus), RefusalCode> {
        match self.call(CreateOcrJobArgs { request_id: self.request, media_id }).await? {
            ToolResult::CreateOcrJob(job) => Ok((job.job_id, job.status)),
            other => panic!("{other:?}"),
        }
    }

    async fn result(
        &self,
        job_id: OcrJobId,
    ) -> Result<(OcrStatus, Option<String>, Option<String>), RefusalCode> {
        match self.call(GetOcrResultArgs { request_id: self.request, job_id }).await? {
            ToolResult::GetOcrResult(read) => Ok((read.status, read.text, read.error)),
            other => panic!("{other:?}"),
        }
    }

    async fn ends(&self, job: OcrJobId, end: JobEnd) {
        let request = self.request;
        let ended = self
            .write(move |tx| {
                let mut guard = requests::lock(tx, request)?;
                crate::documents::ended(tx, &mut guard, job, None, &end)
            })
            .await;
        assert!(ended);
    }

    async fn pack(&self) -> moltbot_contract::ContextPack {
        let (request, policy) = (self.request, self.policy);
        self.write(move |tx| {
            let guard = requests::lock(tx, request)?;
            crate::context_pack(tx, policy, &guard)
        })
        .await
    }

    async fn state_with(&self, to: RequestState, facts: Facts) {
        let version = self.load().await.version;
        let update = tool_registry::UpdateRequestStateArgs {
            request_id: self.request,
            to,
            reason: "test".to_owned(),
            expected_version: version,
            facts: Some(facts),
            plan: None,
            shortlist: None,
            handoff: None,
        };
        self.call(update).await.unwrap();
    }

    async fn tells_client(&self, caller: Caller, body: &str) -> Result<(), RefusalCode> {
        let args = SendClientMessageArgs {
            request_id: self.request,
            body: body.to_owned(),
            buttons: Vec::new(),
            reply_to: None,
        };
        let key = MessageId::generate(&*self.test.db.ids).to_string();
        self.call_as(caller, Some(&key), args).await.map(drop).map_err(|refusal| refusal.code)
    }

    async fn tells_vendor(&self, body: &str) -> Result<(), RefusalCode> {
        let args = SendVendorMessageArgs {
            request_id: self.request,
            vendor_id: "v1".parse().unwrap(),
            body: body.to_owned(),
            questions: Vec::new(),
        };
        self.call(args).await.map(drop)
    }
}

#[test]
fn one_picture_has_one_job_whoever_asks_and_how_often() {
    on_both(async |test| {
        let world = with_ocr(test).await;
        let media = world.picture().await;
        let (job, status) = world.job(media).await.unwrap();
        assert_eq!(status, OcrStatus::Pending);
        assert_eq!(world.job(media).await.unwrap(), (job, OcrStatus::Pending));
        assert_eq!(world.result(job).await.unwrap(), (OcrStatus::Pending, None, None));
        world.ends(job, JobEnd::Read { text: "Brake pads".to_owned(), confidence: 0.8 }).await;
        assert_eq!(world.job(media).await.unwrap(), (job, OcrStatus::Done));
        let read = (OcrStatus::Done, Some("Brake pads".to_owned()), None);
        assert_eq!(world.result(job).await.unwrap(), read);
        let other = world.picture().await;
        let (second, _) = world.job(other).await.unwrap();
        world.ends(second, JobEnd::Failed("picture_damaged")).await;
        let failed = (OcrStatus::Failed, None, Some("picture_damaged".to_owned()));
        assert_eq!(world.result(second).await.unwrap(), failed);
        let pack = world.pack().await;
        assert_eq!(pack.ocr.len(), 1, "what failed is not read");
        assert_eq!((pack.ocr[0].job_id, pack.ocr[0].text.as_str()), (job, "Brake pads"));
        assert!(!world.load().await.prescription);
    });
}

#[test]
fn pictures_of_others_and_ocr_switched_off_are_refused() {
    on_both(async |test| {
        let world = with_ocr(test).await;
        let media = world.picture().await;
        let unknown = MediaId::generate(&*test.db.ids);
        assert_eq!(world.job(unknown).await, Err(RefusalCode::MediaNotFound));
        let unknown = OcrJobId::generate(&*test.db.ids);
        assert_eq!(world.result(unknown).await, Err(RefusalCode::OcrJobNotFound));
        let off = World { policy: Policy::default(), ..with_same(&world) };
        assert_eq!(off.job(media).await, Err(RefusalCode::OcrDisabled));
        test.db.write(|tx| flags::set(tx.conn, flags::Flag::Ocr, false, tx.now)).await.unwrap();
        assert_eq!(world.job(media).await, Err(RefusalCode::OcrDisabled));
        test.db.write(|tx| flags::set(tx.conn, flags::Flag::Ocr, true, tx.now)).await.unwrap();
        world.state_with(RequestState::Closed, Facts::default()).await;
        assert_eq!(world.job(media).await, Err(RefusalCode::RequestClosed));
    });
}

fn with_same<'a>(world: &World<'a>) -> World<'a> {
    World { test: world.test, request: world.request, client: world.client, policy: world.policy }
}

#[test]
fn of_a_prescription_nothing_is_advised_by_whomever() {
    on_both(async |test| {
        let world = World::sourcing(test, 2, 2).await;
        let service = || Caller::token(ActorKind::Service, "crm", false);
        let advice = "Take two tablets twice a day";
        world.tells_client(service(), advice).await.unwrap();
        let facts = Facts { prescription: Some(Sourced::new(true, FactSource::Client)), ..Facts::default() };
        world.state_with(RequestState::Sourcing, facts).await;
        for caller in [service(), Caller::orchestrator(), Caller::system("calling")] {
            let refused = world.tells_client(caller, advice).await;
            assert_eq!(refused, Err(RefusalCode::PrescriptionRestricted));
        }
        for text in ["You probably have malaria", "It is 500 mg", "Prenez un comprimé", "تناول حبة واحدة"]
        {
            assert_eq!(
                world.tells_client(service(), text).await,
                Err(RefusalCode::PrescriptionRestricted),
                "{text}"
            );
        }
        world.tells_client(service(), "Could you take a photo of it?").await.unwrap();
        assert_eq!(
            world.tells_vendor("two drops every 8 hours").await,
            Err(RefusalCode::PrescriptionRestricted)
        );
        // A person answers for their own words.
        world.tells_client(Caller::operator(), advice).await.unwrap();
        // What the vendor wrote may be repeated.
        world.ask("v2").await.unwrap();
        world.vendor_says("v2", "we have 500mg, 450/=").await;
        world.tells_client(service(), "Shop 2 has 500mg").await.unwrap();
    });
}

#[test]
fn vendors_get_of_a_prescription_what_the_client_confirmed() {
    on_both(async |test| {
        let world =
            World { policy: Policy { ocr: true, ..Policy::default() }, ..World::sourcing(test, 2, 2).await };
        let media = world.picture().await;
        let (job, _) = world.job(media).await.unwrap();
        let text = "Rx Zuhura\nAmoxicillin 500mg x21".to_owned();
        world.ends(job, JobEnd::Read { text, confidence: 0.9 }).await;
        assert!(world.load().await.prescription, "marked by what was read");
        let inquiry = "Do you have Amoxicillin 500mg x21?";
        assert_eq!(world.tells_vendor(inquiry).await, Err(RefusalCode::PrescriptionRestricted));
        let need = Some(Sourced::new("Amoxicillin 500mg x21".to_owned(), FactSource::Ocr));
        world.state_with(RequestState::Sourcing, Facts { normalized_need: need, ..Facts::default() }).await;
        world.tells_vendor(inquiry).await.unwrap();
        assert_eq!(world.tells_vendor("It is for Zuhura").await, Err(RefusalCode::PrescriptionRestricted));
    });
}
