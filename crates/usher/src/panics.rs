//! Work that goes on for as long as the process: a panic in it is told, and ends nothing else.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

/// What the work ends with or, if it panics, the words of that. What it worked on may be half done: throw it away.
pub(crate) async fn caught<T>(work: impl Future<Output = T>) -> Result<T, String> {
    let caught = AssertUnwindSafe(work).catch_unwind().await;
    caught.map_err(|panic| format!("it panicked: {}", words_of(panic.as_ref())))
}

fn words_of(panic: &(dyn Any + Send)) -> &str {
    if let Some(words) = panic.downcast_ref::<&str>() {
        words
    } else {
        panic
            .downcast_ref::<String>()
            .map_or("without a word", String::as_str)
    }
}
