//! Recordings of a browser's traffic (HAR): what the SDK sent, what Zoom answered, and what the browser's clock was.
//!
//! [`Recording::read`] takes the file entry by entry (`entry`, `short_strings`) and keeps the tries to join (`attempt`), what became of each
//! (`answer`, `network_error`) and Zoom's clock. [`examine_recording`] judges the try that failed by the rules for signatures and join
//! objects, as of Zoom's own clock (`judge`), and says what the way there did (`transport`) and what the clocks were (`time`). [`redact`] writes a copy that holds nothing
//! but what these read, without the secrets.

mod address;
mod answer;
mod attempt;
mod entry;
mod judge;
mod network_error;
mod policy;
mod public_answer;
mod recording;
mod redact;
mod redacted_token;
mod short_strings;
mod shown_as;
mod time;
mod transport;

pub use judge::examine_recording;
pub use recording::Recording;
pub use redact::{Redacted, redact};

/// Whether a text begins as recordings do: an object whose first key is `log`.
pub fn begins_like_recording(text: &[u8]) -> bool {
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    let after = |text: &[u8], word: &[u8]| {
        text.trim_ascii_start()
            .strip_prefix(word)
            .map(<[u8]>::to_vec)
    };
    after(text, b"{")
        .and_then(|rest| after(&rest, b"\"log\""))
        .and_then(|rest| after(&rest, b":"))
        .is_some_and(|rest| rest.trim_ascii_start().starts_with(b"{"))
}
