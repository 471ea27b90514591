//! A folder to run in, and the binary in it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use tempfile::TempDir;

pub(crate) const SDK_KEY: &str = "aSdkKeyForTests0000001";
pub(crate) const SDK_SECRET: &str = "aSecretForTestsThatIsNobodys0001";

pub(crate) struct Place {
    folder: TempDir,
}

pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        std::fs::write(self.path().join(file), text).unwrap();
    }

    /// The binary, in this folder, with an app configured and nothing else of Usher's in the environment.
    pub(crate) fn usher(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("USHER_")) {
            command.env_remove(name);
        }
        command
            .args(args)
            .current_dir(self.path())
            .env("USHER_SDK_KEY", SDK_KEY)
            .env("USHER_SDK_SECRET", SDK_SECRET);
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        ran(&mut self.usher(args))
    }

    pub(crate) fn run_with_stdin(&self, args: &[&str], text: &str) -> Ran {
        let mut child = self
            .usher(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        of(&child.wait_with_output().unwrap())
    }

    /// Starts a command that listens; returns it with the address in its first line.
    pub(crate) fn start(&self, args: &[&str]) -> (Server, String) {
        let mut child = self
            .usher(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let address = line
            .trim()
            .strip_prefix("listening on ")
            .expect("the first line")
            .to_owned();
        (
            Server {
                child,
                _stdout: stdout,
            },
            address,
        )
    }
}

pub(crate) fn ran(command: &mut Command) -> Ran {
    of(&command.stdin(Stdio::null()).output().unwrap())
}

fn of(output: &std::process::Output) -> Ran {
    Ran {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout.clone()).unwrap(),
        stderr: String::from_utf8(output.stderr.clone()).unwrap(),
    }
}

/// A running service; killed if a test fails.
pub(crate) struct Server {
    child: Child,
    /// Kept open: who writes to a closed pipe ends.
    _stdout: BufReader<ChildStdout>,
}

impl Server {
    /// Sends SIGTERM and waits for the exit code.
    pub(crate) fn terminate(mut self) -> i32 {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        self.child
            .wait()
            .unwrap()
            .code()
            .expect("an exit code, not a signal")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
