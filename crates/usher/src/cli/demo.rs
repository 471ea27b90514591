//! `usher demo`: simulator and service together, one good join, one refused, and what the doctor says of it.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use usher_core::doctor::{Handed, examine};
use usher_core::meeting::{MeetingNumber, Role};
use usher_core::signature::{Claims, KeyPair, Validity};
use usher_sim::{
    DEMO_ACCOUNT_ID, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, DEMO_MEETING, DEMO_REGISTRATION_MEETING,
    DEMO_SDK_KEY, DEMO_SDK_SECRET, DEMO_WAITING_ROOM_MEETING, Options, Simulator,
};

use super::doctor::picture;
use super::{Exit, Failure, now, serve, stop_signal};
use crate::config::{Config, Overrides};
use crate::http::AppState;
use crate::mint;
use crate::store::{ApiKey, IfOlder, Name, Scopes};

/// The service is where a real one would be; if that port is taken, on a free one.
const PREFERRED: &str = "127.0.0.1:8080";
const MEETINGS: [u64; 3] = [
    DEMO_MEETING,
    DEMO_WAITING_ROOM_MEETING,
    DEMO_REGISTRATION_MEETING,
];

/// Show Usher at work without a Zoom account: simulator, service, a good join, a refused one and its diagnosis
///
/// Everything lives in a temporary folder, which goes when the demo ends.
#[derive(Debug, clap::Args)]
pub(super) struct Demo {}

pub(super) async fn run(_: &Demo, out: &mut impl Write) -> Result<Exit, Failure> {
    let stop_signal = stop_signal()?;
    let folder = tempfile::tempdir()?;
    let zoom = Simulator::start(Options {
        tls_listen: None,
        ..Options::default()
    })
    .await?;
    let stop = CancellationToken::new();
    let config = config(&folder, &zoom.http_url())?;
    let (state, writers) = serve::state(config, IfOlder::Refuse, stop.clone()).await?;
    import_meetings(&state).await?;
    let key = add_key(&state).await?;
    let listener = match TcpListener::bind(PREFERRED) {
        Ok(listener) => listener,
        Err(_) => TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?,
    };
    let usher = format!("http://{}", listener.local_addr()?);
    let serving = tokio::spawn(serve::serve(listener, state, stop.clone()));

    writeln!(
        out,
        "usher       {usher}  (try {usher}/readyz and {usher}/openapi.json)"
    )?;
    writeln!(out, "local Zoom  {}\n", zoom.http_url())?;
    let client = Client {
        http: reqwest::Client::new(),
        usher,
        key,
        zoom: &zoom,
    };
    client.show_good_join(out).await?;
    client.show_refused_join(out).await?;
    writeln!(
        out,
        "== your turn\n{}\n",
        curl_line(&client.usher, &client.key)
    )?;
    writeln!(out, "Ctrl-C ends the demo.")?;
    out.flush()?;

    stop_signal.await;
    stop.cancel();
    serving.await??;
    writers.finish().await?;
    zoom.shutdown().await;
    Ok(Exit::Fine)
}

fn config(folder: &TempDir, zoom_url: &str) -> Result<Config, Failure> {
    let file = folder.path().join("usher.toml");
    std::fs::write(&file, "")?;
    let overrides = Overrides {
        config: Some(file),
        data: Some(folder.path().join("data")),
    };
    let variables = [
        ("USHER_SDK_KEY", DEMO_SDK_KEY),
        ("USHER_SDK_SECRET", DEMO_SDK_SECRET),
        ("USHER_ZOOM_ACCOUNT_ID", DEMO_ACCOUNT_ID),
        ("USHER_ZOOM_CLIENT_ID", DEMO_CLIENT_ID),
        ("USHER_ZOOM_CLIENT_SECRET", DEMO_CLIENT_SECRET),
        ("USHER_ZOOM_API_URL", &format!("{zoom_url}/v2")),
        ("USHER_ZOOM_OAUTH_URL", &format!("{zoom_url}/oauth/token")),
    ];
    Ok(Config::load_from(
        &overrides,
        variables.map(|(name, value)| (name.to_owned(), value.to_owned())),
    )?)
}

/// As `usher meeting import` does it: from (the local) Zoom, by number.
async fn import_meetings(state: &AppState) -> Result<(), Failure> {
    let store = state.directory.store()?;
    let account = Name::new("account", "default")?;
    for number in MEETINGS {
        let meeting = state
            .zoom
            .meeting(&account, MeetingNumber::from_u64(number)?)
            .await?;
        store.import(&meeting, &account, now()).await?;
    }
    Ok(state.directory.refresh().await?)
}

async fn add_key(state: &AppState) -> Result<String, Failure> {
    let key = ApiKey::generate()?;
    let store = state.directory.store()?;
    store
        .add_key(
            &key,
            Name::new("name", "demo")?,
            Scopes::parse("mint,host")?,
            now(),
        )
        .await?;
    state.directory.refresh().await?;
    Ok(key.expose().to_owned())
}

/// The demo's own client: the backend that asks Usher, and the SDK that asks Zoom.
struct Client<'a> {
    http: reqwest::Client,
    usher: String,
    key: String,
    zoom: &'a Simulator,
}

impl Client<'_> {
    async fn show_good_join(&self, out: &mut impl Write) -> Result<(), Failure> {
        writeln!(out, "== a good join")?;
        let answer = self.mint().await?;
        let join = &answer["join"];
        writeln!(out, "join() gets  {}", shortened(join))?;
        writeln!(out, "Zoom says    {}", self.ask_zoom(join).await?)?;
        writeln!(
            out,
            "             Every check passed. The meeting has not started: nobody is in it.\n"
        )?;
        Ok(())
    }

    /// The same join, signed with the secret of another app.
    async fn show_refused_join(&self, out: &mut impl Write) -> Result<(), Failure> {
        writeln!(out, "== the same join, signed with another app's secret")?;
        let mut answer = self.mint().await?;
        let validity = Validity::new(now(), 30, mint::DEFAULT_EXPIRES_IN_S)?;
        let number = MeetingNumber::from_u64(DEMO_MEETING)?;
        let wrong = KeyPair::new(DEMO_SDK_KEY, "the-secret-of-another-app")?;
        let claims = Claims::web(wrong.sdk_key(), number, Role::Attendee, validity, None)?;
        let signature = wrong.sign(&claims);
        answer["join"]["signature"] = signature.expose().into();
        writeln!(
            out,
            "Zoom says    {}\n",
            self.ask_zoom(&answer["join"]).await?
        )?;
        let report = examine(&Handed {
            text: Some(signature.expose()),
            secrets: &[DEMO_SDK_SECRET],
            now: now(),
            ..Handed::default()
        });
        writeln!(
            out,
            "== usher doctor TOKEN --secret-file FILE\n{}",
            picture(&report)
        )?;
        Ok(())
    }

    async fn mint(&self) -> Result<Value, Failure> {
        let body = json!({ "meeting_number": DEMO_MEETING, "user_name": "Aiko" });
        let answer = self
            .http
            .post(format!("{}/v1/joins", self.usher))
            .bearer_auth(&self.key)
            .json(&body)
            .send()
            .await?
            .error_for_status()?;
        Ok(answer.json().await?)
    }

    /// Asks what the Web SDK 6 asks before it connects (reference 2.5).
    async fn ask_zoom(&self, join: &Value) -> Result<Value, Failure> {
        let text = |name: &str| join[name].as_str().unwrap_or_default().to_owned();
        let form = [
            ("signature", text("signature")),
            ("signatureType", "sdk".to_owned()),
            ("apiKey", DEMO_SDK_KEY.to_owned()),
            ("meetingNumber", text("meetingNumber")),
            ("userName", text("userName")),
            ("passWord", text("passWord")),
            ("cv", "6.2.0".to_owned()),
        ];
        let answer = self
            .http
            .post(format!("{}/api/v1/wc/info", self.zoom.http_url()))
            .form(&form)
            .send()
            .await?;
        Ok(answer.json().await?)
    }
}

/// The parameters, with the signature cut: it fills the screen and tells nothing.
fn shortened(join: &Value) -> Value {
    let mut shown = join.clone();
    let signature: String = join["signature"]
        .as_str()
        .unwrap_or_default()
        .chars()
        .take(24)
        .collect();
    shown["signature"] = format!("{signature}…").into();
    shown
}

fn curl_line(usher: &str, key: &str) -> String {
    format!(
        "curl {usher}/v1/joins -H 'Authorization: Bearer {key}' -d '{{\"meeting_number\":\"{DEMO_MEETING}\",\"user_name\":\"You\"}}'"
    )
}
