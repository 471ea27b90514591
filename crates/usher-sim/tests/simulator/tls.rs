//! https, with a certificate that was made at start.

use std::net::SocketAddr;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::{Certificate, Client, StatusCode};
use usher_sim::{
    DEMO_ACCOUNT_ID, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, OffsetMs, Options, Simulator,
};

fn client(simulator: &Simulator, ca_pem: Option<&str>) -> Client {
    let address: SocketAddr = simulator.https_address().unwrap();
    let mut builder = Client::builder().no_proxy();
    for host in [
        "zoom.us",
        "api.zoom.us",
        "us05web.zoom.us",
        "www.zoomstatus.com",
        "14qjgk812kgk.statuspage.io",
        "example.com",
    ] {
        builder = builder.resolve(host, address);
    }
    match ca_pem {
        Some(pem) => builder
            .tls_certs_only([Certificate::from_pem(pem.as_bytes()).unwrap()])
            .build()
            .unwrap(),
        None => builder.build().unwrap(),
    }
}

#[tokio::test]
async fn one_port_plays_every_host_of_zoom_for_whoever_trusts_the_ca() {
    let simulator = Simulator::start(Options::default()).await.unwrap();
    let client = client(&simulator, simulator.ca_pem());
    let port = simulator.https_address().unwrap().port();
    let token = client
        .post(format!("https://zoom.us:{port}/oauth/token"))
        .basic_auth(DEMO_CLIENT_ID, Some(DEMO_CLIENT_SECRET))
        .form(&[
            ("grant_type", "account_credentials"),
            ("account_id", DEMO_ACCOUNT_ID),
        ])
        .send()
        .await
        .unwrap();
    assert_eq!(token.status(), StatusCode::OK);
    for host in ["api.zoom.us", "us05web.zoom.us", "localhost", "127.0.0.1"] {
        let response = client
            .get(format!("https://{host}:{port}/v2/users/me"))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{host}");
    }
    let hosts: Vec<(String, &str)> = simulator.steer(|world| {
        world
            .requests
            .iter()
            .map(|record| (record.host.clone(), record.scheme))
            .collect()
    });
    assert_eq!(hosts[0], ("zoom.us".to_owned(), "https"));
    assert_eq!(hosts[1], ("api.zoom.us".to_owned(), "https"));
}

#[tokio::test]
async fn every_host_has_its_own_clock_under_tls_too() {
    let simulator = Simulator::start(Options::default()).await.unwrap();
    let client = client(&simulator, simulator.ca_pem());
    let port = simulator.https_address().unwrap().port();
    let hosts = [
        ("zoom.us", -90_000),
        ("api.zoom.us", 0),
        ("us05web.zoom.us", 90_000),
        ("www.zoomstatus.com", 3_600_000),
        ("14qjgk812kgk.statuspage.io", -3_600_000),
        ("localhost", 86_400_000),
        ("127.0.0.1", -86_400_000),
    ];
    simulator.steer(|world| {
        for (host, offset_ms) in hosts {
            world
                .clock
                .set(host, OffsetMs::try_from(offset_ms).unwrap());
        }
    });
    for (host, offset_ms) in hosts {
        let url = format!("https://{host}:{port}/api/v2/status.json");
        let response = client.get(url).send().await.unwrap();
        let date = response.headers()["date"].to_str().unwrap();
        let date = DateTimeParser::new().parse_timestamp(date).unwrap();
        let offset_s = date.duration_since(Timestamp::now()).as_secs();
        assert!((offset_s - offset_ms / 1000).abs() <= 2, "{host}");
    }
}

#[tokio::test]
async fn whoever_does_not_trust_the_ca_gets_no_connection() {
    let simulator = Simulator::start(Options::default()).await.unwrap();
    let url = format!(
        "https://zoom.us:{}/v2/users/me",
        simulator.https_address().unwrap().port()
    );
    assert!(client(&simulator, None).get(url).send().await.is_err());
}

#[tokio::test]
async fn the_certificate_is_for_the_hosts_that_are_played_only() {
    let simulator = Simulator::start(Options::default()).await.unwrap();
    let url = format!(
        "https://example.com:{}/",
        simulator.https_address().unwrap().port()
    );
    assert!(
        client(&simulator, simulator.ca_pem())
            .get(url)
            .send()
            .await
            .is_err()
    );
}

#[tokio::test]
async fn the_ca_can_be_fetched_if_there_is_one() {
    let simulator = Simulator::start(Options::default()).await.unwrap();
    let fetch = async |simulator: &Simulator| {
        Client::builder()
            .no_proxy()
            .build()
            .unwrap()
            .get(format!("{}/_sim/ca.pem", simulator.http_url()))
            .send()
            .await
            .unwrap()
    };
    assert_eq!(
        fetch(&simulator).await.text().await.unwrap(),
        simulator.ca_pem().unwrap()
    );
    let plain = Simulator::start(Options {
        tls_listen: None,
        ..Options::default()
    })
    .await
    .unwrap();
    assert_eq!(fetch(&plain).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_address_in_use_is_an_error_that_names_it() {
    let first = Simulator::start(Options::default()).await.unwrap();
    let second = Simulator::start(Options {
        listen: first.http_address(),
        ..Options::default()
    })
    .await;
    assert!(
        second
            .unwrap_err()
            .to_string()
            .contains(&first.http_address().to_string())
    );
}

#[tokio::test]
async fn after_a_shutdown_the_port_is_free() {
    let simulator = Simulator::start(Options::default()).await.unwrap();
    let address = simulator.http_address();
    simulator.shutdown().await;
    assert!(tokio::net::TcpListener::bind(address).await.is_ok());
}
