//! `usher sign`.

use serde_json::Value;

use crate::process::{Place, SDK_KEY};

const AT: &str = "2023-10-10T04:00:00Z";

#[test]
fn sign_prints_signature_claims_and_join_as_one_json_value() {
    let ran = Place::new().run(&[
        "sign",
        "--meeting",
        "850 1234 5678",
        "--name",
        "Aiko",
        "--sdk-version",
        "2.16.0",
        "--now",
        AT,
        "--json",
    ]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let value: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(value["claims"]["iat"], 1_696_910_370);
    assert_eq!(value["join"]["sdkKey"], SDK_KEY);
    assert_eq!(value["join"]["signature"], value["signature"]);
}

#[test]
fn without_json_stdout_is_the_join_object_alone() {
    let ran = Place::new().run(&["sign", "--meeting", "85012345678", "--view", "component"]);
    let join: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(join["password"], "");
    assert!(ran.stderr.contains("expires at"), "{}", ran.stderr);
}

#[test]
fn what_is_wrong_is_named_with_exit_code_2_and_nothing_on_stdout() {
    for (args, named) in [
        (&["--meeting", "123"][..], "meeting: "),
        (&["--meeting", "85012345678", "--role", "boss"], "role"),
        (&["--meeting", "85012345678", "--role", "host"], "zak"),
        (
            &["--meeting", "85012345678", "--expires-in", "60"],
            "expires-in: ",
        ),
        (
            &["--meeting", "85012345678", "--sdk-version", "1.0"],
            "sdk-version",
        ),
        (&["--meeting", "85012345678", "--app", "other"], "app"),
        (&[], "--meeting"),
    ] {
        let ran = Place::new().run(&[&["sign"], args].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args:?}");
        assert!(ran.stderr.contains(named), "{args:?}: {}", ran.stderr);
    }
}
