//! What the Web SDK refuses in the browser, refused here before anything is signed.
//!
//! Limits of Client View 5.1.4, read out of the shipped bundle: user name 1 to 128 characters, passcode at most 32, e-mail at most 100
//! and well formed, no script tag in a value; otherwise code 4003. JavaScript counts UTF-16 units, so do we.

use crate::refusal::Refusal;
use crate::text::is_forbidden;

const USER_NAME_MAX: usize = 128;
const PASSCODE_MAX: usize = 32;
const EMAIL_MAX: usize = 100;
/// Ours, not Zoom's: tokens seen are below 2 kB; the form that carries them has other fields.
const TOKEN_MAX: usize = 4096;

pub(crate) fn user_name(name: &str) -> Result<(), Refusal> {
    const FIELD: &str = "user_name";
    if name.trim().is_empty() {
        return Err(Refusal::new(
            "empty_user_name",
            FIELD,
            "The name is empty.",
            "Give the name that others see in the meeting; the SDK refuses an empty one.",
        ));
    }
    text(FIELD, name, USER_NAME_MAX)
}

/// Refuses a passcode that the SDK would refuse: over 32 characters, or with control characters.
pub fn passcode(passcode: &str) -> Result<(), Refusal> {
    text("passcode", passcode, PASSCODE_MAX)
}

/// One `@` with something on both sides, a dot in the domain, no white space: what can be known to be wrong, not RFC 5322.
pub(crate) fn user_email(email: &str) -> Result<(), Refusal> {
    const FIELD: &str = "user_email";
    text(FIELD, email, EMAIL_MAX)?;
    let is_well_formed = !email.contains(char::is_whitespace)
        && email.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty()
                && !domain.contains('@')
                && domain
                    .split_once('.')
                    .is_some_and(|(host, top)| !host.is_empty() && !top.is_empty())
        });
    if is_well_formed {
        Ok(())
    } else {
        Err(Refusal::new(
            "invalid_user_email",
            FIELD,
            "It is not an e-mail address.",
            "Give it as name@example.com, or leave it out.",
        ))
    }
}

/// A token that travels as it is (`zak`, `obf_token`, `registrant_token`): visible ASCII.
pub fn token(field: &'static str, token: &str) -> Result<(), Refusal> {
    if token.is_empty() || token.len() > TOKEN_MAX || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Refusal::new(
            "invalid_token",
            field,
            "The token is empty, too long, or holds characters that no token has.",
            "Pass the token exactly as Zoom gave it, or leave it out.",
        ));
    }
    Ok(())
}

fn text(field: &'static str, value: &str, max: usize) -> Result<(), Refusal> {
    let length = value.encode_utf16().count();
    if length > max {
        return Err(Refusal::new(
            "too_long",
            field,
            format!("It has {length} characters; the SDK takes at most {max}."),
            "Shorten it.",
        ));
    }
    if value.contains(is_forbidden) {
        return Err(Refusal::new(
            "forbidden_character",
            field,
            "It holds a control character or an invisible mark that turns the direction of text.",
            "Remove it.",
        ));
    }
    if value.to_ascii_lowercase().contains("<script") {
        return Err(Refusal::new(
            "forbidden_character",
            field,
            "It holds a script tag, which the SDK refuses.",
            "Remove it.",
        ));
    }
    Ok(())
}
