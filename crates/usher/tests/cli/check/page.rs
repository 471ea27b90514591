//! Pages that embed the SDK, by what they answer.

use axum::Router;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use insta::assert_snapshot;

use super::{Report, shown};
use crate::process::{Place, ran};

/// A page on this machine, with these headers.
async fn serve(headers: &[(&'static str, &str)], html: &'static str) -> String {
    let headers: Vec<(HeaderName, HeaderValue)> = headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
        .collect();
    let page = move || async move {
        let mut answer = axum::response::Html(html).into_response();
        for (name, value) in headers {
            answer.headers_mut().append(name, value);
        }
        answer
    };
    let moved =
        |to: &'static str| move || async move { (StatusCode::FOUND, [(header::LOCATION, to)]) };
    let app = Router::new()
        .route("/room", get(page))
        .route("/here", get(moved("/room")))
        .route("/round", get(moved("/round")))
        .route("/away", get(moved("http://login.invalid/")));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}")
}

/// Without a usable configuration nobody but the page is asked.
fn alone() -> Place {
    let place = Place::new();
    place.write("usher.toml", "colour = 1\n");
    place
}

fn check(place: &Place, page: &str) -> Report {
    Report::of(&mut place.usher(&["check", "--json", "--page", page]))
}

const ZOOMS_POLICY: &str = "script-src 'self' 'unsafe-eval' blob: https://zoom.us https://*.zoom.us; \
    connect-src https://zoom.us https://*.zoom.us wss://*.zoom.us; worker-src blob:; style-src 'unsafe-inline'";

#[tokio::test(flavor = "multi_thread")]
async fn isolation_needs_both_headers_or_the_one_of_newer_browsers() {
    const COOP: &str = "cross-origin-opener-policy";
    const COEP: &str = "cross-origin-embedder-policy";
    let place = alone();
    for (headers, rule, severity) in [
        (
            &[(COOP, "same-origin"), (COEP, "require-corp")][..],
            "page_is_isolated",
            "info",
        ),
        (
            &[(COOP, "same-origin"), (COEP, "credentialless")],
            "page_is_isolated",
            "info",
        ),
        (
            &[("document-isolation-policy", "isolate-and-credentialless")],
            "page_is_isolated",
            "info",
        ),
        (&[(COOP, "same-origin")], "page_is_half_isolated", "warning"),
        (
            &[(COOP, "same-origin-allow-popups")],
            "page_is_not_isolated",
            "info",
        ),
        (&[], "page_is_not_isolated", "info"),
    ] {
        let base = serve(headers, "<html></html>").await;
        let report = check(&place, &format!("{base}/room"));
        assert_eq!(
            report.severity(rule),
            severity,
            "{headers:?}: {}",
            report.json
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_blocks_the_sdk_is_told_by_what_it_lacks() {
    const CSP: &str = "content-security-policy";
    const META: &str =
        "<meta http-equiv=\"Content-Security-Policy\" content=\"connect-src 'self'\">";
    let place = alone();
    for (headers, html, rule, severity) in [
        (&[][..], "", "page_without_csp", "info"),
        (&[(CSP, ZOOMS_POLICY)], "", "csp_allows_sdk", "info"),
        (
            &[(CSP, "default-src 'self'")],
            "",
            "csp_blocks_sdk",
            "error",
        ),
        (
            &[(CSP, ZOOMS_POLICY), (CSP, "connect-src 'self'")],
            "",
            "csp_blocks_sdk",
            "error",
        ),
        (&[(CSP, ZOOMS_POLICY)], META, "csp_blocks_sdk", "error"),
        (
            &[("permissions-policy", "camera=(), microphone=(self)")],
            "",
            "page_closes_devices",
            "warning",
        ),
    ] {
        let base = serve(headers, html).await;
        let report = check(&place, &format!("{base}/room"));
        assert_eq!(
            report.severity(rule),
            severity,
            "{headers:?}: {}",
            report.json
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_followed_to_the_same_host_and_to_no_other() {
    let place = alone();
    let base = serve(&[], "").await;
    for (path, rule, severity) in [
        ("/here", "page_is_not_isolated", "info"),
        ("/away", "page_is_elsewhere", "warning"),
        ("/round", "page_not_reached", "error"),
        ("/missing", "page_not_served", "warning"),
    ] {
        let report = check(&place, &format!("{base}{path}"));
        assert_eq!(report.severity(rule), severity, "{path}: {}", report.json);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_read_what_a_page_lacks_and_whether_it_may_report() {
    let zoom = super::Zoom::start().await;
    let base = serve(
        &[(
            "content-security-policy",
            "default-src 'self'; connect-src 'self' https://*.zoom.us",
        )],
        "",
    )
    .await;
    zoom.place
        .write("usher.toml", "public_url = \"https://usher.example.com\"\n");
    let page = format!("{base}/room");
    let ran = ran(&mut zoom.usher(&["check", "--page", &page]));
    let zooms = zoom.sim.http_address().to_string();
    assert_snapshot!(shown(&ran, &[(&zooms, "ZOOM"), (&base, "PAGE")]));
    zoom.place
        .write("usher.toml", &format!("allowed_origins = [\"{base}\"]\n"));
    let report = zoom.check(&["--page", &page]);
    assert_eq!(report.severity("page_may_report"), "info");
}
