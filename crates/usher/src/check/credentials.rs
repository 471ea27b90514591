//! Credentials that stand in each other's place, or that no credential looks like.

use secrecy::ExposeSecret;
use usher_core::doctor::Finding;
use usher_core::verdict::Cause;

use crate::config::{App, Config};
use crate::zoom::AccountCredentials;

const COPY_APP: &str = "Copy Client ID and Client Secret of the app that has the Meeting SDK (Marketplace: Embed) once more.";
const COPY_ACCOUNT: &str =
    "Copy Account ID, Client ID and Client Secret of the Server-to-Server OAuth app once more.";

pub(super) fn findings(config: &Config) -> Vec<Finding> {
    let of_apps = config.apps.iter().flat_map(|app| of_app(config, app));
    of_apps
        .chain(config.accounts.iter().filter_map(of_account))
        .collect()
}

fn of_app(config: &Config, app: &App) -> Vec<Finding> {
    let name = &app.name;
    let mut findings: Vec<Finding> = Vec::new();
    findings.extend(
        config
            .accounts
            .iter()
            .find_map(|account| wrong_key(app, account)),
    );
    for secret in app.secrets().map(ExposeSecret::expose_secret) {
        let of_account = config.accounts.iter().find(|account| {
            account.client_secret.expose_secret() == secret || account.client_id == secret
        });
        if let Some(account) = of_account.filter(|account| account.client_id != app.sdk_key()) {
            findings.push(wrong_secret(format!(
                "The secret of app `{name}` is a credential of account `{}`: that of the Server-to-Server OAuth app stands in the SDK secret's place.",
                account.name
            )));
        }
        if config
            .webhook_secrets
            .iter()
            .any(|token| token.as_ref() == secret)
        {
            findings.push(wrong_secret(format!(
                "The secret of app `{name}` is also a webhook secret: the Secret Token of the webhooks stands in the SDK secret's place."
            )));
        }
        if secret.starts_with(['"', '\'']) || secret.ends_with(['"', '\'']) {
            findings.push(wrong_secret(format!(
                "The secret of app `{name}` has quotes at an end: they count as part of it."
            )));
        }
        if secret.starts_with("eyJ") {
            findings.push(wrong_secret(format!(
                "The secret of app `{name}` begins as a token does (`eyJ`): it is a JWT, not a secret."
            )));
        }
    }
    findings
}

fn wrong_key(app: &App, account: &AccountCredentials) -> Option<Finding> {
    let what = if app.sdk_key() == account.client_id {
        "Client ID"
    } else if app.sdk_key() == account.account_id {
        "Account ID"
    } else {
        return None;
    };
    // That an app of this type has no Meeting SDK: the Marketplace; that signatures of it end in 3712: reference 11, third party.
    Some(Finding::of_setup_error(
        "server_to_server_app_in_sdk_place",
        Some(Cause::WrongAppType),
        format!(
            "The SDK key of app `{}` is the {what} of account `{}`: a Server-to-Server OAuth app signs no joins.",
            app.name, account.name
        ),
        COPY_APP,
    ))
}

fn wrong_secret(message: String) -> Finding {
    let cause = Some(Cause::WrongSecretOrKeyPair);
    Finding::of_setup_error("wrong_app_secret", cause, message, COPY_APP)
}

fn of_account(account: &AccountCredentials) -> Option<Finding> {
    let name = &account.name;
    let secret = account.client_secret.expose_secret();
    let is_broken = |text: &str| text.is_empty() || text.contains(char::is_whitespace);
    let what = if account.client_id == secret {
        "Client ID and Client Secret are the same"
    } else if account.account_id == account.client_id || account.account_id == secret {
        "the Account ID is also its Client ID or Client Secret"
    } else if [account.account_id.as_str(), &account.client_id, secret]
        .into_iter()
        .any(is_broken)
    {
        "an id or the secret is empty or holds white space"
    } else {
        return None;
    };
    Some(Finding::of_setup_error(
        "wrong_account_credentials",
        Some(Cause::OauthFailing),
        format!("Of account `{name}`, {what}."),
        COPY_ACCOUNT,
    ))
}
