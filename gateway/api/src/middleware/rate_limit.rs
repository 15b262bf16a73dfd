//! Rate limits at the door: per address for logins, registrations and market data, per account for orders. The core has
//! its own, on journaled time; these keep floods away from password hashing and the ring.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::{NoOpMiddleware, StateInformationMiddleware};
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use super::client;
use crate::auth::Resolved;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// Keys remembered per policy; above that, strangers share one.
const KEYS_MAX: usize = 65_536;
/// How often (in checks) keys that have recovered are forgotten.
const SWEEP_EVERY: u32 = 1_024;
/// The window of every quota: [`Quota::per_minute`].
const WINDOW: Duration = Duration::from_mins(1);

/// How many requests a minute are let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitsConfig {
    /// Off for test runs (`CX_RATE_LIMITS=off`).
    pub enabled: bool,
    /// Logins per address.
    pub login: NonZeroU32,
    /// Registrations per address.
    pub register: NonZeroU32,
    /// Orders, amendments and cancellations per account.
    pub orders: NonZeroU32,
    /// Market data requests per address.
    pub market: NonZeroU32,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        let number = |value| NonZeroU32::new(value).expect("written out above zero");
        Self { enabled: true, login: number(5), register: number(3), orders: number(100), market: number(1000) }
    }
}

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// POST /api/auth/login.
    Login,
    /// POST /api/auth/register.
    Register,
    /// Writes under /api/trading/orders.
    Orders,
    /// /api/market.
    Market,
}

impl Policy {
    const fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Register => "register",
            Self::Orders => "orders",
            Self::Market => "market",
        }
    }

    fn of(request: &Request) -> Option<Self> {
        let path = request.uri().path();
        let under =
            |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        match *request.method() {
            Method::POST if path == "/api/auth/login" => Some(Self::Login),
            Method::POST if path == "/api/auth/register" => Some(Self::Register),
            Method::POST | Method::PUT | Method::DELETE if under("/api/trading/orders") => Some(Self::Orders),
            Method::GET if under("/api/market") => Some(Self::Market),
            _ => None,
        }
    }
}

/// Who is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Key {
    /// A network address.
    Address(IpAddr),
    /// A user's account.
    Account(i64),
    /// Everybody who came after the table was full.
    Overflow,
}

/// What a check said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    policy: Policy,
    limit: u32,
    remaining: u32,
    /// Seconds until the whole quota is there again.
    reset: u64,
    /// Seconds to wait; `None` when let through.
    wait: Option<u64>,
}

type Plain<C> = RateLimiter<Key, DashMapStateStore<Key>, C, NoOpMiddleware<<C as Clock>::Instant>>;
type Counter<C> = RateLimiter<Key, DashMapStateStore<Key>, C, StateInformationMiddleware>;

/// The counters of one policy.
struct Limit<C: Clock + Clone> {
    policy: Policy,
    most: NonZeroU32,
    counter: Counter<C>,
    clock: C,
    checks: AtomicU32,
}

impl<C: Clock + Clone> Limit<C> {
    fn new(policy: Policy, limit: NonZeroU32, clock: C) -> Self {
        let quota = Quota::per_minute(limit);
        let counter = Plain::<C>::new(quota, DashMapStateStore::default(), clock.clone()).with_middleware();
        Self { policy, most: limit, counter, clock, checks: AtomicU32::new(0) }
    }

    fn check(&self, key: Key) -> Verdict {
        // Sweeping looks at every key, so a flood of strangers must not make every check sweep.
        if self.checks.fetch_add(1, Ordering::Relaxed).is_multiple_of(SWEEP_EVERY) {
            self.counter.retain_recent();
        }
        let key = if self.counter.len() >= KEYS_MAX { Key::Overflow } else { key };
        let limit = self.most.get();
        let (remaining, wait) = match self.counter.check_key(&key) {
            Ok(snapshot) => (snapshot.remaining_burst_capacity(), None),
            Err(refused) => (0, Some(whole_seconds(refused.wait_time_from(self.clock.now())))),
        };
        let reset = whole_seconds(WINDOW / limit * (limit - remaining));
        Verdict { policy: self.policy, limit, remaining, reset, wait }
    }
}

/// Rounded up, so that a client that waits exactly so long is let in.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// All limits.
pub struct Limits {
    enabled: bool,
    login: Limit<DefaultClock>,
    register: Limit<DefaultClock>,
    orders: Limit<DefaultClock>,
    market: Limit<DefaultClock>,
}

impl Limits {
    /// With the configured numbers.
    pub fn new(config: &LimitsConfig) -> Self {
        let clock = DefaultClock::default();
        Self {
            enabled: config.enabled,
            login: Limit::new(Policy::Login, config.login, clock.clone()),
            register: Limit::new(Policy::Register, config.register, clock.clone()),
            orders: Limit::new(Policy::Orders, config.orders, clock.clone()),
            market: Limit::new(Policy::Market, config.market, clock),
        }
    }

    /// Counts one request; `None` when limits are off.
    pub fn check(&self, policy: Policy, key: Key) -> Option<Verdict> {
        let limit = match policy {
            Policy::Login => &self.login,
            Policy::Register => &self.register,
            Policy::Orders => &self.orders,
            Policy::Market => &self.market,
        };
        self.enabled.then(|| limit.check(key))
    }
}

impl Verdict {
    /// How long to wait, when the request was refused.
    pub const fn wait(self) -> Option<u64> {
        self.wait
    }

    fn write(self, headers: &mut HeaderMap) {
        let Self { policy, limit, remaining, reset, .. } = self;
        let name = policy.name();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let lines = [
            ("ratelimit-policy", format!("\"{name}\";q={limit};w={}", WINDOW.as_secs())),
            ("ratelimit", format!("\"{name}\";r={remaining};t={reset}")),
            ("x-ratelimit-limit", limit.to_string()),
            ("x-ratelimit-remaining", remaining.to_string()),
            ("x-ratelimit-reset", (now + reset).to_string()),
        ];
        for (name, value) in lines {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

/// Middleware: counts the request and refuses it when there were too many.
pub(crate) async fn limit(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let Some(verdict) = verdict(&state, &request) else { return next.run(request).await };
    let mut answer = match verdict.wait {
        Some(seconds) => {
            let detail = format!("Too many requests; try again in {seconds} s.");
            Problem::new(Code::RateLimited).detail(detail).retry_after(seconds).into_response()
        }
        None => next.run(request).await,
    };
    verdict.write(answer.headers_mut());
    answer
}

fn verdict(state: &AppState, request: &Request) -> Option<Verdict> {
    let policy = Policy::of(request)?;
    let key = match policy {
        Policy::Orders => match request.extensions().get::<Resolved>() {
            Some(Resolved(Ok(user))) => Key::Account(user.id),
            _ => return None,
        },
        Policy::Login | Policy::Register | Policy::Market => {
            let trusted = &state.settings.trusted_proxies;
            Key::Address(client::address(request.extensions(), request.headers(), trusted).network())
        }
    };
    state.limits.check(policy, key)
}

#[cfg(test)]
mod tests;
