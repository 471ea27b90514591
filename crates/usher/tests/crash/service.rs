//! `usher serve` as a process, and clients that mint as fast as they are answered.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use usher_core::attempt::AttemptId;

use crate::deliveries::SECRET;

const CLIENTS: usize = 16;

pub(crate) struct Service {
    folder: TempDir,
    pub(crate) store_url: String,
    key: String,
    running: Option<Running>,
}

struct Running {
    child: Child,
    address: String,
    _stdout: BufReader<ChildStdout>,
}

/// Clients at work.
pub(crate) struct Clients {
    minting: JoinSet<Told>,
    answered: Arc<Notify>,
    /// The last attempt that one of them was answered.
    pub(crate) last: watch::Receiver<Option<AttemptId>>,
}

/// What clients were told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Attempts that are recorded, says the answer.
    pub(crate) recorded: Vec<AttemptId>,
    /// How many of them in the spool.
    pub(crate) spooled: usize,
    pub(crate) not_recorded: usize,
    pub(crate) refused: Vec<String>,
}

impl Service {
    pub(crate) fn new(store_url: Option<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let mut service = Self {
            store_url: store_url
                .unwrap_or_else(|| format!("sqlite://{}", data.join("usher.sqlite").display())),
            folder,
            key: String::new(),
            running: None,
        };
        let init = service.command(&["init"]).output().unwrap();
        assert!(
            init.status.success(),
            "{}",
            String::from_utf8_lossy(&init.stderr)
        );
        let added = service
            .command(&[
                "key",
                "add",
                "--name",
                "crash",
                "--scope",
                "mint,read",
                "--json",
            ])
            .output()
            .unwrap();
        let added: Value = serde_json::from_slice(&added.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&added.stderr)));
        added["key"].as_str().unwrap().clone_into(&mut service.key);
        service
    }

    fn command(&self, args: &[&str]) -> Command {
        // A file that may grow no more is an error to tell of, not a signal that kills: the same as on a full disk.
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
        command.arg(env!("CARGO_BIN_EXE_usher"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("USHER_")) {
            command.env_remove(name);
        }
        command
            .args(args)
            .current_dir(self.folder.path())
            .env("USHER_DATA", self.folder.path().join("data"))
            .env("USHER_STORE", &self.store_url)
            .env("USHER_WEBHOOK_SECRET", SECRET)
            .env("USHER_SDK_KEY", "aSdkKeyForTests0000001")
            .env("USHER_SDK_SECRET", "aSecretForTestsThatIsNobodys0001");
        command
    }

    pub(crate) fn sqlite_file(&self) -> PathBuf {
        self.folder.path().join("data/usher.sqlite")
    }

    pub(crate) fn start(&mut self) {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.path().join("log"))
            .unwrap();
        let mut child = self
            .command(&["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line
            .trim()
            .strip_prefix("listening on ")
            .unwrap_or_else(|| panic!("it does not start: {}", self.log()))
            .to_owned();
        self.running = Some(Running {
            child,
            address,
            _stdout: stdout,
        });
    }

    pub(crate) fn address(&self) -> &str {
        &self.running.as_ref().unwrap().address
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        let mut running = self.running.take().unwrap();
        running.child.kill().unwrap();
        running.child.wait().unwrap();
    }

    /// Clients that mint until told to stop, or until nobody answers.
    pub(crate) fn mint_until(&self, stop: &CancellationToken, pause: Duration) -> Clients {
        let http = reqwest::Client::new();
        let answered = Arc::new(Notify::new());
        let (newest, last) = watch::channel(None);
        let mut minting = JoinSet::new();
        for _ in 0..CLIENTS {
            let client = Client {
                http: http.clone(),
                address: self.address().to_owned(),
                key: self.key.clone(),
                answered: answered.clone(),
                newest: newest.clone(),
                pause,
            };
            minting.spawn(client.mint(stop.clone()));
        }
        Clients {
            minting,
            answered,
            last,
        }
    }

    /// From now on files can be written up to there only, whatever their length was; `unlimited` ends that.
    pub(crate) fn limit_files(&self, bytes: &str) {
        let pid = self.running.as_ref().unwrap().child.id().to_string();
        let limit = format!("--fsize={bytes}:");
        let prlimit = Command::new("prlimit")
            .args(["--pid", &pid, &limit])
            .status();
        assert!(prlimit.unwrap().success());
    }

    /// A start without the store needs it.
    pub(crate) async fn wait_for_snapshot(&self) {
        let snapshot = self.folder.path().join("data/snapshot");
        let written = async {
            while !snapshot.exists() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), written)
            .await
            .unwrap_or_else(|_| panic!("no snapshot: {}", self.log()));
    }

    /// Waits until everything that was spooled is in the store.
    pub(crate) async fn wait_until_caught_up(&self) {
        let url = format!("{}/readyz", self.running.as_ref().unwrap().address);
        let caught_up = async {
            loop {
                let ready: Value = reqwest::get(&url).await.unwrap().json().await.unwrap();
                let degraded = ready["degraded"].as_array().unwrap();
                // It tells of what was lost for as long as it runs.
                if degraded.iter().all(|one| one["code"] == "not_recorded") {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), caught_up)
            .await
            .unwrap_or_else(|_| panic!("it does not catch up: {}", self.log()));
    }

    /// The ids of all attempts that the service knows, each as often as it lists it.
    pub(crate) async fn known(&self) -> Vec<AttemptId> {
        let client = reqwest::Client::new();
        let address = &self.running.as_ref().unwrap().address;
        let mut known = Vec::new();
        let mut cursor = String::new();
        loop {
            let answer: Value = client
                .get(format!("{address}/v1/attempts?limit=500{cursor}"))
                .bearer_auth(&self.key)
                .send()
                .await
                .unwrap()
                .json()
                .await
                .unwrap();
            let attempts = answer["attempts"].as_array().unwrap();
            known.extend(
                attempts
                    .iter()
                    .map(|attempt| AttemptId::parse(attempt["id"].as_str().unwrap()).unwrap()),
            );
            match answer["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return known,
            }
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(running) = &mut self.running {
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
    }
}

struct Client {
    http: reqwest::Client,
    address: String,
    key: String,
    answered: Arc<Notify>,
    newest: watch::Sender<Option<AttemptId>>,
    /// Between two joins.
    pause: Duration,
}

impl Client {
    async fn mint(self, stop: CancellationToken) -> Told {
        let body = json!({ "meeting_number": "85012345678", "user_name": "Aiko", "passcode": "" });
        let mut told = Told::default();
        while !stop.is_cancelled() {
            tokio::time::sleep(self.pause).await;
            let request = self
                .http
                .post(format!("{}/v1/joins", self.address))
                .bearer_auth(&self.key)
                .json(&body);
            // No answer: it was killed.
            let Ok(response) = request.send().await else {
                break;
            };
            let status = response.status();
            let Ok(answer) = response.json::<Value>().await else {
                break;
            };
            if !status.is_success() {
                told.refused.push(answer.to_string());
                continue;
            }
            self.answered.notify_one();
            let id = AttemptId::parse(answer["attempt"].as_str().unwrap()).unwrap();
            self.newest.send_replace(Some(id));
            match answer["recorded"].as_str().unwrap() {
                "stored" => told.recorded.push(id),
                "spooled" => {
                    told.recorded.push(id);
                    told.spooled += 1;
                }
                _ => told.not_recorded += 1,
            }
        }
        told
    }
}

impl Clients {
    /// Ends when one of them has an answer: they are at work.
    pub(crate) async fn have_begun(&self) {
        self.answered.notified().await;
    }

    /// What all of them were told.
    pub(crate) async fn told(self) -> Told {
        let mut told = Told::default();
        for one in self.minting.join_all().await {
            told.recorded.extend(one.recorded);
            told.spooled += one.spooled;
            told.not_recorded += one.not_recorded;
            told.refused.extend(one.refused);
        }
        told
    }
}
