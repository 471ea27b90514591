//! The token that makes somebody the host (reference 4.1).

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use usher_core::join::limits;

use super::fresh::Fresh;
use super::{ZoomError, ZoomMeeting};

/// Its expiry matters when `join()` runs, which a preview or a waiting person can put minutes after the mint.
const HANDED_OUT_UNTIL_BEFORE_EXPIRY: Duration = Duration::from_mins(10);
/// Kept for so long if it does not say when it expires: a small part of the two hours that Zoom gives ordinary users, and still one
/// call for everybody who arrives at the full hour.
const UNREADABLE_EXPIRES_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// A ZAK: whoever has it is that user. Expose it into join parameters only.
#[derive(Debug)]
pub struct Zak(SecretString);

impl Zak {
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// What it says itself, unverified; none if it can't be read.
    pub fn expires_at(&self) -> Option<Timestamp> {
        expiry(self.expose())
    }
}

/// `GET /users/{id}/token?type=zak`. `null` was documented for users who sign in with Google or Facebook, for an older token type.
#[derive(Deserialize)]
pub(super) struct ZakAnswer {
    token: Option<SecretString>,
}

impl ZakAnswer {
    pub(super) fn zak(self) -> Result<Zak, ZoomError> {
        let token = self.token.filter(|token| !token.expose_secret().is_empty());
        let token = token.ok_or_else(|| ZoomError::Refused {
            status: 200,
            code: None,
            message: "(no ZAK for this user)".to_owned(),
        })?;
        if is_token(token.expose_secret()) {
            Ok(Zak(token))
        } else {
            Err(ZoomError::Garbage {
                status: 200,
                what: "its ZAK is too long or holds characters that no token has".to_owned(),
            })
        }
    }
}

/// Whether a join takes it: what Zoom sent must not come back to our caller as a mistake in a field of theirs.
fn is_token(zak: &str) -> bool {
    limits::token("zak", zak).is_ok()
}

/// The ZAK in the `start_url` of a meeting, if it is that of `host`: anybody else's would let them in as another person.
pub(super) fn of_start_url(meeting: &ZoomMeeting, host: &str) -> Option<Zak> {
    let is_id = meeting.host_id.as_deref() == Some(host);
    let is_email = meeting
        .host_email
        .as_deref()
        .is_some_and(|email| email.eq_ignore_ascii_case(host));
    if !is_id && !is_email {
        return None;
    }
    let url: Url = meeting.start_url.as_ref()?.expose_secret().parse().ok()?;
    let (_, zak) = url
        .query_pairs()
        .find(|(key, value)| key == "zak" && is_token(value))?;
    Some(Zak(zak.into_owned().into()))
}

/// Refusals of the token endpoint behind which the `start_url` way may work, because it needs another permission: a missing scope
/// (4700, 4711), a plan or permission (200, or any 403), or no token for this user (200 with none). The codes are documented, that
/// this endpoint answers with them is unverified (reference 5.1, 5.2).
pub(super) fn may_have_another_way(error: &ZoomError) -> bool {
    match error {
        ZoomError::Refused { status, code, .. } => {
            matches!(status, 200 | 403) || matches!(code, Some(200 | 4700 | 4711))
        }
        _ => false,
    }
}

/// For how long the ZAK may be handed out.
pub(super) fn fresh(zak: Zak, now: Timestamp) -> Fresh<Zak> {
    let expires_at = zak.expires_at().unwrap_or(now + UNREADABLE_EXPIRES_AFTER);
    Fresh::new(zak, now, expires_at, HANDED_OUT_UNTIL_BEFORE_EXPIRY)
}

/// The `exp` of the JWT that a ZAK is, unverified: only Zoom could verify it, and Zoom sent it.
fn expiry(zak: &str) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Claims {
        exp: i64,
    }
    let claims = URL_SAFE_NO_PAD.decode(zak.split('.').nth(1)?).ok()?;
    let Claims { exp } = serde_json::from_slice(&claims).ok()?;
    Timestamp::from_second(exp).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn meeting(start_url: &str) -> ZoomMeeting {
        serde_json::from_value(json!({
            "id": 85_012_345_678_u64, "host_id": "hostID", "host_email": "Host@example.com", "start_url": start_url,
        }))
        .unwrap()
    }

    #[test]
    fn the_start_url_gives_the_zak_of_the_meetings_host_only() {
        let meeting = meeting("https://zoom.us/s/85012345678?x=1&zak=abc%2Edef&zak=other");
        for (host, zak) in [
            ("hostID", Some("abc.def")),
            ("host@EXAMPLE.com", Some("abc.def")),
            ("hostid", None),
            ("alternative@example.com", None),
            ("me", None),
            ("", None),
        ] {
            assert_eq!(
                of_start_url(&meeting, host).as_ref().map(Zak::expose),
                zak,
                "{host}"
            );
        }
    }

    #[test]
    fn a_start_url_without_a_zak_gives_none() {
        for start_url in [
            "",
            "nonsense",
            "https://zoom.us/s/1",
            "https://zoom.us/s/1?zak=",
            "https://zoom.us/s/1#zak=a",
            "https://zoom.us/s/1?zak=a%20b",
        ] {
            assert!(
                of_start_url(&meeting(start_url), "hostID").is_none(),
                "{start_url}"
            );
        }
    }

    #[test]
    fn what_no_token_can_be_is_garbage_and_no_zak() {
        for token in ["a b", "a\n", "\u{7}", "\u{e9}", &"a".repeat(4097)] {
            let answer: ZakAnswer = serde_json::from_value(json!({ "token": token })).unwrap();
            assert!(
                matches!(answer.zak(), Err(ZoomError::Garbage { .. })),
                "{token:?}"
            );
        }
        let longest = "a".repeat(4096);
        let answer: ZakAnswer = serde_json::from_value(json!({ "token": longest })).unwrap();
        assert_eq!(answer.zak().unwrap().expose(), longest);
    }

    #[test]
    fn the_expiry_is_read_from_the_token_itself() {
        let token = |claims: &str| {
            format!(
                "eyJhbGciOiJIUzI1NiJ9.{}.c2ln",
                URL_SAFE_NO_PAD.encode(claims)
            )
        };
        assert_eq!(
            expiry(&token(r#"{"exp":1800000000,"aud":"x"}"#)),
            Timestamp::from_second(1_800_000_000).ok()
        );
        for unreadable in [
            token("{}"),
            token(r#"{"exp":"soon"}"#),
            token(r#"{"exp":1800000000000}"#),
            "opaque".to_owned(),
            "a.%%%.c".to_owned(),
            String::new(),
        ] {
            assert_eq!(expiry(&unreadable), None, "{unreadable}");
        }
    }

    #[test]
    fn another_way_is_tried_after_a_refusal_for_scope_or_plan_only() {
        let refused = |status, code| ZoomError::Refused {
            status,
            code,
            message: String::new(),
        };
        for (error, is_tried) in [
            (refused(400, Some(4711)), true),
            (refused(401, Some(4700)), true),
            (refused(400, Some(200)), true),
            (refused(403, None), true),
            (refused(200, None), true),
            (refused(401, Some(124)), false),
            (refused(404, Some(1001)), false),
            (
                ZoomError::Timeout {
                    host: String::new(),
                    phase: None,
                },
                false,
            ),
            (
                ZoomError::Limited {
                    retry_after: None,
                    code: None,
                    message: String::new(),
                },
                false,
            ),
            (
                ZoomError::Failed {
                    status: 500,
                    code: None,
                    message: String::new(),
                },
                false,
            ),
        ] {
            assert_eq!(may_have_another_way(&error), is_tried, "{error}");
        }
    }

    #[test]
    fn a_zak_is_not_shown_by_debug() {
        assert!(!format!("{:?}", Zak("secret-zak".to_owned().into())).contains("secret-zak"));
    }
}
