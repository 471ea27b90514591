//! JSON with its long strings cut, so that a recording takes no more memory than a string may have.

use std::io::{self, BufRead, Read};

/// What is kept of a string, in bytes as written. Far more than any answer that a join is judged by; bodies of scripts, media and
/// WebAssembly are longer, and nobody reads them here.
pub(super) const STRING_MAX_BYTES: usize = 128 * 1024;

/// Passes JSON on as it reads it, without a byte order mark and without the ends of long strings. It stays JSON: neither an escape nor a
/// character is cut in two.
pub(super) struct ShortStrings<R> {
    source: R,
    is_at_start: bool,
    place: Place,
    /// Bytes of the current string that were passed on; none once its end is being dropped.
    kept: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Between strings.
    Outside,
    /// In a string.
    Inside,
    /// After a backslash.
    Escape,
    /// In a `\u` escape, with so many digits to come.
    Digits(u8),
}

impl<R: BufRead> ShortStrings<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            is_at_start: true,
            place: Place::Outside,
            kept: Some(0),
        }
    }
}

impl<R: BufRead> Read for ShortStrings<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        const MARK: &[u8] = "\u{feff}".as_bytes();
        loop {
            let buffer = self.source.fill_buf()?;
            if buffer.is_empty() || out.is_empty() {
                return Ok(0);
            }
            let is_marked = self.is_at_start && buffer.starts_with(MARK);
            self.is_at_start = false;
            let (taken, written) = if is_marked {
                (MARK.len(), 0)
            } else {
                pass(&mut self.place, &mut self.kept, buffer, out)
            };
            self.source.consume(taken);
            if written > 0 {
                return Ok(written);
            }
        }
    }
}

/// Passes on what it can: how much it took, and how much it wrote.
fn pass(
    place: &mut Place,
    kept: &mut Option<usize>,
    buffer: &[u8],
    out: &mut [u8],
) -> (usize, usize) {
    let (mut taken, mut written) = (0, 0);
    while taken < buffer.len() && written < out.len() {
        // No further than there is room for, unless it is dropped.
        let room = out.len() - written;
        let end = match *kept {
            Some(_) => buffer.len().min(taken + room),
            None => buffer.len(),
        };
        let rest = &buffer[taken..end];
        // Up to what leads elsewhere, in one go.
        let run = match place {
            Place::Outside => length_before(rest, |byte| byte == b'"'),
            Place::Inside => length_before(rest, |byte| matches!(byte, b'"' | b'\\')),
            Place::Escape | Place::Digits(_) => 0,
        };
        if run == 0 {
            let is_end = *place == Place::Inside && rest[0] == b'"';
            // Whole escapes are kept, or dropped from the first on that does not fit.
            if *place == Place::Inside && kept.is_some_and(|kept| kept >= STRING_MAX_BYTES) {
                *kept = None;
            }
            if *place == Place::Outside {
                *kept = Some(0);
            }
            if is_end || kept.is_some() {
                out[written] = rest[0];
                written += 1;
                *kept = kept.map(|kept| kept + 1);
            }
            taken += 1;
            *place = after(*place, rest[0]);
            continue;
        }
        let wanted = match (*place, *kept) {
            (Place::Outside, _) => run,
            (_, Some(kept)) => {
                whole_characters(&rest[..run], STRING_MAX_BYTES.saturating_sub(kept))
            }
            (_, None) => 0,
        };
        if wanted == 0 {
            *kept = None;
            taken += run;
            continue;
        }
        let length = wanted.min(room);
        out[written..written + length].copy_from_slice(&rest[..length]);
        written += length;
        taken += length;
        *kept = kept.map(|kept| kept + length);
    }
    (taken, written)
}

fn length_before(bytes: &[u8], is_it: impl Fn(u8) -> bool) -> usize {
    bytes
        .iter()
        .position(|byte| is_it(*byte))
        .unwrap_or(bytes.len())
}

/// So many bytes, and up to the end of the last one's character.
fn whole_characters(bytes: &[u8], length: usize) -> usize {
    let is_within = |byte: &&u8| **byte & 0b1100_0000 == 0b1000_0000;
    let length = length.min(bytes.len());
    length + bytes[length..].iter().take_while(is_within).count()
}

/// Where a byte leads that was looked at alone: a quote, a backslash, or a part of an escape.
fn after(place: Place, byte: u8) -> Place {
    match (place, byte) {
        (Place::Inside, b'"') => Place::Outside,
        (Place::Inside, b'\\') => Place::Escape,
        (Place::Escape, b'u') => Place::Digits(4),
        (Place::Digits(left), _) if left > 1 => Place::Digits(left - 1),
        _ => Place::Inside,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::BufReader;

    use super::*;

    fn short(json: &str, chunk: usize) -> String {
        let mut text = String::new();
        let source = BufReader::with_capacity(chunk, json.as_bytes());
        ShortStrings::new(source).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn short_strings_stay_as_they_are() {
        let json = r#"{"a":"b\"\\","c":["\u00e9é", 1, null]}"#;
        for chunk in [1, 3, 7, 4096] {
            assert_eq!(short(json, chunk), json);
        }
    }

    #[test]
    fn long_strings_are_cut_and_what_follows_is_not() {
        for filling in ["x", "é", "\\\"", "\\u0041", "\\\\", "🦀", "ab\\n"] {
            for chunk in [7, 1000, 8192] {
                let json = format!("{{\"a\":\"{}\",\"b\":\"c\"}}", filling.repeat(100_000));
                let value: serde_json::Value = serde_json::from_str(&short(&json, chunk)).unwrap();
                let kept = value["a"].as_str().unwrap().len();
                assert!(
                    (10_000..=STRING_MAX_BYTES + 8).contains(&kept),
                    "{filling}: {kept}"
                );
                assert_eq!(value["b"], "c", "{filling}");
            }
        }
    }

    #[test]
    fn a_byte_order_mark_is_no_json() {
        assert_eq!(short("\u{feff}{}", 64), "{}");
    }
}
