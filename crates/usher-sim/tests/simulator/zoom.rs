//! A running simulator, and a client to ask it.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use usher_sim::{
    Check, CheckOutcome, DEMO_ACCOUNT_ID, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, DEMO_MEETING,
    DEMO_PASSCODE, DEMO_SDK_KEY, DEMO_SDK_SECRET, Options, Simulator,
};

pub(crate) struct Zoom {
    pub(crate) simulator: Simulator,
    client: reqwest::Client,
}

impl Zoom {
    pub(crate) async fn start() -> Self {
        Self::start_with(Options {
            tls_listen: None,
            ..Options::default()
        })
        .await
    }

    pub(crate) async fn start_with(options: Options) -> Self {
        Self {
            simulator: Simulator::start(options).await.unwrap(),
            client: reqwest::Client::builder()
                .no_proxy()
                .redirect(Policy::none())
                .build()
                .unwrap(),
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.simulator.http_url()))
    }

    pub(crate) fn token_request(&self) -> RequestBuilder {
        self.request(Method::POST, "/oauth/token")
            .basic_auth(DEMO_CLIENT_ID, Some(DEMO_CLIENT_SECRET))
            .form(&[
                ("grant_type", "account_credentials"),
                ("account_id", DEMO_ACCOUNT_ID),
            ])
    }

    pub(crate) async fn access_token(&self) -> String {
        let answer: Value = self
            .token_request()
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// A GET with a fresh access token.
    pub(crate) async fn get(&self, path: &str) -> Response {
        let token = self.access_token().await;
        self.request(Method::GET, path)
            .bearer_auth(token)
            .send()
            .await
            .unwrap()
    }

    pub(crate) async fn get_json(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.unwrap()
    }

    pub(crate) async fn user_token(&self, query: &str) -> String {
        self.get_json(&format!(
            "/v2/users/{}/token?{query}",
            usher_sim::DEMO_HOST_ID
        ))
        .await["token"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// A call of the control API that must succeed.
    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let response = self
            .request(method, &format!("/_sim/{path}"))
            .json(&body)
            .send()
            .await
            .unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Asks as SDK 6.2.0 does; gives (errorCode, errorMessage).
    pub(crate) async fn join(&self, join: &Join) -> (i64, String) {
        let response = self
            .request(Method::POST, "/api/v1/wc/info")
            .form(&join.fields())
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        code_and_message(&response.json().await.unwrap())
    }

    /// A join by GET, as SDK 2.x sends it.
    pub(crate) fn ask_by_get(&self, fields: &[(&str, String)]) -> RequestBuilder {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.request(Method::GET, &format!("/api/v1/wc/info?{query}"))
    }

    /// The checks that failed in the latest join.
    pub(crate) fn failed_checks(&self) -> Vec<Check> {
        self.simulator.steer(|world| {
            let latest = world
                .requests
                .iter()
                .filter(|record| !record.checks.is_empty())
                .last()
                .unwrap();
            latest
                .checks
                .iter()
                .filter(|result| result.result == CheckOutcome::Failed)
                .map(|result| result.check)
                .collect()
        })
    }
}

pub(crate) fn code_and_message(answer: &Value) -> (i64, String) {
    assert_eq!(answer["status"], json!(false));
    assert_eq!(
        answer["result"].is_object(),
        answer["errorCode"] == NOT_STARTED.0
    );
    (
        answer["errorCode"].as_i64().unwrap(),
        answer["errorMessage"].as_str().unwrap().to_owned(),
    )
}

/// The answer to parameters that pass every check.
pub(crate) const NOT_STARTED: (i64, &str) = (3008, "Meeting has not started");

pub(crate) fn is(answer: &(i64, String), expected: (i64, &str)) {
    let (code, message) = answer;
    // Of a meeting that has not started the message is JSON around the sentence.
    let json: Value = serde_json::from_str(message).unwrap_or_default();
    assert_eq!((*code, json["msg"].as_str().unwrap_or(message)), expected);
}

/// What goes into one join; by default everything is right.
pub(crate) struct Join {
    pub(crate) algorithm: Algorithm,
    pub(crate) secret: String,
    pub(crate) claims: Value,
    pub(crate) fields: Vec<(&'static str, String)>,
}

impl Join {
    pub(crate) fn good() -> Self {
        let now = jiff::Timestamp::now().as_second();
        Self {
            algorithm: Algorithm::HS256,
            secret: DEMO_SDK_SECRET.to_owned(),
            claims: json!({
                "appKey": DEMO_SDK_KEY, "sdkKey": DEMO_SDK_KEY, "mn": DEMO_MEETING.to_string(), "role": 0,
                "iat": now - 30, "exp": now - 30 + 7200, "tokenExp": now - 30 + 7200,
            }),
            fields: vec![
                ("meetingNumber", DEMO_MEETING.to_string()),
                ("apiKey", DEMO_SDK_KEY.to_owned()),
                ("passWord", DEMO_PASSCODE.to_owned()),
                ("signatureType", "sdk".to_owned()),
                ("userName", "Ann".to_owned()),
                ("cv", "6.2.0".to_owned()),
            ],
        }
    }

    pub(crate) fn with_claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims[name] = value.into();
        self
    }

    pub(crate) fn without_claim(mut self, name: &str) -> Self {
        self.claims.as_object_mut().unwrap().remove(name);
        self
    }

    pub(crate) fn with_field(mut self, name: &'static str, value: &str) -> Self {
        self.fields.retain(|(other, _)| *other != name);
        self.fields.push((name, value.to_string()));
        self
    }

    pub(crate) fn for_meeting(self, number: u64) -> Self {
        self.with_claim("mn", number.to_string())
            .with_field("meetingNumber", &number.to_string())
    }

    pub(crate) fn with_host_role(self) -> Self {
        self.with_claim("role", 1)
    }

    pub(crate) fn signature(&self) -> String {
        jsonwebtoken::encode(
            &Header::new(self.algorithm),
            &self.claims,
            &EncodingKey::from_secret(self.secret.as_bytes()),
        )
        .unwrap()
    }

    /// The form's fields; a field `signature` of its own replaces the one that would be made.
    pub(crate) fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = self.fields.clone();
        if fields.iter().all(|(name, _)| *name != "signature") {
            fields.push(("signature", self.signature()));
        }
        fields
    }
}
