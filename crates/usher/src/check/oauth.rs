//! Whether an account's credentials get an access token, and if not, which of them is wrong.

use usher_core::doctor::Finding;
use usher_core::verdict::{Cause, Party};

use super::{Looked, scopes};
use crate::zoom::{AccountCredentials, ZoomClient, ZoomError};

pub(super) async fn look(client: &ZoomClient, account: &AccountCredentials) -> Looked<()> {
    let findings = match client.token_scopes(&account.name).await {
        Ok(granted) => {
            let mut findings = vec![Finding::of_setup_info(
                "oauth_works",
                format!("Zoom gives account `{}` an access token.", account.name),
                "",
            )];
            findings.extend(scopes::findings(&account.name, granted.as_deref()));
            findings
        }
        Err(error) => vec![of_error(account, &error)],
    };
    (findings, ())
}

/// What is wrong with credentials that got no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Deactivated,
    AppType,
    Scope,
    AccountId,
    ClientId,
    ClientSecret,
    ClientIdOrSecret,
    Unknown,
}

/// By code and words. The numbers are documented (reference 5.1); the JSON of the token endpoint's errors is not, and which words go
/// with which fault is unverified: so any of them counts, wherever it stands.
fn fault(code: Option<i64>, words: &str) -> Fault {
    let words = words.to_lowercase();
    let says = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    let names_id = says(&["client_id", "client id"]);
    let names_secret = says(&["client_secret", "client secret"]);
    match code {
        Some(4717 | 4738 | 4741) => Fault::Deactivated,
        Some(4705) => Fault::AppType,
        Some(4711) => Fault::Scope,
        Some(4702) if !names_secret => Fault::ClientId,
        Some(4704) if !names_id => Fault::ClientSecret,
        _ if says(&["disabled", "deactivated", "not activated", "inactive"]) => Fault::Deactivated,
        _ if says(&[
            "unsupported_grant_type",
            "unsupported grant",
            "unauthorized_client",
        ]) =>
        {
            Fault::AppType
        }
        _ if says(&["invalid_scope", "scope"]) => Fault::Scope,
        _ if says(&["account"]) => Fault::AccountId,
        _ if names_id && names_secret => Fault::ClientIdOrSecret,
        _ if names_secret => Fault::ClientSecret,
        _ if names_id => Fault::ClientId,
        Some(4702 | 4704) => Fault::ClientIdOrSecret,
        _ if says(&["invalid_client"]) => Fault::ClientIdOrSecret,
        _ if says(&["invalid_request", "bad request"]) => Fault::AccountId,
        _ => Fault::Unknown,
    }
}

impl Fault {
    fn rule(self) -> &'static str {
        match self {
            Fault::Deactivated => "oauth_app_deactivated",
            Fault::AppType => "oauth_wrong_app_type",
            Fault::Scope => "oauth_scope_missing",
            Fault::AccountId => "oauth_wrong_account_id",
            Fault::ClientId => "oauth_wrong_client_id",
            Fault::ClientSecret => "oauth_wrong_client_secret",
            Fault::ClientIdOrSecret => "oauth_wrong_client_id_or_secret",
            Fault::Unknown => "oauth_refused",
        }
    }

    fn cause(self) -> Cause {
        match self {
            Fault::Deactivated => Cause::AppDeactivated,
            _ => Cause::OauthFailing,
        }
    }

    /// What it is, and what to do.
    fn text(self) -> (&'static str, &'static str) {
        match self {
            Fault::Deactivated => (
                "its app is deactivated",
                "Activate the Server-to-Server OAuth app in Zoom's Marketplace, or ask the account's admin why it was switched off.",
            ),
            Fault::AppType => (
                "its app is of another type",
                "Use Client ID and Client Secret of a Server-to-Server OAuth app: others can't be asked for tokens of an account.",
            ),
            Fault::Scope => (
                "its app has no scopes for this",
                "Add the scopes that docs/check.md lists to the app, and activate it again.",
            ),
            Fault::AccountId => (
                "its Account ID is most likely wrong",
                "Copy the Account ID from the page of the Server-to-Server OAuth app (it is no e-mail address and no account number).",
            ),
            Fault::ClientId => (
                "its Client ID is wrong",
                "Copy the Client ID from the page of the Server-to-Server OAuth app.",
            ),
            Fault::ClientSecret => (
                "its Client Secret is wrong",
                "Copy the Client Secret from the page of the Server-to-Server OAuth app; a regenerated one replaces the old one at once.",
            ),
            Fault::ClientIdOrSecret => (
                "its Client ID or its Client Secret is wrong, and Zoom does not say which",
                "Copy both from the page of the Server-to-Server OAuth app; they have to be of the same app.",
            ),
            Fault::Unknown => (
                "Zoom's words say no more",
                "Compare Account ID, Client ID and Client Secret with the page of the Server-to-Server OAuth app, and look whether it is activated.",
            ),
        }
    }
}

fn of_error(account: &AccountCredentials, error: &ZoomError) -> Finding {
    let name = &account.name;
    match error {
        ZoomError::OAuth { status, code, message, .. } => {
            let fault = fault(*code, message);
            let (what, remedy) = fault.text();
            let code = code.map_or(String::new(), |code| format!(", code {code}"));
            let message = format!(
                "Zoom gives account `{name}` no access token: {what} (HTTP {status}{code}: {message})."
            );
            Finding::of_setup_error(fault.rule(), Some(fault.cause()), message, remedy)
        }
        ZoomError::Limited { .. } => Finding::of_setup_warning(
            "oauth_limited",
            Some(Cause::RateLimited),
            format!("Whether account `{name}` gets an access token is not known: {error}."),
            "Wait and check again.",
        ),
        ZoomError::Failed { .. } | ZoomError::Garbage { .. } => Finding::of_setup_error(
            "oauth_fails",
            Some(Cause::OauthFailing),
            format!("Account `{name}` gets no access token: {error}."),
            "It is not the credentials: check again, and look at proxies on the way and at Zoom's status page (https://www.zoomstatus.com).",
        )
        .by(Party::Zoom),
        error => Finding::of_setup_warning(
            "oauth_not_checked",
            None,
            format!("The credentials of account `{name}` could not be checked: {error}."),
            "Put the way to Zoom right first.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fault_is_told_by_code_or_words_whatever_form_they_have() {
        for (code, words, expected) in [
            (
                None,
                "invalid_client; Invalid client_id or client_secret",
                Fault::ClientIdOrSecret,
            ),
            (None, "invalid_client", Fault::ClientIdOrSecret),
            (Some(4702), "Invalid client.", Fault::ClientId),
            (Some(4704), "Invalid client secret.", Fault::ClientSecret),
            (
                Some(4702),
                "Invalid client_id or client_secret",
                Fault::ClientIdOrSecret,
            ),
            (None, "Invalid client_secret", Fault::ClientSecret),
            (None, "invalid_request; Bad Request", Fault::AccountId),
            (None, "Invalid account_id", Fault::AccountId),
            (
                None,
                "unsupported_grant_type; unsupported grant type",
                Fault::AppType,
            ),
            (
                None,
                "invalid_client; The app has been disabled",
                Fault::Deactivated,
            ),
            (Some(4717), "The app has been disabled.", Fault::Deactivated),
            (None, "invalid_scope", Fault::Scope),
            (None, "(no words)", Fault::Unknown),
        ] {
            assert_eq!(fault(code, words), expected, "{code:?} {words}");
        }
    }
}
