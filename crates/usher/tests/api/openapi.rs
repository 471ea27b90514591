//! `/openapi.json` says what the router does.

use serde_json::json;

use crate::app::App;

const ON: &str = "[compat]\nenabled = true\n";

#[tokio::test]
async fn every_described_operation_is_routed_and_every_other_method_is_not() {
    let app = App::with(ON).await;
    let openapi = app.call("GET", "/openapi.json", None, "").await.body;
    let paths = openapi["paths"].as_object().unwrap();
    assert!(paths.len() >= 7, "{paths:?}");
    for (path, operations) in paths {
        let uri = path.replace("{number}", "85012345678");
        for method in ["get", "post", "put", "patch", "delete"] {
            let answer = app.call(&method.to_uppercase(), &uri, None, "{}").await;
            let is_routed = answer.body["error"]["code"] != json!("method_not_allowed");
            assert_eq!(
                is_routed,
                operations.get(method).is_some(),
                "{method} {path}: {}",
                answer.body
            );
            assert_ne!(
                answer.body["error"]["code"],
                json!("no_such_endpoint"),
                "{method} {path}"
            );
        }
    }
}

#[tokio::test]
async fn the_description_in_the_docs_is_the_one_that_is_served() {
    let app = App::with(ON).await;
    let served = app.call("GET", "/openapi.json", None, "").await.body;
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(file, serde_json::to_string_pretty(&served).unwrap() + "\n").unwrap();
    }
    let kept: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert!(
        kept == served,
        "run UPDATE_OPENAPI=1 cargo test -p usher --test api and look at the difference"
    );
}

#[tokio::test]
async fn what_a_report_may_leave_out_is_not_called_required() {
    let app = App::new().await;
    let openapi = app.call("GET", "/openapi.json", None, "").await.body;
    for (body, required) in [
        ("EventsBody", json!(["events"])),
        ("ToldEvent", json!(["id", "type"])),
        ("HandedInBody", json!(["meeting_number"])),
        ("JoinBody", json!(["meeting_number", "user_name"])),
    ] {
        let described = &openapi["components"]["schemas"][body];
        assert_eq!(described["required"], required, "{body}");
    }
}
