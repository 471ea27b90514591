//! What an error does *not* mean: the wrong turns that people take (reference 0, 2.5, 3 and 11).

use super::error_code::Reading;

/// The turn that people take and that leads nowhere, or too far.
pub(super) fn sentence(reading: &Reading) -> Option<&'static str> {
    if reading.is_expired_registrant_token() {
        return Some(
            "It does not mean that the meeting is gone or its number wrong, nor that the signature has expired.",
        );
    }
    Some(match reading.failure?.code {
        1 | 200 => {
            "It does not mean that the signature is good: the SDK knows ten sentences of Zoom's as 37xx and shows this for every other, also for one about the signature. Nor that Zoom is down."
        }
        -3000 => {
            "It does not mean that the network is down: every answer that the SDK can't read ends in this, an HTTP error of Zoom's, a page of a proxy, an answer that CORS keeps from it. And it says nothing about the signature, which nobody looked at."
        }
        403 => {
            "It does not mean that somebody lacks a right: the SDK shows it for HTTP 403, 404 and 502 alike."
        }
        3000 => {
            "It does not mean that an e-mail is wanted: Zoom's table has the names of 3000 and 3005 crossed."
        }
        3005 => {
            "It does not mean that another meeting runs: Zoom's table has the names of 3000 and 3005 crossed."
        }
        3004 => {
            "It does not mean that the person typed something wrong: a passcode under the key of the other view (`passWord` is Client View's, `password` Component View's) is not read, and ends here too."
        }
        3008 => {
            "It does not mean that something is broken: the signature, the number and the passcode were accepted."
        }
        3610 => {
            "It does not always mean that the number is wrong: an expired registrant token (`tk`) is shown as 3610 as well."
        }
        3704 => "It does not mean that the secret is wrong: that would be 3712.",
        3705 => {
            "It does not always mean that an old signature was used: one that was just made by a clock that is behind has expired, too. And a longer lifetime does not mend a clock."
        }
        3706 | 3707 => {
            "It does not mean that the meeting does not exist: the number is compared with `mn` in the signature."
        }
        3712 => {
            "It does not always mean a wrong secret: an `iat` ahead of Zoom's clock, a claim of the wrong type or base64 that is not base64url end here as well. That jwt.io verifies a token proves only the secret that was pasted there."
        }
        3714 => {
            "It does not mean that the meeting number is wrong, as its text says: the media gateway refused the passcode."
        }
        4003 => {
            "It does not mean that Zoom refused something: the SDK itself found a value of `join()` unusable, mostly before anything was sent."
        }
        4011 => {
            "It does not mean that the meeting forbids it, nor that the signature is wrong: it is the app that may not leave its own account."
        }
        4012 | 4013 => {
            "It does not mean that the signature is wrong or that Zoom fails: meetings of the app's own account go on without a token."
        }
        4017 => {
            "It does not mean that the OBF token is wrong: whoever it acts for has to be in the meeting first."
        }
        10000 => {
            "It does not mean that a release of yours broke something: Zoom raises the minimum on days of its own, for everybody at once."
        }
        _ => return None,
    })
}
