//! `page_size` and `next_page_token`, as documented for Zoom's lists.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::observe::Seen;
use crate::rest::Refusal;
use crate::users::number;

/// Documented for reports; for the other lists assumed.
const PAGE_SIZE_MAX: i64 = 300;
const PAGE_SIZE: i64 = 30;
/// Reference 10: a token of a next page is good for fifteen minutes.
const TOKEN_LIFETIME_S: i64 = 15 * 60;

/// Which page of a list is asked for.
#[derive(Debug)]
pub(crate) struct Paging {
    from: usize,
    size: usize,
    now_s: i64,
}

impl Paging {
    pub(crate) fn asked(seen: &Seen, now: Timestamp) -> Result<Self, Refusal> {
        let size = number(seen, "page_size", PAGE_SIZE)?;
        if !(1..=PAGE_SIZE_MAX).contains(&size) {
            return Err(Refusal::invalid_field(
                "page_size",
                "page_size must be 1 to 300",
            ));
        }
        let now_s = now.as_second();
        let from = match seen.query.get("next_page_token").map(String::as_str) {
            None | Some("") => Some(0),
            Some(token) => page_start(token, now_s),
        };
        let from = from
            .ok_or_else(|| Refusal::invalid_field("next_page_token", "Invalid next_page_token."))?;
        Ok(Self {
            from,
            size: usize::try_from(size).unwrap_or_default(),
            now_s,
        })
    }

    /// The page of `all`, under its name.
    pub(crate) fn page(&self, name: &str, all: Vec<Value>) -> Value {
        let total = all.len();
        let page: Vec<Value> = all.into_iter().skip(self.from).take(self.size).collect();
        let end = self.from.saturating_add(page.len());
        let next_page_token = if end < total {
            URL_SAFE_NO_PAD.encode(format!("{end}.{}", self.now_s))
        } else {
            String::new()
        };
        json!({
            "page_count": total.div_ceil(self.size), "page_size": self.size, "total_records": total,
            "next_page_token": next_page_token, name: page,
        })
    }
}

fn page_start(token: &str, now_s: i64) -> Option<usize> {
    let token = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (from, issued_s) = token.split_once('.')?;
    let age_s = now_s.checked_sub(issued_s.parse().ok()?)?;
    (age_s < TOKEN_LIFETIME_S).then_some(from.parse().ok()?)
}
