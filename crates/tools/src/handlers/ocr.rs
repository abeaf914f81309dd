//! The OCR tools: a job for a picture of this request, and what came of it.

use store::{
    Tx, documents,
    documents::{Job, JobStatus},
    requests::RequestGuard,
    timers::{self, TimerKind},
};
use tool_registry::{
    CreateOcrJobArgs, CreateOcrJobResult, GetOcrResultArgs, GetOcrResultResult, OcrStatus, RefusalCode,
};

use super::Effect;
use crate::{Caller, Policy, ToolError, documents::DEADLINE, error::refuse, gates};

/// One job for each picture: asking again gives the one there is.
pub(super) fn create(
    tx: &mut Tx<'_>,
    policy: Policy,
    guard: &RequestGuard,
    caller: &Caller,
    args: &CreateOcrJobArgs,
) -> Result<Effect, ToolError> {
    if !gates::effective(tx, policy).ocr {
        return refuse(
            RefusalCode::OcrDisabled,
            "reading pictures is switched off; ask the client to type it",
        );
    }
    let request = guard.request();
    gates::may_send(request, caller)?;
    if !documents::has_media(tx, request.id, args.media_id)? {
        return refuse(RefusalCode::MediaNotFound, "there is no such picture of the client in this request");
    }
    let known = documents::jobs_of(tx, request.id)?.into_iter().find(|job| job.media == args.media_id);
    if let Some(job) = known {
        return Ok(Effect::new(CreateOcrJobResult { job_id: job.id, status: status(job.status) }));
    }
    let job_id = documents::create_job(tx, guard, args.media_id)?;
    timers::set(tx, guard, TimerKind::OcrDeadline, &job_id.to_string(), guard.now(tx) + DEADLINE)?;
    Ok(Effect::new(CreateOcrJobResult { job_id, status: OcrStatus::Pending }))
}

pub(super) fn result(
    tx: &mut Tx<'_>,
    guard: &RequestGuard,
    args: &GetOcrResultArgs,
) -> Result<Effect, ToolError> {
    let known = documents::jobs_of(tx, guard.request().id)?.into_iter().find(|job| job.id == args.job_id);
    let Some(Job { status: at, text, confidence, error, .. }) = known else {
        return refuse(RefusalCode::OcrJobNotFound, "there is no such OCR job in this request");
    };
    Ok(Effect::new(GetOcrResultResult { status: status(at), text, confidence, error }))
}

const fn status(status: JobStatus) -> OcrStatus {
    match status {
        JobStatus::Pending => OcrStatus::Pending,
        JobStatus::Done => OcrStatus::Done,
        JobStatus::Failed => OcrStatus::Failed,
    }
}
