//! From what a caller asks to what the core mints: finds the meeting, the app and the host's ZAK.
//!
//! An attendee's join needs no call and no disk: keys and meetings are in memory. Only a host's join may wait for Zoom, for the ZAK.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use thiserror::Error;
use usher_core::attempt::AttemptId;
use usher_core::attempt::origin::{Hmac, Origin, PasscodeFrom};
use usher_core::clock::{Bearing, Interval};
use usher_core::join::dialect::{SdkVersion, View};
use usher_core::join::{self, JoinParameters, JoinRequest, Minted};
use usher_core::meeting::{MeetingNumber, Role};
use usher_core::refusal::{Refusal, Warning};
use usher_core::signature::Claims;

use crate::config::Config;
use crate::directory::Directory;
use crate::store::Meeting;
use crate::zoom::{Zak, ZoomClient, ZoomError};

/// The lifetime of a signature if the request does not say, in seconds: that of Zoom's sample.
pub const DEFAULT_EXPIRES_IN_S: u32 = 7200;

/// What a caller asks, checked field by field and not yet against meetings and apps.
pub struct Wish {
    pub meeting_number: MeetingNumber,
    pub user_name: String,
    pub role: Role,
    pub view: View,
    pub sdk_version: SdkVersion,
    pub passcode: Option<String>,
    pub app: Option<String>,
    pub user_email: Option<String>,
    pub registrant_token: Option<String>,
    pub zak: Option<String>,
    pub obf_token: Option<String>,
    pub video_webrtc_mode: Option<u8>,
    pub expires_in_s: u32,
}

impl Wish {
    /// What the core is asked, while a host's ZAK is still to come.
    fn request<'a>(&'a self, attempt: AttemptId, passcode: &'a str) -> JoinRequest<'a> {
        JoinRequest {
            attempt,
            meeting_number: self.meeting_number,
            user_name: &self.user_name,
            role: self.role,
            view: self.view,
            sdk_version: self.sdk_version,
            passcode,
            user_email: self.user_email.as_deref(),
            registrant_token: self.registrant_token.as_deref(),
            zak: self.zak.as_deref(),
            obf_token: self.obf_token.as_deref(),
            video_webrtc_mode: self.video_webrtc_mode,
            expires_in_s: self.expires_in_s,
        }
    }
}

impl fmt::Debug for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wish")
            .field("meeting_number", &self.meeting_number)
            .field("role", &self.role)
            .field("view", &self.view)
            .finish_non_exhaustive()
    }
}

/// What the page needs.
#[derive(Debug)]
pub struct Seat {
    pub attempt: AttemptId,
    pub join: JoinParameters,
    pub expires_at: Timestamp,
    pub warnings: Vec<Warning>,
    /// For the journal.
    pub origin: Box<Origin>,
}

/// Why nobody is seated.
#[derive(Debug, Error)]
pub enum MintError {
    #[error("the meeting is not registered and the request has no passcode")]
    UnknownMeeting,
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Zoom(#[from] ZoomError),
}

/// Mints join parameters for a wish, as of `now`. The signature is dated by what `bearing` says of our clock.
pub async fn mint(
    config: &Config,
    directory: &Directory,
    zoom: &ZoomClient,
    wish: &Wish,
    (now, bearing): (Timestamp, Bearing),
    attempt: AttemptId,
) -> Result<Seat, MintError> {
    let meeting = directory.meeting(wish.meeting_number);
    let passcode = match (&wish.passcode, &meeting) {
        (Some(passcode), _) => passcode.as_str(),
        (None, Some(meeting)) => meeting.passcode.expose(),
        (None, None) => return Err(MintError::UnknownMeeting),
    };
    let named = wish
        .app
        .as_deref()
        .or_else(|| meeting.as_deref()?.app.as_deref());
    let app = config.app(named)?;
    let mut request = wish.request(attempt, passcode);
    join::check(&request)?;
    let zak = host_zak(config, zoom, wish, meeting.as_deref()).await?;
    if let Some(zak) = &zak {
        request.zak = Some(zak.expose());
    }
    let dated = bearing.dated(now);
    let minted = join::mint(app.signing(now), &request, dated, config.backdate_s)?;
    let origin = origin(
        config,
        wish,
        meeting.as_deref(),
        &app.name,
        (&minted, bearing),
    );
    let mut warnings = minted.warnings;
    warnings.extend(
        meeting
            .as_deref()
            .and_then(|meeting| registration_missing(wish, meeting)),
    );
    Ok(Seat {
        attempt,
        join: minted.parameters,
        expires_at: minted.expires_at,
        warnings,
        origin,
    })
}

/// What the journal keeps of any signature that is made here: its claims, and what it was made with.
pub fn origin_of(
    config: &Config,
    app: &str,
    meeting: Option<&Meeting>,
    claims: &Claims<'_>,
    bearing: Bearing,
) -> Origin {
    Origin {
        app: Some(app.to_owned()),
        account: meeting.and_then(|meeting| Some(meeting.account.as_ref()?.to_string())),
        host: meeting.and_then(|meeting| Some(meeting.host.as_ref()?.to_string())),
        instance: Some(config.instance.clone()),
        claims: serde_json::value::to_raw_value(claims).ok(),
        hmac: Some(Hmac::Valid),
        backdate_s: Some(config.backdate_s),
        clock_offset_ms: bearing.offset.map(Interval::as_millis),
        clock_correction_ms: bearing.correction_ms(),
        ..Origin::default()
    }
}

/// What the journal keeps of a join: of the parameters, their shape alone.
fn origin(
    config: &Config,
    wish: &Wish,
    meeting: Option<&Meeting>,
    app: &str,
    (minted, bearing): (&Minted<'_>, Bearing),
) -> Box<Origin> {
    let (passcode, from) = match (&wish.passcode, meeting) {
        (Some(passcode), _) => (passcode.as_str(), PasscodeFrom::Request),
        (None, Some(meeting)) => (meeting.passcode.expose(), PasscodeFrom::Meeting),
        (None, None) => ("", PasscodeFrom::Request),
    };
    Box::new(Origin {
        meeting_number: Some(wish.meeting_number),
        role: Some(wish.role.as_str().to_owned()),
        view: Some(wish.view.as_str().to_owned()),
        sdk_version: Some(wish.sdk_version.to_string()),
        join_shape: Some(minted.parameters.shape()),
        passcode_from: (!passcode.is_empty()).then_some(from),
        ..origin_of(config, app, meeting, &minted.claims, bearing)
    })
}

/// A host who brought no token of their own is given the ZAK of the registered meeting's host.
async fn host_zak(
    config: &Config,
    zoom: &ZoomClient,
    wish: &Wish,
    meeting: Option<&Meeting>,
) -> Result<Option<Arc<Zak>>, MintError> {
    let has_own = wish.zak.is_some() || wish.obf_token.is_some();
    let host = meeting.and_then(|meeting| Some((meeting, meeting.host.as_deref()?)));
    let (Role::Host, false, Some((meeting, host))) = (wish.role, has_own, host) else {
        return Ok(None);
    };
    let account = match &meeting.account {
        Some(name) => config.account(Some(name))?,
        None if config.accounts.is_empty() => return Ok(None),
        None => config.account(None)?,
    };
    // Boxed, because every mint would carry the room that this rare way needs.
    let zak = Box::pin(zoom.zak(account, host, Some(wish.meeting_number)));
    Ok(Some(zak.await?))
}

/// A setting that was right when the meeting was imported; it may have changed since, so it warns and does not refuse.
fn registration_missing(wish: &Wish, meeting: &Meeting) -> Option<Warning> {
    (meeting.needs_registration && wish.registrant_token.is_none()).then(|| Warning {
        code: "registrant_token_missing",
        message: "The meeting asked for registration when it was imported: without registrant_token the join ends with 3099.".to_owned(),
    })
}
