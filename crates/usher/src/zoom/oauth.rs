//! Access tokens of Server-to-Server OAuth (reference 5.1), and the calls that carry them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use usher_core::witness;

use super::call::{Call, Wire};
use super::fresh::{Fresh, FreshCache};
use super::hosts::Addresses;
use super::{AccountCredentials, Clock, ZoomError};

/// What Zoom's own Rivet does (reference 5.1).
const RENEWED_EARLY_BY: Duration = Duration::from_mins(1);
/// Zoom's code for an access token that is invalid or has expired; measured, and contradicted by a table of Zoom's (reference 5.2).
const BAD_TOKEN_CODE: i64 = 124;

/// A token with the base of the API that it is for.
struct AccessToken {
    secret: SecretString,
    api: Url,
    /// As the answer had it.
    scope: Option<String>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: SecretString,
    #[serde(default = "documented_lifetime_s")]
    expires_in: u32,
    api_url: Option<String>,
    scope: Option<String>,
}

/// An hour (reference 5.1).
fn documented_lifetime_s() -> u32 {
    3600
}

/// A REST question of an account.
pub(super) struct Get<'a> {
    pub(super) question: witness::Call,
    /// Of the path below the base; each is percent-encoded.
    pub(super) segments: &'a [&'a str],
    pub(super) query: &'a [(&'a str, &'a str)],
    pub(super) deadline: Instant,
}

/// The REST API, with a token per account that all callers share.
pub(super) struct Rest {
    addresses: Addresses,
    accounts: HashMap<String, AccountCredentials>,
    pub(super) wire: Wire,
    tokens: FreshCache<String, AccessToken>,
    now: Clock,
}

impl Rest {
    pub(super) fn new(
        addresses: Addresses,
        accounts: Vec<AccountCredentials>,
        wire: Wire,
        now: Clock,
    ) -> Self {
        let accounts = accounts
            .into_iter()
            .map(|account| (account.name.clone(), account))
            .collect();
        Self {
            addresses,
            accounts,
            wire,
            tokens: FreshCache::new(now),
            now,
        }
    }

    pub(super) fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Asks with the account's token; if Zoom calls that invalid, once more with a new one.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        account: &str,
        get: &Get<'_>,
    ) -> Result<T, ZoomError> {
        let account = self.account(account)?;
        let token = self.token(account, get.deadline).await?;
        match self.get_with(account, &token, get).await {
            Err(error) if says_bad_token(&error) => {
                self.tokens.discard(&account.name, &token).await;
                let token = self.token(account, get.deadline).await?;
                self.get_with(account, &token, get).await
            }
            answer => answer,
        }
    }

    /// What the account's token may do, by the answer that it came with; none if that did not say.
    pub(super) async fn scope(
        &self,
        account: &str,
        deadline: Instant,
    ) -> Result<Option<String>, ZoomError> {
        let token = self.token(self.account(account)?, deadline).await?;
        Ok(token.scope.clone())
    }

    fn account(&self, name: &str) -> Result<&AccountCredentials, ZoomError> {
        self.accounts
            .get(name)
            .ok_or_else(|| ZoomError::NotConfigured {
                account: name.to_owned(),
            })
    }

    async fn get_with<T: DeserializeOwned>(
        &self,
        account: &AccountCredentials,
        token: &AccessToken,
        get: &Get<'_>,
    ) -> Result<T, ZoomError> {
        let mut url = token.api.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(get.segments);
        }
        if !get.query.is_empty() {
            url.query_pairs_mut().extend_pairs(get.query);
        }
        let request = |http: &Client| {
            http.get(url.clone())
                .bearer_auth(token.secret.expose_secret())
        };
        self.wire
            .ask(&Call {
                question: get.question,
                account: &account.name,
                url: &url,
                request: &request,
                deadline: get.deadline,
            })
            .await
    }

    async fn token(
        &self,
        account: &AccountCredentials,
        deadline: Instant,
    ) -> Result<Arc<AccessToken>, ZoomError> {
        self.tokens
            .get_or_load(&account.name, self.fetch_token(account, deadline))
            .await
    }

    /// The parameters go into the body; in the query string they have been answered with 400 (reference 5.1).
    async fn fetch_token(
        &self,
        account: &AccountCredentials,
        deadline: Instant,
    ) -> Result<Fresh<AccessToken>, ZoomError> {
        let url = &self.addresses.oauth;
        let form = [
            ("grant_type", "account_credentials"),
            ("account_id", account.account_id.as_str()),
        ];
        let request = |http: &Client| {
            http.post(url.clone())
                .basic_auth(
                    &account.client_id,
                    Some(account.client_secret.expose_secret()),
                )
                .form(&form)
        };
        let call = Call {
            question: witness::Call::OAuth,
            account: &account.name,
            url,
            request: &request,
            deadline,
        };
        let answer: TokenAnswer = self
            .wire
            .ask(&call)
            .await
            .map_err(|error| refused_token(account, error))?;
        let now = (self.now)();
        let expires_at = now + SignedDuration::from_secs(answer.expires_in.into());
        let named = answer
            .api_url
            .as_deref()
            .and_then(|url| self.addresses.named_by_answer(url));
        let token = AccessToken {
            secret: answer.access_token,
            api: named.unwrap_or_else(|| self.addresses.api.clone()),
            scope: answer.scope,
        };
        Ok(Fresh::new(token, now, expires_at, RENEWED_EARLY_BY))
    }
}

fn refused_token(account: &AccountCredentials, error: ZoomError) -> ZoomError {
    match error {
        ZoomError::Refused {
            status,
            code,
            message,
        } => ZoomError::OAuth {
            account: account.name.clone(),
            status,
            code,
            message,
        },
        error => error,
    }
}

fn says_bad_token(error: &ZoomError) -> bool {
    matches!(error, ZoomError::Refused { status, code, .. } if *status == 401 || *code == Some(BAD_TOKEN_CODE))
}
