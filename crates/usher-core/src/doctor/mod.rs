//! The doctor: judges one thing handed to it, a token, claims, a join object, an error.
//!
//! [`examine`] first says what the thing is (`kind`), then looks at its bytes (`form`), its claims (`claims`), its times
//! (`times`), its HMAC (`hmac`), the join object beside it (`join_object`) and the error (`error_code`). One file per family of
//! rules; each turns an `Exam` into findings. `conclusion` then decides which finding explains the failure by itself. If none
//! does, the report names the next suspects in order and no cause.
//!
//! A recording of a browser's traffic (`har`) is read first, and what was sent in it is then judged in this way.
//!
//! A report never holds a secret, the third part of a token, a passcode, a ZAK or an OBF token.

mod claims;
mod conclusion;
mod decoded;
mod error_code;
mod error_text;
mod form;
mod har;
mod hmac;
mod join_object;
mod kind;
mod legacy;
mod lenient;
mod no_signature;
mod not_meant;
mod numeric_date;
mod pasted;
mod phrases;
mod report;
mod setup;
mod times;

use std::fmt;

use jiff::Timestamp;

use crate::attempt::origin::Hmac;
use crate::join::dialect::{SdkVersion, View};
use crate::meeting::Role;
use decoded::{Decoded, Mask};
use error_code::Reading;

pub(crate) use numeric_date::moment_s;
pub(crate) use times::{LIFETIME_MAX_S, LIFETIME_MIN_S};

pub use har::{Recording, Redacted, begins_like_recording, examine_recording, redact};
pub use report::{Clock, Finding, Kind, Place, Report, Severity, Shown, Source};

/// What was handed to the doctor. Everything but the time is optional.
#[derive(Clone, Copy, Default)]
pub struct Handed<'a> {
    /// A token, JSON around one, an old signature, a join link, a pasted error or console line: anything.
    pub text: Option<&'a str>,
    /// Claims as JSON text.
    pub claims: Option<&'a str>,
    /// The object that was handed to the SDK's `join()`, as JSON text; an excerpt of it will do.
    pub join: Option<&'a str>,
    /// The error's code as the SDK gave it.
    pub error_code: Option<&'a str>,
    /// The error's text.
    pub reason: Option<&'a str>,
    /// The app's secrets: the current one and, while it is being renewed, its successor.
    pub secrets: &'a [&'a str],
    /// The app's SDK key (Client ID).
    pub key: Option<&'a str>,
    /// What was found about the HMAC while the token was at hand.
    pub hmac: Option<Hmac>,
    /// The role that was asked for.
    pub role: Option<Role>,
    /// The number of the meeting that is joined.
    pub meeting: Option<&'a str>,
    /// The version of the Web SDK in the page.
    pub sdk_version: Option<SdkVersion>,
    /// The view that the page uses.
    pub view: Option<View>,
    /// The moment to judge for.
    pub now: Timestamp,
    /// Whether `now` is the moment of the join, said by whoever asks. Otherwise it is only the moment of asking, and the age of the
    /// thing explains nothing about an older failure.
    pub now_is_given: bool,
    /// Whether `now` is Zoom's own clock, as its answer told it.
    pub now_is_zooms: bool,
}

impl fmt::Debug for Handed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handed")
            .field("sdk_version", &self.sdk_version)
            .field("view", &self.view)
            .field("now", &self.now)
            .field("now_is_given", &self.now_is_given)
            .finish_non_exhaustive()
    }
}

/// Examines what was handed in.
pub fn examine(handed: &Handed<'_>) -> Report {
    if let Some(text) = handed
        .text
        .filter(|text| begins_like_recording(text.as_bytes()))
        && let Ok(recording) = Recording::read(text.as_bytes())
        && recording.is_archive()
    {
        return examine_recording(
            &recording,
            &Handed {
                text: None,
                ..*handed
            },
        );
    }
    let mask = Mask::new(handed.secrets);
    let found = kind::recognise(handed, &mask);
    let reading = error_code::read(handed, found.error_text.as_deref());
    let exam = Exam {
        handed,
        kind: found.kind,
        token: found.token.as_deref(),
        header: found.header,
        claims: found.claims,
        join: found.join,
        link_has_tk: found.link_has_tk,
        reading,
    };
    let mut findings = found.findings;
    findings.extend(form::findings(&exam));
    if exam.is_for_meetings() {
        findings.extend(claims::findings(&exam));
        findings.extend(numeric_date::findings(&exam));
        findings.extend(times::findings(&exam));
        findings.extend(hmac::findings(&exam));
    }
    findings.extend(hmac::found_before(handed.hmac));
    findings.extend(join_object::findings(&exam));
    findings.extend(error_code::findings(&exam, &findings));
    conclusion::conclude(&exam, findings)
}

/// What the rules look at.
struct Exam<'a> {
    handed: &'a Handed<'a>,
    kind: Kind,
    /// The bare token: without quotes, JSON or `Bearer` around it.
    token: Option<&'a str>,
    header: Option<Decoded>,
    claims: Option<Decoded>,
    join: Option<Decoded>,
    /// Whether the link that was handed in carries a registrant token.
    link_has_tk: bool,
    reading: Option<Reading>,
}

impl Exam<'_> {
    /// Whether the rules for the claims of a Meeting SDK JWT apply.
    fn is_for_meetings(&self) -> bool {
        match self.kind {
            Kind::MeetingSdkJwt | Kind::WrappedToken => true,
            Kind::Claims => self
                .claims
                .as_ref()
                .is_some_and(|claims| kind::kind_of_claims(claims) == Kind::MeetingSdkJwt),
            _ => false,
        }
    }

    /// Whether the claims say that a host joins.
    fn is_host(&self) -> bool {
        let role = self.claims.as_ref().and_then(|claims| claims.get("role"));
        role.is_some_and(|role| role.as_u64() == Some(1) || role.as_str() == Some("1"))
    }

    /// What the moment is called.
    fn now_name(&self) -> &'static str {
        match (self.handed.now_is_zooms, self.handed.now_is_given) {
            (true, _) => "the join by Zoom's clock",
            (false, true) => "the given moment",
            (false, false) => "now",
        }
    }

    /// The moment to judge for, in whole seconds since 1970.
    fn now_s(&self) -> i64 {
        self.handed.now.as_second()
    }
}
