//! The environment, laid over the file: `USHER_…`, each secret also as `USHER_…_FILE`.

use super::ConfigError;
use super::file::{Account, App, Settings};
use super::secret::Secret;
use crate::unknown_key;

/// Every variable that has an effect.
const KNOWN: &[&str] = &[
    "USHER_CONFIG",
    "USHER_LISTEN",
    "USHER_PUBLIC_URL",
    "USHER_DATA",
    "USHER_STORE",
    "USHER_STORE_FILE",
    "USHER_TRUSTED_PROXIES",
    "USHER_MASTER_KEY",
    "USHER_MASTER_KEY_FILE",
    "USHER_SDK_KEY",
    "USHER_SDK_SECRET",
    "USHER_SDK_SECRET_FILE",
    "USHER_ZOOM_ACCOUNT_ID",
    "USHER_ZOOM_CLIENT_ID",
    "USHER_ZOOM_CLIENT_SECRET",
    "USHER_ZOOM_CLIENT_SECRET_FILE",
    "USHER_ZOOM_API_URL",
    "USHER_ZOOM_OAUTH_URL",
    "USHER_ZOOM_CA_FILE",
    "USHER_WEBHOOK_SECRET",
    "USHER_WEBHOOK_SECRET_FILE",
];

/// Variables of the contract whose features do not exist yet: one environment may serve several versions.
const LATER: &[&str] = &["USHER_DEVELOPER_EMAIL"];

/// The names that are not typing errors: tools of ours that read them.
const OTHERS: &[&str] = &["USHER_BIN", "USHER_LOG"];

const SOURCE: &str = "environment";

/// Lays variables over the settings. Empty ones count as absent: that is how compose files unset them.
pub(super) fn overlay(
    settings: &mut Settings,
    variables: impl IntoIterator<Item = (String, String)>,
    warnings: &mut Vec<String>,
) -> Result<(), ConfigError> {
    let mut found: std::collections::BTreeMap<String, String> = variables
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let mut take = |name: &str| found.remove(name);

    replace(&mut settings.listen, take("USHER_LISTEN"));
    replace(&mut settings.public_url, take("USHER_PUBLIC_URL"));
    replace(&mut settings.data, take("USHER_DATA").map(Into::into));
    replace(&mut settings.store, secret(&mut take, "USHER_STORE")?);
    replace(&mut settings.zoom.api_url, take("USHER_ZOOM_API_URL"));
    replace(&mut settings.zoom.oauth_url, take("USHER_ZOOM_OAUTH_URL"));
    replace(
        &mut settings.zoom.ca_file,
        take("USHER_ZOOM_CA_FILE").map(Into::into),
    );
    replace(
        &mut settings.master_key,
        secret(&mut take, "USHER_MASTER_KEY")?,
    );
    if let Some(list) = take("USHER_TRUSTED_PROXIES") {
        settings.trusted_proxies = list.split(',').map(|item| item.trim().to_owned()).collect();
    }
    if let Some(app) = app(&mut take)? {
        let before = settings.apps.len();
        settings
            .apps
            .retain(|other| !is_default(other.name.as_deref()));
        if settings.apps.len() < before {
            warnings.push("environment: USHER_SDK_KEY takes the place of the file's app `default`, its successor included".to_owned());
        }
        settings.apps.insert(0, app);
    }
    if let Some(account) = account(&mut take)? {
        settings
            .accounts
            .retain(|other| !is_default(other.name.as_deref()));
        settings.accounts.insert(0, account);
    }
    if let Some(secrets) = secret(&mut take, "USHER_WEBHOOK_SECRET")? {
        settings.webhook_secrets = vec![secrets];
    }
    warnings.extend(found.keys().filter_map(|name| unknown(name)));
    Ok(())
}

fn app(take: &mut impl FnMut(&str) -> Option<String>) -> Result<Option<App>, ConfigError> {
    match (take("USHER_SDK_KEY"), secret(take, "USHER_SDK_SECRET")?) {
        (Some(sdk_key), Some(sdk_secret)) => Ok(Some(App {
            name: None,
            sdk_key,
            sdk_secret,
            successor_secret: None,
            successor_from: None,
        })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(missing("USHER_SDK_SECRET")),
        (None, Some(_)) => Err(missing("USHER_SDK_KEY")),
    }
}

fn account(take: &mut impl FnMut(&str) -> Option<String>) -> Result<Option<Account>, ConfigError> {
    let account_id = take("USHER_ZOOM_ACCOUNT_ID");
    let client_id = take("USHER_ZOOM_CLIENT_ID");
    match (
        account_id,
        client_id,
        secret(take, "USHER_ZOOM_CLIENT_SECRET")?,
    ) {
        (Some(account_id), Some(client_id), Some(client_secret)) => Ok(Some(Account {
            name: None,
            account_id,
            client_id,
            client_secret,
        })),
        (None, None, None) => Ok(None),
        (None, _, _) => Err(missing("USHER_ZOOM_ACCOUNT_ID")),
        (_, None, _) => Err(missing("USHER_ZOOM_CLIENT_ID")),
        (_, _, None) => Err(missing("USHER_ZOOM_CLIENT_SECRET")),
    }
}

fn is_default(name: Option<&str>) -> bool {
    name.is_none_or(|name| name == "default")
}

/// What to say of a variable that nothing reads. The environment is shared with others, so it is no error.
fn unknown(name: &str) -> Option<String> {
    if LATER.contains(&name) {
        return Some(format!(
            "environment: {name} is for a later version and has no effect yet"
        ));
    }
    if KNOWN.contains(&name) || OTHERS.contains(&name) {
        return None;
    }
    let suggestion = unknown_key::nearest(name, KNOWN.iter().copied())
        .map_or(String::new(), |nearest| {
            format!("; did you mean {nearest}?")
        });
    Some(format!(
        "environment: {name} is not a variable of Usher's and was ignored{suggestion}"
    ))
}

fn replace<T>(setting: &mut Option<T>, value: Option<T>) {
    if value.is_some() {
        *setting = value;
    }
}

fn secret(
    take: &mut impl FnMut(&str) -> Option<String>,
    name: &str,
) -> Result<Option<Secret>, ConfigError> {
    match (take(name), take(&format!("{name}_FILE"))) {
        (Some(_), Some(_)) => Err(ConfigError::at(
            SOURCE,
            name,
            format!("{name}_FILE is set too; set one of them"),
        )),
        (Some(value), None) => Ok(Some(Secret::of_variable(name, value))),
        (None, Some(file)) => Ok(Some(Secret::of_file_variable(
            &format!("{name}_FILE"),
            file,
        ))),
        (None, None) => Ok(None),
    }
}

fn missing(name: &str) -> ConfigError {
    ConfigError::at(
        SOURCE,
        name,
        "it is missing, while what belongs with it is set",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overlaid(variables: &[(&str, &str)]) -> Result<(Settings, Vec<String>), ConfigError> {
        let mut settings = Settings::default();
        let mut warnings = Vec::new();
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        overlay(&mut settings, variables, &mut warnings)?;
        Ok((settings, warnings))
    }

    #[test]
    fn a_key_without_its_secret_is_an_error_that_names_the_missing_one() {
        let error = overlaid(&[("USHER_SDK_KEY", "k")]).unwrap_err();
        assert!(error.to_string().contains("USHER_SDK_SECRET"), "{error}");
    }

    #[test]
    fn an_unknown_variable_is_named_with_the_nearest_known_one() {
        let (_, warnings) = overlaid(&[("USHER_SDK_SECERT", "hush")]).unwrap();
        assert!(
            warnings[0].contains("did you mean USHER_SDK_SECRET?"),
            "{warnings:?}"
        );
        assert!(!warnings[0].contains("hush"));
    }

    #[test]
    fn a_secret_is_set_in_one_place_only() {
        let error =
            overlaid(&[("USHER_MASTER_KEY", "a"), ("USHER_MASTER_KEY_FILE", "b")]).unwrap_err();
        assert!(
            error.to_string().contains("USHER_MASTER_KEY_FILE"),
            "{error}"
        );
    }

    #[test]
    fn an_empty_variable_counts_as_absent() {
        let (settings, warnings) =
            overlaid(&[("USHER_LISTEN", ""), ("USHER_SDK_KEY", "")]).unwrap();
        assert_eq!(settings.listen, None);
        assert!(warnings.is_empty());
    }
}
