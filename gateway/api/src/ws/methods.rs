//! What each request does. Commands enter the ring in the order in which the client sent them; their answers are awaited on
//! the side, so a connection can have many in flight.

use std::collections::HashSet;
use std::sync::Arc;

use cx_engine::Command;
use cx_engine::ids::{AccountId, InstrumentId};
use cx_engine::reject::Reject;
use cx_identity::{Principal, Revoked};
use cx_market_data::OrderState;
use cx_pipeline::Reply;
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::envelope::{FieldNote, Refusal, ReplyId, Request, reply};
use super::messages::{self, BalanceLine, OrderLine};
use super::outbox::{Close, Outbox, Outgoing};
use super::params::{self, Amend, Auth, Nothing, OnSymbol, Subscription, WhichOrder, WhichOrders};
use crate::problem::{Code, Problem};
use crate::routes::trading::desk;
use crate::routes::trading::entry::{self, OrderEntry};
use crate::routes::trading::instrument;
use crate::state::AppState;
use crate::venue::{Channel, ConnectionId, Joined, wall_nanos};

mod batch;

/// Methods of the contract that later versions offer.
const METHODS_LATER: &[&str] = &["cancel_on_disconnect", "resend"];
/// Channels of the contract that later versions offer.
const CHANNELS_LATER: &[&str] = &["book_l3", "bbo", "ticker", "candles"];

/// What one connection knows between its requests.
pub(super) struct Session {
    state: AppState,
    id: ConnectionId,
    outbox: Arc<Outbox>,
    owner: Option<Principal>,
    subscriptions: HashSet<Channel>,
    in_flight: Arc<Semaphore>,
}

/// One request's way back.
struct Call {
    id: ReplyId,
    time_in: u64,
    outbox: Arc<Outbox>,
}

impl Call {
    fn copy(&self) -> Self {
        Self { id: self.id.clone(), time_in: self.time_in, outbox: Arc::clone(&self.outbox) }
    }

    fn answer<T: Serialize>(&self, outcome: Result<T, Problem>) {
        self.outbox.put(self.message(outcome));
    }

    fn message<T: Serialize>(&self, outcome: Result<T, Problem>) -> Outgoing {
        let outcome = outcome.map_err(|problem| refusal(&problem));
        Outgoing::Text(reply(&self.id, &outcome, self.time_in, wall_nanos()))
    }
}

fn refusal(problem: &Problem) -> Refusal {
    let note =
        |error: &crate::problem::FieldError| FieldNote { field: error.field.clone(), message: error.message.clone() };
    let retry_after = match problem.code() {
        Code::Overloaded => Some(1),
        Code::ShuttingDown => Some(10),
        Code::DatabaseUnavailable => Some(5),
        _ => None,
    };
    Refusal {
        code: problem.code().as_str(),
        message: problem.message().to_owned(),
        errors: problem.errors().iter().map(note).collect(),
        retry_after,
    }
}

#[derive(Serialize)]
struct OneOrder {
    order: OrderLine,
}

#[derive(Serialize)]
struct PlacedOrder {
    order: OrderLine,
    repeated: bool,
}

#[derive(Serialize)]
struct CancelledOrders {
    cancelled: usize,
    orders: Vec<OrderLine>,
}

#[derive(Serialize)]
struct OpenOrders {
    orders: Vec<OrderLine>,
    seq: u64,
}

#[derive(Serialize)]
struct Balances {
    balances: Vec<BalanceLine>,
    seq: u64,
}

#[derive(Serialize)]
struct Subscribed<'a> {
    channel: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    symbol: Option<&'a str>,
    snapshot_required: bool,
    seq: u64,
    epoch: u64,
}

#[derive(Serialize)]
struct Unsubscribed {
    unsubscribed: bool,
}

#[derive(Serialize)]
struct Authenticated {
    account: u32,
    user: String,
    role: &'static str,
    may_trade: bool,
}

#[derive(Serialize)]
struct Pong {}

impl Session {
    pub(super) fn new(state: AppState, id: ConnectionId, outbox: Arc<Outbox>) -> Self {
        let in_flight = Arc::new(Semaphore::new(state.sockets.limits().in_flight_max));
        Self { state, id, outbox, owner: None, subscriptions: HashSet::new(), in_flight }
    }

    /// Makes the connection the user's; `false` when the user has too many.
    pub(super) fn claim(&mut self, owner: Principal) -> bool {
        let claimed = self.state.sockets.claim(self.id, owner);
        if claimed {
            self.owner = Some(owner);
        }
        claimed
    }

    /// Whether a revocation ends this connection. Whoever missed some must assume the worst.
    pub(super) fn is_hit_by(&self, revoked: Result<Revoked, RecvError>) -> bool {
        match (revoked, &self.owner) {
            (_, None) => false,
            (Ok(revoked), Some(owner)) => {
                revoked.user_id == owner.id && revoked.session.is_none_or(|session| session == owner.session)
            }
            (Err(_), Some(_)) => true,
        }
    }

    /// Waits until every command in flight has been answered.
    pub(super) async fn settled(&self) {
        let all = u32::try_from(self.state.sockets.limits().in_flight_max).unwrap_or(u32::MAX);
        drop(self.in_flight.acquire_many(all).await);
    }

    /// Takes one message.
    pub(super) async fn request(&mut self, text: &str, time_in: u64) {
        let outbox = Arc::clone(&self.outbox);
        let request = match parse(text) {
            Ok(request) => request,
            Err(problem) => return Call { id: ReplyId::none(), time_in, outbox }.answer(Err::<Pong, _>(problem)),
        };
        let call = Call { id: ReplyId::of(request.id), time_in, outbox };
        if let Err(problem) = self.dispatch(&request, &call).await {
            call.answer(Err::<Pong, _>(problem));
        }
    }

    /// Runs a request. It answers by `call` itself, unless it is refused before it began.
    async fn dispatch(&mut self, request: &Request<'_>, call: &Call) -> Result<(), Problem> {
        let params = request.params;
        match request.method.as_ref() {
            "ping" => params::read::<Nothing>(params).map(|_| call.answer(Ok(Pong {}))),
            "auth" => self.authenticate(params::read(params)?, call).await,
            "subscribe" => self.subscribe(&params::read(params)?, call),
            "unsubscribe" => self.unsubscribe(&params::read(params)?, call),
            "order.place" => {
                let account = self.trader()?;
                self.place(account, params::read(params)?, call).await
            }
            "order.amend" => {
                let account = self.trader()?;
                self.amend(account, &params::read(params)?, call).await
            }
            "order.cancel" => {
                let account = self.owner()?.account;
                self.cancel(account, &params::read(params)?, call).await
            }
            "order.cancel_all" => {
                let account = self.owner()?.account;
                self.cancel_all(account, &params::read(params)?, call).await
            }
            "order.batch" => {
                let account = self.trader()?;
                self.batch(account, params::read(params)?, call).await
            }
            "cancel_after" => {
                let account = self.trader()?;
                self.cancel_after(account, &params::read(params)?, call).await
            }
            "order.get" => {
                let account = self.owner()?.account;
                self.get(account, &params::read(params)?, call).await
            }
            "orders.open" => {
                let account = self.owner()?.account;
                self.open(account, &params::read(params)?, call)
            }
            "balances" => {
                let account = self.owner()?.account;
                params::read::<Nothing>(params).map(|_| self.balances(account, call))
            }
            later if METHODS_LATER.contains(&later) => {
                Err(Problem::new(Reject::NotSupported).detail(format!("The method {later} is not offered yet.")))
            }
            _ => Err(Problem::new(Code::UnknownMethod)),
        }
    }

    fn owner(&self) -> Result<&Principal, Problem> {
        self.owner.as_ref().ok_or_else(|| Problem::new(Code::Unauthenticated))
    }

    /// The account, if it may trade now. The folds know what the core was told last, so an approval or a suspension counts
    /// on sockets that are already open.
    fn trader(&self) -> Result<AccountId, Problem> {
        let owner = self.owner()?;
        let permitted = self.state.venue.read().accounts.permissions(owner.account).is_some_and(|may| may.trade);
        let by_role = owner.role.may(cx_identity::Permission::Trade);
        match (by_role, permitted) {
            (true, true) => Ok(owner.account),
            (true, false) => Err(Problem::new(cx_engine::reject::Reject::TradingNotPermitted)),
            (false, _) => Err(Problem::new(Code::Forbidden)),
        }
    }

    async fn authenticate(&mut self, auth: Auth, call: &Call) -> Result<(), Problem> {
        let owner = self.state.identity.authenticate(&auth.token).await?;
        if self.owner.is_some_and(|before| before.account != owner.account) {
            return Err(Problem::invalid("token", "this connection belongs to another account"));
        }
        if !self.claim(owner) {
            call.answer(Err::<Pong, _>(Problem::new(Code::TooManyConnections)));
            self.outbox.close(Close::TOO_MANY_CONNECTIONS);
            return Ok(());
        }
        let permitted = self.state.venue.read().accounts.permissions(owner.account).is_some_and(|may| may.trade);
        call.answer(Ok(Authenticated {
            account: owner.account.get(),
            user: owner.uuid.to_string(),
            role: owner.role.as_str(),
            may_trade: permitted,
        }));
        Ok(())
    }

    fn channel(&self, wanted: &Subscription) -> Result<Channel, Problem> {
        let name = wanted.channel.as_str();
        let private = matches!(name, "orders" | "balances");
        if wanted.depth.is_some() && name != "book" {
            return Err(Problem::invalid("depth", "only the book channel has a depth"));
        }
        if private && wanted.symbol.is_some() {
            return Err(Problem::invalid("symbol", "private channels are about the whole account"));
        }
        match name {
            "book" => Ok(Channel::Book(self.instrument(wanted)?, wanted.depth()?)),
            "trades" => Ok(Channel::Trades(self.instrument(wanted)?)),
            "status" => Ok(Channel::Status(self.instrument(wanted)?)),
            "auction" => Ok(Channel::Auction(self.instrument(wanted)?)),
            "orders" => Ok(Channel::Orders(self.owner()?.account)),
            "balances" => Ok(Channel::Balances(self.owner()?.account)),
            later if CHANNELS_LATER.contains(&later.split(':').next().unwrap_or_default()) => {
                Err(Problem::new(Reject::NotSupported)
                    .field("channel", format!("the channel {later} is not offered yet")))
            }
            _ => Err(Problem::invalid("channel", "channel must be book, trades, status, auction, orders or balances")),
        }
    }

    fn instrument(&self, wanted: &Subscription) -> Result<InstrumentId, Problem> {
        let Some(symbol) = wanted.symbol.as_deref() else {
            let problem = Problem::new(Code::MissingFields).error("Missing fields: symbol");
            return Err(problem.field("symbol", "symbol is required for this channel"));
        };
        instrument::by_symbol(&self.state.venue.read(), symbol)
    }

    fn subscribe(&mut self, wanted: &Subscription, call: &Call) -> Result<(), Problem> {
        let channel = self.channel(wanted)?;
        let more = !self.subscriptions.contains(&channel);
        if more && self.subscriptions.len() >= self.state.sockets.limits().subscriptions_max {
            return Err(Problem::new(Code::TooManySubscriptions));
        }
        self.subscriptions.insert(channel);
        let announce = |joined: Joined| {
            let symbol = wanted.symbol.as_deref();
            let (snapshot_required, seq, epoch) = (joined.snapshot, joined.seq, joined.epoch);
            call.message(Ok(Subscribed { channel: &wanted.channel, symbol, snapshot_required, seq, epoch }))
        };
        self.state.venue.join(self.id, &self.outbox, channel, wanted.resume(), announce);
        Ok(())
    }

    fn unsubscribe(&mut self, wanted: &Subscription, call: &Call) -> Result<(), Problem> {
        let channel = self.channel(wanted)?;
        self.subscriptions.remove(&channel);
        let unsubscribed = self.state.venue.leave(self.id, channel);
        call.answer(Ok(Unsubscribed { unsubscribed }));
        Ok(())
    }

    async fn place(&self, account: AccountId, wanted: OrderEntry, call: &Call) -> Result<(), Problem> {
        let order = desk::prepare(&self.state, account, &wanted).await?;
        self.run(call, Command::Place(order), move |state, reply| async move {
            let placed = desk::placed(&state, &order, &reply).await?;
            let order = line(&state, &placed.order)?;
            Ok(PlacedOrder { order, repeated: placed.repeated })
        })
        .await
    }

    async fn amend(&self, account: AccountId, wanted: &Amend, call: &Call) -> Result<(), Problem> {
        let order = desk::find(&self.state, account, wanted.order()?).await?;
        let command = desk::amendment(&self.state.venue.read(), &order, &wanted.change())?;
        self.change(call, order, command).await
    }

    async fn cancel(&self, account: AccountId, wanted: &WhichOrder, call: &Call) -> Result<(), Problem> {
        let order = desk::find(&self.state, account, wanted.order()?).await?;
        let command = desk::cancellation(&order)?;
        self.change(call, order, command).await
    }

    async fn change(&self, call: &Call, order: OrderState, command: Command) -> Result<(), Problem> {
        self.run(call, command, move |state, reply| async move {
            let order = desk::changed(&state, &order, &reply).await?;
            Ok(OneOrder { order: line(&state, &order)? })
        })
        .await
    }

    async fn cancel_all(&self, account: AccountId, wanted: &WhichOrders, call: &Call) -> Result<(), Problem> {
        let side = wanted.side.as_deref().map(entry::side).transpose()?;
        let symbol = wanted.symbol.as_deref();
        let on = symbol.map(|symbol| instrument::by_symbol(&self.state.venue.read(), symbol)).transpose()?;
        self.run(call, desk::cancel_all(account, on, side), move |state, reply| async move {
            let orders = desk::all_cancelled(&state.venue.read(), account, &reply)?;
            let orders = orders.iter().map(|order| line(&state, order)).collect::<Result<Vec<_>, _>>()?;
            Ok(CancelledOrders { cancelled: orders.len(), orders })
        })
        .await
    }

    /// Puts a command into the ring now, and its answer into the outbox when it is durable.
    async fn run<T, F, R>(&self, call: &Call, command: Command, read: F) -> Result<(), Problem>
    where
        T: Serialize + Send,
        F: FnOnce(AppState, Reply) -> R + Send + 'static,
        R: Future<Output = Result<T, Problem>> + Send,
    {
        let permit = self.permit().await?;
        let pending = desk::submit(&self.state, command)?;
        let call = call.copy();
        let state = self.state.clone();
        tokio::spawn(async move {
            let outcome = match desk::answer(pending).await {
                Ok(reply) => read(state, reply).await,
                Err(problem) => Err(problem),
            };
            call.answer(outcome);
            drop(permit);
        });
        Ok(())
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let permit = Arc::clone(&self.in_flight).acquire_owned().await;
        permit.map_err(|_| Problem::new(Code::ShuttingDown))
    }

    async fn get(&self, account: AccountId, wanted: &WhichOrder, call: &Call) -> Result<(), Problem> {
        let order = desk::find(&self.state, account, wanted.order()?).await?;
        call.answer(line(&self.state, &order).map(|order| OneOrder { order }));
        Ok(())
    }

    fn open(&self, account: AccountId, wanted: &OnSymbol, call: &Call) -> Result<(), Problem> {
        let folds = self.state.venue.read();
        let on = wanted.symbol.as_deref().map(|symbol| instrument::by_symbol(&folds, symbol)).transpose()?;
        let orders = messages::open_orders(&folds, account, on);
        call.answer(Ok(OpenOrders { orders, seq: folds.accounts.report_number(account) }));
        Ok(())
    }

    fn balances(&self, account: AccountId, call: &Call) {
        let folds = self.state.venue.read();
        let balances = messages::balances(&folds, account);
        call.answer(Ok(Balances { balances, seq: folds.accounts.balance_number(account) }));
    }
}

/// Splits the frame from a message; without a valid one there is no id to answer to.
fn parse(text: &str) -> Result<Request<'_>, Problem> {
    let request: Request<'_> = serde_json::from_str(text).map_err(|error| {
        let code = if error.is_data() { Code::BadRequest } else { Code::MalformedJson };
        Problem::new(code).detail(format!("The message is not a request: {error}."))
    })?;
    if request.has_valid_id() {
        Ok(request)
    } else {
        Err(Problem::new(Code::BadRequest).field("id", "id must be a number or a string of at most 64 characters"))
    }
}

fn line(state: &AppState, order: &OrderState) -> Result<OrderLine, Problem> {
    let quoted = state.venue.read().quoted(order.instrument);
    quoted.map(|quoted| OrderLine::of(&quoted, order)).ok_or_else(|| Problem::not_found("instrument"))
}
