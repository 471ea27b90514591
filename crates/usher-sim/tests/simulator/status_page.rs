//! The status page, asked as anybody asks it.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use usher_sim::{
    ComponentStatus, Fault, FaultAnswer, HeaderText, Indicator, Options, Scenario, Status,
    StatusComponent, StatusPage,
};

use crate::zoom::Zoom;

const SUMMARY: &str = "/api/v2/summary.json";

impl Zoom {
    async fn page(&self, path: &str) -> Value {
        let response = self.request(Method::GET, path).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        response.json().await.unwrap()
    }

    async fn page_says(&self, page: Value) -> Value {
        self.control(Method::PUT, "status", page).await;
        self.page(SUMMARY).await
    }

    async fn ask(&self, host: &str, path: &str) -> Response {
        let request = self.request(Method::GET, path).header("host", host);
        request.send().await.unwrap()
    }
}

#[tokio::test]
async fn a_page_that_nobody_touched_is_clean_at_both_of_its_hosts() {
    let zoom = Zoom::start().await;
    for host in ["www.zoomstatus.com", "14qjgk812kgk.statuspage.io"] {
        let response = zoom.ask(host, SUMMARY).await;
        let page: Value = response.json().await.unwrap();
        assert_eq!(page["status"]["indicator"], "none", "{host}");
        assert_eq!(page["page"]["id"], "14qjgk812kgk");
        assert_eq!(page["incidents"], json!([]));
        let components = page["components"].as_array().unwrap();
        assert!(components.len() > 4);
        assert!(components.iter().all(|it| it["status"] == "operational"));
    }
}

#[tokio::test]
async fn the_indicator_is_that_of_the_worst_component_unless_the_page_says_otherwise() {
    let zoom = Zoom::start().await;
    for (status, indicator) in [
        ("operational", "none"),
        ("under_maintenance", "maintenance"),
        ("degraded_performance", "minor"),
        ("partial_outage", "major"),
        ("major_outage", "critical"),
    ] {
        let components = json!([
            { "name": "Zoom Phone", "status": "operational" }, { "name": "Zoom Meetings", "status": status },
        ]);
        let page = zoom.page_says(json!({ "components": components })).await;
        assert_eq!(page["status"]["indicator"], indicator, "{status}");
        let clean = zoom
            .page_says(json!({ "components": components, "indicator": "none" }))
            .await;
        assert_eq!(clean["status"]["indicator"], "none");
    }
}

#[tokio::test]
async fn an_incident_is_unresolved_until_it_is_resolved() {
    let zoom = Zoom::start().await;
    let incident = |status: &str| json!({ "incidents": [{ "name": "Joins fail", "impact": "major", "status": status, "components": ["Zoom Meetings"] }] });
    let page = zoom.page_says(incident("identified")).await;
    assert_eq!(page["status"]["indicator"], "major");
    assert_eq!(page["incidents"][0]["name"], "Joins fail");
    assert_eq!(page["incidents"][0]["resolved_at"], Value::Null);
    assert_eq!(
        page["incidents"][0]["components"][0]["name"],
        "Zoom Meetings"
    );
    let unresolved = "/api/v2/incidents/unresolved.json";
    assert_eq!(
        zoom.page(unresolved).await["incidents"][0]["impact"],
        "major"
    );

    let page = zoom.page_says(incident("resolved")).await;
    assert_eq!(page["status"]["indicator"], "none");
    assert_eq!(page["incidents"], json!([]));
    assert_eq!(zoom.page(unresolved).await["incidents"], json!([]));
    let all = zoom.page("/api/v2/incidents.json").await;
    assert!(all["incidents"][0]["resolved_at"].is_string());
}

#[tokio::test]
async fn the_smaller_files_say_what_the_summary_says() {
    let zoom = Zoom::start().await;
    let page = zoom
        .page_says(
            json!({ "components": [{ "name": "Something new", "status": "partial_outage" }] }),
        )
        .await;
    assert_eq!(
        zoom.page("/api/v2/status.json").await["status"],
        page["status"]
    );
    let components = zoom.page("/api/v2/components.json").await;
    assert_eq!(components["components"], page["components"]);
    let last = components["components"].as_array().unwrap().last().unwrap();
    assert_eq!(last["name"], "Something new");
}

#[tokio::test]
async fn whoever_knows_the_etag_gets_304_until_the_page_changes() {
    let zoom = Zoom::start().await;
    let first = zoom.request(Method::GET, SUMMARY).send().await.unwrap();
    let etag = first.headers()["etag"].clone();
    let again = async || {
        let request = zoom.request(Method::GET, SUMMARY);
        request.header("if-none-match", &etag).send().await.unwrap()
    };
    let known = again().await;
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(known.headers()["etag"], etag);
    assert!(known.headers().contains_key("date"));
    assert_eq!(known.text().await.unwrap(), "");

    zoom.page_says(
        json!({ "components": [{ "name": "Zoom Meetings", "status": "major_outage" }] }),
    )
    .await;
    let changed = again().await;
    assert_eq!(changed.status(), StatusCode::OK);
    assert_ne!(changed.headers()["etag"], etag);
}

#[tokio::test]
async fn a_page_that_nobody_keeps_says_so_by_its_dates() {
    let zoom = Zoom::start().await;
    let page = zoom
        .page_says(json!({ "updated_at": "2021-04-05T06:07:08Z" }))
        .await;
    assert_eq!(page["page"]["updated_at"], "2021-04-05T06:07:08.000Z");
    let response = zoom.request(Method::GET, SUMMARY).send().await.unwrap();
    let modified = response.headers()["last-modified"].to_str().unwrap();
    let modified = DateTimeParser::new().parse_timestamp(modified).unwrap();
    assert_eq!(
        modified,
        "2021-04-05T06:07:08Z".parse::<Timestamp>().unwrap()
    );
}

#[tokio::test]
async fn the_old_address_redirects_to_the_page() {
    let zoom = Zoom::start().await;
    let response = zoom.ask("status.zoom.us", SUMMARY).await;
    assert_eq!(response.status(), StatusCode::FOUND);
    assert_eq!(
        response.headers()["location"],
        "https://www.zoomstatus.com/api/v2/summary.json"
    );
}

#[tokio::test]
async fn the_page_can_be_read_back_and_reset() {
    let zoom = Zoom::start().await;
    zoom.page_says(json!({ "components": [{ "name": "Zoom Phone", "status": "major_outage" }] }))
        .await;
    let told = zoom.control(Method::GET, "status", Value::Null).await;
    assert_eq!(told["indicator"], "critical");
    assert_eq!(told["components"][0]["name"], "Zoom Phone");
    zoom.control(Method::DELETE, "status", Value::Null).await;
    let page = zoom.page(SUMMARY).await;
    assert_eq!(page["status"]["indicator"], "none");
}

#[tokio::test]
async fn a_scenario_can_begin_with_an_outage_on_the_page() {
    let scenario = Scenario {
        status: StatusPage {
            components: vec![StatusComponent {
                name: "Zoom Meetings".to_owned(),
                status: ComponentStatus::MajorOutage,
            }],
            ..StatusPage::default()
        },
        ..Scenario::demo()
    };
    let zoom = Zoom::start_with(Options {
        scenario,
        tls_listen: None,
        ..Options::default()
    })
    .await;
    assert_eq!(zoom.page(SUMMARY).await["status"]["indicator"], "critical");
    zoom.simulator.steer(|world| {
        world.put_status(StatusPage {
            indicator: Some(Indicator::Minor),
            ..StatusPage::default()
        });
    });
    assert_eq!(zoom.page(SUMMARY).await["status"]["indicator"], "minor");
}

#[tokio::test]
async fn faults_strike_the_page_too_and_can_redirect_it() {
    let zoom = Zoom::start().await;
    let to = "https://portal.example/login";
    zoom.simulator.steer(|world| {
        world.faults.add(Fault {
            path: "/api/v2/*".to_owned(),
            answer: Some(FaultAnswer::Redirect {
                to: HeaderText::try_from(to.to_owned()).unwrap(),
                status: Status::try_from(307).unwrap(),
            }),
            ..Fault::default()
        })
    });
    let response = zoom.ask("www.zoomstatus.com", SUMMARY).await;
    assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(response.headers()["location"], to);

    let fault = json!({ "answer": { "kind": "redirect", "to": "two\nlines" } });
    let request = zoom.request(Method::POST, "/_sim/faults").json(&fault);
    let refused = request.send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
}
