//! Asking a host for nothing but an answer: what time it has there, and whether we can reach it.

use std::time::{Duration, Instant};

use reqwest::Url;
use tokio::time::timeout;
use usher_core::witness::{Call, CallOutcome};

use super::call::no_answer;
use super::{ZoomClient, ZoomError};
use crate::witnesses::Ending;

/// As long as an attempt of any other question may take.
const TIMEOUT: Duration = Duration::from_secs(3);

impl ZoomClient {
    /// The addresses to probe: each configured host of Zoom's once.
    pub fn probed(&self) -> Vec<Url> {
        let addresses = self.rest.addresses();
        let mut probed = vec![addresses.api.clone()];
        if addresses.oauth.authority() != addresses.api.authority() {
            probed.push(addresses.oauth.clone());
        }
        probed
    }

    /// Asks a host of Zoom's; says how long the answer took. Without credentials: any answer that is its own will do.
    pub async fn probe(&self, url: &Url) -> Result<Duration, ZoomError> {
        self.ask_for_any_answer(url, true).await
    }

    /// Asks the control, which is not Zoom's, so that its clock tells nothing of Zoom's.
    pub async fn probe_control(&self, url: &Url) -> Result<Duration, ZoomError> {
        self.ask_for_any_answer(url, false).await
    }

    async fn ask_for_any_answer(&self, url: &Url, is_zooms: bool) -> Result<Duration, ZoomError> {
        let wire = &self.rest.wire;
        let host = url.authority().to_owned();
        let began = Instant::now();
        let answer = match timeout(TIMEOUT, wire.http.head(url.clone()).send()).await {
            Ok(answer) => answer.map_err(|error| no_answer(host.clone(), &error)),
            Err(_) => Err(ZoomError::Timeout {
                host: host.clone(),
                phase: None,
            }),
        };
        let round_trip = began.elapsed();
        if let Ok(response) = &answer
            && is_zooms
        {
            wire.hear(url, began, response);
        }
        let status = answer.as_ref().ok().map(|answer| answer.status().as_u16());
        let (outcome, phase) = match (&answer, status) {
            (Err(error), _) => error.outcome(),
            (_, Some(429)) => (CallOutcome::Limited, None),
            (_, Some(500..)) => (CallOutcome::Error, None),
            _ => (CallOutcome::Ok, None),
        };
        if let Some(witnesses) = &wire.witnesses {
            let ending = Ending {
                call: Call::Probe,
                host,
                account: None,
                outcome,
                http: status,
                code: None,
                phase,
            };
            witnesses.api.saw((wire.now)(), ending, round_trip);
        }
        answer.map(|_| round_trip)
    }
}
