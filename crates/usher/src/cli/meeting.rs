//! `usher meeting`: registered meetings.

use std::io::Write;

use serde_json::json;
use usher_core::meeting::MeetingNumber;
use usher_core::refusal::Refusal;

use usher_core::text::escape_hidden;

use super::{Exit, Failure, now, open_store, refused, table, write_json};
use crate::config::Config;
use crate::store::{Edit, Meeting as Registered, MeetingChange, Name, PAGE_MAX, Passcode, Store};
use crate::zoom::ZoomClient;

/// Register, import, list, show, change and delete meetings
#[derive(Debug, clap::Subcommand)]
pub(super) enum Meeting {
    /// Register a meeting
    Add {
        /// Meeting or webinar number, 9 to 12 digits
        #[arg(long, value_name = "N")]
        number: String,
        #[command(flatten)]
        fields: Fields,
        /// Print one JSON value
        #[arg(long)]
        json: bool,
    },
    /// Fetch a meeting from Zoom and register it, or bring it up to date
    Import {
        /// Meeting or webinar number
        number: String,
        /// Name of the configured account [default: the first]
        #[arg(long, value_name = "NAME")]
        account: Option<String>,
        /// Print one JSON value
        #[arg(long)]
        json: bool,
    },
    /// List meetings
    List {
        /// Only those whose number, topic or host holds this
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        /// Print one JSON value
        #[arg(long)]
        json: bool,
    },
    /// Show one
    Show {
        /// Meeting or webinar number
        number: String,
        /// Print one JSON value
        #[arg(long)]
        json: bool,
    },
    /// Change what is given; an empty value takes it away
    Edit {
        /// Meeting or webinar number
        number: String,
        #[command(flatten)]
        fields: Fields,
        /// Print one JSON value
        #[arg(long)]
        json: bool,
    },
    /// Delete one
    Rm {
        /// Meeting or webinar number
        number: String,
    },
}

#[derive(Debug, Clone, clap::Args)]
pub(super) struct Fields {
    /// Passcode; empty for none
    #[arg(long, value_name = "S")]
    passcode: Option<String>,
    /// Zoom user id or e-mail of the host, whose ZAK starts the meeting
    #[arg(long, value_name = "USER")]
    host: Option<String>,
    #[arg(long, value_name = "S")]
    topic: Option<String>,
    /// Name of the configured account
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Name of the configured app
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
}

pub(super) async fn run(
    args: &Meeting,
    config: &Config,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    match args {
        Meeting::Add {
            number,
            fields,
            json,
        } => {
            let meeting = add(number, fields, config).await?;
            print(out, &meeting, *json)?;
        }
        Meeting::Import {
            number,
            account,
            json,
        } => {
            let meeting = import(number, account.as_deref(), config).await?;
            print(out, &meeting, *json)?;
        }
        Meeting::List { search, json } => {
            list(out, &open_store(config).await?, search.as_deref(), *json).await?;
        }
        Meeting::Show { number, json } => {
            let number = parse(number)?;
            let found = open_store(config).await?.meeting(number).await?;
            print(out, &found.ok_or_else(|| unknown(number))?, *json)?;
        }
        Meeting::Edit {
            number,
            fields,
            json,
        } => {
            let meeting = edit(number, fields, config).await?;
            print(out, &meeting, *json)?;
        }
        Meeting::Rm { number } => {
            let number = parse(number)?;
            if !open_store(config).await?.delete(number).await? {
                return Err(unknown(number));
            }
            super::talk(&format!("deleted {number}"));
        }
    }
    Ok(Exit::Fine)
}

fn parse(number: &str) -> Result<MeetingNumber, Failure> {
    MeetingNumber::parse(number).map_err(refused)
}

fn unknown(number: MeetingNumber) -> Failure {
    Failure::new(format!("meeting {number} is not registered"))
        .hint("`usher meeting list` shows those that are")
}

async fn add(number: &str, fields: &Fields, config: &Config) -> Result<Registered, Failure> {
    let change = change(fields, config).map_err(refused)?;
    let number = parse(number)?;
    Ok(open_store(config)
        .await?
        .register(number, &change, now())
        .await?)
}

async fn import(
    number: &str,
    account: Option<&str>,
    config: &Config,
) -> Result<Registered, Failure> {
    let number = parse(number)?;
    let account = config.account(account).map_err(refused)?;
    let store = open_store(config).await?;
    let zoom = ZoomClient::new(&config.zoom, config.accounts.clone(), now)?;
    let found = zoom.meeting(account, number).await?;
    let account = Name::new("account", account).map_err(refused)?;
    Ok(store.import(&found, &account, now()).await?)
}

async fn edit(number: &str, fields: &Fields, config: &Config) -> Result<Registered, Failure> {
    let change = change(fields, config).map_err(refused)?;
    let number = parse(number)?;
    let changed = open_store(config)
        .await?
        .change(number, &change, now())
        .await?;
    changed.ok_or_else(|| unknown(number))
}

fn change(fields: &Fields, config: &Config) -> Result<MeetingChange, Refusal> {
    config.check_names(fields.account.as_deref(), fields.app.as_deref())?;
    Ok(MeetingChange {
        topic: Edit::parse("topic", fields.topic.as_deref())?,
        host: Edit::parse("host", fields.host.as_deref())?,
        account: Edit::parse("account", fields.account.as_deref())?,
        app: Edit::parse("app", fields.app.as_deref())?,
        passcode: fields.passcode.clone().map(Passcode::new).transpose()?,
    })
}

async fn list(
    out: &mut impl Write,
    store: &Store,
    search: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    let mut meetings = Vec::new();
    let mut after = None;
    loop {
        let page = store.meetings(search, after, PAGE_MAX).await?;
        meetings.extend(page.meetings);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if json {
        let meetings: Vec<_> = meetings.iter().map(shown).collect();
        write_json(out, &meetings)?;
    } else {
        let mut table = table(["number", "topic", "host", "passcode", "account", "app"]);
        for meeting in &meetings {
            let text = |text: Option<&str>| text.map_or("-".to_owned(), escape_hidden);
            table.add_row([
                meeting.number.to_string(),
                text(meeting.topic.as_deref()),
                text(meeting.host.as_deref()),
                if meeting.passcode.is_empty() {
                    "none"
                } else {
                    "kept"
                }
                .to_owned(),
                text(meeting.account.as_deref()),
                text(meeting.app.as_deref()),
            ]);
        }
        writeln!(out, "{table}")?;
    }
    if meetings.is_empty() {
        super::talk("No meetings: `usher meeting add --number N` registers one.");
    }
    Ok(())
}

fn print(out: &mut impl Write, meeting: &Registered, json: bool) -> Result<(), Failure> {
    if json {
        write_json(out, &shown(meeting))?;
        return Ok(());
    }
    for (name, value) in shown(meeting).as_object().into_iter().flatten() {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), escape_hidden);
        writeln!(
            out,
            "{name:<19} {}",
            if value.is_null() { "-" } else { &text }
        )?;
    }
    Ok(())
}

/// A meeting without its passcode.
fn shown(meeting: &Registered) -> serde_json::Value {
    json!({
        "number": meeting.number,
        "topic": meeting.topic.as_deref(),
        "host": meeting.host.as_deref(),
        "uuid": meeting.uuid.as_deref(),
        "account": meeting.account.as_deref(),
        "app": meeting.app.as_deref(),
        "has_passcode": !meeting.passcode.is_empty(),
        "needs_registration": meeting.needs_registration,
        "created_at": meeting.created_at,
        "updated_at": meeting.updated_at,
    })
}
