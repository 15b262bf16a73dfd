//! A REST client for tests: JSON in, status and JSON out.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Speaks to a server as one user, or as nobody.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    /// The access token, when logged in.
    pub token: Option<String>,
    /// The logged-in user.
    pub user: Value,
}

/// A status and its body.
pub type Answer = (StatusCode, Value);

impl Client {
    /// Nobody yet.
    pub fn new(base: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client without TLS can be made");
        Self { http, base: base.to_owned(), token: None, user: Value::Null }
    }

    /// Registers somebody new and goes on as them.
    pub async fn register(base: &str, email: &str, password: &str) -> Self {
        let body = json!({"email": email, "password": password, "first_name": "Test", "last_name": "Person"});
        let client = Self::new(base);
        let answer = client.post("/api/auth/register", &body).await;
        client.entered(&expect(StatusCode::CREATED, answer))
    }

    /// Logs in and goes on as that user.
    pub async fn login(base: &str, (email, password): (&str, &str)) -> Self {
        let client = Self::new(base);
        let answer = client.post("/api/auth/login", &json!({"email": email, "password": password})).await;
        client.entered(&expect(StatusCode::OK, answer))
    }

    fn entered(mut self, answer: &Value) -> Self {
        self.token = Some(answer["access_token"].as_str().expect("a login answers a token").to_owned());
        self.user = answer["user"].clone();
        self
    }

    /// Where the server is.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Goes on with the server at another address.
    pub fn move_to(&mut self, base: &str) {
        base.clone_into(&mut self.base);
    }

    /// The user's number.
    pub fn id(&self) -> i64 {
        self.user["id"].as_i64().expect("a user has an id")
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None, &[]).await
    }

    /// POST with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, Some(body.to_string()), &[]).await
    }

    /// POST that is to take effect once.
    pub async fn post_once(&self, path: &str, key: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, Some(body.to_string()), &[("idempotency-key", key)]).await
    }

    /// POST to a server that may die meanwhile.
    pub async fn try_post(&self, path: &str, body: &Value) -> reqwest::Result<Answer> {
        self.try_send(Method::POST, path, Some(body.to_string()), &[]).await
    }

    /// Any method, any body, more headers.
    pub async fn send(&self, method: Method, path: &str, body: Option<String>, headers: &[(&str, &str)]) -> Answer {
        self.try_send(method, path, body, headers).await.expect("the server answers")
    }

    /// [`Client::send`] to a server that may die meanwhile.
    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
        headers: &[(&str, &str)],
    ) -> reqwest::Result<Answer> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await?;
        let status = response.status();
        let text = response.text().await?;
        let value =
            if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or(Value::String(text)) };
        Ok((status, value))
    }
}

/// The body, after its status was checked.
pub fn expect(status: StatusCode, (got, body): Answer) -> Value {
    assert_eq!(got, status, "{body:#}");
    body
}
