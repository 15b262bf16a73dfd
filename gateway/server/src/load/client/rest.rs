//! The REST routes that a load run needs.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, StatusCode};
use rust_decimal::Decimal;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A client of one server.
#[derive(Debug, Clone)]
pub struct Rest {
    base: String,
    http: reqwest::Client,
}

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub enum RestError {
    /// No answer.
    #[error("cannot {what}")]
    Unreachable {
        /// The request.
        what: String,
        /// Why.
        source: reqwest::Error,
    },
    /// An answer that says no.
    #[error("cannot {what}: the server answered {status} {code}: {message}")]
    Refused {
        /// The request.
        what: String,
        /// The HTTP status.
        status: StatusCode,
        /// The stable code, empty when there was none.
        code: String,
        /// For a person.
        message: String,
        /// Seconds after which to try again.
        retry_after: Option<u64>,
    },
}

/// A pair of tokens.
#[derive(Debug, Clone, Deserialize)]
pub struct Tokens {
    /// For requests.
    pub access_token: String,
    /// For the next pair.
    pub refresh_token: String,
}

/// Who registered.
#[derive(Debug, Deserialize)]
pub struct Registered {
    /// The user.
    pub user: User,
    /// Its tokens.
    #[serde(flatten)]
    pub tokens: Tokens,
}

/// A user.
#[derive(Debug, Deserialize)]
pub struct User {
    /// Its number.
    pub id: u64,
}

/// An instrument.
#[derive(Debug, Clone, Deserialize)]
pub struct Instrument {
    /// Its symbol.
    pub symbol: String,
    /// The number of the project whose credits are traded.
    pub project_id: Option<u64>,
    /// Their vintage.
    pub vintage_year: Option<i32>,
    /// The currency that pays.
    pub currency: String,
    /// The price step.
    #[serde(with = "rust_decimal::serde::arbitrary_precision")]
    pub tick_size: Decimal,
    /// The quantity step.
    #[serde(with = "rust_decimal::serde::arbitrary_precision")]
    pub lot_size: Decimal,
    /// The highest limit price.
    #[serde(with = "rust_decimal::serde::arbitrary_precision")]
    pub price_max: Decimal,
}

impl Instrument {
    /// The code of the credits: the symbol without its currency.
    pub fn credits(&self) -> &str {
        self.symbol.strip_suffix(&self.currency).and_then(|rest| rest.strip_suffix('-')).unwrap_or(&self.symbol)
    }
}

/// A block of credits to issue to a user.
#[derive(Debug, Clone, Serialize)]
pub struct Issue {
    /// The project's number.
    pub project_id: u64,
    /// The vintage.
    pub vintage_year: i32,
    /// How many.
    pub quantity: u64,
    /// Who gets them.
    pub owner_user_id: u64,
    /// The block's name; also makes it happen once.
    #[serde(rename = "serial_number")]
    pub serial: String,
}

/// A balance.
#[derive(Debug, Clone, Deserialize)]
pub struct Balance {
    /// Its asset's code.
    pub asset: String,
    /// What is free.
    #[serde(with = "rust_decimal::serde::arbitrary_precision")]
    pub available: Decimal,
}

/// The best levels of a book.
#[derive(Debug, Deserialize)]
pub struct Depth {
    /// Bids from the best.
    pub bids: Vec<Level>,
    /// Asks from the best.
    pub asks: Vec<Level>,
}

/// A level.
#[derive(Debug, Deserialize)]
pub struct Level {
    /// Its price.
    #[serde(with = "rust_decimal::serde::arbitrary_precision")]
    pub price: Decimal,
}

#[derive(Deserialize)]
struct Deposited {
    transaction: Transaction,
}

#[derive(Deserialize)]
struct Transaction {
    status: String,
}

#[derive(Deserialize)]
struct Instruments {
    instruments: Vec<Instrument>,
}

#[derive(Deserialize)]
struct Balances {
    balances: Vec<Balance>,
}

impl Rest {
    /// A client of the server at `url` (`http://host:port`).
    pub fn new(url: &str) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .no_proxy()
            .user_agent(concat!("carbonxchange-load/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { base: url.trim_end_matches('/').to_owned(), http })
    }

    /// The server's address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Makes a user.
    pub async fn register(&self, email: &str, password: &str) -> Result<Registered, RestError> {
        let body = json!({"email": email, "password": password, "first_name": "Load", "last_name": "Generator"});
        self.send(self.request(Method::POST, "/api/auth/register", None).json(&body), "register a user").await
    }

    /// Logs in.
    pub async fn login(&self, email: &str, password: &str) -> Result<Tokens, RestError> {
        let body = json!({"email": email, "password": password});
        self.send(self.request(Method::POST, "/api/auth/login", None).json(&body), &format!("log in as {email}")).await
    }

    /// The next pair of tokens.
    pub async fn refresh(&self, refresh_token: &str) -> Result<Tokens, RestError> {
        self.send(self.request(Method::POST, "/api/auth/refresh", Some(refresh_token)), "refresh the tokens").await
    }

    /// As staff: approves a user's identity.
    pub async fn approve(&self, staff: &str, user: u64) -> Result<(), RestError> {
        let path = format!("/api/admin/kyc/{user}/approve");
        let request = self.request(Method::POST, &path, Some(staff)).json(&json!({"level": 2}));
        self.send::<Value>(request, "approve a user").await.map(drop)
    }

    /// As staff: credits cash to a user; `reference` makes it happen once. Gives the transaction's status: large amounts
    /// wait for a second approval.
    pub async fn deposit(
        &self,
        staff: &str,
        to: u64,
        currency: &str,
        amount: u64,
        reference: &str,
    ) -> Result<String, RestError> {
        let body = json!({"user_id": to, "currency": currency, "amount": amount, "reference": reference});
        let request = self.request(Method::POST, "/api/wallet/deposits", Some(staff));
        let request = request.header("Idempotency-Key", reference).json(&body);
        let Deposited { transaction } = self.send(request, &format!("deposit {currency}")).await?;
        Ok(transaction.status)
    }

    /// As staff: issues a block of credits to a user.
    pub async fn issue(&self, staff: &str, issue: &Issue) -> Result<(), RestError> {
        let request = self.request(Method::POST, "/api/carbon-credits", Some(staff));
        let request = request.header("Idempotency-Key", &issue.serial).json(issue);
        self.send::<Value>(request, "issue credits").await.map(drop)
    }

    /// What can be traded.
    pub async fn instruments(&self) -> Result<Vec<Instrument>, RestError> {
        let request = self.request(Method::GET, "/api/market/instruments", None);
        self.send(request, "list the instruments").await.map(|Instruments { instruments }| instruments)
    }

    /// The best level of each side.
    pub async fn touch(&self, symbol: &str) -> Result<Depth, RestError> {
        let request = self.request(Method::GET, &format!("/api/market/depth/{symbol}?levels=1"), None);
        self.send(request, "read a book").await
    }

    /// What the user has.
    pub async fn balances(&self, token: &str) -> Result<Vec<Balance>, RestError> {
        let request = self.request(Method::GET, "/api/trading/balances", Some(token));
        self.send(request, "read the balances").await.map(|Balances { balances }| balances)
    }

    /// Reads a path to its end and gives `ok` or the code of the refusal.
    pub async fn probe(&self, path: &str, token: Option<&str>) -> Result<(), RestError> {
        let answer = self.call(self.request(Method::GET, path, token), "read").await?;
        let unreachable = |source| RestError::Unreachable { what: "read".to_owned(), source };
        answer.bytes().await.map(drop).map_err(unreachable)
    }

    fn request(&self, method: Method, path: &str, token: Option<&str>) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn send<T: DeserializeOwned>(&self, request: RequestBuilder, what: &str) -> Result<T, RestError> {
        let answer = self.call(request, what).await?;
        answer.json().await.map_err(|source| RestError::Unreachable { what: what.to_owned(), source })
    }

    /// Sends a request; answers that say no become errors.
    async fn call(&self, request: RequestBuilder, what: &str) -> Result<reqwest::Response, RestError> {
        let unreachable = |source| RestError::Unreachable { what: what.to_owned(), source };
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let seconds = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        let body: Value = answer.json().await.unwrap_or(Value::Null);
        let field = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (code, message) = (field("code"), field("detail"));
        Err(RestError::Refused { what: what.to_owned(), status, code, message, retry_after: seconds })
    }
}

impl RestError {
    /// What to count it under.
    pub fn code(&self) -> String {
        match self {
            Self::Unreachable { source, .. } if source.is_timeout() => "timeout".to_owned(),
            Self::Unreachable { .. } => "unreachable".to_owned(),
            Self::Refused { code, status, .. } if code.is_empty() => format!("http_{}", status.as_u16()),
            Self::Refused { code, .. } => code.clone(),
        }
    }

    /// Seconds to wait when the server limits the rate.
    pub fn wait(&self) -> Option<u64> {
        match self {
            Self::Refused { status: StatusCode::TOO_MANY_REQUESTS, retry_after, .. } => Some(retry_after.unwrap_or(1)),
            _ => None,
        }
    }
}
