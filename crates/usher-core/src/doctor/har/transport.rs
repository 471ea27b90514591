//! Where a try to join did not get Zoom's own answer: what stood in the way.

use super::answer::Outcome;
use super::attempt::Attempt;
use super::policy;
use super::recording::{Recording, Side, SideFailure};
use crate::doctor::Finding;
use crate::doctor::report::{Severity, Weight};
use crate::verdict::{Cause, Party};

/// What stood in the way, and what else it can be.
pub(super) struct Obstacle {
    pub(super) finding: Finding,
    pub(super) suspects: Vec<Cause>,
}

const FROM_SEVERAL: &str = "Look at how many are affected: one browser, one network, or everybody.";
const NETWORK_OR_ZOOM: &[Cause] = &[Cause::Network, Cause::ZoomPartialOutage, Cause::ZoomOutage];
const ZOOM_OR_NETWORK: &[Cause] = &[Cause::ZoomPartialOutage, Cause::ZoomOutage, Cause::Network];

/// A finding that fails the join, whether or not its cause is known.
pub(super) fn obstacle(
    rule: &'static str,
    cause: Option<Cause>,
    suspects: &[Cause],
    message: impl Into<String>,
    remedy: impl Into<String>,
) -> Obstacle {
    let party = cause.map_or(Party::Undetermined, Cause::party);
    let mut finding = Finding::warning(rule, cause, message, remedy).by(party);
    finding.severity = Severity::Error;
    finding.weight = Weight::Together;
    Obstacle {
        finding,
        suspects: suspects.to_vec(),
    }
}

/// What stood in this try's way; `None` where Zoom's own answer is in the file, or may be.
pub(super) fn in_the_way(recording: &Recording, attempt: &Attempt) -> Option<Obstacle> {
    let host = &attempt.host;
    Some(match &attempt.outcome {
        Outcome::Accepted | Outcome::Refused(_) | Outcome::WithoutBody => return None,
        Outcome::Failed(error, name) => {
            if let Some(forbidden) = forbidden_by_policy(recording, attempt.asks_for_call()) {
                return Some(forbidden);
            }
            let mut obstacle = obstacle(
                "har_failed",
                error.cause,
                error.suspects,
                format!(
                    "The join request to {host} got no answer ({name}): {}.",
                    error.meaning
                ),
                error.remedy,
            );
            if let Some(party) = error.party {
                obstacle.finding.party = party;
            }
            obstacle
        }
        Outcome::Unanswered => obstacle(
            "har_unanswered",
            None,
            NETWORK_OR_ZOOM,
            format!(
                "The join request to {host} had got no answer by the end of the recording, and no error either: it hangs. The SDK gives up a POST after 30 s."
            ),
            FROM_SEVERAL,
        ),
        Outcome::Redirected {
            is_extension: true, ..
        } => obstacle(
            "har_redirected",
            Some(Cause::Browser),
            &[],
            format!("An extension of the browser redirected the join request to {host}."),
            "Switch extensions off for this site, or try a private window.",
        ),
        Outcome::Redirected {
            is_elsewhere: true, ..
        } => obstacle(
            "har_redirected",
            Some(Cause::Network),
            &[],
            format!(
                "The join request to {host} was redirected to a host that is not Zoom's: a proxy or a captive portal (a network that wants people to log in) answered in its place."
            ),
            "Log in to the network, or let *.zoom.us past the proxy.",
        ),
        Outcome::Redirected { .. } => obstacle(
            "har_redirected",
            None,
            ZOOM_OR_NETWORK,
            format!("The join request to {host} was redirected: the SDK expects an answer."),
            "Check `webEndpoint` in `init()`, if it is set.",
        ),
        Outcome::Unreadable { is_page, is_json } => unreadable(attempt, *is_page, *is_json),
        Outcome::WithoutCors => obstacle(
            "har_cors",
            None,
            &[Cause::Network, Cause::ZoomPartialOutage],
            format!(
                "{host} answered, but without `Access-Control-Allow-Origin`: the browser keeps the answer from the page (CORS)."
            ),
            "Zoom sends that header; look for a proxy that takes it away, or a `webEndpoint` that is not Zoom's.",
        ),
        Outcome::Http { status, is_page } => of_status(attempt, *status, *is_page),
    })
}

fn unreadable(attempt: &Attempt, is_page: bool, is_json: bool) -> Obstacle {
    let host = &attempt.host;
    let what = match (is_page, is_json, attempt.asks_for_call()) {
        (true, ..) => {
            "a web page where the SDK asks for data: a proxy, a filter or a captive portal may have answered in its place, or Zoom turned the browser away"
        }
        (_, true, true) => "JSON where the SDK asks for a call of its function (JSONP)",
        (_, true, false) => "JSON without an error code",
        _ => "something that the SDK can't read",
    };
    obstacle(
        "har_unreadable_answer",
        None,
        NETWORK_OR_ZOOM,
        format!("{host} answered with {what}."),
        "Open the address of the request in a tab of that browser: what shows there is what the SDK got.",
    )
}

fn of_status(attempt: &Attempt, status: i32, is_page: bool) -> Obstacle {
    let host = &attempt.host;
    let (cause, suspects, what, remedy): (_, &[Cause], _, _) = match status {
        407 | 511 => (
            Some(Cause::Network),
            &[],
            "the network wants a login first",
            "Log in to the network, or let *.zoom.us past the proxy.",
        ),
        429 if !is_page => (
            Some(Cause::RateLimited),
            &[],
            "too many requests came from this address or for this app",
            "Space the joins out; look for a page that joins in a loop.",
        ),
        404 if !attempt.is_zooms_host => (
            None,
            &[Cause::WrongInitParameter, Cause::Network],
            "nothing there answers joins",
            "Leave `webEndpoint` out of `init()`, or name a host of Zoom's.",
        ),
        500.. => (
            None,
            ZOOM_OR_NETWORK,
            "the server failed, or a gateway before it",
            "Try again; look at Zoom's status page and at how many are affected.",
        ),
        _ => (
            None,
            NETWORK_OR_ZOOM,
            "it was turned away before anybody looked at the signature",
            "Open the address of the request in a tab of that browser: what shows there is what the SDK got.",
        ),
    };
    let page = if is_page { ", with a web page" } else { "" };
    obstacle(
        "har_http_status",
        cause,
        suspects,
        format!("The join request to {host} was answered with HTTP {status}{page}: {what}."),
        remedy,
    )
}

/// Whether the page's own policy forbids what failed.
fn forbidden_by_policy(recording: &Recording, asks_for_call: bool) -> Option<Obstacle> {
    let directive = policy::forbids_zoom(recording.policy.as_deref()?, asks_for_call)?;
    let mut obstacle = obstacle(
        "har_csp",
        Some(Cause::Browser),
        &[],
        format!(
            "The page's Content-Security-Policy does not allow Zoom in `{directive}`: the browser did not send the join request."
        ),
        "Allow https://zoom.us https://*.zoom.us in `connect-src` and `script-src`, and wss://*.zoom.us in `connect-src`.",
    );
    obstacle.finding.party = Party::Integrator;
    Some(obstacle)
}

/// What stood in the way where the SDK sent no join request at all.
pub(super) fn before_any_request(recording: &Recording) -> Obstacle {
    if let Some(failure) = recording
        .side_failures
        .iter()
        .find(|failure| matches!(failure.what, Side::SdkFile { .. }))
    {
        return beside(failure);
    }
    // Whether the SDK would have sent a script's request or a POST, its version decides.
    if policy_forbids(recording, true)
        && policy_forbids(recording, false)
        && let Some(forbidden) = forbidden_by_policy(recording, false)
    {
        return forbidden;
    }
    let where_from = if recording.sdk_files > 0 {
        "The SDK's files were loaded, but it never asked Zoom to join"
    } else {
        "Neither a join request nor a file of the SDK's is in this recording"
    };
    obstacle(
        "har_no_join_request",
        None,
        &[
            Cause::WrongInitParameter,
            Cause::MissingClaim,
            Cause::WrappedSignature,
            Cause::Browser,
        ],
        format!(
            "{where_from}. Either the recording began after the join or is of another tab, or the SDK refused before it sent anything: an unknown key or an unusable value in `join()` (Client View 2.16.0 hangs on one without a word), a signature that is no JWT or has no `appKey`, `join()` before `init()` was done."
        ),
        "Hand the object that goes into `join()` to `usher doctor --join`, and the console's message to `usher doctor`; record from before the page is loaded.",
    )
}

fn policy_forbids(recording: &Recording, asks_for_call: bool) -> bool {
    let policy = recording.policy.as_deref();
    policy.is_some_and(|policy| policy::forbids_zoom(policy, asks_for_call).is_some())
}

/// What went wrong beside the join request.
pub(super) fn beside(failure: &SideFailure) -> Obstacle {
    let how = match (failure.status, &failure.error_name) {
        (0, Some(name)) => format!("got no answer ({name}): {}", failure.error.meaning),
        (0, None) => format!("failed: {}", failure.error.meaning),
        (status, _) => format!("was answered with HTTP {status}"),
    };
    let (cause, suspects, remedy) = if failure.status == 0 {
        (
            failure.error.cause,
            failure.error.suspects,
            failure.error.remedy,
        )
    } else {
        (None, NETWORK_OR_ZOOM, FROM_SEVERAL)
    };
    let mut obstacle = match &failure.what {
        Side::SdkFile {
            name,
            is_web_assembly,
        } => {
            let what = if *is_web_assembly {
                "Without its audio and video code (WebAssembly) the SDK waits two minutes and never calls back (3635)."
            } else {
                "Without it the SDK does not run."
            };
            let is_missing = failure.status == 404;
            obstacle(
                "har_sdk_file",
                if is_missing {
                    Some(Cause::WrongInitParameter)
                } else {
                    cause
                },
                suspects,
                format!("The SDK's file {name} {how}. {what}"),
                if is_missing {
                    "Check the paths given to `setZoomJSLib()` or `assetPath`: they have to lead to the files of this SDK version."
                } else {
                    remedy
                },
            )
        }
        Side::Preflight => obstacle(
            "har_preflight",
            cause,
            suspects,
            format!("The browser's question whether the page may ask Zoom (CORS preflight) {how}."),
            remedy,
        ),
        Side::Ping => obstacle(
            "har_ping",
            cause,
            suspects,
            format!("After the join was accepted, the SDK's ping {how}."),
            remedy,
        ),
        Side::WebSocket => obstacle(
            "har_web_socket",
            cause,
            suspects,
            format!("The connection to the meeting (WebSocket) {how}."),
            "Let wss://*.zoom.us through: proxies that don't know WebSocket break it.",
        ),
    };
    if let Some(party) = failure.error.party.filter(|_| failure.status == 0) {
        obstacle.finding.party = party;
    }
    obstacle
}
