//! `serve`, `sim` and `demo`: processes that listen.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::process::Place;

/// One request over a plain socket; status and body.
fn request(
    address: &str,
    method: &str,
    path: &str,
    key: Option<&str>,
    body: &str,
) -> (u16, String) {
    let host = address.strip_prefix("http://").unwrap();
    let mut socket = TcpStream::connect(host).unwrap();
    let authorization = key.map_or(String::new(), |key| {
        format!("authorization: Bearer {key}\r\n")
    });
    write!(
        socket,
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\n{authorization}content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (
        head.split(' ').nth(1).unwrap().parse().unwrap(),
        body.to_owned(),
    )
}

fn key(place: &Place, scopes: &str) -> String {
    let added = place.run(&["key", "add", "--name", "test", "--scope", scopes, "--json"]);
    let added: Value = serde_json::from_str(&added.stdout).unwrap();
    added["key"].as_str().unwrap().to_owned()
}

#[test]
fn serve_says_where_it_listens_mints_and_ends_with_0_on_sigterm() {
    let place = Place::new();
    let key = key(&place, "mint");
    let (server, address) = place.start(&["serve", "--listen", "127.0.0.1:0"]);
    let body = r#"{"meeting_number":"85012345678","user_name":"A","passcode":""}"#;
    assert_eq!(
        request(&address, "POST", "/v1/joins", Some(&key), body).0,
        200
    );
    assert_eq!(request(&address, "GET", "/livez", None, "").0, 200);
    assert_eq!(server.terminate(), 0);
}

#[test]
fn what_zooms_status_page_says_is_kept_as_it_was_seen() {
    let place = Place::new();
    place.write(
        "scenario.toml",
        "[status]\ncomponents = [{ name = 'Zoom Meetings', status = 'major_outage' }]\n",
    );
    let sim = [
        "sim",
        "--listen",
        "127.0.0.1:0",
        "--scenario",
        "scenario.toml",
    ];
    let (zoom, zooms_address) = place.start(&sim);
    place.write(
        "usher.toml",
        &format!("[witnesses]\nstatus_url = \"{zooms_address}\"\n"),
    );
    let key = key(&place, "read");
    let (server, address) = place.start(&["serve", "--listen", "127.0.0.1:0"]);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let readings = loop {
        let path = "/v1/readings?kind=status";
        let (_, body) = request(&address, "GET", path, Some(&key), "");
        let answer: Value = serde_json::from_str(&body).unwrap();
        if answer["readings"] != serde_json::json!([]) {
            break answer["readings"].clone();
        }
        assert!(std::time::Instant::now() < deadline, "{answer}");
        std::thread::yield_now();
    };
    assert_eq!(readings[0]["indicator"], "critical");
    assert_eq!(readings[0]["components"][0]["name"], "Zoom Meetings");
    assert_eq!(server.terminate(), 0);
    assert_eq!(zoom.terminate(), 0);
}

#[test]
fn a_key_added_or_revoked_while_it_serves_counts_soon() {
    let place = Place::new();
    assert_eq!(place.run(&["init"]).code, 0);
    let (server, address) = place.start(&["serve", "--listen", "127.0.0.1:0"]);
    let key = key(&place, "read");
    let until = |status: u16| {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while request(&address, "GET", "/v1/meetings", Some(&key), "").0 != status {
            assert!(std::time::Instant::now() < deadline, "still not {status}");
            std::thread::yield_now();
        }
    };
    until(200);
    let id = key.split('_').nth(1).unwrap();
    assert_eq!(place.run(&["key", "revoke", id]).code, 0);
    until(401);
    assert_eq!(server.terminate(), 0);
}

#[test]
fn a_restart_without_the_store_mints_from_the_snapshot() {
    let place = Place::new();
    let key = key(&place, "mint");
    assert_eq!(
        place
            .run(&[
                "meeting",
                "add",
                "--number",
                "85012345678",
                "--passcode",
                "sesame"
            ])
            .code,
        0
    );
    let (server, _) = place.start(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(server.terminate(), 0);
    for file in ["usher.sqlite", "usher.sqlite-wal", "usher.sqlite-shm"] {
        let _ = std::fs::remove_file(place.path().join("usher-data").join(file));
    }
    let (server, address) = place.start(&["serve", "--listen", "127.0.0.1:0"]);
    let body = r#"{"meeting_number":"85012345678","user_name":"A"}"#;
    let (status, answer) = request(&address, "POST", "/v1/joins", Some(&key), body);
    assert_eq!(status, 200, "{answer}");
    assert!(answer.contains("sesame"), "{answer}");
    let (status, ready) = request(&address, "GET", "/readyz", None, "");
    assert_eq!(status, 200);
    assert!(ready.contains("store_missing"), "{ready}");
    assert_eq!(server.terminate(), 0);
}

#[test]
fn an_address_in_use_is_named_with_exit_code_2() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = Place::new().run(&["serve", "--listen", &address]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(
        ran.stderr.contains(&address) && ran.stderr.contains("--listen"),
        "{}",
        ran.stderr
    );
}

#[test]
fn the_simulator_says_where_it_listens() {
    let place = Place::new();
    let (server, address) = place.start(&["sim", "--listen", "127.0.0.1:0"]);
    assert_eq!(request(&address, "GET", "/_sim/requests", None, "").0, 200);
    assert_eq!(server.terminate(), 0);
}

#[test]
fn sigterm_right_after_the_first_line_still_ends_with_0() {
    let place = Place::new();
    assert_eq!(place.run(&["init"]).code, 0);
    for _ in 0..10 {
        let (server, _) = place.start(&["serve", "--listen", "127.0.0.1:0"]);
        assert_eq!(server.terminate(), 0);
        let (server, _) = place.start(&["sim", "--listen", "127.0.0.1:0"]);
        assert_eq!(server.terminate(), 0);
    }
}
