//! The status page witness: asks Zoom's page about once a minute, and keeps what it says whenever that changes, with the time at which we
//! saw it. A page that is clean while joins fail is evidence, too, and so is one that can't be reached.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{ACCEPT, ETAG, HeaderValue, IF_NONE_MATCH};
use reqwest::{Client, Response, StatusCode, Url};
use tokio::time::{sleep, timeout};
use usher_core::witness::{Line, StatusLine, StatusReading};

use super::log::Log;
use crate::zoom::root_cause;

const ASKED_EVERY: Duration = Duration::from_mins(1);
/// While it fails, the wait doubles up to this.
const ASKED_AT_LEAST_EVERY: Duration = Duration::from_mins(10);
/// Part of a wait that chance adds or takes away, so that many Ushers don't ask at once.
const JITTER: f64 = 0.1;
const TIMEOUT: Duration = Duration::from_secs(5);
/// Zoom's page has some hundred components of half a kilobyte (unverified).
const BODY_MAX_BYTES: usize = 1024 * 1024;
/// A line holds until the next; one is kept so often all the same, so that a short span of readings has one.
const KEPT_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// The pages to ask: the first that answers as a status page does is believed.
#[derive(Debug)]
pub(super) struct StatusPages {
    http: Client,
    pages: Vec<Page>,
    kept: Option<StatusLine>,
}

#[derive(Debug)]
struct Page {
    url: Url,
    known: Option<(HeaderValue, StatusReading)>,
}

impl StatusPages {
    /// `addresses` as in `https://www.zoomstatus.com/`.
    pub(super) fn new(http: Client, addresses: &[Url]) -> Self {
        let summaries = addresses
            .iter()
            .filter_map(|address| address.join("/api/v2/summary.json").ok());
        Self {
            http,
            pages: summaries.map(|url| Page { url, known: None }).collect(),
            kept: None,
        }
    }

    /// Asks on and on.
    pub(super) async fn ask_on(mut self, log: &Log, now: fn() -> Timestamp) {
        let mut failures = 0;
        loop {
            let line = self.look(now).await;
            failures = if line.reachable { 0 } else { failures + 1 };
            if let Some(news) = self.news(line) {
                log.keep(Line::Status(news));
            }
            sleep(pause(failures, rand::random())).await;
        }
    }

    async fn look(&mut self, now: fn() -> Timestamp) -> StatusLine {
        let mut problems = Vec::new();
        for page in &mut self.pages {
            let answer = timeout(TIMEOUT, page.ask(&self.http)).await;
            match answer
                .unwrap_or_else(|_| Err(format!("no answer within {} s", TIMEOUT.as_secs())))
            {
                Ok(reading) => return reading.into_line(now()),
                Err(problem) => problems.push(format!("{}: {problem}", page.url.authority())),
            }
        }
        StatusLine {
            at: now(),
            reachable: false,
            indicator: None,
            components: Vec::new(),
            incidents: Vec::new(),
            problem: Some(problems.join("; ")),
            instance: None,
        }
    }

    /// The line, if it says something else than the one that was kept last, or that is old.
    fn news(&mut self, line: StatusLine) -> Option<StatusLine> {
        let is_known = self.kept.as_ref().is_some_and(|kept| {
            let says_the_same = StatusLine {
                at: line.at,
                ..kept.clone()
            } == line;
            // Also if our clock was set back.
            says_the_same && line.at.duration_since(kept.at).abs() < KEPT_EVERY
        });
        (!is_known).then(|| self.kept.insert(line).clone())
    }
}

impl Page {
    async fn ask(&mut self, http: &Client) -> Result<StatusReading, String> {
        let mut request = http
            .get(self.url.clone())
            .header(ACCEPT, "application/json");
        if let Some((etag, _)) = &self.known {
            request = request.header(IF_NONE_MATCH, etag);
        }
        let answer = request.send().await.map_err(|error| root_cause(&error))?;
        match (answer.status(), &self.known) {
            (StatusCode::NOT_MODIFIED, Some((_, reading))) => return Ok(reading.clone()),
            (StatusCode::NOT_MODIFIED, None) => {
                return Err(
                    "it says that nothing changed (HTTP 304) since nothing was read".to_owned(),
                );
            }
            (status, _) if status.is_success() => {}
            (status, _) if status.is_redirection() => {
                return Err(format!(
                    "it redirects (HTTP {}), and is not followed",
                    status.as_u16()
                ));
            }
            (status, _) => return Err(format!("HTTP {}", status.as_u16())),
        }
        let etag = answer.headers().get(ETAG).cloned();
        let reading =
            StatusReading::parse(&body(answer).await?).map_err(|error| error.to_string())?;
        self.known = etag.map(|etag| (etag, reading.clone()));
        Ok(reading)
    }
}

async fn body(mut answer: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = answer
        .chunk()
        .await
        .map_err(|_| "it broke off".to_owned())?
    {
        if body.len() + chunk.len() > BODY_MAX_BYTES {
            return Err("it is longer than 1 MiB".to_owned());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// How long to wait after so many failures in a row; `chance` is uniform in 0..1.
fn pause(failures: u32, chance: f64) -> Duration {
    let doubled = ASKED_EVERY.saturating_mul(2_u32.saturating_pow(failures));
    doubled
        .min(ASKED_AT_LEAST_EVERY)
        .mul_f64(1.0 + JITTER * (2.0 * chance - 1.0))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use usher_core::witness::Indicator;
    use usher_sim::{Fault, FaultAnswer, HeaderText, Options, Simulator, Status, StatusPage};

    use super::*;

    const SUMMARY: &str = "/api/v2/summary.json";

    async fn simulator() -> Simulator {
        let options = Options {
            tls_listen: None,
            ..Options::default()
        };
        Simulator::start(options).await.unwrap()
    }

    fn pages(simulators: &[&Simulator]) -> StatusPages {
        let http = crate::zoom::http_client(&crate::zoom::ZoomHosts::default()).unwrap();
        let addresses: Vec<Url> = simulators
            .iter()
            .map(|simulator| simulator.http_url().parse().unwrap())
            .collect();
        StatusPages::new(http, &addresses)
    }

    fn page_says(simulator: &Simulator, page: serde_json::Value) {
        let page: StatusPage = serde_json::from_value(page).unwrap();
        simulator.steer(|world| world.put_status(page));
    }

    fn answers(simulator: &Simulator, answer: FaultAnswer) {
        simulator.steer(|world| {
            world.faults.clear();
            world.faults.add(Fault {
                path: SUMMARY.to_owned(),
                answer: Some(answer),
                ..Fault::default()
            })
        });
    }

    #[tokio::test]
    async fn the_page_is_read_as_it_is_now() {
        let zoom = simulator().await;
        let mut pages = pages(&[&zoom]);
        let clean = pages.look(Timestamp::now).await;
        assert_eq!(clean.indicator, Some(Indicator::None));
        assert!(clean.reachable && clean.components.is_empty() && clean.problem.is_none());
        page_says(
            &zoom,
            json!({
                "components": [{ "name": "Zoom Meetings", "status": "major_outage" }],
                "incidents": [{ "name": "Joins fail", "impact": "major", "components": ["Zoom Meetings"] }],
            }),
        );
        let failing = pages.look(Timestamp::now).await;
        assert_eq!(failing.indicator, Some(Indicator::Critical));
        assert_eq!(failing.components[0].name, "Zoom Meetings");
        assert_eq!(failing.incidents[0].status, "investigating");
    }

    #[tokio::test]
    async fn a_page_that_did_not_change_is_not_sent_again_and_says_the_same() {
        let zoom = simulator().await;
        let mut pages = pages(&[&zoom]);
        page_says(&zoom, json!({ "indicator": "minor" }));
        for expected in [200, 304, 304] {
            let line = pages.look(Timestamp::now).await;
            assert_eq!(line.indicator, Some(Indicator::Minor));
            let status = zoom.steer(|world| world.requests.iter().last().unwrap().status);
            assert_eq!(status, Some(expected));
        }
    }

    #[tokio::test]
    async fn whatever_is_no_status_page_is_not_reached_for_a_reason() {
        let zoom = simulator().await;
        let mut pages = pages(&[&zoom]);
        let status = |code: u16| Status::try_from(code).unwrap();
        let to = HeaderText::try_from("https://portal.example/".to_owned()).unwrap();
        for (answer, reason) in [
            (
                FaultAnswer::Html {
                    status: status(200),
                },
                "it is a web page instead of JSON",
            ),
            (
                FaultAnswer::Html {
                    status: status(503),
                },
                "HTTP 503",
            ),
            (
                FaultAnswer::Redirect {
                    to,
                    status: status(302),
                },
                "it redirects (HTTP 302), and is not followed",
            ),
            (
                FaultAnswer::Garbage {
                    status: status(200),
                },
                "it is no JSON",
            ),
            (
                FaultAnswer::Half {
                    status: status(200),
                },
                "it broke off",
            ),
            (
                FaultAnswer::Json {
                    status: status(200),
                    body: json!({ "error": "log in" }),
                    retry_after: None,
                },
                "its JSON is not a status page's",
            ),
            (
                FaultAnswer::Json {
                    status: status(200),
                    body: json!("x".repeat(BODY_MAX_BYTES)),
                    retry_after: None,
                },
                "it is longer than 1 MiB",
            ),
            (
                FaultAnswer::Json {
                    status: status(304),
                    body: json!(null),
                    retry_after: None,
                },
                "it says that nothing changed (HTTP 304)",
            ),
            (FaultAnswer::Close, "connection"),
        ] {
            answers(&zoom, answer);
            let line = pages.look(Timestamp::now).await;
            assert!(!line.reachable && line.indicator.is_none());
            let problem = line.problem.unwrap();
            assert!(
                problem.starts_with("127.0.0.1:") && problem.contains(reason),
                "{reason}: {problem}"
            );
        }
    }

    #[tokio::test]
    async fn a_page_that_hangs_is_waited_for_five_seconds() {
        let zoom = simulator().await;
        let mut pages = pages(&[&zoom]);
        // So that there is a connection: making one has a time limit of its own.
        pages.look(Timestamp::now).await;
        answers(&zoom, FaultAnswer::Hang);
        tokio::time::pause();
        let began = tokio::time::Instant::now();
        let problem = pages.look(Timestamp::now).await.problem.unwrap();
        assert!(problem.ends_with(": no answer within 5 s"), "{problem}");
        assert_eq!(began.elapsed().as_secs(), 5);
    }

    #[tokio::test]
    async fn the_second_host_is_asked_only_if_the_first_does_not_answer_as_a_page_does() {
        let (first, second) = (simulator().await, simulator().await);
        let mut pages = pages(&[&first, &second]);
        page_says(&second, json!({ "indicator": "critical" }));
        let asked_second = || second.steer(|world| world.requests.count(SUMMARY));
        assert_eq!(
            pages.look(Timestamp::now).await.indicator,
            Some(Indicator::None)
        );
        assert_eq!(asked_second(), 0);
        answers(&first, FaultAnswer::Close);
        let line = pages.look(Timestamp::now).await;
        assert_eq!(
            (line.reachable, line.indicator),
            (true, Some(Indicator::Critical))
        );
        answers(&second, FaultAnswer::Close);
        let line = pages.look(Timestamp::now).await;
        assert!(!line.reachable);
        assert_eq!(line.problem.unwrap().matches("127.0.0.1:").count(), 2);
    }

    #[test]
    fn a_line_is_news_when_it_says_something_else_or_an_hour_later() {
        let start: Timestamp = "2026-11-24T13:00:00Z".parse().unwrap();
        let line = |minute: i64, reachable: bool| StatusLine {
            at: start + SignedDuration::from_mins(minute),
            reachable,
            indicator: reachable.then_some(Indicator::None),
            components: Vec::new(),
            incidents: Vec::new(),
            problem: None,
            instance: None,
        };
        let mut pages = StatusPages::new(Client::new(), &[]);
        let kept: Vec<i64> = [
            (0, true),
            (1, true),
            (59, true),
            (60, true),
            (61, true),
            (62, false),
            (63, false),
            (64, true),
            (124, true),
            (30, true),
        ]
        .into_iter()
        .filter(|(minute, reachable)| pages.news(line(*minute, *reachable)).is_some())
        .map(|(minute, _)| minute)
        .collect();
        assert_eq!(kept, [0, 60, 62, 64, 124, 30]);
    }

    #[test]
    fn waits_double_while_it_fails_and_vary_by_a_tenth() {
        let seconds = |failures, chance| (pause(failures, chance).as_millis() + 500) / 1000;
        for (failures, expected) in [(0, 60), (1, 120), (2, 240), (3, 480), (4, 600), (1000, 600)] {
            assert_eq!(seconds(failures, 0.5), expected);
        }
        assert_eq!((seconds(0, 0.0), seconds(0, 1.0)), (54, 66));
    }
}
