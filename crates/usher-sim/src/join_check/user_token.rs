//! Checks on the tokens that act as a person (ZAK) or for one who is present (OBF).

use super::{Facts, Judgement};

/// Starting needs role 1 and the ZAK of the host or an alternative host; with role 0 a ZAK signs its user in (reference 4.1 `[doc]`).
/// A bad ZAK is 3136, of which the Client View makes 3623 `[bundle]`; role 1 without one is 3003 (assumed, reference 11).
pub(super) fn zak_is_usable(facts: &Facts<'_>) -> Judgement {
    if facts.zak_field().is_none() {
        return if facts.joins_as_host() {
            Judgement::failed(
                3003,
                "You are not the meeting host.",
                "role is 1, and neither ztk nor zsk holds a ZAK",
            )
        } else {
            Judgement::NotApplicable
        };
    }
    let Some(zak) = facts.zak else {
        return Judgement::failed(
            3136,
            "Token error",
            "the ZAK was not issued here, has expired or was revoked",
        );
    };
    let Some(meeting) = facts.meeting.filter(|_| facts.joins_as_host()) else {
        return Judgement::Passed;
    };
    if meeting.host == zak.subject || meeting.alternative_hosts.contains(&zak.subject) {
        Judgement::Passed
    } else {
        Judgement::failed(
            3136,
            "Not support start meeting via tokens",
            format!(
                "the ZAK is {}'s, who is no host of this meeting",
                zak.subject
            ),
        )
    }
}

/// Reference 4.2: single use, and bound to a meeting if it was asked for one `[doc]`. That the web API answers, with the
/// SDK's own numbers, is assumed: the SDK takes them from the media gateway.
pub(super) fn obf_is_usable(facts: &Facts<'_>) -> Judgement {
    if facts.field("obfToken").is_none() {
        return Judgement::NotApplicable;
    }
    let Some(obf) = facts.obf else {
        return Judgement::failed(
            4014,
            "OBF token invalid.",
            "the OBF token was not issued here, has expired, or was used before",
        );
    };
    let Some(meeting) = facts.meeting else {
        return Judgement::NotApplicable;
    };
    if obf.meeting.is_some_and(|number| number != meeting.number) {
        return Judgement::failed(
            4015,
            "OBF token is for another meeting.",
            "the OBF token is bound to another meeting",
        );
    }
    Judgement::Passed
}

/// Reference 4.2: whom an OBF token acts for is in the meeting already `[doc]`. The answer is assumed, as above.
pub(super) fn obf_owner_is_there(facts: &Facts<'_>) -> Judgement {
    let (Some(obf), Some(meeting)) = (facts.obf, facts.meeting) else {
        return Judgement::NotApplicable;
    };
    if meeting.present.contains(&obf.subject) {
        Judgement::Passed
    } else {
        Judgement::failed(
            4017,
            "Authorized user not in meeting.",
            format!("{} is not in the meeting", obf.subject),
        )
    }
}
