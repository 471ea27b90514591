//! Tokens that this simulator issued. It believes none that it does not find here.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{EncodingKey, Header};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Reference 5.1: an access token lives one hour.
pub(crate) const ACCESS_TOKEN_LIFETIME_S: i64 = 3600;
/// Reference 4.1 and 4.2: a ZAK or an OBF token lives two hours unless `ttl` says otherwise.
pub(crate) const USER_TOKEN_LIFETIME_S: i64 = 7200;
/// Reference 4.1: `ttl` is at most one year.
pub(crate) const USER_TOKEN_LIFETIME_MAX_S: i64 = 365 * 24 * 3600;

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenKind {
    Access,
    Zak,
    Obf,
}

/// One issued token.
#[derive(Debug, Clone)]
pub(crate) struct Issued {
    pub(crate) kind: TokenKind,
    pub(crate) account: String,
    /// Whom a ZAK or OBF token acts as; of an access token, the account's id.
    pub(crate) subject: String,
    /// The only meeting an OBF token is good for, if it was asked for one.
    pub(crate) meeting: Option<u64>,
    pub(crate) expires_at: Timestamp,
}

#[derive(Debug)]
pub(crate) struct Tokens {
    issued: BTreeMap<String, Issued>,
    /// Tells the tokens of one simulator from those of another that ran on the same port before.
    started_at_ns: i128,
    count: u64,
}

impl Default for Tokens {
    fn default() -> Self {
        Self {
            issued: BTreeMap::new(),
            started_at_ns: Timestamp::now().as_nanosecond(),
            count: 0,
        }
    }
}

impl Tokens {
    pub(crate) fn started_at_ns(&self) -> i128 {
        self.started_at_ns
    }

    pub(crate) fn issue_access(&mut self, account: &str, now: Timestamp) -> String {
        let token = format!("sim-access-{}", self.next_id());
        let expires_at = later(now, ACCESS_TOKEN_LIFETIME_S);
        self.keep(
            token.clone(),
            now,
            Issued {
                kind: TokenKind::Access,
                account: account.into(),
                subject: account.into(),
                meeting: None,
                expires_at,
            },
        );
        token
    }

    /// A ZAK or OBF token is a JWT (assumed: seen as such, its claims are not documented). Its signature means nothing here.
    pub(crate) fn issue_for_user(
        &mut self,
        kind: TokenKind,
        account: &str,
        user: &str,
        meeting: Option<u64>,
        lifetime_s: i64,
        now: Timestamp,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let expires_at = later(now, lifetime_s);
        let claims = json!({
            "aud": "clientsm", "iss": "web", "uid": user, "aid": account,
            "iat": now.as_second(), "exp": expires_at.as_second(), "jti": self.next_id(),
        });
        let token = jsonwebtoken::encode(
            &Header::default(),
            &claims,
            &EncodingKey::from_secret(b"simulator"),
        )?;
        self.keep(
            token.clone(),
            now,
            Issued {
                kind,
                account: account.into(),
                subject: user.into(),
                meeting,
                expires_at,
            },
        );
        Ok(token)
    }

    pub(crate) fn find(&self, kind: TokenKind, token: &str, now: Timestamp) -> Option<&Issued> {
        self.issued
            .get(token)
            .filter(|issued| issued.kind == kind && now < issued.expires_at)
    }

    /// Makes every token of a kind invalid, as Zoom does when an app is deactivated or a user signs out everywhere.
    pub(crate) fn expire(&mut self, kind: TokenKind) -> usize {
        let before = self.issued.len();
        self.issued.retain(|_, issued| issued.kind != kind);
        before - self.issued.len()
    }

    pub(crate) fn use_up(&mut self, token: &str) {
        self.issued.remove(token);
    }

    fn keep(&mut self, token: String, now: Timestamp, issued: Issued) {
        self.issued.retain(|_, other| now < other.expires_at);
        self.issued.insert(token, issued);
    }

    fn next_id(&mut self) -> String {
        self.count += 1;
        format!("{:x}-{}", self.started_at_ns, self.count)
    }
}

fn later(now: Timestamp, seconds: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(seconds))
        .unwrap_or(Timestamp::MAX)
}
