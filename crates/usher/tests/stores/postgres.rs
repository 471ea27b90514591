//! A real PostgreSQL server of the tests' own: Debian's package is enough, its service need not run.

use std::fs::{self, File};
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use tokio::sync::OnceCell;

/// Of a crash of the machine only; a killed server loses nothing either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fsync {
    On,
    Off,
}

/// A server with databases. When the test process ends, however it ends, the server is stopped and its files are removed.
pub(crate) struct Cluster {
    bin: PathBuf,
    folder: PathBuf,
    port: u16,
    fsync: Fsync,
    server: Mutex<Option<Child>>,
    databases: AtomicU32,
    /// It reads from us until we are gone, then cleans up.
    keeper: Child,
}

/// A server that has to recover first takes longer than one that was just made.
const START_TIMEOUT: Duration = Duration::from_mins(1);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Stops the server of folder $0, if it runs, and removes the folder.
const KEEPER: &str = r#"
read _
pid=$(head -n 1 "$0/data/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid" && while kill -0 "$pid"; do sleep 0.1; done
rm -rf "$0"
"#;

impl Cluster {
    /// The one of this process that no test stops.
    pub(crate) async fn shared(fsync: Fsync) -> &'static Self {
        static WITH_FSYNC: OnceCell<Cluster> = OnceCell::const_new();
        static WITHOUT: OnceCell<Cluster> = OnceCell::const_new();
        match fsync {
            Fsync::On => WITH_FSYNC.get_or_init(|| Self::start_new(fsync)).await,
            Fsync::Off => WITHOUT.get_or_init(|| Self::start_new(fsync)).await,
        }
    }

    /// One of the test's own, which it may stop, kill and start.
    pub(crate) async fn start_new(fsync: Fsync) -> Self {
        let bin = bin();
        let folder = tempfile::tempdir().unwrap().keep();
        if let Some((uid, gid)) = other_user() {
            chown(&folder, Some(uid), Some(gid)).unwrap();
        }
        let keeper = Command::new("sh")
            .args(["-c", KEEPER])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let made = as_other_user(&bin.join("initdb"))
            .args(["--auth=trust", "--username=postgres", "--no-sync"])
            .args(["--encoding=UTF8", "--locale=C", "--pgdata"])
            .arg(folder.join("data"))
            .current_dir(&folder)
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "initdb failed: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        let cluster = Self {
            bin,
            folder,
            port: free_port(),
            fsync,
            server: Mutex::new(None),
            databases: AtomicU32::new(0),
            keeper,
        };
        cluster.start().await;
        cluster
    }

    /// The URL of a new, empty database.
    pub(crate) async fn new_database(&self) -> String {
        let name = format!("t{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut connection = self.connect("postgres").await.unwrap();
        connection
            .execute(AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .await
            .unwrap();
        connection.close().await.unwrap();
        self.url(&name)
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Starts the server and waits until it answers. One that was killed may keep what it held for a moment, so it is tried again.
    pub(crate) async fn start(&self) {
        let began = Instant::now();
        let mut server = self.spawn();
        while let Err(error) = self.connect("postgres").await {
            assert!(
                began.elapsed() < START_TIMEOUT,
                "PostgreSQL doesn't start ({error}):\n{}",
                fs::read_to_string(self.folder.join("log")).unwrap_or_default()
            );
            if server.try_wait().unwrap().is_some() {
                server = self.spawn();
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        *self.server() = Some(server);
    }

    /// Stops the server; connections are ended.
    pub(crate) fn stop(&self) {
        if let Some(mut server) = self.server().take() {
            signal("-INT", server.id());
            server.wait().unwrap();
        }
    }

    /// Kills the server: the postmaster; its processes notice and end.
    pub(crate) fn kill(&self) {
        if let Some(mut server) = self.server().take() {
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }

    async fn connect(&self, database: &str) -> Result<PgConnection, sqlx::Error> {
        let options: PgConnectOptions = self.url(database).parse().unwrap();
        options.connect().await
    }

    fn server(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spawn(&self) -> Child {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.folder.join("log"))
            .unwrap();
        let fsync = if self.fsync == Fsync::On { "on" } else { "off" };
        as_other_user(&self.bin.join("postgres"))
            .arg("-D")
            .arg(self.folder.join("data"))
            .arg("-k")
            .arg(&self.folder)
            .args(["-p", &self.port.to_string()])
            .args(["-c", "listen_addresses=127.0.0.1"])
            .args(["-c", "max_connections=200"])
            .args(["-c", &format!("fsync={fsync}")])
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .process_group(0)
            .spawn()
            .unwrap()
    }
}

/// A cluster of one test ends with it; the shared ones are never dropped, and are left to their keeper.
impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// Runs it without root's rights, which PostgreSQL refuses.
fn as_other_user(program: &Path) -> Command {
    let mut command = Command::new(program);
    if let Some((uid, gid)) = other_user() {
        command.uid(uid).gid(gid);
    }
    command
}

/// User and group to become, if this is root: Debian's `postgres`, or nobody.
fn other_user() -> Option<(u32, u32)> {
    const NOBODY: u32 = 65534;
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let postgres = users.lines().find(|line| line.starts_with("postgres:"));
    let ids = postgres.and_then(|line| {
        let mut ids = line.split(':').skip(2).map(str::parse);
        Some((ids.next()?.ok()?, ids.next()?.ok()?))
    });
    Some(ids.unwrap_or((NOBODY, NOBODY)))
}

/// The folder of PostgreSQL's programs.
fn bin() -> PathBuf {
    let given = std::env::var_os("PG_BIN").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let asked = Command::new("pg_config").arg("--bindir").output();
    let asked = asked.ok().map(|output| {
        let folder = String::from_utf8_lossy(&output.stdout).into_owned();
        PathBuf::from(folder.trim())
    });
    given
        .into_iter()
        .chain(std::env::split_paths(&path))
        .chain(asked)
        .chain(debian())
        .filter(|folder| is_program(&folder.join("initdb")))
        .find(|folder| is_program(&folder.join("postgres")))
        .expect("PostgreSQL is missing: install Debian's package `postgresql`, or set PG_BIN to the folder with initdb and postgres")
}

/// Debian's folders, the newest version first.
fn debian() -> Vec<PathBuf> {
    let folders = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut versions: Vec<(u32, PathBuf)> = folders
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort();
    versions.into_iter().rev().map(|(_, bin)| bin).collect()
}

fn is_program(file: &Path) -> bool {
    fs::metadata(file)
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0");
    listener
        .and_then(|listener| listener.local_addr())
        .map_err(|error: io::Error| error.to_string())
        .unwrap()
        .port()
}

fn signal(signal: &str, pid: u32) {
    let sent = Command::new("kill")
        .args([signal, &pid.to_string()])
        .status()
        .unwrap();
    assert!(sent.success(), "kill {signal} {pid}");
}
