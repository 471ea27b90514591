//! `usher doctor`: judges one thing and says what is wrong with it, like a good compiler.

mod har;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use usher_core::doctor::{self, Finding, Handed, Kind, Report, Severity, Source};
use usher_core::join::dialect::{SdkVersion, View};

use usher_core::text::escape_hidden;

use har::Input;

use super::span::Span;
use super::{Exit, Failure, moment, now, refused, talk, warn, write_json};
use crate::config::{App, Config};
use crate::text_file;

/// What files with tokens and errors are called; a token never ends like this.
const FILE_ENDINGS: [&str; 5] = ["txt", "json", "jwt", "log", "har"];

/// Say what is wrong with a signature, its claims, a join object, an error or a recording; or whether a span's signatures were valid
///
/// Nothing is sent anywhere. The secret stays in this process and is never printed.
#[derive(Debug, clap::Args)]
pub(super) struct Doctor {
    /// A token, a file that holds it, or - for standard input; old signatures, join links, pasted errors and recordings too
    #[arg(value_name = "TOKEN|-|FILE")]
    input: Option<String>,
    /// Claims as JSON, instead of a token
    #[arg(long, value_name = "FILE")]
    claims: Option<PathBuf>,
    /// The object that was handed to the SDK's `join()`, as JSON
    #[arg(long, value_name = "FILE")]
    join: Option<PathBuf>,
    /// A recording of the browser's traffic (HAR), as its developer tools save it
    #[arg(long, value_name = "FILE", conflicts_with = "input")]
    har: Option<PathBuf>,
    /// Also write a copy of the recording that can be posted: without secrets, names and what says nothing of a join
    #[arg(long, value_name = "OUT.har")]
    redact: Option<PathBuf>,
    /// The error's code as the SDK gave it
    #[arg(long, value_name = "CODE", allow_hyphen_values = true)]
    error: Option<String>,
    /// The error's text
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// File with the app's secret: checks the HMAC [default: the configured secret of the token's key]
    #[arg(long, value_name = "F")]
    secret_file: Option<PathBuf>,
    /// The app's SDK key (Client ID)
    #[arg(long, value_name = "K")]
    key: Option<String>,
    /// The number of the meeting that is joined
    #[arg(long, value_name = "N")]
    meeting: Option<String>,
    /// The Web SDK in the page, e.g. 2.16.0
    #[arg(long, value_name = "V")]
    sdk_version: Option<String>,
    /// client (ZoomMtg) or component (ZoomMtgEmbedded)
    #[arg(long)]
    view: Option<String>,
    /// The moment of the join (RFC 3339, or seconds since 1970) [default: now]
    #[arg(long, value_name = "T", value_parser = moment)]
    now: Option<Timestamp>,
    /// Judge every signature in the journal from this moment on (2023-10-10T13:00, or with an offset)
    #[arg(long, value_name = "T", requires = "to", conflicts_with_all = [
        "input", "claims", "join", "har", "redact", "error", "reason", "secret_file", "key", "meeting", "sdk_version", "view", "now",
    ])]
    from: Option<String>,
    /// ... and before this moment
    #[arg(long, value_name = "T", requires = "from")]
    to: Option<String>,
    /// The zone of --from and --to, e.g. Asia/Tokyo or +09:00, in which moments are shown [default: UTC]
    #[arg(long, value_name = "ZONE", requires = "from")]
    tz: Option<String>,
    /// Print one JSON value
    #[arg(long)]
    pub(super) json: bool,
}

impl Doctor {
    /// The span whose signatures are to be judged, if it is that what is asked.
    pub(super) fn span(&self) -> Option<Result<Span, Failure>> {
        let (from, to) = (self.from.as_deref()?, self.to.as_deref()?);
        Some(Span::parse(from, to, self.tz.as_deref()))
    }
}

pub(super) fn run(
    args: &Doctor,
    config: Option<&Config>,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    let handed = [&args.input, &args.error, &args.reason]
        .into_iter()
        .flatten()
        .count();
    let files = [&args.claims, &args.join, &args.har].into_iter().flatten();
    if handed + files.count() == 0 {
        return Err(Failure::new("there is nothing to judge")
            .hint("hand in a token (`usher doctor TOKEN`), --claims, --join, --har or --error, or name a span with --from and --to"));
    }
    let input = har::input(args)?;
    let claims = args.claims.as_deref().map(read_file).transpose()?;
    let join = args.join.as_deref().map(read_file).transpose()?;
    let text = match &input {
        Input::Text(text) => Some(text.as_str()),
        Input::Har(_) | Input::Nothing => None,
    };
    let texts = [text, claims.as_deref(), join.as_deref()];
    let secrets = secrets(args, config, |key| match &input {
        Input::Har(recording) => recording.keys().any(|sent| sent == key),
        _ => texts.iter().flatten().any(|text| names_key(text, key)),
    })?;
    let secrets: Vec<&str> = secrets.iter().map(ExposeSecret::expose_secret).collect();
    // A report's version comes as its writer wrote it; what can't be read must not keep the rest from being judged.
    let sdk_version = args.sdk_version.as_deref().and_then(SdkVersion::find);
    if sdk_version.is_none() && args.sdk_version.is_some() {
        warn("--sdk-version holds no version such as 2.16.0; judging without one");
    }
    let view = args
        .view
        .as_deref()
        .map(View::parse)
        .transpose()
        .map_err(refused)?;
    let handed = Handed {
        text,
        claims: claims.as_deref(),
        join: join.as_deref(),
        error_code: args.error.as_deref(),
        reason: args.reason.as_deref(),
        secrets: &secrets,
        key: args.key.as_deref(),
        meeting: args.meeting.as_deref(),
        sdk_version,
        view,
        now: args.now.unwrap_or_else(now),
        now_is_given: args.now.is_some(),
        ..Handed::default()
    };
    let report = match &input {
        Input::Har(recording) => doctor::examine_recording(recording, &handed),
        Input::Text(_) | Input::Nothing => doctor::examine(&handed),
    };
    if args.json {
        write_json(out, &report)?;
    } else {
        write!(out, "{}", picture(&report))?;
    }
    Ok(if report.worst() == Some(Severity::Error) {
        Exit::Findings
    } else {
        Exit::Fine
    })
}

/// The text handed in: of a file, or the argument itself.
fn text(argument: &str) -> Result<String, Failure> {
    let path = Path::new(argument);
    if path.exists() {
        read_file(path)
    } else if argument.starts_with(['.', '/'])
        || path
            .extension()
            .is_some_and(|end| FILE_ENDINGS.iter().any(|known| end == *known))
    {
        Err(Failure::new(format!("there is no file {argument}")))
    } else {
        Ok(argument.to_owned())
    }
}

fn text_of(source: impl Read) -> Result<String, Failure> {
    Ok(without_line_break(text_file::read_from(source)?))
}

fn read_file(path: &Path) -> Result<String, Failure> {
    let text = text_file::read(path)
        .map_err(|error| Failure::new(format!("can't read {}: {error}", path.display())))?;
    Ok(without_line_break(text))
}

/// Editors end files with one line break; it is not part of what was handed in.
fn without_line_break(text: String) -> String {
    match text.strip_suffix('\n') {
        Some(line) => line.strip_suffix('\r').unwrap_or(line).to_owned(),
        None => text,
    }
}

/// The secret of `--secret-file`, or those of the configured app whose key what was handed in names.
fn secrets(
    args: &Doctor,
    config: Option<&Config>,
    names: impl Fn(&str) -> bool,
) -> Result<Vec<SecretString>, Failure> {
    if let Some(file) = &args.secret_file {
        let secret = text_file::read(file)
            .map_err(|error| Failure::new(format!("can't read {}: {error}", file.display())))?;
        return Ok(vec![secret.into()]);
    }
    let is_named = |app: &&App| {
        let key = app.sdk_key();
        args.key.as_deref() == Some(key) || names(key)
    };
    let Some(app) = config.and_then(|config| config.apps.iter().find(is_named)) else {
        return Ok(Vec::new());
    };
    talk(&format!(
        "checking the HMAC with the secret of the configured app {:?}",
        app.name
    ));
    Ok(app.secrets().cloned().collect())
}

fn names_key(text: &str, sdk_key: &str) -> bool {
    let in_token = usher_core::signature::UnverifiedToken::decode(text.trim()).is_ok_and(|token| {
        ["appKey", "sdkKey"]
            .iter()
            .any(|name| token.claims().get(*name).and_then(|v| v.as_str()) == Some(sdk_key))
    });
    in_token || text.contains(&format!("\"{sdk_key}\""))
}

/// The report for people.
pub(super) fn picture(report: &Report) -> String {
    let renderer = Renderer::plain();
    let mut lines = vec![kind_sentence(report.kind).to_owned(), String::new()];
    for finding in &report.findings {
        lines.push(renderer.render(&[group(report, finding)]));
        lines.push(String::new());
    }
    lines.push(match report.cause {
        Some(cause) => format!(
            "cause: {} ({}): {}",
            cause.id(),
            report.party.as_str(),
            cause.text()
        ),
        None if report.kind == Kind::Setup && report.worst() != Some(Severity::Error) => {
            "cause: none; no error was found".to_owned()
        }
        None if report.kind == Kind::Setup => "cause: not shown by what was checked".to_owned(),
        None => "cause: not shown by what was handed in".to_owned(),
    });
    if !report.next_suspects.is_empty() {
        lines.push("look at next:".to_owned());
        let ranked = report.next_suspects.iter().zip(1..);
        lines.extend(
            ranked.map(|(suspect, rank)| format!("  {rank}. {}: {}", suspect.id(), suspect.text())),
        );
    }
    lines.join("\n") + "\n"
}

fn group<'a>(report: &'a Report, finding: &'a Finding) -> Group<'a> {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let mut group = Group::with_title(
        level
            .primary_title(escape_hidden(&finding.message))
            .id(finding.rule),
    );
    if let Some(place) = &finding.place
        && let Some(text) = report.shown(place.source)
    {
        let snippet = Snippet::source(text)
            .path(source_name(place.source))
            .annotation(AnnotationKind::Primary.span(place.span.clone()));
        group = group.element(snippet);
    }
    if finding.remedy.is_empty() {
        return group;
    }
    group.element(Level::HELP.message(escape_hidden(&finding.remedy)))
}

fn source_name(source: Source) -> &'static str {
    match source {
        Source::Header => "header",
        Source::Claims => "claims",
        Source::Join => "join",
    }
}

fn kind_sentence(kind: Kind) -> &'static str {
    match kind {
        Kind::MeetingSdkJwt => "This is a Meeting SDK JWT: the signature that join() takes.",
        Kind::VideoSdkJwt => "This is a Video SDK JWT.",
        Kind::JwtAppToken => "This is a token for Zoom's REST API.",
        Kind::Zak => "This is a ZAK or OBF token: it acts as a person.",
        Kind::LegacySignature => "This is a signature of the format before the JWT.",
        Kind::WrappedToken => "This is something around a token.",
        Kind::Pwd => "This is a join link, or the encrypted passcode out of one.",
        Kind::Claims => "These are claims.",
        Kind::Error => "This is an error.",
        Kind::Har => "This is a recording of a browser's traffic.",
        Kind::Setup => "This is the set-up of Usher, as seen from here.",
        Kind::Unknown => "This is nothing that the doctor knows.",
    }
}
