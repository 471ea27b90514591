use serde_json::{Value, json};
use usher_core::doctor::{Handed, examine};

use crate::patient::*;

#[test]
fn the_json_has_the_shape_of_the_contract() {
    let token = token_with(json!({"role": "1"}));
    let report = serde_json::to_value(examine_token(&token)).unwrap();
    assert_eq!(report["kind"], "meeting_sdk_jwt");
    assert_eq!(report["cause"], "wrong_claim_type");
    assert_eq!(report["party"], "integrator");
    assert_eq!(report["clock"], Value::Null);
    assert_eq!(report["iat_offset_ms"], Value::Null);
    assert!(report["next_suspects"].is_array());
    assert_eq!(report["claims"]["role"], "1");
    assert_eq!(
        report["findings"][0],
        json!({
            "rule": "wrong_claim_type",
            "severity": "error",
            "cause": "wrong_claim_type",
            "claim": "role",
            "message": "`role` is \"1\", not a number.",
            "remedy": "Write `role` as the number 0 (participant) or 1 (host).",
            "party": "integrator",
        })
    );
}

#[test]
fn no_cause_is_null_and_undetermined() {
    let report = serde_json::to_value(examine(&Handed {
        error_code: Some("3712"),
        ..at_the_join()
    }))
    .unwrap();
    assert_eq!(
        (&report["kind"], &report["cause"], &report["party"]),
        (&json!("error"), &Value::Null, &json!("undetermined"))
    );
    assert!(report.get("claims").is_none());
}
