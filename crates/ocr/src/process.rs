//! One child process within bounds.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

use crate::OcrError;

/// What is kept of the error stream, in bytes. The rest is read and thrown away, so that the child never waits for us.
const KEPT_ERRORS: u64 = 4 * 1024;
/// How long a killed process may take to be gone before we stop waiting for it.
const LAST_BREATH: Duration = Duration::from_secs(2);

/// Around one run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Wall clock, from start to end. CPU time has the same, in whole seconds, rounded up: it ends the child when we
    /// are no longer there to do so.
    pub(crate) time: Duration,
    /// Address space, in bytes.
    pub(crate) memory_bytes: u64,
    /// Bytes on the output stream.
    pub(crate) output_bytes: usize,
}

/// What a run left that ended by itself.
pub(crate) struct Finished {
    pub(crate) output: Vec<u8>,
    /// Only to tell one failure from another; it may name files of the machine, so it goes nowhere.
    pub(crate) errors: Vec<u8>,
    /// Its exit code.
    pub(crate) code: i32,
}

/// Runs `program` with `input` on its input stream. No shell, no environment but one thread's worth of OpenMP, the root
/// as the current folder. Whatever ends the run early, also a dropped future, kills the process group.
pub(crate) async fn run(
    program: &Path,
    arguments: &[&str],
    input: &[u8],
    limits: Limits,
) -> Result<Finished, OcrError> {
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        // Four threads for one picture read it hardly faster; pictures side by side are the concurrency we bound.
        .env("OMP_THREAD_LIMIT", "1")
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => OcrError::NotInstalled,
            kind => OcrError::System(kind),
        })?;
    let mut group = Group::of(&child);
    // Before the first byte of input: what decodes the picture is bounded.
    group.bound(limits)?;
    match timeout(limits.time, converse(&mut child, input, limits)).await {
        Ok(Ok((output, errors, status))) => {
            group.ended();
            finished(output, errors, status, limits)
        }
        Ok(Err(error)) => {
            group.kill();
            await_end(&mut child).await;
            Err(error)
        }
        Err(_) => {
            group.kill();
            await_end(&mut child).await;
            Err(OcrError::TimedOut(limits.time))
        }
    }
}

/// Feeds, listens and waits for the end, all at once.
async fn converse(
    child: &mut Child,
    input: &[u8],
    limits: Limits,
) -> Result<(Vec<u8>, Vec<u8>, ExitStatus), OcrError> {
    let (Some(stdin), Some(stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(OcrError::System(io::ErrorKind::BrokenPipe));
    };
    let ((), output, errors) =
        tokio::try_join!(feed(stdin, input), answer(stdout, limits), complaints(stderr))?;
    let status = child.wait().await.map_err(|error| system(&error))?;
    Ok((output, errors, status))
}

/// A child that ends without reading to the end has said why in its exit code.
async fn feed(mut stdin: ChildStdin, input: &[u8]) -> Result<(), OcrError> {
    let _ = stdin.write_all(input).await;
    Ok(())
}

async fn answer(stdout: impl AsyncRead + Unpin, limits: Limits) -> Result<Vec<u8>, OcrError> {
    let most = u64::try_from(limits.output_bytes).unwrap_or(u64::MAX);
    let mut output = Vec::new();
    stdout.take(most.saturating_add(1)).read_to_end(&mut output).await.map_err(|error| system(&error))?;
    if output.len() > limits.output_bytes {
        return Err(OcrError::TooMuchOutput { limit_bytes: limits.output_bytes });
    }
    Ok(output)
}

async fn complaints(mut stderr: impl AsyncRead + Unpin) -> Result<Vec<u8>, OcrError> {
    let mut kept = Vec::new();
    (&mut stderr).take(KEPT_ERRORS).read_to_end(&mut kept).await.map_err(|error| system(&error))?;
    tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await.map_err(|error| system(&error))?;
    Ok(kept)
}

fn finished(
    output: Vec<u8>,
    errors: Vec<u8>,
    status: ExitStatus,
    limits: Limits,
) -> Result<Finished, OcrError> {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ok(Finished { output, errors, code }),
        (None, Some(signal)) if signal == Signal::XCPU.as_raw() => Err(OcrError::TimedOut(limits.time)),
        (None, signal) => Err(OcrError::Killed { signal: signal.unwrap_or_default() }),
    }
}

/// Its place is given to the next picture when its memory is free. What the kernel does not end in time is left to it.
async fn await_end(child: &mut Child) {
    let _ = timeout(LAST_BREATH, child.wait()).await;
}

fn system(error: &io::Error) -> OcrError {
    OcrError::System(error.kind())
}

/// The child and whatever it starts. Until the child has been waited for, the number cannot be another's.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }

    /// Tesseract starts no process of its own, so nothing is left once it has ended.
    fn ended(&mut self) {
        self.0 = None;
    }

    fn kill(&mut self) {
        if let Some(leader) = self.0.take() {
            // No such group: it has ended meanwhile.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }

    /// From outside, because what a child does to itself before its program starts is unsafe code.
    #[cfg(target_os = "linux")]
    fn bound(&self, limits: Limits) -> Result<(), OcrError> {
        use rustix::process::{Resource, Rlimit, prlimit};

        let Some(leader) = self.0 else { return Err(OcrError::System(io::ErrorKind::NotFound)) };
        let seconds = limits.time.as_secs() + u64::from(limits.time.subsec_nanos() > 0);
        let of = |soft: u64, hard: u64| Rlimit { current: Some(soft), maximum: Some(hard) };
        for (resource, limit) in [
            (Resource::As, of(limits.memory_bytes, limits.memory_bytes)),
            (Resource::Cpu, of(seconds, seconds.saturating_add(1))),
            (Resource::Core, of(0, 0)),
            (Resource::Fsize, of(0, 0)),
            (Resource::Nofile, of(32, 32)),
        ] {
            match prlimit(Some(leader), resource, limit) {
                Ok(_) => {}
                Err(rustix::io::Errno::SRCH) => return Ok(()), // It has ended already, and will tell why.
                Err(error) => return Err(system(&error.into())),
            }
        }
        Ok(())
    }

    #[cfg(not(target_os = "linux"))]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps)]
    fn bound(&self, _: Limits) -> Result<(), OcrError> {
        Ok(())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
