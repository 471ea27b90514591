//! The baseline of `scripts/bench`: a bare axum handler that reads the body and returns a constant of the size that is named.
#![allow(clippy::expect_used, clippy::print_stdout)]

use axum::Router;
use axum::body::Bytes;
use axum::http::header;
use axum::routing::post;

#[tokio::main]
async fn main() {
    let size: usize = std::env::args()
        .nth(1)
        .and_then(|size| size.parse().ok())
        .expect("usage: constant BYTES");
    let answer: &'static str = Box::leak("x".repeat(size).into_boxed_str());
    let handler =
        move |_: Bytes| async move { ([(header::CONTENT_TYPE, "application/json")], answer) };
    let router = Router::new().route("/v1/joins", post(handler));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    println!(
        "listening on http://{}",
        listener.local_addr().expect("an address")
    );
    axum::serve(listener, router).await.expect("a server");
}
