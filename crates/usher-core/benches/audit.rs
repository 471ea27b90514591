//! Signatures judged per second, beside what can't be avoided: parsing the JSON of their claims (`parse_claims_alone`).
//!
//! `right` is what nearly all signatures are; `wrong` is the worst hour, in which each one takes the doctor's full examination.

#![allow(clippy::expect_used)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use serde_json::Value;
use usher_core::attempt::AttemptId;
use usher_core::attempt::origin::Hmac;
use usher_core::audit::{Audit, Shape, Signed};
use usher_core::join::dialect::{SdkVersion, View};
use usher_core::meeting::{MeetingNumber, Role};

const KEY: &str = "aSdkKeyForTests0000001";
const NOW_S: i64 = 1_700_000_000;
const SIGNATURES: u32 = 1_000;
const INSTANCES: [&str; 4] = ["usher-1", "usher-2", "usher-3", "usher-4"];

fn claims_json(iat_s: i64) -> String {
    let exp_s = iat_s + 7_200;
    format!(
        r#"{{"appKey":"{KEY}","sdkKey":"{KEY}","mn":"85012345678","role":0,"iat":{iat_s},"exp":{exp_s},"tokenExp":{exp_s}}}"#
    )
}

fn parse(json: &str) -> Value {
    serde_json::from_str(json).expect("claims")
}

fn audit(claims: &[String], join_shape: &Shape) -> Audit {
    let at = Timestamp::from_second(NOW_S).expect("a moment");
    let number = MeetingNumber::parse("85012345678").expect("a number");
    let mut audit = Audit::new();
    for (json, instance) in claims.iter().zip(INSTANCES.iter().cycle()) {
        audit.add(&Signed {
            attempt: AttemptId::new(at, 1),
            at,
            claims: &parse(json),
            hmac: Hmac::Valid,
            key: Some(KEY),
            meeting_number: Some(number),
            role: Some(Role::Attendee),
            sdk_version: Some(SdkVersion(2, 16, 0)),
            view: Some(View::Client),
            join_shape: Some(join_shape),
            release: Some("2023.10.2"),
            app: Some("tokyo"),
            instance: Some(instance),
            environment: Some("production"),
        });
    }
    audit
}

fn signatures(c: &mut Criterion) {
    let right: Vec<String> = (0..SIGNATURES)
        .map(|index| claims_json(NOW_S - 30 - i64::from(index)))
        .collect();
    let wrong: Vec<String> = (0..SIGNATURES)
        .map(|index| claims_json(NOW_S + 1 + i64::from(index)))
        .collect();
    let join_shape = Shape::of(&parse(
        r#"{"sdkKey":"","signature":"","meetingNumber":"","passWord":"","userName":"","customerKey":""}"#,
    ));
    let mut group = c.benchmark_group("audit");
    group.throughput(Throughput::Elements(SIGNATURES.into()));
    group.bench_function("parse_claims_alone", |b| {
        b.iter(|| {
            for json in &right {
                black_box(parse(black_box(json)));
            }
        });
    });
    group.bench_function("right", |b| {
        b.iter(|| audit(black_box(&right), &join_shape));
    });
    group.bench_function("wrong", |b| {
        b.iter(|| audit(black_box(&wrong), &join_shape));
    });
    group.finish();
}

criterion_group!(benches, signatures);
criterion_main!(benches);
