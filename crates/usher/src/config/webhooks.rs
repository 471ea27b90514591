//! The Secret Tokens that Zoom signs its webhooks with.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use super::ConfigError;
use super::secret::Secret;

/// One Secret Token. Does not print.
#[derive(Clone)]
pub struct WebhookSecret(SecretString);

impl AsRef<str> for WebhookSecret {
    fn as_ref(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret")
    }
}

/// Several may stand in one text, with commas between them: a variable has no lists.
pub(super) fn webhook_secrets(
    secrets: &[Secret],
    source: &str,
    warnings: &mut Vec<String>,
) -> Result<Vec<WebhookSecret>, ConfigError> {
    const KEY: &str = "webhook_secrets";
    let mut checked = Vec::new();
    for secret in secrets {
        let text = secret.read(source, KEY, warnings)?;
        for one in text.expose_secret().split(',').map(str::trim) {
            if one.is_empty() {
                let (source, key) = secret.place(source, KEY);
                let problem = "one of the secrets is empty: take the comma too many away";
                return Err(ConfigError::at(source, key, problem));
            }
            checked.push(WebhookSecret(one.into()));
        }
    }
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<WebhookSecret>, ConfigError> {
        let secret = Secret::of_variable("USHER_WEBHOOK_SECRET", text.to_owned());
        webhook_secrets(&[secret], "usher.toml", &mut Vec::new())
    }

    #[test]
    fn several_secrets_stand_in_one_variable_and_none_of_them_prints() {
        let secrets = read("old-one, new-one").unwrap();
        let texts: Vec<&str> = secrets.iter().map(AsRef::as_ref).collect();
        assert_eq!(texts, ["old-one", "new-one"]);
        assert!(!format!("{secrets:?}").contains("one"));
    }

    #[test]
    fn an_empty_secret_between_commas_is_an_error_that_repeats_none() {
        let error = read("hush,,").unwrap_err().to_string();
        assert!(
            error.contains("USHER_WEBHOOK_SECRET") && !error.contains("hush"),
            "{error}"
        );
    }
}
