//! A PostgreSQL server of our own, as `initdb` makes it: fsync on, synchronous commits, full-page writes.

use std::{
    fs,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use diesel::{Connection as _, PgConnection};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// A new server on a slow device answers well within this.
const READY_WITHIN: Duration = Duration::from_mins(1);
/// A stop writes what is dirty; after this the server is killed: its data is thrown away anyway.
const STOPS_WITHIN: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(50);

/// A running server. Dropped, it is stopped and its data deleted.
pub(crate) struct Cluster {
    server: Child,
    folder: TempDir,
}

impl Cluster {
    /// Makes and starts one. The error says what is missing on this machine.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let programs = Programs::find()?;
        let folder = tempfile::Builder::new().prefix("cbench").tempdir().context("no temporary folder")?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        // The server refuses to run as root.
        let root = rustix::process::geteuid().is_root();
        if root {
            run(Command::new("chown").arg("postgres").arg(folder.path()))?;
        }
        let data = folder.path().join("data");
        run(programs
            .command("initdb", root)
            .args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "-D"])
            .arg(&data))?;
        let log = fs::File::create(folder.path().join("log"))?;
        let server = programs
            .command("postgres", root)
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(folder.path())
            .args(["-c", "listen_addresses=", "-c", "fsync=on", "-c", "synchronous_commit=on"])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .current_dir("/")
            // Ctrl-C is for us: the server is stopped after its last database is dropped.
            .process_group(0)
            .spawn()
            .context("cannot start postgres")?;
        let mut cluster = Self { server, folder };
        cluster.wait_until_ready()?;
        Ok(cluster)
    }

    /// The maintenance database, as the superuser, over the socket.
    pub(crate) fn url(&self) -> String {
        format!("postgres:///postgres?host={}&user=postgres", self.folder.path().display())
    }

    fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let started = Instant::now();
        while PgConnection::establish(&self.url()).is_err() {
            if let Some(status) = self.server.try_wait()? {
                bail!("postgres ended: {status}\n{}", self.log());
            }
            ensure!(started.elapsed() < READY_WITHIN, "postgres does not answer\n{}", self.log());
            thread::sleep(POLL);
        }
        Ok(())
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// SIGINT: PostgreSQL's fast shutdown.
    fn stop(&mut self) -> anyhow::Result<()> {
        let pid = i32::try_from(self.server.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.context("no process id")?, Signal::INT)?;
        let asked = Instant::now();
        while self.server.try_wait()?.is_none() {
            ensure!(asked.elapsed() < STOPS_WITHIN, "it does not stop");
            thread::sleep(POLL);
        }
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.stop().is_err() {
            let _ = self.server.kill();
            let _ = self.server.wait();
        }
    }
}

/// Where the server's programs are.
struct Programs(PathBuf);

impl Programs {
    /// On the path, where `pg_config` says, or where Debian puts them (the newest version).
    fn find() -> anyhow::Result<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        if let Ok(output) = Command::new("pg_config").arg("--bindir").stderr(Stdio::null()).output() {
            folders.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
        }
        let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let mut installed: Vec<PathBuf> = installed.map(|version| version.path().join("bin")).collect();
        installed.sort();
        folders.extend(installed.into_iter().rev());
        let complete = |folder: &PathBuf| ["initdb", "postgres"].iter().all(|name| has(folder, name));
        folders.into_iter().find(complete).map(Self).context(
            "no PostgreSQL: no --database-url, and no server programs (initdb, postgres) on this machine",
        )
    }

    fn command(&self, program: &str, root: bool) -> Command {
        let program = self.0.join(program);
        let mut command = if root {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.env("LC_ALL", "C");
        command
    }
}

fn has(folder: &Path, program: &str) -> bool {
    folder.join(program).is_file()
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command
        .current_dir("/")
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} failed: {said}");
    Ok(())
}
