//! Runs the doctor over a file of reported cases and prints what it makes of each.
//!
//! `cargo run -p usher-core --example judge_cases -- FILE`: the file is a JSON array of reports (`id`, `symptom`, `sdk_version`, `view`,
//! `evidence`, `root_cause`). A case is judgeable when it holds something that the doctor can look at: a token, claims, a join object, an
//! old signature, or an error that names a code or one of the known sentences. Prose alone is not.
#![allow(clippy::print_stdout)] // it is a program

use std::process::ExitCode;

use jiff::Timestamp;
use serde_json::Value;
use usher_core::doctor::{Handed, Kind, Report, examine};
use usher_core::join::dialect::{SdkVersion, View};
use usher_core::verdict::Cause;

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        println!("usage: judge_cases FILE");
        return ExitCode::from(2);
    };
    #[allow(clippy::disallowed_methods)] // the core reads no file; this program does
    let read = std::fs::read_to_string(&path).map_err(|error| error.to_string());
    let cases = read.and_then(|text| {
        serde_json::from_str::<Vec<Value>>(&text).map_err(|error| error.to_string())
    });
    match cases {
        Ok(cases) => {
            report(&cases);
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("{}: {error}", path.to_string_lossy());
            ExitCode::from(2)
        }
    }
}

/// What became of the cases of one kind.
#[derive(Default)]
struct Tally {
    right: usize,
    open: usize,
    open_but_suspected: usize,
    wrong: usize,
}

impl Tally {
    fn count(&mut self, case: &Value, report: &Report) -> &'static str {
        let given = report.cause.map(Cause::id);
        let label = case["root_cause"].as_str();
        if given == label {
            self.right += 1;
            "right"
        } else if given.is_some() {
            self.wrong += 1;
            "WRONG"
        } else {
            let is_suspected = label.is_some_and(|label| first_suspects(report).contains(&label));
            self.open += 1;
            self.open_but_suspected += usize::from(is_suspected);
            "left open"
        }
    }

    fn print(&self, what: &str) {
        let Self {
            right,
            open,
            open_but_suspected,
            wrong,
        } = self;
        println!(
            "{what}: {} judgeable, {right} right, {open} left open where a cause is known ({open_but_suspected} of them with it among the first three suspects), {wrong} wrong",
            right + open + wrong
        );
    }
}

fn report(cases: &[Value]) {
    let (mut with_evidence, mut error_only, mut prose) = (Tally::default(), Tally::default(), 0);
    println!(
        "{:<22} {:<14} {:<48} label",
        "case", "judged", "cause given"
    );
    for case in cases {
        let (report, holds_evidence) = judge(case);
        let verdict = if holds_evidence {
            with_evidence.count(case, &report)
        } else if names_an_error(&report) {
            error_only.count(case, &report)
        } else {
            prose += 1;
            "not judgeable"
        };
        print_row(case, &report, verdict);
    }
    println!();
    with_evidence.print("token, claims, join object or old signature at hand");
    error_only.print("only an error's code or sentence at hand");
    println!("prose alone, not judgeable: {prose} of {}", cases.len());
}

fn print_row(case: &Value, report: &Report, verdict: &str) {
    let given = report.cause.map(Cause::id);
    let label = case["root_cause"].as_str();
    let next = if given == label {
        String::new()
    } else {
        format!("  next: {}", first_suspects(report).join(", "))
    };
    println!(
        "{:<22} {verdict:<14} {:<48} {} ({}){next}",
        case["id"].as_str().unwrap_or_default(),
        given.unwrap_or("-"),
        label.unwrap_or("-"),
        case["confidence"].as_str().unwrap_or_default(),
    );
}

fn first_suspects(report: &Report) -> Vec<&'static str> {
    let suspects = report.next_suspects.iter().take(3);
    suspects.map(|cause| cause.id()).collect()
}

fn names_an_error(report: &Report) -> bool {
    report.kind == Kind::Error
        && report.findings.iter().any(|finding| {
            finding.rule == "error_code" && !finding.message.contains("not in the catalogue")
        })
}

/// The doctor's report, and whether there was more than an error's text to look at.
fn judge(case: &Value) -> (Report, bool) {
    let evidence = &case["evidence"];
    let json = |name: &str| {
        evidence
            .get(name)
            .filter(|value| value.is_object())
            .map(Value::to_string)
    };
    let text = evidence["jwt"]
        .as_str()
        .or(evidence["legacy_signature"]["as_posted_truncated"].as_str());
    let claims = evidence["payload_raw"]
        .as_str()
        .map(str::to_owned)
        .or_else(|| json("claims"));
    let join = json("join_args");
    let example_now = evidence["example_now"].as_i64();
    let view = case["view"].as_str().unwrap_or_default();
    let handed = Handed {
        text,
        claims: claims.as_deref(),
        join: join.as_deref(),
        reason: case["symptom"]
            .as_str()
            .filter(|_| case["reported_failure"] == true),
        sdk_version: case["sdk_version"].as_str().and_then(SdkVersion::find),
        view: view
            .split_whitespace()
            .next()
            .and_then(|word| View::parse(word).ok()),
        // A case without a moment is looked at on the day that the collection ends.
        now: Timestamp::from_second(example_now.unwrap_or(1_795_478_400)).unwrap_or_default(),
        now_is_given: example_now.is_some(),
        ..Handed::default()
    };
    (
        examine(&handed),
        text.is_some() || claims.is_some() || join.is_some(),
    )
}
