//! One row.

use std::fmt;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::field::Field;
use super::given::{Cell, Given, Line, without_zero_fraction};
use super::mapping::Mapping;
use super::moment;
use super::outcome::{self, Outcome};
use super::refusal::{RowRefusal, without_tokens};
use super::{ATTEMPTS_MAX, REASON_MAX_CHARS};
use crate::meeting::MeetingNumber;
use crate::signature::{DecodeError, UnverifiedToken};

/// The largest claims that are kept, in bytes of compact JSON: ten times what Zoom's sample signs.
const CLAIMS_MAX_BYTES: usize = 4 * 1024;
/// The longest token that is read, in bytes.
const TOKEN_MAX_BYTES: usize = 16 * 1024;
/// How far `answered_at` may lie before `at`: two recorders' clocks may differ a little, and fast failures are the ones it would hit.
const ANSWERED_BEFORE_MAX: SignedDuration = SignedDuration::from_secs(60);

/// What a line does not say itself.
#[derive(Debug, Clone)]
pub struct Options {
    /// The moment of the import: what lies more than a day after it is refused.
    pub now: Timestamp,
    /// The zone of times that name none; without it they are refused.
    pub zone: Option<TimeZone>,
    /// A row with more dimensions is refused: [`label::DIMENSIONS_MAX`](crate::attempt::label::DIMENSIONS_MAX) for what becomes attempts.
    pub dimensions_max: usize,
}

/// What one line says.
#[derive(Debug, Clone)]
pub struct Row {
    /// When the attempt began, or the span that the row speaks of.
    pub at: Timestamp,
    /// One attempt or many.
    pub kind: Kind,
    /// The meeting.
    pub meeting: Option<Meeting>,
    /// The person's id in the product: personal data.
    pub participant: Option<String>,
    /// Dimensions, sorted by name, no name twice.
    pub dims: Vec<(String, String)>,
    /// A wall-clock time of the row occurred twice, because the clocks went back; the earlier was taken. Worth telling the user.
    pub is_earlier_of_two: bool,
}

/// One attempt or many.
#[derive(Debug, Clone)]
pub enum Kind {
    /// One person trying once.
    Single(Single),
    /// Counts.
    Aggregated(Aggregated),
}

/// One attempt.
#[derive(Debug, Clone)]
pub struct Single {
    /// How it ended; `None` where the line does not say. A line with a code other than 0 and without an outcome says `Failed`.
    pub outcome: Option<Outcome>,
    /// The error's code as written.
    pub code: Option<String>,
    /// The error's text, without tokens, cut to [`REASON_MAX_CHARS`].
    pub reason: Option<String>,
    /// When the outcome was known, by the recorder's clock: it may lie up to a minute before `at`.
    pub answered_at: Option<Timestamp>,
    /// What the signature said.
    pub signature: Option<SignatureSeen>,
}

/// How many attempts there were in a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aggregated {
    /// All of them. Zero: nothing happened.
    pub attempts: u64,
    /// Those that failed, at most `attempts`.
    pub failed: u64,
    /// The code of those that failed.
    pub code: Option<String>,
    /// Their text, as in [`Single::reason`].
    pub reason: Option<String>,
}

/// What a line gives of the signature.
#[derive(Debug, Clone)]
pub enum SignatureSeen {
    /// The token itself, so that the caller can judge its HMAC. Only its claims may be stored.
    Token(Box<UnverifiedToken>),
    /// A token that is no JWT, and why: a fact worth keeping. The token itself is gone.
    Unreadable(DecodeError),
    /// Claims without a token: there is no HMAC to judge.
    Claims(Map<String, Value>),
}

/// A meeting as a log names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meeting {
    /// Zoom's number.
    Number(MeetingNumber),
    /// Something else: a UUID, or the product's own id.
    Other(String),
}

impl fmt::Display for Meeting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Meeting::Number(number) => number.fmt(f),
            Meeting::Other(text) => f.write_str(text),
        }
    }
}

/// Reads one line: its cells in the order of the mapping's columns.
pub fn row<'a>(
    cells: impl IntoIterator<Item = Cell<'a>>,
    mapping: &'a Mapping,
    options: &Options,
) -> Result<Row, RowRefusal> {
    let line = Line::read(cells, mapping, options.dimensions_max)?;
    let Some(at) = moment(&line, Field::At, options)? else {
        return Err(RowRefusal::of_line(
            "no_time",
            "the line has no time; name its column with --map at=COLUMN",
        ));
    };
    let answered = moment(&line, Field::AnsweredAt, options)?;
    let answered_at = answered.map(|moment| moment.at);
    if let Some(answered_at) = answered_at
        && at.at.duration_since(answered_at) > ANSWERED_BEFORE_MAX
        && let Some(given) = line.get(Field::AnsweredAt)?
    {
        return Err(given.refuse(
            "answered_before_at",
            "is more than a minute before the attempt began; are the two columns swapped, or in two zones?",
        ));
    }
    let kind = match line.get(Field::Attempts)? {
        Some(attempts) => Kind::Aggregated(aggregated(&line, &attempts)?),
        None => Kind::Single(single(&line, answered_at)?),
    };
    Ok(Row {
        at: at.at,
        kind,
        meeting: meeting(&line)?,
        participant: label(&line, Field::Participant)?,
        is_earlier_of_two: at.is_earlier_of_two
            || answered.is_some_and(|moment| moment.is_earlier_of_two),
        dims: line.dims.into_iter().collect(),
    })
}

fn moment(
    line: &Line<'_>,
    field: Field,
    options: &Options,
) -> Result<Option<moment::Moment>, RowRefusal> {
    let Some(given) = line.get(field)? else {
        return Ok(None);
    };
    let moment = moment::parse(&given.text, options);
    moment
        .map(Some)
        .map_err(|says| given.refuse("invalid_time", says))
}

fn single(line: &Line<'_>, answered_at: Option<Timestamp>) -> Result<Single, RowRefusal> {
    if let Some(failed) = line.get(Field::Failed)? {
        return Err(failed.refuse(
            "failed_without_attempts",
            "says how many failed, and nothing says of how many; name the column with --map attempts=COLUMN, or leave it out with ignore=",
        ));
    }
    let code = code(line)?;
    let outcome = match line.get(Field::Outcome)? {
        Some(given) => outcome_of(&given)?,
        None => code
            .as_deref()
            .filter(|code| *code != "0")
            .map(|_| Outcome::Failed),
    };
    Ok(Single {
        outcome,
        code,
        reason: reason(line)?,
        answered_at,
        signature: signature(line)?,
    })
}

fn aggregated(line: &Line<'_>, attempts: &Given<'_>) -> Result<Aggregated, RowRefusal> {
    for field in [Field::Token, Field::Claims] {
        if line.gives(field) {
            return Err(attempts.refuse(
                "signature_of_many",
                "makes this a row of counts, which can't have a signature",
            ));
        }
    }
    let all = count(attempts)?;
    let failed = match (line.get(Field::Failed)?, line.get(Field::Outcome)?) {
        (Some(given), _) => {
            let failed = count(&given)?;
            if failed > all {
                return Err(given.refuse(
                    "more_failed_than_attempts",
                    &format!("failed of {all} attempts: more than there were"),
                ));
            }
            failed
        }
        (None, Some(given)) => match outcome_of(&given)? {
            Some(Outcome::Joined) => 0,
            Some(Outcome::Failed) => all,
            _ => {
                return Err(given.refuse(
                    "outcome_of_many",
                    "says nothing that can be counted: a row of counts is of joined or of failed attempts",
                ));
            }
        },
        (None, None) => {
            return Err(attempts.refuse(
                "attempts_without_failed",
                "attempts, and nothing says how many of them failed; write 0 if none did",
            ));
        }
    };
    Ok(Aggregated {
        attempts: all,
        failed,
        code: code(line)?,
        reason: reason(line)?,
    })
}

fn count(given: &Given<'_>) -> Result<u64, RowRefusal> {
    let text = without_zero_fraction(&given.text);
    let refuse = |says: &str| Err(given.refuse("invalid_count", says));
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return refuse("is no count: a whole number from 0, without separators");
    }
    match text.parse() {
        Ok(count) if count <= ATTEMPTS_MAX => Ok(count),
        _ => refuse("is more than a thousand million, which no row can mean"),
    }
}

fn outcome_of(given: &Given<'_>) -> Result<Option<Outcome>, RowRefusal> {
    outcome::parse(&given.text, given.column).map_err(|says| given.refuse("invalid_outcome", says))
}

fn label(line: &Line<'_>, field: Field) -> Result<Option<String>, RowRefusal> {
    line.get(field)?.map(|given| given.label()).transpose()
}

/// A code is a whole number or a word; with a part after the point it is something else: a duration, an amount.
fn code(line: &Line<'_>) -> Result<Option<String>, RowRefusal> {
    let Some(given) = line.get(Field::Code)? else {
        return Ok(None);
    };
    let code = given.label()?;
    let is_fraction = code.contains('.') && code.parse::<f64>().is_ok();
    if is_fraction {
        let says =
            "is no code, because it is no whole number; name another column with --map code=COLUMN";
        return Err(given.refuse("invalid_code", says));
    }
    Ok(Some(code))
}

fn meeting(line: &Line<'_>) -> Result<Option<Meeting>, RowRefusal> {
    let text = label(line, Field::Meeting)?;
    Ok(text.map(|text| match MeetingNumber::parse(&text) {
        Ok(number) => Meeting::Number(number),
        Err(_) => Meeting::Other(text),
    }))
}

/// The reason, without tokens and without NUL, which texts of `PostgreSQL` can't hold.
fn reason(line: &Line<'_>) -> Result<Option<String>, RowRefusal> {
    Ok(line.get(Field::Reason)?.map(|given| {
        let text = without_tokens(&given.text).replace('\0', "\u{fffd}");
        match text.char_indices().nth(REASON_MAX_CHARS) {
            None => text,
            Some(_) => text
                .chars()
                .take(REASON_MAX_CHARS - 1)
                .chain(['…'])
                .collect(),
        }
    }))
}

/// A token says more than claims beside it, because its HMAC can be judged.
fn signature(line: &Line<'_>) -> Result<Option<SignatureSeen>, RowRefusal> {
    if let Some(token) = line.get(Field::Token)? {
        if token.text.len() > TOKEN_MAX_BYTES {
            return Err(token.refuse("too_long", "is longer than any token, 16 KiB"));
        }
        return Ok(Some(match UnverifiedToken::decode(&token.text) {
            Ok(token) => SignatureSeen::Token(Box::new(token)),
            Err(error) => SignatureSeen::Unreadable(error),
        }));
    }
    let Some((column, claims)) = line.object(Field::Claims)? else {
        return Ok(None);
    };
    if Value::Object(claims.clone().into_owned()).to_string().len() > CLAIMS_MAX_BYTES {
        return Err(RowRefusal::of_column(
            "too_long",
            column,
            "the claims are larger than 4 KiB",
        ));
    }
    Ok(Some(SignatureSeen::Claims(claims.into_owned())))
}
