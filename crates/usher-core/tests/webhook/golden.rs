//! Signatures by Python's hmac and node's crypto: `make_vectors.py` says how they were made.

use serde::Deserialize;
use usher_core::webhook::{challenge_answer, verify};

use crate::signed::time;

#[derive(Deserialize)]
struct Vectors {
    signatures: Vec<Signed>,
    challenges: Vec<Challenge>,
}

#[derive(Deserialize)]
struct Signed {
    made_by: String,
    secret: String,
    timestamp: String,
    body: String,
    signature: String,
}

#[derive(Deserialize)]
struct Challenge {
    made_by: String,
    secret: String,
    plain_token: String,
    encrypted_token: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

#[test]
fn what_others_sign_verifies_here_by_its_raw_body() {
    let vectors = vectors().signatures;
    assert_eq!(vectors.len(), 24);
    for vector in vectors {
        let verified = verify(
            vector.body.as_bytes(),
            Some(&vector.signature),
            Some(&vector.timestamp),
            &["another secret", &vector.secret],
            time("2022-06-06T08:24:10Z"),
        )
        .unwrap();
        assert_eq!(verified.secret_index, 1, "{}", vector.made_by);
        assert_eq!(verified.sent_at.as_second(), 1_654_503_849);
    }
}

#[test]
fn a_challenge_is_answered_as_others_answer_it() {
    let vectors = vectors().challenges;
    assert_eq!(vectors.len(), 6);
    for vector in vectors {
        let answer = challenge_answer(&vector.plain_token, &vector.secret).unwrap();
        assert_eq!(
            serde_json::to_value(answer).unwrap(),
            serde_json::json!({ "plainToken": vector.plain_token, "encryptedToken": vector.encrypted_token }),
            "{}",
            vector.made_by
        );
    }
}
