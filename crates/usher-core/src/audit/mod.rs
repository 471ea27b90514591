//! "Were the signatures of that hour valid?" Every signature of a span of time is judged again by the doctor's rules.
//!
//! An [`Audit`] takes one [`Signed`] after the other, in any order, and keeps a bounded amount however many there are: counts, the
//! smallest margin to each limit, who made them, which shapes claims and join parameters had, and each of the first
//! [`LISTED_INVALID_MAX`] invalid ones. Its [`Summary`] says how many did not fit a list.
//!
//! A signature is judged for the moment at which it was minted or handed in, on the recorder's clock: where that clock was wrong, so are
//! the margins, and only a reading of Zoom's clock tells. What Zoom tolerates beyond a limit is unverified (reference 1.2), so a margin
//! a little under zero may have passed, and one a little over zero may not.

mod judge;
mod makers;
mod margins;
mod shape;
mod summary;
mod tally;

use jiff::Timestamp;
use serde_json::Value;

use crate::attempt::AttemptId;
use crate::attempt::event::Event;
use crate::attempt::origin::{Hmac, Origin};
use crate::doctor::{self, Handed};
use crate::join::dialect::{SdkVersion, View};
use crate::meeting::{MeetingNumber, Role};
use crate::verdict::Cause;
use judge::Judgement;
use makers::Makers;
use margins::Margins;
use shape::Shapes;
use summary::Invalids;

pub use makers::MAKERS_MAX;
pub use margins::{Limit, Margin};
pub use shape::{JsonType, SHAPES_MAX, Shape};
pub use summary::{
    CauseCount, Counts, InvalidSignature, LISTED_INVALID_MAX, MakerCount, NotCheckable, ShapeOf,
    ShapeSeen, Span, Summary,
};

/// One signature, as the journal holds it.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// Whose attempt it is.
    pub attempt: AttemptId,
    /// When it was minted or handed in, by the recorder's clock.
    pub at: Timestamp,
    /// The decoded body, with the JSON types that it had; `null` where it is not known.
    pub claims: &'a Value,
    /// Whether it is by a configured secret.
    pub hmac: Hmac,
    /// The SDK key that it should hold: its app's.
    pub key: Option<&'a str>,
    /// The meeting that was joined with it.
    pub meeting_number: Option<MeetingNumber>,
    /// The role that was asked for. `None` where nobody said: an assumed one would make a host's signature wrong.
    pub role: Option<Role>,
    /// The SDK of the page.
    pub sdk_version: Option<SdkVersion>,
    /// The view of the page.
    pub view: Option<View>,
    /// Keys and JSON types of the join parameters.
    pub join_shape: Option<&'a Shape>,
    /// The release of the code that asked for it, or made it.
    pub release: Option<&'a str>,
    /// The app by its configured name.
    pub app: Option<&'a str>,
    /// The instance that made it.
    pub instance: Option<&'a str>,
    /// Staging is not production.
    pub environment: Option<&'a str>,
}

impl<'a> Signed<'a> {
    /// The signature that an event says was made, with its claims as [`claims_of`] reads them.
    pub fn of(event: &Event, origin: &'a Origin, claims: &'a Value) -> Self {
        let word = Option::as_deref;
        Self {
            attempt: event.attempt,
            at: event.at,
            claims,
            hmac: origin.hmac.unwrap_or(Hmac::NotCheckable),
            // The keys that are configured today say nothing about those of that day; by which secret it was signed, the HMAC says.
            key: None,
            meeting_number: origin.meeting_number,
            role: word(&origin.role).and_then(|role| Role::parse(role).ok()),
            sdk_version: word(&origin.sdk_version).and_then(SdkVersion::find),
            view: word(&origin.view).and_then(|view| View::parse(view).ok()),
            join_shape: origin.join_shape.as_ref(),
            release: word(&origin.release),
            app: word(&origin.app),
            instance: word(&origin.instance),
            environment: word(&origin.environment),
        }
    }

    /// Claims that a log gives, of which nothing else is known.
    pub fn of_claims(
        at: Timestamp,
        claims: &'a Value,
        meeting_number: Option<MeetingNumber>,
    ) -> Self {
        Self {
            attempt: AttemptId::first_of(at),
            at,
            claims,
            hmac: Hmac::NotCheckable,
            key: None,
            meeting_number,
            role: None,
            sdk_version: None,
            view: None,
            join_shape: None,
            release: None,
            app: None,
            instance: None,
            environment: None,
        }
    }

    /// The cause for which it can't work, by the doctor's rules for its own moment; none if it can, or nobody knows.
    pub fn fault(&self) -> Option<Cause> {
        match judge::judge(self) {
            Judgement::Invalid(fault) => fault.cause,
            _ => None,
        }
    }

    /// What the doctor says of it, for the moment at which it was made.
    pub fn examine(&self) -> doctor::Report {
        let claims = self.claims.to_string();
        let meeting = self.meeting_number.map(|number| number.to_string());
        doctor::examine(&Handed {
            claims: Some(&claims),
            key: self.key,
            hmac: Some(self.hmac),
            role: self.role,
            meeting: meeting.as_deref(),
            sdk_version: self.sdk_version,
            view: self.view,
            now: self.at,
            now_is_given: true,
            ..Handed::default()
        })
    }
}

/// The claims that are kept of a signature: `null` where there are none, or where they are no JSON that can be read. `None` where an
/// attempt was handed in without its signature: it has none that could be judged.
pub fn claims_of(origin: &Origin) -> Option<Value> {
    let Some(claims) = &origin.claims else {
        return origin.hmac.map(|_| Value::Null);
    };
    Some(serde_json::from_str(claims.get()).unwrap_or(Value::Null))
}

/// What is known of the signatures so far.
#[derive(Debug, Default)]
pub struct Audit {
    span: Option<Span>,
    counts: Counts,
    not_checkable: NotCheckable,
    margins: Margins,
    makers: Makers,
    shapes: Shapes,
    invalid: Invalids,
}

impl Audit {
    /// Of no signatures yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Judges one more.
    pub fn add(&mut self, signed: &Signed<'_>) {
        let judgement = judge::judge(signed);
        self.counts.add(&judgement);
        self.makers.add(signed, &judgement);
        self.margins.add(signed);
        self.shapes.add(signed);
        Span::extend(&mut self.span, signed.at);
        match judgement {
            Judgement::Valid => {}
            Judgement::NoSecret => self.not_checkable.no_secret += 1,
            Judgement::PartlyKnown => self.not_checkable.partly_known += 1,
            Judgement::Invalid(fault) => self.invalid.add(signed, fault),
        }
    }

    /// What all of them show.
    pub fn finish(self) -> Summary {
        let (by_maker, by_other_makers) = self.makers.finish();
        let (shapes, shapes_not_listed) = self.shapes.finish();
        let (causes, invalid_signatures) = self.invalid.finish();
        Summary {
            from: self.span.map(|span| span.first_at),
            to: self.span.map(|span| span.last_at),
            counts: self.counts,
            not_checkable_because: self.not_checkable,
            causes,
            margins: self.margins.finish(),
            by_maker,
            by_other_makers,
            shapes,
            shapes_not_listed,
            invalid_signatures,
        }
    }
}
