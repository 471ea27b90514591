//! Whether a host's ZAK can be fetched, and whether a meeting can be joined on paper.

use jiff::Timestamp;
use usher_core::doctor::Finding;
use usher_core::meeting::MeetingNumber;
use usher_core::verdict::Cause;

use super::{Asked, Looked};
use crate::zoom::{ZoomClient, ZoomError, ZoomMeeting};

/// From 2 March 2026 on, an app that joins a meeting of another account needs a ZAK or an OBF token (reference 4.3).
/// <https://developers.zoom.us/docs/meeting-sdk/obf-faq/>
const EXTERNAL_RULE: &str = "2026-03-02T00:00:00Z";

/// What a join carries beside its signature.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Brings {
    pub(crate) zak: bool,
    pub(crate) obf_token: bool,
    pub(crate) registrant_token: bool,
}

impl Brings {
    pub(super) fn somebody(self) -> bool {
        self.zak || self.obf_token
    }
}

/// Whether the rule on meetings of other accounts is in force.
pub(super) fn external_rule_counts_at(day: Timestamp) -> bool {
    EXTERNAL_RULE
        .parse()
        .is_ok_and(|from: Timestamp| from <= day)
}

pub(super) async fn look_at_host(asked: &Asked, client: &ZoomClient, account: &str) -> Looked<()> {
    let Some(host) = &asked.host else {
        return (Vec::new(), ());
    };
    let finding = match client.zak(account, host, asked.meeting).await {
        Ok(zak) => zak_fetched(host, zak.expires_at(), (asked.now)()),
        Err(error) => zak_refused(account, host, &error),
    };
    (vec![finding], ())
}

fn zak_fetched(host: &str, expires_at: Option<Timestamp>, now: Timestamp) -> Finding {
    match expires_at {
        Some(expires_at) if expires_at <= now => Finding::of_setup_error(
            "zak_expired",
            Some(Cause::ZakFailing),
            format!(
                "The ZAK of {host} was fetched, and had expired when it came: at {expires_at}."
            ),
            "Look at this machine's clock.",
        ),
        Some(expires_at) => Finding::of_setup_info(
            "zak_fetched",
            format!(
                "A ZAK of {host} can be fetched; this one expires at {}.",
                seconds(expires_at)
            ),
            "",
        ),
        None => Finding::of_setup_info(
            "zak_fetched",
            format!("A ZAK of {host} can be fetched; when it expires can't be read in it."),
            "",
        ),
    }
}

fn zak_refused(account: &str, host: &str, error: &ZoomError) -> Finding {
    let remedy = match error {
        ZoomError::Refused {
            code: Some(1001), ..
        } => "Give the host's Zoom user id or e-mail address as the account has it.",
        ZoomError::Refused {
            code: Some(4700 | 4711),
            ..
        } => {
            "Add user:read:token:admin to the app's scopes in Zoom's Marketplace and activate it again."
        }
        ZoomError::Refused { status: 200, .. } => {
            "Zoom gives no ZAK to this user; some sign-in types have none (reference 4.1)."
        }
        ZoomError::Refused { .. } | ZoomError::InvalidUser => {
            "Check that the user is active and belongs to this account."
        }
        _ => return not_checked(&format!("The ZAK of {host}"), error),
    };
    Finding::of_setup_error(
        "zak_refused",
        Some(Cause::ZakFailing),
        format!("Account `{account}` gets no ZAK of {host}: {error}."),
        remedy,
    )
}

/// What stands in the way is told where it belongs: with the way to Zoom, or with the credentials.
fn not_checked(what: &str, error: &ZoomError) -> Finding {
    let because = match error {
        ZoomError::OAuth { .. } => "there is no access token".to_owned(),
        error => error.to_string(),
    };
    Finding::of_setup_warning(
        "zoom_not_asked",
        None,
        format!("{what} could not be checked: {because}."),
        "Put the errors above right first.",
    )
}

/// Looks for the meeting in each of these accounts, until one has it.
pub(super) async fn look(asked: &Asked, client: &ZoomClient, accounts: &[&str]) -> Looked<()> {
    let Some(number) = asked.meeting else {
        return (Vec::new(), ());
    };
    let mut refused = Vec::new();
    for account in accounts {
        match client.meeting(account, number).await {
            Ok(meeting) => return (of_meeting(account, &meeting, asked.brings), ()),
            Err(error) if is_unknown(&error) => {}
            Err(error) => refused.push(look_refused(number, account, &error)),
        }
    }
    if refused.is_empty() {
        refused.push(unknown(number, accounts, asked));
    }
    (refused, ())
}

/// The number of another account's meeting is answered like one that does not exist (assumed).
fn is_unknown(error: &ZoomError) -> bool {
    matches!(
        error,
        ZoomError::Refused { status: 404, .. }
            | ZoomError::Refused {
                code: Some(3001),
                ..
            }
    )
}

fn look_refused(number: MeetingNumber, account: &str, error: &ZoomError) -> Finding {
    if !matches!(error, ZoomError::Refused { .. }) {
        return not_checked(&format!("Meeting {number}"), error);
    }
    Finding::of_setup_warning(
        "meeting_refused",
        None,
        format!("Account `{account}` may not look at meeting {number}: {error}."),
        "Add meeting:read:meeting:admin to the app's scopes; the number of a webinar is refused here, too.",
    )
}

fn unknown(number: MeetingNumber, accounts: &[&str], asked: &Asked) -> Finding {
    let says = format!(
        "No configured account (`{}`) has a meeting {number}: it was deleted, the number is wrong, or it belongs to another account.",
        accounts.join("`, `")
    );
    let is_covered = !external_rule_counts_at(asked.day()) || asked.brings.somebody();
    if is_covered {
        return Finding::of_setup_warning(
            "meeting_unknown_here",
            Some(Cause::MeetingStateOrSetting),
            format!(
                "{says} If it is another account's, the join needs an app that Zoom has reviewed."
            ),
            "Compare the number with the invitation.",
        );
    }
    Finding::of_setup_error(
        "external_meeting_needs_zak_or_obf",
        Some(Cause::ObfRequired),
        format!(
            "{says} In neither case does a join without ZAK or OBF token succeed: since 2 March 2026 another account's meeting needs one (4012), and an app that Zoom has reviewed."
        ),
        "Compare the number with the invitation; if it is right, give the join a ZAK or an OBF token (and --with zak or --with obf here).",
    )
}

/// Its settings, each with the code that a join would end in (reference 6, 3.1).
fn of_meeting(account: &str, meeting: &ZoomMeeting, brings: Brings) -> Vec<Finding> {
    let number = meeting.number;
    let settings = &meeting.settings;
    let mut findings = vec![Finding::of_setup_info(
        "meeting_exists",
        format!(
            "Meeting {number} belongs to account `{account}` (status: {}). To an app of that account a signature suffices; one of another account needs a ZAK or an OBF token, too (since 2 March 2026).",
            meeting.status.as_deref().unwrap_or("not told")
        ),
        "",
    )];
    if settings.needs_registration() {
        findings.push(registration(number, brings));
    }
    if settings.meeting_authentication == Some(true) {
        findings.push(login(number, brings));
    }
    let has_started = meeting.status.as_deref() == Some("started");
    if settings.join_before_host == Some(false) && !has_started {
        findings.push(Finding::of_setup_warning(
            "meeting_waits_for_host",
            Some(Cause::MeetingStateOrSetting),
            format!("Meeting {number} has not started and nobody joins before the host: until then, attendees get 3008."),
            "Let the host start it, or allow joining before the host.",
        ));
    }
    if settings.waiting_room == Some(true) {
        findings.push(Finding::of_setup_info(
            "meeting_has_waiting_room",
            format!("Meeting {number} has a waiting room: a join succeeds, and the person waits until the host lets them in."),
            "",
        ));
    }
    findings
}

fn registration(number: MeetingNumber, brings: Brings) -> Finding {
    if brings.registrant_token {
        return Finding::of_setup_info(
            "meeting_asks_for_registration",
            format!(
                "Meeting {number} asks for registration; the join brings a registrant's token (tk)."
            ),
            "Give the registrant's e-mail address as user_email beside it.",
        );
    }
    Finding::of_setup_error(
        "meeting_asks_for_registration",
        Some(Cause::RegistrationTokenMissing),
        format!(
            "Meeting {number} asks for registration: a join without a registrant's token (tk) ends in 3099, in Client View without a callback."
        ),
        "Register the person with Zoom and pass `tk` as registrant_token (and --with tk here), or switch registration off.",
    )
}

fn login(number: MeetingNumber, brings: Brings) -> Finding {
    if brings.zak {
        return Finding::of_setup_info(
            "meeting_asks_for_login",
            format!("Meeting {number} is for signed-in users; the join brings a ZAK."),
            "",
        );
    }
    Finding::of_setup_error(
        "meeting_asks_for_login",
        Some(Cause::MeetingStateOrSetting),
        format!("Meeting {number} is for signed-in users: a join without a ZAK ends in 3100."),
        "Give the join the person's ZAK (and --with zak here), or let the host switch off \"Require authentication to join\".",
    )
}

/// Without the fraction, which nobody needs.
fn seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
