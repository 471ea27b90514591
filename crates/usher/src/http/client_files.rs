//! `/client/…`: the browser client, under names that change with its content.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::error::ApiError;

struct ClientFile {
    name: String,
    content: &'static str,
}

static CLASSIC: LazyLock<ClientFile> =
    LazyLock::new(|| ClientFile::new(include_str!("../../assets/client/usher.js"), "js"));
static MODULE: LazyLock<ClientFile> =
    LazyLock::new(|| ClientFile::new(include_str!("../../assets/client/usher.mjs"), "mjs"));

impl ClientFile {
    fn new(content: &'static str, extension: &str) -> Self {
        let hash = Sha256::digest(content);
        let hash = hash[..6]
            .iter()
            .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        Self {
            name: format!("usher-{hash:012x}.{extension}"),
            content,
        }
    }
}

/// Where the classic script is.
pub(super) fn classic_path() -> String {
    format!("/client/{}", CLASSIC.name)
}

/// A file of the browser client. Its content never changes, so browsers and proxies may keep it for good.
pub(super) async fn get_client_file(Path(name): Path<String>) -> Response {
    let Some(file) = [&CLASSIC, &MODULE]
        .into_iter()
        .find(|file| file.name == name)
    else {
        return ApiError::new(
            StatusCode::NOT_FOUND,
            "no_such_client",
            "There is no browser client of this name; another version of Usher may have had it.",
        )
        .hint("Take `report.client` of the newest join answer.")
        .into_response();
    };
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/javascript; charset=utf-8"),
        ),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=31536000, immutable"),
        ),
        // Pages of other origins load it, and those that are cross-origin isolated, too.
        (
            header::ACCESS_CONTROL_ALLOW_ORIGIN,
            HeaderValue::from_static("*"),
        ),
        (
            header::HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("cross-origin"),
        ),
    ];
    (headers, file.content).into_response()
}
