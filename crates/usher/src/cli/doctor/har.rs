//! Recordings of a browser's traffic: which of what is handed in is one, and its copy without secrets.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Stdin};
use std::path::{Path, PathBuf};

use usher_core::doctor::{self, Recording};

use super::super::{Failure, talk, warn};
use super::Doctor;

/// Large reads for large files.
const READ_BYTES: usize = 256 * 1024;

/// What was handed in beside the claims, the join object and the error.
pub(super) enum Input {
    /// A recording.
    Har(Box<Recording>),
    /// Anything else.
    Text(String),
    Nothing,
}

/// Reads `--har`, or the positional input, which may be a recording, too.
pub(super) fn input(args: &Doctor) -> Result<Input, Failure> {
    let stdin = Path::new("-");
    let named = args.input.as_deref().map(Path::new);
    let input = match (&args.har, named) {
        (Some(path), _) if path == stdin => {
            Input::Har(Box::new(Recording::read(standard_input())?))
        }
        (Some(path), _) => read_recording(path)?,
        (None, Some(path)) if path == stdin => {
            let mut stdin = standard_input();
            if doctor::begins_like_recording(stdin.fill_buf()?) {
                Input::Har(Box::new(Recording::read(stdin)?))
            } else {
                Input::Text(super::text_of(stdin)?)
            }
        }
        (None, Some(path)) if path.is_file() && is_recording(path)? => read_recording(path)?,
        (None, Some(_)) => Input::Text(super::text(args.input.as_deref().unwrap_or_default())?),
        (None, None) => Input::Nothing,
    };
    if let Some(copy) = &args.redact {
        let original = args.har.as_deref().or(named).filter(|path| *path != stdin);
        match (&input, original) {
            (Input::Har(_), Some(original)) => redact(original, copy)?,
            (Input::Har(_), None) => {
                return Err(Failure::new(
                    "--redact reads the recording twice, and standard input can be read once",
                )
                .hint("name the file: usher doctor --har FILE --redact OUT.har"));
            }
            _ => {
                return Err(Failure::new(
                    "--redact takes a recording (HAR), and none was handed in",
                )
                .hint("usher doctor --har FILE --redact OUT.har"));
            }
        }
    }
    Ok(input)
}

fn standard_input() -> BufReader<Stdin> {
    BufReader::with_capacity(READ_BYTES, io::stdin())
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("can't read {}: {error}", path.display()))
}

fn open(path: &Path) -> Result<BufReader<File>, Failure> {
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    Ok(BufReader::with_capacity(READ_BYTES, file))
}

fn is_recording(path: &Path) -> Result<bool, Failure> {
    let is_named_so = path
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("har"));
    let mut file = open(path)?;
    let start = file.fill_buf().map_err(|error| unreadable(path, &error))?;
    Ok(is_named_so || doctor::begins_like_recording(start))
}

fn read_recording(path: &Path) -> Result<Input, Failure> {
    let recording = Recording::read(open(path)?).map_err(|error| unreadable(path, &error))?;
    Ok(Input::Har(Box::new(recording)))
}

/// Writes the copy without secrets; never over a file that is there.
fn redact(original: &Path, copy: &PathBuf) -> Result<(), Failure> {
    let source = open(original)?;
    let failed =
        |error: io::Error| Failure::new(format!("can't write {}: {error}", copy.display()));
    let file = File::options()
        .write(true)
        .create_new(true)
        .open(copy)
        .map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                Failure::new(format!("{} is there already", copy.display()))
                    .hint("name a file that does not exist yet: nothing is overwritten")
            }
            _ => failed(error),
        })?;
    let redacted = doctor::redact(source, BufWriter::new(file));
    let redacted = match redacted {
        Ok(redacted) if redacted.is_recording => redacted,
        Ok(_) => {
            fs::remove_file(copy)?;
            return Err(Failure::new(format!("{} is no recording (HAR)", original.display()))
                .hint("save one in the browser's developer tools: network tab, \"Save all as HAR with content\""));
        }
        Err(error) => {
            let _ = fs::remove_file(copy);
            return Err(failed(error));
        }
    };
    if !redacted.is_complete {
        warn("the recording could not be read to its end; the copy holds what came before");
    }
    talk(&format!(
        "wrote {}: {} requests without their secrets; {} that say nothing of a join were left out. Look it over before you post it.",
        copy.display(),
        redacted.kept,
        redacted.left_out
    ));
    Ok(())
}
