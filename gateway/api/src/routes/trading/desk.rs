//! Hands commands to the exchange and reads its answers. Shared by REST and WebSocket, so both refuse alike.

use std::time::Duration;

use cx_engine::Command;
use cx_engine::command::{AmendOrder, CancelAll, CancelOrder, NewOrder, Side};
use cx_engine::event::Event;
use cx_engine::ids::{AccountId, ClientOrderId, InstrumentId, OrderId, Seq};
use cx_engine::reject::Reject;
use cx_engine::units::Price;
use cx_market_data::{OrderState, OrderStatus};
use cx_pipeline::{Pending, Reply};
use cx_store::{PublicId, PublicIdKind};

use super::entry::{self, Amendment, OrderEntry};
use super::instrument;
use crate::problem::{Code, Problem};
use crate::state::AppState;
use crate::venue::Folds;

/// How long an answer may take. Durable answers come within milliseconds; after this the outcome is called unknown, and the
/// client asks by its client order id.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// How a client names an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OrderRef {
    /// By the number in its public id.
    Number(Seq),
    /// By its client order id.
    Client(ClientOrderId),
}

impl OrderRef {
    /// Reads a public id (`ORD-20260307-0000001A`) or the integer id; anything else names nothing.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let public = PublicId::parse(PublicIdKind::Order, text).map(PublicId::number);
        let plain = || text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
        public.or_else(plain).map(|number| Self::Number(Seq::new(number)))
    }

    /// The order, if the folds still have it.
    pub(crate) fn find(self, folds: &Folds, account: AccountId) -> Option<OrderState> {
        match self {
            Self::Number(seq) => folds.accounts.order(account, seq).copied(),
            Self::Client(id) => folds.accounts.order_by_client_id(account, &id).copied(),
        }
    }
}

/// An order, and whether it had been placed before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Placed {
    /// The order as it was first answered.
    pub order: OrderState,
    /// Whether this was a repetition.
    pub repeated: bool,
}

/// Refuses when the server is about to stop, or the core would not let the account trade. The core checks again, at the
/// order's own place in the journal.
pub(crate) fn check_open(state: &AppState) -> Result<(), Problem> {
    if state.sockets.is_closing() { Err(Problem::new(Code::ShuttingDown).retry_after(10)) } else { Ok(()) }
}

/// Hands a command over; its answer is to be awaited with [`answer`].
pub(crate) fn submit(state: &AppState, command: Command) -> Result<Pending, Problem> {
    check_open(state)?;
    Ok(state.sequencer.submit(command)?)
}

/// Hands several commands over at once: they follow each other in the journal, or none of them is taken.
pub(crate) fn submit_all(state: &AppState, commands: &[Command]) -> Result<Vec<Pending>, Problem> {
    check_open(state)?;
    Ok(state.sequencer.submit_batch(commands)?)
}

/// Waits for a durable answer.
pub(crate) async fn answer(pending: Pending) -> Result<Reply, Problem> {
    match tokio::time::timeout(ANSWER_MAX, pending).await {
        Ok(reply) => Ok(reply?),
        Err(_) => Err(Problem::new(Code::OutcomeUnknown)),
    }
}

/// What the answer to a new order says.
pub(crate) async fn placed(state: &AppState, order: &NewOrder, reply: &Reply) -> Result<Placed, Problem> {
    match reply.own().first() {
        Some(Event::OrderAccepted(_)) => {
            let order = first_answer(state, order.account, reply.seq).await?;
            Ok(Placed { order, repeated: false })
        }
        Some(Event::OrderRejected(refused)) => Err(refusal(refused.reason)),
        Some(Event::OrderRepeated(repeated)) => {
            let order = first_answer(state, order.account, repeated.original).await?;
            match order.status {
                OrderStatus::Rejected(reason) => Err(refusal(reason)),
                _ => Ok(Placed { order, repeated: true }),
            }
        }
        other => Err(unexpected(other)),
    }
}

/// The order as it stood after the command that placed it. When that is not kept any more, as it stands now.
async fn first_answer(state: &AppState, account: AccountId, seq: Seq) -> Result<OrderState, Problem> {
    let known = {
        let folds = state.venue.read();
        folds.answers.get(seq).copied().or_else(|| folds.accounts.order(account, seq).copied())
    };
    match known {
        Some(order) => Ok(order),
        None => super::history::order(state, account, OrderRef::Number(seq)).await,
    }
}

/// A refusal of the core, with the field that it is about.
pub(crate) fn refusal(reason: Reject) -> Problem {
    let problem = Problem::new(reason).detail(reason.message());
    match field_of(reason) {
        Some(field) => problem.field(field, reason.message()),
        None => problem,
    }
}

/// The field of an order that a refusal is about, where it is one.
const fn field_of(reason: Reject) -> Option<&'static str> {
    match reason {
        Reject::InvalidPrice | Reject::PostOnlyWouldMatch | Reject::PriceOutsideCollar => Some("price"),
        Reject::InvalidExpiry => Some("expires_at"),
        Reject::InvalidQuantity
        | Reject::QuantityBelowFilled
        | Reject::InsufficientCredits
        | Reject::OrderQuantityLimit
        | Reject::PositionLimit => Some("quantity"),
        Reject::NoReferencePrice => Some("order_type"),
        Reject::DuplicateClientOrderId => Some("client_order_id"),
        Reject::UnknownInstrument => Some("symbol"),
        Reject::InvalidCombination => Some("time_in_force"),
        Reject::UnknownAccount
        | Reject::UnknownAsset
        | Reject::UnknownOrder
        | Reject::InvalidAmount
        | Reject::LinkedOrder
        | Reject::TradingNotPermitted
        | Reject::InsufficientFunds
        | Reject::NotionalTooLarge
        | Reject::NoChange
        | Reject::AlreadyExists
        | Reject::InvalidDefinition
        | Reject::WrongAssetClass
        | Reject::WithdrawalNotPermitted
        | Reject::ReservedAccount
        | Reject::LimitReached
        | Reject::DuplicateReference
        | Reject::Throttled
        | Reject::AccountStopped
        | Reject::MarketHalted
        | Reject::WrongPhase
        | Reject::OrderNotionalLimit
        | Reject::OpenOrdersLimit
        | Reject::ExposureLimit
        | Reject::UnknownTrade
        | Reject::AlreadyBusted
        | Reject::InvalidSetting
        | Reject::NotSupported => None,
    }
}

/// What no answer of the core should be.
pub(crate) fn unexpected(event: Option<&Event>) -> Problem {
    Problem::internal(&format!("the exchange answered with {event:?}"))
}

/// The command's order for what a client asks.
pub(crate) async fn prepare(state: &AppState, account: AccountId, wanted: &OrderEntry) -> Result<NewOrder, Problem> {
    let traded = instrument::resolve(state, wanted.named()).await?;
    let quoted = state.venue.read().quoted(traded).ok_or_else(|| Problem::not_found("instrument"))?;
    let oco = partner(state, account, wanted).await?;
    wanted.order(account, traded, &quoted.decimals, oco)
}

/// The handle of the order that a new one is to be paired with: a public id, an integer id or a client order id.
async fn partner(state: &AppState, account: AccountId, entry: &OrderEntry) -> Result<OrderId, Problem> {
    let Some(name) = entry.oco_order_id.as_deref() else { return Ok(OrderId::NONE) };
    let unknown = || Problem::new(Reject::UnknownOrder).field("oco_order_id", "there is no such order");
    let by_client_id = ClientOrderId::new(name).ok().map(OrderRef::Client);
    for named in OrderRef::parse(name).into_iter().chain(by_client_id) {
        match find(state, account, named).await {
            Ok(order) if order.order != OrderId::NONE => return Ok(order.order),
            Ok(_) => return Err(unknown()),
            Err(problem) if problem.code() == Code::NotFound => {}
            Err(problem) => return Err(problem),
        }
    }
    Err(unknown())
}

/// The order that a client names: 404 unless the account has it.
pub(crate) async fn find(state: &AppState, account: AccountId, named: OrderRef) -> Result<OrderState, Problem> {
    let known = named.find(&state.venue.read(), account);
    match known {
        Some(order) => Ok(order),
        None => super::history::order(state, account, named).await,
    }
}

fn check_is_open(order: &OrderState) -> Result<(), Problem> {
    if order.status.is_open() {
        return Ok(());
    }
    Err(Problem::new(Code::OrderNotOpen).detail(format!("The order is {}.", order.status.code())))
}

/// The command that cancels an order; 400 unless it is open.
pub(crate) fn cancellation(order: &OrderState) -> Result<Command, Problem> {
    check_is_open(order)?;
    Ok(Command::Cancel(CancelOrder { account: order.account, order: order.order }))
}

/// The command that amends an order; 400 unless it is open. What is not named stays as it is.
pub(crate) fn amendment(folds: &Folds, order: &OrderState, change: &Amendment) -> Result<Command, Problem> {
    check_is_open(order)?;
    if change.price.is_none() && change.quantity.is_none() && change.stop_price.is_none() {
        let fields = "Missing fields: price, quantity, stop_price";
        let problem = Problem::new(Code::MissingFields).error(fields);
        return Err(problem.detail(format!("{fields}: name at least one of them.")));
    }
    let quoted = folds.quoted(order.instrument).ok_or_else(|| Problem::new(Reject::UnknownInstrument))?;
    let price = change.price.map(|price| entry::price(price, &quoted.decimals)).transpose()?;
    let quantity = change.quantity.map(|quantity| entry::quantity(quantity, &quoted.decimals)).transpose()?;
    let stop_price =
        change.stop_price.map(|price| entry::price_on("stop_price", price, &quoted.decimals)).transpose()?;
    Ok(Command::Amend(AmendOrder {
        account: order.account,
        order: order.order,
        price: price.unwrap_or(order.price),
        quantity: quantity.unwrap_or(order.quantity),
        stop_price: stop_price.unwrap_or(Price::NONE),
    }))
}

/// The order after its cancellation or amendment.
pub(crate) async fn changed(state: &AppState, order: &OrderState, reply: &Reply) -> Result<OrderState, Problem> {
    match reply.own().first() {
        Some(Event::OrderCancelled(_) | Event::OrderAmended(_)) => {
            find(state, order.account, OrderRef::Number(order.accepted)).await
        }
        // It was open when the command was made and is not any more: filled or cancelled in between.
        Some(Event::CommandRejected(refused)) if refused.reason == Reject::UnknownOrder => {
            let now = find(state, order.account, OrderRef::Number(order.accepted)).await?;
            check_is_open(&now)?;
            Err(refusal(Reject::UnknownOrder))
        }
        Some(Event::CommandRejected(refused)) => Err(refusal(refused.reason)),
        other => Err(unexpected(other)),
    }
}

/// The command that cancels all orders of an account.
pub(crate) fn cancel_all(account: AccountId, instrument: Option<InstrumentId>, side: Option<Side>) -> Command {
    Command::CancelAll(CancelAll { account, instrument, side })
}

/// The orders that a [`cancel_all`] cancelled. An account that the core has never heard of has none.
pub(crate) fn all_cancelled(folds: &Folds, account: AccountId, reply: &Reply) -> Result<Vec<OrderState>, Problem> {
    match reply.own().last() {
        Some(Event::AllCancelled { .. }) => {}
        Some(Event::CommandRejected(refused)) if refused.reason == Reject::UnknownAccount => return Ok(Vec::new()),
        Some(Event::CommandRejected(refused)) => return Err(refusal(refused.reason)),
        other => return Err(unexpected(other)),
    }
    let handles: Vec<_> = reply
        .own()
        .iter()
        .filter_map(|event| if let Event::OrderCancelled(cancelled) = event { Some(cancelled.order) } else { None })
        .collect();
    let closed = folds.accounts.closed_orders(account);
    Ok(closed.filter(|order| order.updated == reply.seq && handles.contains(&order.order)).copied().collect())
}
