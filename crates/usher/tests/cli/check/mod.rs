//! `usher check` against a simulated Zoom: what people read, and what programs do.

mod page;
mod rules;
mod set_up;
mod way;
mod zoom;

use std::process::Command;

use serde_json::Value;
use usher_sim::{
    DEMO_ACCOUNT_ID, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Fault, FaultAnswer, Options, Simulator,
};

use crate::process::{Place, Ran, SDK_SECRET, ran};

/// A folder to run in, beside a simulated Zoom.
struct Zoom {
    place: Place,
    sim: Simulator,
}

impl Zoom {
    async fn start() -> Self {
        Self {
            place: Place::new(),
            sim: Simulator::start(Options::default()).await.unwrap(),
        }
    }

    /// The binary with app, account and the simulator's hosts.
    fn usher(&self, args: &[&str]) -> Command {
        let mut command = self.place.usher(args);
        let base = self.sim.http_url();
        command
            .env("USHER_ZOOM_API_URL", format!("{base}/v2"))
            .env("USHER_ZOOM_OAUTH_URL", format!("{base}/oauth/token"))
            .env("USHER_ZOOM_ACCOUNT_ID", DEMO_ACCOUNT_ID)
            .env("USHER_ZOOM_CLIENT_ID", DEMO_CLIENT_ID)
            .env("USHER_ZOOM_CLIENT_SECRET", DEMO_CLIENT_SECRET);
        command
    }

    fn check(&self, args: &[&str]) -> Report {
        Report::of(&mut self.usher(&[&["check", "--json"], args].concat()))
    }

    /// Every request to `path` is answered so.
    fn answers(&self, path: &str, answer: FaultAnswer) {
        let fault = Fault {
            path: path.to_owned(),
            answer: Some(answer),
            ..Fault::default()
        };
        self.sim.steer(|zoom| zoom.faults.add(fault));
    }
}

/// What was printed with `--json`, and the exit code.
struct Report {
    code: i32,
    json: Value,
}

impl Report {
    fn of(command: &mut Command) -> Self {
        let Ran {
            code,
            stdout,
            stderr,
        } = ran(command);
        for secret in [SDK_SECRET, DEMO_CLIENT_SECRET] {
            assert!(!stdout.contains(secret) && !stderr.contains(secret));
        }
        let json = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stdout}{stderr}"));
        Self { code, json }
    }

    fn cause(&self) -> &str {
        self.json["cause"].as_str().unwrap_or("null")
    }

    fn findings(&self) -> impl Iterator<Item = &Value> {
        self.json["findings"].as_array().unwrap().iter()
    }

    /// `severity rule` of the finding with this rule.
    fn severity(&self, rule: &str) -> &str {
        let finding = self.findings().find(|finding| finding["rule"] == rule);
        finding.map_or("absent", |finding| finding["severity"].as_str().unwrap())
    }

    fn message(&self, rule: &str) -> &str {
        let finding = self.findings().find(|finding| finding["rule"] == rule);
        finding.unwrap_or_else(|| panic!("no {rule} in {}", self.json))["message"]
            .as_str()
            .unwrap()
    }

    /// The rules of all errors, in their order.
    fn errors(&self) -> Vec<&str> {
        let errors = self
            .findings()
            .filter(|finding| finding["severity"] == "error");
        errors
            .map(|finding| finding["rule"].as_str().unwrap())
            .collect()
    }
}

/// What people read, without what differs from run to run.
fn shown(ran: &Ran, hidden: &[(&str, &str)]) -> String {
    let mut text = format!(
        "exit {}\n----- stdout\n{}----- stderr\n{}",
        ran.code, ran.stdout, ran.stderr
    );
    for (varying, name) in hidden {
        text = text.replace(varying, name);
    }
    for (before, after, name) in [
        (" after ", " ms, ", "N"),
        (" has ", " MiB left", "N"),
        (" of this version (", ").", "N"),
        ("machine's clock is ", " of Zoom's", "ABOUT THAT"),
        // Four, or more until one shows that the host's clock goes.
        (" of Zoom's (", " readings)", "SOME"),
        ("knows no more takes ", " off it", "SOME"),
        ("this one expires at ", ".", "LATER"),
    ] {
        text = between(&text, before, after, name);
    }
    // What the kernel says of its clock is the machine's.
    let is_of_the_machine = |part: &&str| part.contains("[system_clock");
    let parts = text.split("\n\n").filter(|part| !is_of_the_machine(part));
    parts.collect::<Vec<_>>().join("\n\n")
}

/// With a name in place of what stands between two words of one line.
fn between(text: &str, before: &str, after: &str, name: &str) -> String {
    let replaced = |line: &str| {
        let (head, rest) = line.split_once(before)?;
        let (_, tail) = rest.split_once(after)?;
        Some(format!("{head}{before}{name}{after}{tail}"))
    };
    let lines = text
        .lines()
        .map(|line| replaced(line).unwrap_or_else(|| line.to_owned()));
    lines.collect::<Vec<_>>().join("\n")
}
