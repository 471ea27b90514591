//! `GET /v1/stream`, on both stores.

use axum::body::{Body, BodyDataStream};
use futures_util::StreamExt;
use jiff::Timestamp;
use serde_json::{Value, json};
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::{Event, Facts, Kind as Told, Personal, Source};

use crate::app::{App, NOW, NUMBER};
use crate::stores::{Home, Kind, on_both_stores};

on_both_stores! {
    whoever_listens_hears_of_attempts_as_they_change
    who_comes_again_goes_on_after_what_it_heard_last
    who_went_away_in_the_midst_of_what_was_written_together_hears_all_of_it_again
    who_was_where_nobody_knows_hears_of_a_gap
}

const EVENTS: &str = "/v1/attempts/018b17bddd8470008000000000000007/events";

/// A server-sent event.
#[derive(Debug)]
struct Sent {
    id: String,
    event: String,
    data: Value,
}

struct Listening {
    app: App,
    key: String,
    stream: BodyDataStream,
    /// Of the last gap.
    id: String,
}

async fn listen(home: &Home) -> Listening {
    let app = App::with(&format!("store = \"{}\"", home.url)).await;
    let key = app.key("read").await;
    let mut stream = app.stream("/v1/stream", &key, None).await;
    let mut begin = next(&mut stream).await;
    assert_eq!(begin.event, "gap", "what was before is not in it");
    if home.kind == Kind::Postgres {
        begin = next(&mut stream).await;
        assert_eq!(begin.event, "gap", "PostgreSQL is listened to from now on");
    }
    Listening {
        app,
        key,
        stream,
        id: begin.id,
    }
}

impl Listening {
    async fn again(&self, last: &str) -> BodyDataStream {
        self.app.stream("/v1/stream", &self.key, Some(last)).await
    }
}

async fn next(stream: &mut BodyDataStream) -> Sent {
    let mut text = String::new();
    while !text.ends_with("\n\n") {
        let chunk = stream.next().await.expect("the stream goes on").unwrap();
        text.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    let field = |name: &str| {
        let mut lines = text.lines();
        let value = lines.find_map(|line| line.strip_prefix(name));
        value.unwrap_or_else(|| panic!("no {name}: {text}"))
    };
    Sent {
        id: field("id: ").to_owned(),
        event: field("event: ").to_owned(),
        data: serde_json::from_str(field("data: ")).unwrap(),
    }
}

/// The answer's report token.
async fn mint(app: &App) -> String {
    let key = app.key("mint").await;
    let body = json!({ "meeting_number": NUMBER, "user_name": "Aiko", "passcode": "" });
    let answer = app.post("/v1/joins", &key, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["report"]["token"].as_str().unwrap().to_owned()
}

async fn page_says(app: &App, token: &str, kind: &str) {
    let body = json!({ "events": [{ "id": kind, "type": kind }] });
    let answer = app.post(EVENTS, token, &body).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
}

async fn whoever_listens_hears_of_attempts_as_they_change(home: Home) {
    let mut listening = listen(&home).await;
    let token = mint(&listening.app).await;
    let minted = next(&mut listening.stream).await;
    assert_eq!(
        (minted.event.as_str(), &minted.data["outcome"]),
        ("attempt", &json!("pending"))
    );
    page_says(&listening.app, &token, "joined").await;
    let joined = next(&mut listening.stream).await;
    assert_eq!(joined.data["outcome"], "joined");
    assert_eq!(joined.data["confirmation"], "browser_alone");
    let mint_only = listening.app.key("mint").await;
    let answer = listening
        .app
        .call("GET", "/v1/stream", Some(&mint_only), Body::empty())
        .await;
    assert_eq!(answer.error(), (403, "missing_scope", None));
}

async fn who_comes_again_goes_on_after_what_it_heard_last(home: Home) {
    let mut listening = listen(&home).await;
    let token = mint(&listening.app).await;
    let minted = next(&mut listening.stream).await;
    for kind in ["loaded", "waiting"] {
        page_says(&listening.app, &token, kind).await;
    }
    // In PostgreSQL, they are heard a moment later: wait for them by somebody else.
    for _ in 0..2 {
        next(&mut listening.stream).await;
    }
    let mut again = listening.again(&minted.id).await;
    let (loaded, waiting) = (next(&mut again).await, next(&mut again).await);
    // It is shown as it is now.
    assert_eq!(
        (&loaded.data["outcome"], &waiting.data["outcome"]),
        (&json!("waiting"), &json!("waiting"))
    );
    page_says(&listening.app, &token, "joined").await;
    assert_eq!(next(&mut again).await.data["outcome"], "joined");
    // Who heard nothing yet goes on from where it began.
    let mut from_the_beginning = listening.again(&listening.id).await;
    for id in [&minted.id, &loaded.id, &waiting.id] {
        assert_eq!(&next(&mut from_the_beginning).await.id, id);
    }
}

async fn who_went_away_in_the_midst_of_what_was_written_together_hears_all_of_it_again(home: Home) {
    let mut listening = listen(&home).await;
    let at: Timestamp = NOW.parse().unwrap();
    let minted = |random| Event {
        attempt: AttemptId::new(at, random),
        source: Source::Mint,
        id: "mint".into(),
        kind: Told::Minted,
        at,
        received_at: at,
        facts: Facts::default(),
        personal: Personal::default(),
    };
    let store = listening.app.directory.store().unwrap();
    store.append(&[minted(1), minted(2)]).await.unwrap();
    let first = next(&mut listening.stream).await;
    let second = next(&mut listening.stream).await;
    assert_ne!(first.data["id"], second.data["id"]);
    let mut again = listening.again(&first.id).await;
    for sent in [&first, &second] {
        assert_eq!(next(&mut again).await.data, sent.data);
    }
    store.append(&[minted(3)]).await.unwrap();
    let third = next(&mut again).await;
    let mut again = listening.again(&second.id).await;
    assert_eq!(next(&mut again).await.data, third.data);
}

async fn who_was_where_nobody_knows_hears_of_a_gap(home: Home) {
    let listening = listen(&home).await;
    for last in [
        "0123456789abcdef",
        "018b17bddd8470008000000000000007",
        "é",
        "",
    ] {
        let mut again = listening.again(last).await;
        let begin = next(&mut again).await;
        assert_eq!((begin.event.as_str(), &begin.id), ("gap", &listening.id));
    }
}
