//! Checks on the meeting, its settings, and the SDK that asks.

use super::{Facts, Judgement};

/// Zoom raises the minimum version each quarter (reference 3.1 `[doc]`); older SDKs get 10000. That this request is where is assumed.
pub(super) fn sdk_version_is_supported(facts: &Facts<'_>) -> Judgement {
    let Some(minimum) = &facts.world.rules.minimum_sdk_version else {
        return Judgement::NotApplicable;
    };
    let version = facts.field("cv").unwrap_or_default();
    if version_is_below(version, minimum) {
        Judgement::failed(
            10000,
            "Please update the SDK.",
            format!("version {version:?} is below {minimum}"),
        )
    } else {
        Judgement::Passed
    }
}

/// Reference 2.5: 3001, shown as 3610 `[run]`; the sentence is assumed.
pub(super) fn exists(facts: &Facts<'_>) -> Judgement {
    if facts.meeting.is_some() {
        Judgement::Passed
    } else {
        let number = facts.field("meetingNumber").unwrap_or_default();
        Judgement::failed(
            3001,
            "Meeting does not exist.",
            format!("there is no meeting {number:?}"),
        )
    }
}

/// Reference 11: 3711. The SDK's mapping of this sentence is certain `[bundle]`, the trigger assumed.
pub(super) fn host_joins_own_account(facts: &Facts<'_>) -> Judgement {
    match facts.meeting_is_external() {
        Some(true) if facts.joins_as_host() => Judgement::failed(
            200,
            "Can not be host in other account's meeting.",
            "role is 1, and the meeting is another account's than the app's",
        ),
        Some(_) => Judgement::Passed,
        None => Judgement::NotApplicable,
    }
}

/// Reference 4.3 `[doc]`: into another account's meeting only a published app, and only with a ZAK or an OBF token. That the web API says
/// so, with the SDK's own numbers, is assumed: the SDK takes them from the media gateway.
pub(super) fn external_join_is_allowed(facts: &Facts<'_>) -> Judgement {
    let (Some(external), Some(app)) = (facts.meeting_is_external(), facts.app) else {
        return Judgement::NotApplicable;
    };
    if !external {
        return Judgement::Passed;
    }
    if !app.published {
        return Judgement::failed(
            4011,
            "Not allow cross account join.",
            "the app is not published, and the meeting is another account's",
        );
    }
    if facts.zak_field().is_none() && facts.field("obfToken").is_none() {
        return Judgement::failed(
            4012,
            "Not allow anonymous join.",
            "another account's meeting needs a ZAK or an OBF token",
        );
    }
    Judgement::Passed
}

/// Reference 2.5: 3100 reaches the page as it is `[run]`; the sentence is assumed. A ZAK signs the user in (reference 4.1 `[doc]`).
pub(super) fn user_is_signed_in(facts: &Facts<'_>) -> Judgement {
    match facts.meeting {
        Some(meeting) if meeting.authentication_required => {
            if facts.zak.is_some() {
                Judgement::Passed
            } else {
                Judgement::failed(
                    3100,
                    "Login required.",
                    "the meeting is for signed-in users, and no valid ZAK came",
                )
            }
        }
        _ => Judgement::NotApplicable,
    }
}

/// Reference 2.5 and 3.1: 3099 without a registrant's `tk`, 124 with an expired one `[run]`; sentences, and 3099 for an unknown one, assumed.
pub(super) fn registrant_is_known(facts: &Facts<'_>) -> Judgement {
    const SENTENCE: &str = "This meeting requires registration.";
    let Some(meeting) = facts
        .meeting
        .filter(|meeting| meeting.registration_required && !facts.joins_as_host())
    else {
        return Judgement::NotApplicable;
    };
    let Some(tk) = facts.field("tk") else {
        return Judgement::failed(
            3099,
            SENTENCE,
            "the meeting needs registration, and tk is missing",
        );
    };
    match meeting
        .registrants
        .iter()
        .find(|registrant| registrant.tk == tk)
    {
        Some(registrant) if registrant.expired => Judgement::failed(
            124,
            "Token has expired.",
            "this registrant's tk has expired",
        ),
        Some(_) => Judgement::Passed,
        None => Judgement::failed(3099, SENTENCE, "tk is no registrant's of this meeting"),
    }
}

/// Reference 2.5: 3004 `[run]`; the sentence is assumed, and that a host needs none.
pub(super) fn passcode_is_right(facts: &Facts<'_>) -> Judgement {
    let Some(meeting) = facts
        .meeting
        .filter(|meeting| !meeting.passcode.is_empty() && !facts.joins_as_host())
    else {
        return Judgement::NotApplicable;
    };
    match facts.field("passWord") {
        Some(passcode) if passcode == meeting.passcode => Judgement::Passed,
        Some(_) => Judgement::failed(
            3004,
            "Meeting Passcode wrong.",
            "passWord is not the meeting's passcode",
        ),
        None => Judgement::failed(
            3004,
            "Meeting Passcode wrong.",
            "the meeting has a passcode, and passWord is empty",
        ),
    }
}

/// Compares dotted numbers; what is no number counts as 0, so an unknown version is an old one.
pub(super) fn version_is_below(version: &str, other: &str) -> bool {
    let numbers = |version: &str| -> [u64; 3] {
        let mut parts = version
            .split(['.', '-'])
            .map(|part| part.parse().unwrap_or(0));
        std::array::from_fn(|_| parts.next().unwrap_or(0))
    };
    numbers(version) < numbers(other)
}
