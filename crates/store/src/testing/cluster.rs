//! One throw-away PostgreSQL cluster, shared by all test processes of a checkout.
//!
//! The first process starts it; each holds a FIFO open for as long as it lives. A small shell process reads
//! that FIFO: end of file means that the last test process is gone, however it ended. It then waits a little
//! (the next test may be about to start), stops the server and deletes the folder.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use diesel::{Connection, PgConnection};
use sha2::{Digest, Sha256};

use super::postgres::text;

/// Runs with the FIFO as standard input and the folder as `$1`.
///
/// A process that joins writes a byte, so that one which came and went during the pause is noticed. Once
/// `ready` is gone nobody joins; whoever joined just before is still waited for.
const WATCHER: &str = r#"
trap '' HUP INT TERM
while [ "$(cat | wc -c)" -gt 0 ]; do sleep 5; done
rm -f "$1/ready"
cat > /dev/null
if pid=$(head -n 1 "$1/data/postmaster.pid"); then
    kill -INT "$pid"
    tries=0
    while kill -0 "$pid" && [ "$tries" -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
    kill -KILL "$pid"
fi
rm -rf "$1"
"#;

/// Everything that makes a database slow and safe is off.
const SERVER_OPTIONS: &str = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off \
     -c listen_addresses='' -c max_connections=200 -c shared_buffers=32MB -c logging_collector=off";

/// The cluster, for as long as this process runs.
pub(super) struct Cluster {
    folder: PathBuf,
    /// Open until the process ends: it is a user.
    _user: File,
}

impl Cluster {
    /// Joins the running cluster or starts one. The error says what is missing on this machine.
    pub(super) fn join() -> Result<Self, String> {
        let uid = stdout(Command::new("id").arg("-u"))?;
        let checkout = hex::encode(Sha256::digest(env!("CARGO_MANIFEST_DIR")));
        let base =
            temporary_folder().join(format!("concierge-pg-{uid}-{}", checkout.get(..8).unwrap_or_default()));
        let pointer = base.with_extension("current");

        let lock = File::create(base.with_extension("lock")).map_err(text)?;
        // Released when this function returns, or the process ends.
        lock.lock().map_err(text)?;
        let running =
            fs::read_to_string(&pointer).ok().and_then(|folder| Self::join_running(Path::new(&folder)));
        if let Some(cluster) = running {
            return Ok(cluster);
        }
        let cluster = Self::start(&Programs::find()?, uid == "0")?;
        fs::write(&pointer, cluster.folder.as_os_str().as_encoded_bytes()).map_err(text)?;
        Ok(cluster)
    }

    pub(super) fn url(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&user=postgres", self.folder.display())
    }

    fn join_running(folder: &Path) -> Option<Self> {
        let cluster = Self { folder: folder.to_owned(), _user: become_user(folder).ok()? };
        // In this order: see WATCHER.
        let ready = folder.join("ready").exists();
        (ready && PgConnection::establish(&cluster.url("postgres")).is_ok()).then_some(cluster)
    }

    fn start(programs: &Programs, root: bool) -> Result<Self, String> {
        let folder =
            tempfile::Builder::new().prefix("cpg").tempdir_in(temporary_folder()).map_err(text)?.keep();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).map_err(text)?;
        run(Command::new("mkfifo").arg(folder.join("users")))?;
        let user = become_user(&folder)?;
        watch(&folder)?;
        // The server refuses to run as root.
        if root {
            run(Command::new("chown").arg("postgres").arg(&folder))?;
        }
        let data = folder.join("data");
        run(programs
            .command("initdb", root)
            .args(["--auth=trust", "--username=postgres", "--no-sync", "--encoding=UTF8", "--locale=C", "-D"])
            .arg(&data))?;
        let options = format!("{SERVER_OPTIONS} -c unix_socket_directories='{}'", folder.display());
        run(programs
            .command("pg_ctl", root)
            .args(["start", "-w", "-t", "60", "-o", &options, "-l"])
            .arg(folder.join("log"))
            .arg("-D")
            .arg(&data))?;
        File::create(folder.join("ready")).map_err(text)?;
        Ok(Self { folder, _user: user })
    }
}

/// Opens the FIFO for reading too, which never blocks, and writes a byte.
fn become_user(folder: &Path) -> Result<File, String> {
    let mut fifo = OpenOptions::new().read(true).write(true).open(folder.join("users")).map_err(text)?;
    fifo.write_all(b"+").map_err(text)?;
    Ok(fifo)
}

/// Starts the watcher, out of reach of signals to the test's process group.
fn watch(folder: &Path) -> Result<(), String> {
    let users = File::open(folder.join("users")).map_err(text)?;
    Command::new("sh")
        .args(["-c", WATCHER, "sh"])
        .arg(folder)
        .stdin(users)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .current_dir("/")
        .process_group(0)
        .spawn()
        .map(drop)
        .map_err(text)
}

/// A folder whose name is short enough for a socket in a folder of ours (107 bytes in all).
fn temporary_folder() -> PathBuf {
    let folder = std::env::temp_dir();
    if folder.as_os_str().len() > 60 { PathBuf::from("/tmp") } else { folder }
}

/// Where the server's programs are.
struct Programs(PathBuf);

impl Programs {
    fn find() -> Result<Self, String> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        folders.extend(stdout(Command::new("pg_config").arg("--bindir")).ok().map(PathBuf::from));
        let mut installed: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .flatten()
            .map(|version| version.path().join("bin"))
            .collect();
        installed.sort();
        folders.extend(installed.into_iter().rev());
        let complete = |folder: &PathBuf| {
            ["initdb", "pg_ctl", "postgres"].iter().all(|name| folder.join(name).is_file())
        };
        folders.into_iter().find(complete).map(Self).ok_or_else(|| {
            "neither TEST_DATABASE_URL nor PostgreSQL's server programs (initdb, pg_ctl, postgres)".to_owned()
        })
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

/// Runs a program to its end. Its output goes to files, not pipes: a server it leaves behind would hold them.
fn run(command: &mut Command) -> Result<(), String> {
    let mut output = tempfile::tempfile().map_err(text)?;
    let copy = || output.try_clone().map(Stdio::from).map_err(text);
    let status = command
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(copy()?)
        .stderr(copy()?)
        .status()
        .map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    if status.success() {
        return Ok(());
    }
    let mut said = String::new();
    std::io::Seek::rewind(&mut output).map_err(text)?;
    std::io::Read::read_to_string(&mut output, &mut said).map_err(text)?;
    Err(format!("{command:?} failed: {said}"))
}

fn stdout(command: &mut Command) -> Result<String, String> {
    let output = command.stderr(Stdio::null()).output().map_err(text)?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
