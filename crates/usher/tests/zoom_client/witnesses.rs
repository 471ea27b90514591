//! What the witnesses hear of calls to Zoom, and keep.

use std::sync::Arc;

use jiff::SignedDuration;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use usher::directory::{Directory, Sources};
use usher::seal::MasterKey;
use usher::store::{Address, IfOlder};
use usher::witnesses::{Log, Timepiece, Witnesses};
use usher::zoom::{ZoomClient, ZoomHosts};
use usher_core::clock::NoReading;
use usher_core::witness::{ApiLine, Call, CallOutcome, Line, Phase};
use usher_sim::{DEMO_CLIENT_SECRET, FaultAnswer, Options, Simulator};

use crate::{MEETING, OAUTH, Zoom, account, json, now, number, status};

/// Witnesses whose lines go to a store of their own.
struct Watched {
    witnesses: Arc<Witnesses>,
    directory: Arc<Directory>,
    writer: JoinHandle<()>,
    _folder: TempDir,
}

impl Watched {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sources = Sources {
            store: Address::Sqlite(folder.path().join("usher.sqlite")),
            if_older: IfOlder::Refuse,
            snapshot: folder.path().join("snapshot"),
        };
        let key = Arc::new(MasterKey::generate().unwrap());
        let directory = Arc::new(Directory::start(sources, key, now).await.unwrap());
        let (log, writer) = Log::start(Arc::clone(&directory), "tested");
        let timepiece = Timepiece {
            wall: now,
            since_boot: || now().duration_since(jiff::Timestamp::UNIX_EPOCH),
        };
        Self {
            witnesses: Arc::new(Witnesses::new(timepiece, log)),
            directory,
            writer,
            _folder: folder,
        }
    }

    fn client(&self, hosts: &ZoomHosts) -> ZoomClient {
        let client = ZoomClient::new(hosts, vec![account("default")], now).unwrap();
        client.watched_by(Arc::clone(&self.witnesses))
    }

    /// All that was said, once nobody can say any more.
    async fn lines(self) -> Vec<Line> {
        self.witnesses.api.keep_minutes_before(jiff::Timestamp::MAX);
        drop(self.witnesses);
        self.writer.await.unwrap();
        let store = self.directory.store().unwrap();
        let (from, to) = (jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::MAX);
        let page = store.lines(None, from, to, None, 1000).await.unwrap();
        page.lines.into_iter().map(|stored| stored.line).collect()
    }

    async fn calls(self) -> Vec<ApiLine> {
        let lines = self.lines().await.into_iter();
        lines
            .filter_map(|line| match line {
                Line::Api(line) => Some(line),
                _ => None,
            })
            .collect()
    }
}

#[tokio::test]
async fn calls_that_went_well_are_kept_by_the_minute_and_others_one_by_one() {
    let zoom = Zoom::start().await;
    let watched = Watched::start().await;
    let client = watched.client(&Zoom::hosts(&zoom.0.http_url()));
    for _ in 0..3 {
        client.meeting("default", number()).await.unwrap();
    }
    zoom.answers(
        MEETING,
        json(404, serde_json::json!({"code": 3001, "message": "No."})),
    );
    client.meeting("default", number()).await.unwrap_err();
    drop(client);
    let mut calls = watched.calls().await;
    calls.sort_by_key(|line| (line.call, line.outcome));
    let told: Vec<_> = calls
        .iter()
        .map(|line| {
            (
                line.call,
                line.outcome,
                line.http,
                line.code.as_deref(),
                line.count,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (Call::OAuth, CallOutcome::Ok, None, None, 1),
            (Call::Meeting, CallOutcome::Ok, None, None, 3),
            (
                Call::Meeting,
                CallOutcome::Refused,
                Some(404),
                Some("3001"),
                1
            ),
        ]
    );
    let host = zoom.0.http_url().replace("http://", "");
    for line in &calls {
        assert_eq!(line.host, host);
        assert_eq!(line.account.as_deref(), Some("default"));
        assert_eq!(line.instance.as_deref(), Some("tested"));
        assert!(line.latency_ms.is_some_and(|ms| ms >= 0.0));
    }
}

#[tokio::test]
async fn a_failure_tells_how_far_the_call_got() {
    let plain = Zoom::start().await;
    let gone = Simulator::start(Options::default()).await.unwrap();
    let nobody = gone.http_url();
    gone.shutdown().await;
    let base = plain.0.http_url();
    let not_tls = base.replace("http://", "https://");
    plain.answers(OAUTH, FaultAnswer::Close);
    for (base, outcome, phase) in [
        ("https://zoom.invalid", CallOutcome::Unreachable, Phase::Dns),
        (nobody.as_str(), CallOutcome::Unreachable, Phase::Tcp),
        (not_tls.as_str(), CallOutcome::Unreachable, Phase::Tls),
        (base.as_str(), CallOutcome::Unreachable, Phase::Http),
    ] {
        let watched = Watched::start().await;
        let client = watched.client(&Zoom::hosts(base));
        let error = client.meeting("default", number()).await.unwrap_err();
        assert!(!error.to_string().contains(DEMO_CLIENT_SECRET));
        drop(client);
        let calls = watched.calls().await;
        let told = (calls[0].outcome, calls[0].phase);
        assert_eq!(told, (outcome, Some(phase)), "{base}: {error}");
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_the_fault_of_tls() {
    let zoom = Zoom::start().await;
    let watched = Watched::start().await;
    let client = watched.client(&Zoom::hosts(&zoom.0.https_url().unwrap()));
    for url in client.probed() {
        client.probe(&url).await.unwrap_err();
    }
    drop(client);
    let calls = watched.calls().await;
    assert_eq!(calls[0].call, Call::Probe);
    assert_eq!(calls[0].phase, Some(Phase::Tls));
}

#[tokio::test]
async fn a_failing_call_is_kept_twenty_times_a_minute_and_then_counted() {
    let zoom = Zoom::start().await;
    let watched = Watched::start().await;
    let client = watched.client(&Zoom::hosts(&zoom.0.http_url()));
    zoom.answers(MEETING, status(404));
    for _ in 0..50 {
        client.meeting("default", number()).await.unwrap_err();
    }
    drop(client);
    let calls = watched.calls().await;
    let failed = calls
        .iter()
        .filter(|line| line.outcome == CallOutcome::Refused);
    let counts: Vec<u64> = failed.map(|line| line.count).collect();
    assert_eq!(counts.iter().sum::<u64>(), 50);
    // One line more for each minute that the test touches.
    assert!((21..=42).contains(&counts.len()), "{counts:?}");
}

#[tokio::test]
async fn every_answer_tells_the_time_even_a_refusal_and_probes_need_no_credentials() {
    let zoom = Zoom::start().await;
    let offset = usher_sim::OffsetMs::try_from(-600_000).unwrap();
    zoom.0
        .steer(|zoom| zoom.clock.set(usher_sim::ANY_HOST, offset));
    let watched = Watched::start().await;
    let client = watched.client(&Zoom::hosts(&zoom.0.http_url()));
    for url in client.probed() {
        client.probe(&url).await.unwrap();
    }
    let estimate = watched.witnesses.clock.estimate();
    let offset = estimate.offset.unwrap();
    assert!(
        offset.contains(SignedDuration::from_secs(600)),
        "{offset:?}"
    );
    assert!(!estimate.is_corroborated, "plain http proves no host");
    drop(client);
    let lines = watched.lines().await;
    assert!(lines.iter().any(|line| matches!(line, Line::Clock(_))));
    let moved = lines.iter().find_map(|line| match line {
        Line::Change(change) => Some(change.text.as_str()),
        _ => None,
    });
    assert!(moved.is_some_and(|text| text.starts_with("Signatures are dated 60.0 s earlier")));
}

#[tokio::test]
async fn the_clock_of_a_proxy_or_a_portal_is_not_taken_for_zooms() {
    let html = |status: u16| FaultAnswer::Html {
        status: status.try_into().unwrap(),
    };
    for answer in [html(200), html(502), html(511), status(302)] {
        let zoom = Zoom::start().await;
        zoom.answers(MEETING, answer);
        zoom.answers(OAUTH, html(503));
        let watched = Watched::start().await;
        let client = watched.client(&Zoom::hosts(&zoom.0.http_url()));
        client.meeting("default", number()).await.unwrap_err();
        assert_eq!(watched.witnesses.clock.estimate().offset, None);
        let no_readings = watched.witnesses.clock.no_readings();
        let reasons: Vec<_> = no_readings.into_values().collect();
        assert_eq!(reasons, [NoReading::NotItsOwn]);
    }
}

#[tokio::test]
async fn an_answer_out_of_a_cache_or_without_its_time_moves_nothing() {
    for (headers, reason) in [
        (serde_json::json!({"age_s": 7}), NoReading::FromCache),
        (serde_json::json!({"date": "missing"}), NoReading::NoDate),
        (
            serde_json::json!({"date": "malformed"}),
            NoReading::MalformedDate,
        ),
    ] {
        let zoom = Zoom::start().await;
        let fault = serde_json::json!({"path": "*", "headers": headers});
        let fault = serde_json::from_value(fault).unwrap();
        zoom.0.steer(|zoom| zoom.faults.add(fault));
        let watched = Watched::start().await;
        let client = watched.client(&Zoom::hosts(&zoom.0.http_url()));
        client.meeting("default", number()).await.unwrap();
        assert_eq!(watched.witnesses.clock.estimate().offset, None);
        let no_readings = watched.witnesses.clock.no_readings();
        let reasons: Vec<_> = no_readings.into_values().collect();
        assert_eq!(reasons, [reason]);
    }
}

#[tokio::test]
async fn the_control_tells_nothing_of_zooms_clock() {
    let zoom = Zoom::start().await;
    let watched = Watched::start().await;
    let client = watched.client(&Zoom::hosts("https://zoom.invalid"));
    let control = zoom.0.http_url().parse().unwrap();
    client.probe_control(&control).await.unwrap();
    assert_eq!(watched.witnesses.clock.estimate().offset, None);
    drop(client);
    let calls = watched.calls().await;
    assert_eq!(
        (calls[0].call, calls[0].outcome),
        (Call::Probe, CallOutcome::Ok)
    );
}
