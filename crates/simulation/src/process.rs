//! The product's programs as child processes: start, wait, stop, kill.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs::File,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    net::TcpSocket,
    process::{Child, Command},
};

/// What a started program inherits from ours; everything else is said explicitly.
const INHERITED: [&str; 8] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "TZ",
    "RUST_BACKTRACE",
    "LLVM_PROFILE_FILE",
    "LD_LIBRARY_PATH",
    "SSL_CERT_FILE",
];

/// Lines of a log that are shown when a program failed.
const TAIL_LINES: usize = 25;

/// Variables of a program.
pub type Environment = BTreeMap<&'static str, String>;

/// Where the product's programs are.
#[derive(Debug, Clone)]
pub struct Programs(PathBuf);

impl Programs {
    /// The folder in `CONCIERGE_BIN_DIR`, else the one this program lies in (tests lie one deeper).
    pub fn find() -> anyhow::Result<Self> {
        if let Some(folder) = std::env::var_os("CONCIERGE_BIN_DIR") {
            return Ok(Self(PathBuf::from(folder)));
        }
        let own = std::env::current_exe().context("cannot tell where this program lies")?;
        let folder = own.parent().unwrap_or(Path::new("."));
        let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
        Ok(Self(folder.to_owned()))
    }

    /// The path of one program; an error that says how to build it when it is missing.
    pub fn path(&self, name: &str) -> anyhow::Result<PathBuf> {
        let path = self.0.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        ensure!(
            path.is_file(),
            "{} is missing; `cargo xtask simulate` builds it (or set CONCIERGE_BIN_DIR)",
            path.display()
        );
        Ok(path)
    }
}

/// A command with nothing but the given environment.
pub fn command(program: &Path, environment: &Environment) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    let inherited = INHERITED.iter().filter_map(|&name| Some((name, std::env::var_os(name)?)));
    command.envs(inherited.collect::<Vec<(&str, OsString)>>());
    command.envs(environment);
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// A running program. Dropped, it is killed.
#[derive(Debug)]
pub struct Program {
    name: String,
    path: PathBuf,
    environment: Environment,
    log: PathBuf,
    child: Child,
}

impl Program {
    /// Starts it; its output is appended to `<name>.log` in `logs`.
    pub fn start(name: &str, path: &Path, environment: Environment, logs: &Path) -> anyhow::Result<Self> {
        let log = logs.join(format!("{name}.log"));
        let child = spawn(path, &environment, &log)?;
        Ok(Self { name: name.to_owned(), path: path.to_owned(), environment, log, child })
    }

    /// An error with the end of its log if it is no longer running.
    pub fn check_alive(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("{} ended by itself: {status}\n{}", self.name, self.log_tail());
        }
        Ok(())
    }

    /// Kills it without notice and starts it again at once.
    pub async fn kill_and_restart(&mut self) -> anyhow::Result<()> {
        self.child.kill().await.with_context(|| format!("cannot kill {}", self.name))?;
        self.child = spawn(&self.path, &self.environment, &self.log)?;
        Ok(())
    }

    /// Asks it to stop and waits; killed after `patience`. `true` if it stopped by itself with status 0.
    pub async fn stop(mut self, patience: Duration) -> bool {
        let pid = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if pid.is_none_or(|pid| kill_process(pid, Signal::TERM).is_err()) {
            return false;
        }
        if let Ok(status) = tokio::time::timeout(patience, self.child.wait()).await {
            return status.is_ok_and(|status| status.success());
        }
        let _gone = self.child.kill().await;
        false
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Everything that it wrote so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// The last lines that it wrote, with its name above.
    pub fn log_tail(&self) -> String {
        format!("--- the end of {} ---\n{}", self.log.display(), tail(&self.log))
    }
}

fn spawn(path: &Path, environment: &Environment, log: &Path) -> anyhow::Result<Child> {
    let out = File::options().create(true).append(true).open(log)?;
    let errors = out.try_clone()?;
    let mut command = command(path, environment);
    command.stdout(out).stderr(errors);
    command.spawn().with_context(|| format!("cannot start {}", path.display()))
}

fn tail(log: &Path) -> String {
    let text = String::from_utf8_lossy(&std::fs::read(log).unwrap_or_default()).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(TAIL_LINES)..).unwrap_or_default().join("\n")
}

/// Waits until `GET {url}/readyz` answers 200 while the program lives.
pub async fn wait_until_ready(
    program: &mut Program,
    http: &reqwest::Client,
    url: &str,
    patience: Duration,
) -> anyhow::Result<()> {
    let started = Instant::now();
    loop {
        program.check_alive()?;
        let answer = http.get(format!("{url}/readyz")).send().await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(());
        }
        if started.elapsed() > patience {
            bail!("{url}/readyz is not 200 after {patience:?}\n{}", program.log_tail());
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// A free loopback port that nobody else is given while this lives.
#[derive(Debug)]
pub struct ReservedPort {
    /// Where it is.
    pub address: SocketAddr,
    /// Bound and never listening: connections are refused until a program listens there.
    _held: TcpSocket,
}

impl ReservedPort {
    /// For a program that is about to listen there; it has to set `SO_REUSEADDR`, as servers do.
    pub fn for_program() -> anyhow::Result<Self> {
        Self::new(true)
    }

    /// On which nobody will ever listen.
    pub fn closed() -> anyhow::Result<Self> {
        Self::new(false)
    }

    fn new(shared: bool) -> anyhow::Result<Self> {
        let held = TcpSocket::new_v4()?;
        held.set_reuseaddr(shared)?;
        held.bind((Ipv4Addr::LOCALHOST, 0).into()).context("no free port")?;
        Ok(Self { address: held.local_addr()?, _held: held })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> (tempfile::TempDir, Program) {
        let logs = tempfile::tempdir().unwrap();
        let path = logs.path().join("program");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let environment = Environment::from([("GREETING", "hello".to_owned())]);
        let program = Program::start("program", &path, environment, logs.path()).unwrap();
        (logs, program)
    }

    #[tokio::test]
    async fn a_program_that_ends_is_reported_with_what_it_wrote() {
        let (_logs, mut program) = shell("echo \"$GREETING\" >&2; exit 3");
        program.child.wait().await.unwrap();
        let error = program.check_alive().unwrap_err().to_string();
        assert!(error.contains("exit status: 3") && error.contains("hello"), "{error}");
    }

    async fn wait_for_output(program: &Program, expected: &str) {
        let started = Instant::now();
        while !tail(&program.log).contains(expected) {
            assert!(started.elapsed() < Duration::from_secs(30), "it never wrote {expected:?}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    #[tokio::test]
    async fn it_stops_when_asked_and_restarts_when_killed() {
        let (_logs, mut program) = shell("trap 'exit 0' TERM; echo up; while :; do sleep 0.01; done");
        wait_for_output(&program, "up").await;
        program.kill_and_restart().await.unwrap();
        wait_for_output(&program, "up\nup").await;
        assert!(program.stop(Duration::from_secs(30)).await);
    }

    #[tokio::test]
    async fn a_reserved_port_refuses_until_its_program_listens() {
        let port = ReservedPort::for_program().unwrap();
        assert!(tokio::net::TcpStream::connect(port.address).await.is_err());
        let server = std::net::TcpListener::bind(port.address).unwrap();
        assert!(tokio::net::TcpStream::connect(port.address).await.is_ok());
        drop(server);
        let closed = ReservedPort::closed().unwrap();
        assert!(std::net::TcpListener::bind(closed.address).is_err());
    }

    #[test]
    fn a_missing_program_is_named_with_the_way_to_build_it() {
        let error = Programs(PathBuf::from("nowhere")).path("concierge-api").unwrap_err().to_string();
        assert!(error.contains("nowhere/concierge-api") && error.contains("cargo xtask simulate"), "{error}");
    }
}
