//! The failure catalogue against the reference's tables, and what is explained to whom.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use serde_json::json;
use usher_core::failure::FaultClass::{App, Meeting, Network, Signature, Unknown, User, Zoom};
use usher_core::failure::Supplier::{self, Integrator};
use usher_core::failure::{Explained, FaultClass, Views, all, explain, of_code};
use usher_core::join::dialect::View;
use usher_core::verdict::{Cause, Party};

/// Reference, sections 3.1 and 3.2: code, view (C, E, or B for both), and the classes that its column "Fixer" admits. SIG, APP, MTG,
/// USR and ZM are signature, app, meeting, user and zoom; DEV (device, network or browser) is a device, or the way to Zoom.
const REFERENCE: &str = "
    0 B -, 1 C -, 2 C APP, 200 E -, 3000 B MTG, 3001 B USR/MTG, 3003 B APP, 3004 B USR/APP/MTG, 3005 B USR/APP, 3008 B MTG, 3009 B MTG,
    3099 B APP/MTG, 3100 B APP/MTG, 3265 B APP, 3603 B MTG, 3608 B MTG, 3610 B USR/MTG/APP, 3611 B MTG, 3620 B MTG/USR, 3621 B ZM,
    3623 B APP, 3624 B APP/USR, 3625 B MTG, 3702 B MTG, 3704 B APP, 3705 B SIG, 3708 B SIG, 3709 B MTG/APP, 3710 B APP, 3711 B SIG/MTG,
    3712 B SIG, 3713 B APP, 4000 B DEV/ZM, 4001 B DEV/ZM, 4003 B APP, 4004 B MTG, 4005 B MTG, 4006 B MTG, 4007 B MTG, 4008 B USR/APP,
    4009 C ZM, 4011 B APP, 4012 B APP, 4013 B APP, 6603 C MTG, 10000 B APP, 13208 C MTG,
    -3000 E DEV/ZM, -1 E APP, 3 C APP, 403 B ZM/DEV, 3010 E SIG, 3034 B APP/MTG, 3051 B USR, 3052 B USR, 3110 B USR, 6024 B USR,
    3082 B USR, 3116 C MTG, 3135 C APP, 3604 B APP, 3606 B MTG, 3609 B MTG, 3622 B DEV/ZM, 3627 E USR, 3630 B MTG/APP, 3633 B APP,
    3634 B USR/ZM, 3635 B DEV, 3636 C APP, 3701 B MTG, 3703 B USR, 3706 B SIG/USR, 3707 B SIG/USR, 3714 B USR/APP/MTG, 3715 C MTG,
    4014 B APP, 4015 B APP, 4016 B APP, 4017 B MTG/USR, 4018 B APP, 4019 B MTG/USR, 5012 E APP, 5013 E APP";

fn reference() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    REFERENCE.split(',').map(|row| {
        let mut words = row.split_whitespace();
        let mut next = || words.next().unwrap();
        (next(), next(), next())
    })
}

fn fixer(class: FaultClass) -> &'static str {
    match class {
        Signature => "SIG",
        App => "APP",
        Meeting => "MTG",
        User => "USR",
        FaultClass::Device | Network => "DEV",
        Zoom => "ZM",
        Unknown => "-",
    }
}

fn plainly(code: &str, reason: &str) -> Explained {
    explain(Some(code), Some(reason), None, Supplier::Unknown)
}

#[test]
fn the_catalogue_holds_every_code_of_the_reference_and_no_other() {
    let expected: BTreeSet<i32> = reference()
        .map(|(code, _, _)| code.parse().unwrap())
        .collect();
    let held: BTreeSet<i32> = all().map(|failure| failure.code).collect();
    assert_eq!(held, expected);
}

#[test]
fn every_code_has_a_class_and_the_view_that_the_reference_names() {
    for (code, view, fixers) in reference() {
        let failure = of_code(code).unwrap();
        let views = match failure.views {
            Views::Both => "B",
            Views::Client => "C",
            Views::Component => "E",
        };
        assert_eq!(views, view, "{code}");
        assert!(
            fixers
                .split('/')
                .any(|fixer_word| fixer_word == fixer(failure.class)),
            "{code}: {:?}",
            failure.class
        );
    }
}

#[test]
fn every_code_is_explained_as_its_row_says_and_its_party_is_that_of_its_class() {
    for (code, _, _) in reference() {
        let row = of_code(code).unwrap();
        let explained = explain(Some(code), None, None, Supplier::Unknown);
        assert_eq!(
            (explained.class, explained.party, explained.cause),
            (row.class, row.class.party(), row.cause),
            "{code}"
        );
        assert_eq!(
            (explained.tell_user, explained.tell_operator),
            (row.tell_user, row.tell_operator)
        );
        assert!(explained.is_listed && explained.read_as.is_none(), "{code}");
        assert_eq!(explained.code.as_deref(), Some(code));
    }
}

#[test]
fn one_200_and_a_missing_code_are_read_by_their_text() {
    for (text, read_as, class) in [
        ("Invalid signature.", 3712, Signature),
        ("Signature is invalid.", 3712, Signature),
        ("The signature has expired.", 3705, Signature),
        ("The meeting number is wrong.", 3706, Signature),
        ("The meeting number is not found.", 3707, Signature),
        ("Meeting Passcode wrong.", 3004, Meeting),
        ("Meeting does not exist.", 3610, User),
        ("Meeting has not started", 3008, Meeting),
        ("meeting is locked", 4006, Meeting),
        ("connection error", -3000, Network),
        ("Join parameters: password are invalid!", 3, App),
        ("Not the host.", 3003, App),
        ("Login required.", 3100, Meeting),
        ("Token has expired.", 3610, App),
        ("Not support start meeting via tokens", 3265, App),
        ("sdkKey can not empty", 4003, App),
    ] {
        for code in [Some("1"), Some("200"), Some("0"), Some(""), None] {
            let explained = explain(code, Some(text), None, Supplier::Unknown);
            assert_eq!(
                (explained.class, explained.read_as),
                (class, Some(read_as)),
                "{code:?} {text}"
            );
            assert_eq!(explained.code.as_deref(), code);
            assert_eq!(explained.reason.as_deref(), Some(text));
        }
    }
}

#[test]
fn a_text_that_says_nothing_blames_nobody() {
    for code in [
        Some("1"),
        Some("200"),
        Some("9999"),
        Some("undefined"),
        None,
    ] {
        for text in [Some("Fail to join the meeting."), Some(""), None] {
            let explained = explain(code, text, Some(View::Client), Integrator);
            assert_eq!(
                (explained.class, explained.party, explained.cause),
                (Unknown, Party::Undetermined, None),
                "{code:?} {text:?}"
            );
            assert_eq!(explained.read_as, None);
        }
    }
}

#[test]
fn a_remark_about_hosts_and_logins_is_no_sentence_of_zooms() {
    for text in [
        "I am not the host.",
        "The access token has expired.",
        "No login required here",
    ] {
        assert_eq!(plainly("200", text).class, Unknown, "{text}");
    }
}

#[test]
fn a_code_that_says_what_happened_is_not_read_by_its_text() {
    let explained = plainly("3008", "Signature is invalid.");
    assert_eq!((explained.class, explained.read_as), (Meeting, None));
}

#[test]
fn a_failed_request_is_the_networks_unless_its_text_says_more() {
    assert_eq!(plainly("-3000", "connection error").class, Network);
    assert_eq!(plainly("\u{2212}3000", "").class, Network);
    let explained = plainly("-3000", "Signature is invalid.");
    assert_eq!(
        (explained.class, explained.read_as),
        (Signature, Some(3712))
    );
}

#[test]
fn an_unknown_code_is_kept_as_it_came_and_its_text_is_read() {
    let explained = plainly("9999", "something new");
    assert_eq!(explained.code.as_deref(), Some("9999"));
    assert!(!explained.is_listed);
    let explained = plainly(" 77x ", "Invalid signature.");
    assert_eq!(explained.code.as_deref(), Some(" 77x "));
    assert_eq!(
        (explained.is_listed, explained.read_as),
        (false, Some(3712))
    );
}

#[test]
fn a_number_of_zooms_gateway_is_read_as_the_code_that_the_sdk_makes_of_it() {
    let explained = plainly("6601", "");
    assert_eq!(
        (explained.class, explained.is_listed, explained.read_as),
        (App, false, Some(4011))
    );
}

#[test]
fn three_thousand_and_3005_are_told_apart_by_their_text() {
    let explained = plainly("3000", "Email is required");
    assert_eq!((explained.class, explained.read_as), (App, Some(3005)));
    let explained = plainly("3005", "another meeting is running");
    assert_eq!((explained.class, explained.read_as), (Meeting, Some(3000)));
}

#[test]
fn an_expired_registrant_token_is_not_the_users_number() {
    let explained = plainly("3610", "Token has expired.");
    assert_eq!(
        (explained.party, explained.cause.map(Cause::id)),
        (Party::Integrator, Some("registration_token_missing"))
    );
    let explained = plainly("200", "Token has expired.");
    assert_eq!(
        explained.cause.map(Cause::id),
        Some("registration_token_missing")
    );
    assert_eq!(
        plainly("3610", "Meeting does not exist.").party,
        Party::User
    );
}

#[test]
fn a_wrong_passcode_is_the_fault_of_whoever_supplied_it() {
    for code in ["3004", "3714", "200"] {
        let by = |supplier| explain(Some(code), Some("Meeting Passcode wrong."), None, supplier);
        for (supplier, class, party) in [
            (Integrator, App, Party::Integrator),
            (Supplier::User, User, Party::User),
            (Supplier::Unknown, Meeting, Party::Host),
        ] {
            let explained = by(supplier);
            assert_eq!((explained.class, explained.party), (class, party), "{code}");
            assert_eq!(explained.cause.map(Cause::id), Some("wrong_password"));
        }
        assert!(by(Supplier::User).tell_user.contains("passcode"));
        assert!(!by(Integrator).tell_user.contains("passcode"));
    }
}

#[test]
fn who_supplied_the_passcode_matters_to_no_other_failure() {
    for (code, _, _) in reference().filter(|(code, _, _)| !["3004", "3714"].contains(code)) {
        let by = |supplier| explain(Some(code), None, None, supplier);
        assert_eq!(by(Integrator), by(Supplier::User), "{code}");
        assert_eq!(by(Integrator), by(Supplier::Unknown), "{code}");
    }
}

#[test]
fn component_view_is_told_how_it_spells_the_passcode() {
    let by = |view| explain(Some("3004"), None, Some(view), Integrator).tell_operator;
    assert!(by(View::Component).contains("`password`"));
    assert!(!by(View::Client).contains("`password`"));
}

#[test]
fn a_failure_serialises_as_the_contract_says() {
    let explained = explain(
        Some("200"),
        Some("The signature has expired."),
        Some(View::Component),
        Integrator,
    );
    assert_eq!(
        serde_json::to_value(&explained).unwrap(),
        json!({
            "code": "200", "reason": "The signature has expired.", "class": "signature", "party": "integrator", "cause": "exp_in_past",
            "tell_user": "Joining failed. Please try again in a moment.",
            "tell_operator": "Mint a fresh signature for every join; if it was fresh, the clock that signed is behind.",
            "is_listed": true, "read_as": 3705,
        })
    );
}
