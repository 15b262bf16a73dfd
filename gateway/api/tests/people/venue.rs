//! A venue for one test, spoken to over HTTP only, so that what is tested is what clients get.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header};
use cx_api::venue::{Venue, VenueSettings};
use cx_api::{ApiSettings, AppState, router};
use cx_engine::command::{AssetClass, NewAsset, Permissions};
use cx_engine::ids::{AccountId, Seq, Symbol};
use cx_engine::{Command, CommandRecord, EventRecord, Exchange};
use cx_identity::{HashCost, Identity, IdentitySettings, Registration, Role, SecretString, SigningKeys};
use cx_pipeline::{EventLog, Journal, Pipeline, PipelineConfig, PortError, SystemClock};
use cx_store::Store;
use cx_store::sink::Sink;
use serde_json::{Value, json};
use tower::ServiceExt;

pub const PASSWORD: &str = "Correct-horse-9";

/// Commands in the order of the journal.
#[derive(Clone, Default)]
pub struct MemoryJournal(Arc<Mutex<Vec<CommandRecord>>>);

impl MemoryJournal {
    pub fn commands(&self) -> Vec<Command> {
        self.0.lock().unwrap().iter().map(|record| record.command).collect()
    }
}

impl Journal for MemoryJournal {
    fn append(&mut self, _: Seq, records: &[CommandRecord]) -> Result<(), PortError> {
        self.0.lock().unwrap().extend_from_slice(records);
        Ok(())
    }
}

#[derive(Clone, Default)]
struct MemoryLog(Arc<Mutex<Vec<EventRecord>>>);

impl EventLog for MemoryLog {
    fn append(&mut self, records: &[EventRecord]) -> Result<(), PortError> {
        self.0.lock().unwrap().extend_from_slice(records);
        Ok(())
    }
}

/// An exchange with its API. User 1 is the admin.
pub struct TestVenue {
    pub state: AppState,
    pub journal: MemoryJournal,
    pub admin: String,
    log: MemoryLog,
    router: Router,
    _pipeline: Pipeline,
}

/// Somebody who is logged in.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: i64,
    pub email: String,
    pub access: String,
    pub refresh: String,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The JSON of an answer that must have this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self.json()
    }

    /// Checks that it is a whole problem of this status and code.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Value {
        let body = self.expect(status);
        assert_eq!(body["code"], code, "{}", self.text);
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(body["request_id"], self.headers["x-request-id"].to_str().unwrap());
        assert_eq!((&body["status"], &body["status_code"]), (&json!(status), &json!(status)));
        for field in ["type", "title", "detail", "instance", "error", "message"] {
            assert!(!body[field].as_str().unwrap().is_empty(), "{field}: {}", self.text);
        }
        assert!(body["errors"].is_array());
        body
    }
}

/// A request under construction.
pub struct Call {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Option<Vec<u8>>,
}

pub fn call(method: &'static str, path: impl Into<String>) -> Call {
    Call { method, path: path.into(), headers: Vec::new(), body: None }
}

impl Call {
    pub fn by(self, access: &str) -> Self {
        self.header("authorization", format!("Bearer {access}"))
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.raw(body.to_string())
    }

    pub fn raw(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        if self.headers.iter().any(|(name, _)| *name == "content-type") {
            return self;
        }
        self.header("content-type", "application/json")
    }
}

impl TestVenue {
    pub async fn new() -> Self {
        Self::with(|_| {}, |_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut ApiSettings), people: impl FnOnce(&mut IdentitySettings)) -> Self {
        let store = Store::connect("sqlite::memory:").await.unwrap();
        let mut about_people = IdentitySettings { hash_cost: HashCost::LEAST, ..IdentitySettings::default() };
        people(&mut about_people);
        let identity = Arc::new(Identity::new(&store, SigningKeys::ephemeral().unwrap(), about_people).unwrap());
        identity.ensure_admin("admin@example.org", SecretString::from(PASSWORD)).await.unwrap().unwrap();
        let mut settings = ApiSettings { environment: "test".to_owned(), ..ApiSettings::default() };
        settings.limits.enabled = false;
        change(&mut settings);

        let venue = Venue::new(&VenueSettings::default());
        let (journal, log) = (MemoryJournal::default(), MemoryLog::default());
        let (pipeline, sequencer) = Pipeline::start(
            PipelineConfig::default(),
            Exchange::new(),
            Box::new(journal.clone()),
            Box::new(log.clone()),
            Box::new(venue.outlet()),
            Arc::new(SystemClock),
        );
        let usd = NewAsset { code: Symbol::new("USD").unwrap(), class: AssetClass::Cash, scale: 4 };
        sequencer.submit(Command::AddAsset(usd)).unwrap().await.unwrap();
        let state = AppState::new(store, identity, sequencer, pipeline.status_handle(), venue, settings);
        let router = router(state.clone());
        let mut built = Self { state, journal, admin: String::new(), log, router, _pipeline: pipeline };
        built.admin = built.login("admin@example.org").await.access;
        built
    }

    /// Sends a request from the loopback.
    pub async fn send(&self, call: Call) -> Answer {
        self.send_from("127.0.0.1:9", call).await
    }

    pub async fn send_from(&self, peer: &str, call: Call) -> Answer {
        let mut request = Request::builder().method(call.method).uri(call.path);
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        let mut request = request.body(call.body.map_or_else(Body::empty, Body::from)).unwrap();
        request.extensions_mut().insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = to_bytes(body, 1 << 24).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    pub async fn get(&self, path: &str, access: &str) -> Answer {
        self.send(call("GET", path).by(access)).await
    }

    pub async fn post(&self, path: &str, access: &str, body: Value) -> Answer {
        self.send(call("POST", path).by(access).json(&body)).await
    }

    pub async fn put(&self, path: &str, access: &str, body: Value) -> Answer {
        self.send(call("PUT", path).by(access).json(&body)).await
    }

    /// Registers somebody.
    pub async fn person(&self, name: &str) -> Person {
        let body = json!({
            "email": format!("{name}@example.org"), "password": PASSWORD, "first_name": name, "last_name": "Tester",
        });
        let answer = self.send(call("POST", "/api/auth/register").json(&body)).await.expect(201);
        person(&answer)
    }

    pub async fn login(&self, email: &str) -> Person {
        person(&self.try_login(email, PASSWORD).await.expect(200))
    }

    pub async fn try_login(&self, email: &str, password: &str) -> Answer {
        self.send(call("POST", "/api/auth/login").json(&json!({"email": email, "password": password}))).await
    }

    /// Registers somebody whose identity is approved.
    pub async fn trader(&self, name: &str) -> Person {
        let person = self.person(name).await;
        self.post(&format!("/api/admin/kyc/{}/approve", person.id), &self.admin, json!({"level": 1})).await.expect(200);
        person
    }

    /// Somebody of this role, logged in.
    pub async fn of_role(&self, role: Role) -> Person {
        let registration = Registration {
            email: format!("{role}@example.org"),
            password: SecretString::from(PASSWORD),
            first_name: "Some".to_owned(),
            last_name: "Body".to_owned(),
            phone_number: None,
            company_name: None,
        };
        self.state.identity.add_user(registration, role, true).await.unwrap();
        self.login(&format!("{role}@example.org")).await
    }

    /// What the core permits.
    pub fn permitted(&self, person: &Person) -> Option<Permissions> {
        let account = AccountId::new(u32::try_from(person.id).unwrap());
        self.state.venue.read().accounts.permissions(account)
    }

    /// Dollars available, in minor units.
    pub fn dollars(&self, person: &Person) -> i64 {
        let account = AccountId::new(u32::try_from(person.id).unwrap());
        self.state.venue.read().accounts.balance(account, cx_engine::ids::AssetId::new(0)).available.minor()
    }

    /// Writes what has happened into SQL.
    pub async fn sink(&self) {
        let events = self.log.0.lock().unwrap().clone();
        let mut sink = Sink::open(self.state.store.clone()).await.unwrap();
        let from = sink.cursor().seq;
        let rest: Vec<EventRecord> = events.into_iter().filter(|event| event.seq > from).collect();
        sink.apply(&rest).await.unwrap();
    }
}

fn person(answer: &Value) -> Person {
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    assert_eq!(answer["token_type"], "Bearer");
    Person {
        id: answer["user"]["id"].as_i64().unwrap(),
        email: answer["user"]["email"].as_str().unwrap().to_owned(),
        access: text("access_token"),
        refresh: text("refresh_token"),
    }
}

pub const TRADES: Option<Permissions> = Some(Permissions { trade: true, withdraw: true });
pub const NOTHING: Option<Permissions> = Some(Permissions { trade: false, withdraw: false });
