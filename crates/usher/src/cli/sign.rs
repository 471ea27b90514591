//! `usher sign`: join parameters on the command line, with no store and no service.

use std::io::Write;

use jiff::Timestamp;
use serde_json::json;
use usher_core::attempt::AttemptId;
use usher_core::join::dialect::{SdkVersion, View};
use usher_core::join::{self, JoinRequest};
use usher_core::meeting::{MeetingNumber, Role};

use super::{Exit, Failure, moment, now, random, refused};
use crate::config::Config;
use crate::mint::DEFAULT_EXPIRES_IN_S;

/// Mint join parameters for one person and print them
#[derive(Debug, clap::Args)]
pub(super) struct Sign {
    /// Meeting or webinar number, 9 to 12 digits
    #[arg(long, value_name = "N")]
    meeting: String,
    /// attendee or host
    #[arg(long, default_value = "attendee")]
    role: String,
    /// Name that others see
    #[arg(long, default_value = "Guest", value_name = "S")]
    name: String,
    /// Passcode; empty for none
    #[arg(long, default_value = "", value_name = "S", hide_default_value = true)]
    passcode: String,
    /// client (ZoomMtg) or component (ZoomMtgEmbedded)
    #[arg(long, default_value = "client")]
    view: String,
    /// Web SDK of the page [default: the configured one]
    #[arg(long, value_name = "V")]
    sdk_version: Option<String>,
    /// Name of the configured app [default: the first]
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    /// Lifetime in seconds: more than 1800, at most 172800
    #[arg(long, default_value_t = DEFAULT_EXPIRES_IN_S, value_name = "S")]
    expires_in: u32,
    /// The host's ZAK (needed for --role host)
    #[arg(long, value_name = "S")]
    zak: Option<String>,
    /// Sign as of this moment (RFC 3339, or seconds since 1970) [default: now]
    #[arg(long, value_name = "T", value_parser = moment)]
    now: Option<Timestamp>,
    /// Print one JSON value
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Sign, config: &Config, out: &mut impl Write) -> Result<Exit, Failure> {
    let now = args.now.unwrap_or_else(now);
    let app = config.app(args.app.as_deref()).map_err(refused)?;
    let sdk_version = match args.sdk_version.as_deref() {
        Some(version) => SdkVersion::parse(version).map_err(refused)?,
        None => config.sdk_version,
    };
    let request = JoinRequest {
        attempt: AttemptId::new(now, random()),
        meeting_number: MeetingNumber::parse(&args.meeting).map_err(refused)?,
        user_name: &args.name,
        role: Role::parse(&args.role).map_err(refused)?,
        view: View::parse(&args.view).map_err(refused)?,
        sdk_version,
        passcode: &args.passcode,
        user_email: None,
        registrant_token: None,
        zak: args.zak.as_deref(),
        obf_token: None,
        video_webrtc_mode: None,
        expires_in_s: args.expires_in,
    };
    let minted = join::mint(app.signing(now), &request, now, config.backdate_s).map_err(refused)?;
    for warning in &minted.warnings {
        super::warn(&warning.message);
    }
    if args.json {
        let value = json!({
            "signature": minted.parameters.signature(),
            "claims": minted.claims,
            "join": minted.parameters,
        });
        writeln!(out, "{value}")?;
    } else {
        super::talk(&format!("expires at {}", minted.expires_at));
        writeln!(out, "{}", serde_json::to_string_pretty(&minted.parameters)?)?;
    }
    Ok(Exit::Fine)
}
