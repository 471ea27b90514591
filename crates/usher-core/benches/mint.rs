//! Nanoseconds per minted token, beside the `jsonwebtoken` crate on the same claims. `scripts/bench` adds jsrsasign.

#![allow(clippy::expect_used)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use jiff::Timestamp;
use jsonwebtoken::{EncodingKey, Header};
use serde::Serialize;
use usher_core::meeting::{MeetingNumber, Role};
use usher_core::signature::{Claims, KeyPair, Validity};

const KEY: &str = "aSdkKeyForTests0000001";
const SECRET: &str = "aSecretForTestsThatIsNobodys0001";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SameClaims<'a> {
    app_key: &'a str,
    sdk_key: &'a str,
    mn: &'a str,
    role: u8,
    iat: i64,
    exp: i64,
    token_exp: i64,
}

fn mint(c: &mut Criterion) {
    let now = Timestamp::from_second(1_700_000_000).expect("a moment");
    let number = MeetingNumber::parse("85012345678").expect("a number");
    let mut group = c.benchmark_group("mint");
    let key_pair = KeyPair::new(KEY, SECRET).expect("a pair");
    group.bench_function("usher", |b| {
        b.iter(|| {
            let validity = Validity::new(black_box(now), 30, 7200).expect("a validity");
            let claims = Claims::web(
                key_pair.sdk_key(),
                black_box(number),
                Role::Attendee,
                validity,
                None,
            )
            .expect("claims");
            key_pair.sign(&claims)
        });
    });
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let header = Header::default();
    group.bench_function("jsonwebtoken", |b| {
        b.iter(|| {
            let iat = black_box(now).as_second() - 30;
            let claims = SameClaims {
                app_key: KEY,
                sdk_key: KEY,
                mn: black_box("85012345678"),
                role: 0,
                iat,
                exp: iat + 7200,
                token_exp: iat + 7200,
            };
            jsonwebtoken::encode(&header, &claims, &key).expect("a token")
        });
    });
    group.finish();
}

criterion_group!(benches, mint);
criterion_main!(benches);
