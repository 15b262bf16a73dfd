//! A venue for one test: two instruments, verified traders with cash and credits, and whatever else is asked for.

use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use cx_api::venue::{Venue, VenueSettings};
use cx_api::ws::SocketLimits;
use cx_api::{ApiSettings, AppState, router};
use cx_engine::command::{AssetClass, Movement, NewAsset, NewInstrument, Permissions, SetPermissions};
use cx_engine::ids::{AccountId, AssetId, Seq, Symbol};
use cx_engine::units::{Amount, FeeRate, Price};
use cx_engine::{Command, CommandRecord, Event, EventRecord, Exchange};
use cx_identity::{
    HashCost, Identity, IdentitySettings, Origin, Registration, Role, SecretString, SigningKeys, Verdict,
};
use cx_pipeline::{EventLog, Journal, Pipeline, PipelineConfig, PortError, Sequencer, SystemClock};
use cx_store::Store;
use cx_store::sink::Sink;
use serde_json::Value;
use tower::ServiceExt;

pub const SYMBOL: &str = "VCS-191-2016-USD";
pub const OTHER_SYMBOL: &str = "GS-11603-2025-USD";
pub const PASSWORD: &str = "Correct-horse-9";

/// Commands need not survive a test.
struct NoJournal;

impl Journal for NoJournal {
    fn append(&mut self, _: Seq, _: &[CommandRecord]) -> Result<(), PortError> {
        Ok(())
    }
}

/// Events in the order of their release.
#[derive(Clone, Default)]
pub struct MemoryLog(Arc<Mutex<Vec<EventRecord>>>);

impl MemoryLog {
    pub fn all(&self) -> Vec<EventRecord> {
        self.0.lock().unwrap().clone()
    }
}

impl EventLog for MemoryLog {
    fn append(&mut self, records: &[EventRecord]) -> Result<(), PortError> {
        self.0.lock().unwrap().extend_from_slice(records);
        Ok(())
    }
}

/// A trader.
#[derive(Debug, Clone)]
pub struct Trader {
    pub id: i64,
    pub account: AccountId,
    pub token: String,
}

/// An exchange with its API.
pub struct TestVenue {
    pub state: AppState,
    pub log: MemoryLog,
    pub sequencer: Sequencer,
    admin: i64,
    reference: std::sync::atomic::AtomicU64,
    _pipeline: Pipeline,
}

/// An answer over REST.
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

    /// Checks a problem's status and code.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Value {
        let body = self.expect(status);
        assert_eq!(body["code"], code, "{}", self.text);
        assert_eq!(body["status"], status);
        body
    }
}

fn symbol(text: &str) -> Symbol {
    Symbol::new(text).unwrap()
}

impl TestVenue {
    pub async fn new() -> Self {
        Self::with(SocketLimits::default(), IdentitySettings::default()).await
    }

    pub async fn with(sockets: SocketLimits, identity: IdentitySettings) -> Self {
        Self::built(sockets, identity, VenueSettings::default(), PipelineConfig::default()).await
    }

    /// A venue whose folds keep one closed order: older ones come out of SQL.
    pub async fn forgetful() -> Self {
        let folds = VenueSettings { closed_orders_max: 1, ..VenueSettings::default() };
        Self::built(SocketLimits::default(), IdentitySettings::default(), folds, PipelineConfig::default()).await
    }

    /// A venue that takes so many commands at a time.
    pub async fn narrow(in_flight_max: usize) -> Self {
        let pipeline = PipelineConfig { in_flight_max, ..PipelineConfig::default() };
        Self::built(SocketLimits::default(), IdentitySettings::default(), VenueSettings::default(), pipeline).await
    }

    async fn built(
        sockets: SocketLimits,
        identity: IdentitySettings,
        folds: VenueSettings,
        pipeline: PipelineConfig,
    ) -> Self {
        let store = Store::connect("sqlite::memory:").await.unwrap();
        let identity = IdentitySettings { hash_cost: HashCost::LEAST, ..identity };
        let identity = Arc::new(Identity::new(&store, SigningKeys::ephemeral().unwrap(), identity).unwrap());
        let admin = identity.ensure_admin("admin@example.org", SecretString::from(PASSWORD)).await.unwrap().unwrap();
        let venue = Venue::new(&folds);
        let log = MemoryLog::default();
        let (pipeline, sequencer) = Pipeline::start(
            pipeline,
            Exchange::new(),
            Box::new(NoJournal),
            Box::new(log.clone()),
            Box::new(venue.outlet()),
            Arc::new(SystemClock),
        );
        let mut settings = ApiSettings { environment: "test".to_owned(), sockets, ..ApiSettings::default() };
        settings.limits.enabled = false;
        let handle = pipeline.status_handle();
        let state = AppState::new(store, identity, sequencer.clone(), handle, venue, settings);
        let (reference, admin) = (std::sync::atomic::AtomicU64::new(1), admin.id);
        let venue = Self { state, log, sequencer, admin, reference, _pipeline: pipeline };
        venue.list().await;
        venue
    }

    async fn list(&self) {
        self.run(Command::AddAsset(NewAsset { code: symbol("USD"), class: AssetClass::Cash, scale: 4 })).await;
        for (credits, traded, base) in [("VCS-191-2016", SYMBOL, 1), ("GS-11603-2025", OTHER_SYMBOL, 2)] {
            self.run(Command::AddAsset(NewAsset { code: symbol(credits), class: AssetClass::Credit, scale: 0 })).await;
            self.run(Command::ListInstrument(NewInstrument {
                symbol: symbol(traded),
                base: AssetId::new(base),
                quote: AssetId::new(0),
                tick_value: 100,
                price_max: Price::from_ticks(10_000_000),
                maker_fee: FeeRate::from_ppm(500).unwrap(),
                taker_fee: FeeRate::from_ppm(1_000).unwrap(),
            }))
            .await;
        }
    }

    /// Runs a command that must not be refused.
    pub async fn run(&self, command: Command) -> Vec<Event> {
        let reply = self.sequencer.submit(command).unwrap().await.unwrap();
        let refused = reply.events.iter().any(|event| matches!(event, Event::CommandRejected(_)));
        assert!(!refused, "{:?}", reply.events);
        reply.events
    }

    /// Somebody who has just registered.
    pub async fn stranger(&self, name: &str) -> Trader {
        let registration = Registration {
            email: format!("{name}@example.org"),
            password: SecretString::from(PASSWORD),
            first_name: name.to_owned(),
            last_name: "Trader".to_owned(),
            phone_number: None,
            company_name: None,
        };
        let logged_in = self.state.identity.register(registration, Origin::default()).await.unwrap();
        let account = logged_in.user.account();
        Trader { id: logged_in.user.id, account, token: logged_in.tokens.access }
    }

    /// Approves somebody, in the gateway and in the core.
    pub async fn approve(&self, trader: &Trader) {
        self.state.identity.review(trader.id, &Verdict::Approve { level: 1 }, self.admin).await.unwrap();
        let permissions = Permissions { trade: true, withdraw: true };
        self.run(Command::SetPermissions(SetPermissions { account: trader.account, permissions })).await;
    }

    /// A verified trader without anything.
    pub async fn poor(&self, name: &str) -> Trader {
        let trader = self.stranger(name).await;
        self.approve(&trader).await;
        trader
    }

    /// A verified trader with 100,000 USD and 10,000 credits of each kind.
    pub async fn trader(&self, name: &str) -> Trader {
        let trader = self.poor(name).await;
        self.run(Command::Deposit(self.movement(&trader, 0, 1_000_000_000))).await;
        for asset in [1, 2] {
            self.run(Command::Issue(self.movement(&trader, asset, 10_000))).await;
        }
        trader
    }

    fn movement(&self, trader: &Trader, asset: u32, minor: i64) -> Movement {
        let reference = self.reference.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Movement { account: trader.account, asset: AssetId::new(asset), amount: Amount::from_minor(minor), reference }
    }

    pub async fn set_role(&self, trader: &Trader, role: Role) {
        self.state.identity.set_role(trader.id, role, self.admin).await.unwrap();
    }

    /// Writes everything that has happened into SQL.
    pub async fn sink(&self) {
        Sink::open(self.state.store.clone()).await.unwrap().apply(&self.log.all()).await.unwrap();
    }

    /// One request through the router.
    pub async fn call(&self, method: Method, path: &str, token: Option<&str>, body: Option<&str>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let request = request.body(body.map_or_else(Body::empty, |body| Body::from(body.to_owned()))).unwrap();
        let answer = router(self.state.clone()).oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let text = String::from_utf8(to_bytes(body, 1 << 24).await.unwrap().to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    pub async fn get(&self, path: &str, trader: &Trader) -> Answer {
        self.call(Method::GET, path, Some(&trader.token), None).await
    }

    pub async fn public(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None, None).await
    }

    pub async fn post(&self, path: &str, trader: &Trader, body: &str) -> Answer {
        self.call(Method::POST, path, Some(&trader.token), Some(body)).await
    }

    pub async fn put(&self, path: &str, trader: &Trader, body: &str) -> Answer {
        self.call(Method::PUT, path, Some(&trader.token), Some(body)).await
    }

    pub async fn delete(&self, path: &str, trader: &Trader) -> Answer {
        self.call(Method::DELETE, path, Some(&trader.token), None).await
    }

    /// Places a limit order, which must be accepted; its JSON.
    pub async fn place(&self, trader: &Trader, side: &str, price: &str, quantity: u64) -> Value {
        let body = limit(side, price, quantity, "");
        self.post("/api/trading/orders", trader, &body).await.expect(201)["order"].clone()
    }
}

/// The body of a limit order; `more` goes before the closing brace.
pub fn limit(side: &str, price: &str, quantity: u64, more: &str) -> String {
    format!(
        r#"{{"order_type": "limit", "side": "{side}", "price": {price}, "quantity": {quantity}, "symbol": "{SYMBOL}"{more}}}"#
    )
}
