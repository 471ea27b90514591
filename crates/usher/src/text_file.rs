//! Small text files that people name: read whole, but never more than is sensible.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// More than any configuration, secret, token or join object. Stops at `/dev/urandom` too.
const TEXT_MAX_BYTES: u64 = 1024 * 1024;

/// The file's text, without a byte order mark.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    read_from(File::open(path)?)
}

/// The text of a file or of standard input, without a byte order mark. An error for more than 1 MiB and for what is not UTF-8.
pub(crate) fn read_from(source: impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    source.take(TEXT_MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > TEXT_MAX_BYTES {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    let text = String::from_utf8(bytes).map_err(|_| io::Error::other("it is not text in UTF-8"))?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}
