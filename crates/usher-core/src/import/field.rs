//! The fields of a row, and how logs spell them.

use crate::attempt::story::DIMENSIONS;

/// A field of the import schema (contract, section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// When the attempt began, or the span that an aggregated row speaks of.
    At,
    /// How it ended.
    Outcome,
    /// The error's code.
    Code,
    /// The error's text.
    Reason,
    /// The meeting.
    Meeting,
    /// The person's id in the product.
    Participant,
    /// The decoded claims of the signature.
    Claims,
    /// The signature itself.
    Token,
    /// When the outcome was known.
    AnsweredAt,
    /// How many attempts an aggregated row speaks of.
    Attempts,
    /// How many of them failed.
    Failed,
    /// An object of dimensions.
    Dims,
}

impl Field {
    /// All fields, in the order in which they are shown.
    pub const ALL: [Field; 12] = [
        Field::At,
        Field::Outcome,
        Field::Code,
        Field::Reason,
        Field::Meeting,
        Field::Participant,
        Field::Claims,
        Field::Token,
        Field::AnsweredAt,
        Field::Attempts,
        Field::Failed,
        Field::Dims,
    ];

    /// The contract's name, which `--map` takes.
    pub fn name(self) -> &'static str {
        match self {
            Field::At => "at",
            Field::Outcome => "outcome",
            Field::Code => "code",
            Field::Reason => "reason",
            Field::Meeting => "meeting",
            Field::Participant => "participant",
            Field::Claims => "claims",
            Field::Token => "token",
            Field::AnsweredAt => "answered_at",
            Field::Attempts => "attempts",
            Field::Failed => "failed",
            Field::Dims => "dims",
        }
    }

    /// The field of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    /// How logs spell it, [`simplified`], the surest first: where a file has several, the first is taken.
    pub(super) fn spellings(self) -> &'static [&'static str] {
        match self {
            Field::At => &[
                "at",
                "timestamp",
                "datetime",
                "time",
                "ts",
                "startedat",
                "starttime",
                "start",
                "createdat",
                "eventtime",
                "date",
                "minute",
                "min",
            ],
            Field::Outcome => &[
                "outcome",
                "result",
                "status",
                "joinresult",
                "joinstatus",
                "success",
                "succeeded",
                "issuccess",
            ],
            Field::Code => &["code", "errorcode", "errcode", "failurecode"],
            Field::Reason => &[
                "reason",
                "errormessage",
                "errormsg",
                "errorreason",
                "failurereason",
                "message",
                "msg",
                "error",
            ],
            Field::Meeting => &[
                "meeting",
                "meetingnumber",
                "meetingid",
                "meetingno",
                "mn",
                "confno",
            ],
            Field::Participant => &[
                "participant",
                "participantid",
                "userid",
                "uid",
                "memberid",
                "user",
            ],
            Field::Claims => &["claims", "tokenclaims", "jwtclaims"],
            Field::Token => &["token", "signature", "jwt"],
            Field::AnsweredAt => &[
                "answeredat",
                "respondedat",
                "finishedat",
                "completedat",
                "endedat",
            ],
            Field::Attempts => &["attempts", "count", "cnt", "n", "total", "joins"],
            Field::Failed => &[
                "failed",
                "failures",
                "errors",
                "failedcount",
                "failurecount",
                "errorcount",
            ],
            Field::Dims => &["dims", "dimensions"],
        }
    }
}

/// A name without what spellings differ in: `Error_Code`, `error code` and `errorCode` are one.
pub(super) fn simplified(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// The name under which a column is a dimension: Usher's own where it is only spelt differently.
pub(super) fn dimension_name(column: &str) -> &str {
    let spelling = simplified(column);
    DIMENSIONS
        .into_iter()
        .find(|known| simplified(known) == spelling)
        .unwrap_or(column)
}

/// What a column holds that must not be kept, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sensitive {
    Secret,
    Personal,
}

/// Columns whose values never become dimensions by guess: secrets are not stored at all, names and addresses of people not for imports.
pub(super) fn sensitive(column: &str) -> Option<Sensitive> {
    match simplified(column).as_str() {
        "password" | "passwd" | "passcode" | "pwd" | "zak" | "zaktoken" | "obf" | "obftoken"
        | "tk" | "registranttoken" | "secret" | "sdksecret" | "apisecret" | "clientsecret"
        | "accesstoken" | "refreshtoken" | "authorization" | "cookie" | "starturl" | "joinurl" => {
            Some(Sensitive::Secret)
        }
        "name" | "username" | "displayname" | "fullname" | "firstname" | "lastname" | "email"
        | "useremail" | "mail" | "phone" | "phonenumber" | "ip" | "ipaddress" | "clientip"
        | "remoteaddr" | "remoteaddress" | "remoteip" => Some(Sensitive::Personal),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spelling_belongs_to_two_fields_or_to_what_is_not_kept() {
        let mut seen = std::collections::HashSet::new();
        for field in Field::ALL {
            assert_eq!(simplified(field.name()), field.spellings()[0]);
            for spelling in field.spellings() {
                assert!(seen.insert(*spelling), "{spelling}");
                assert_eq!(simplified(spelling), *spelling);
                assert_eq!(sensitive(spelling), None, "{spelling}");
            }
        }
    }

    #[test]
    fn a_dimension_that_usher_knows_gets_its_name() {
        assert_eq!(dimension_name("sdkVersion"), "sdk_version");
        assert_eq!(dimension_name("SDK Version"), "sdk_version");
        assert_eq!(dimension_name("Tenant"), "Tenant");
    }
}
