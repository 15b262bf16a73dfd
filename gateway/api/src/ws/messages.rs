//! What the server says without being asked: books, trades, execution reports, balances. Numbers are decimal strings, times
//! nanoseconds since the epoch as strings, sequence numbers JSON integers.

use cx_engine::event::AssetAdded;
use cx_engine::ids::{AccountId, AssetId, ClientOrderId, InstrumentId, Seq, Symbol};
use cx_engine::units::{Price, Quantity, Timestamp};
use cx_market_data::{
    Balance, BalanceUpdate, BookLevel, BookUpdate, Decimals, ExecutionReport, OrderState, OrderStatus, PublicTrade,
};
use cx_store::{PublicId, PublicIdKind};
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::routes::trading::shapes::time_in_force;
use crate::venue::decimal::{Digits, amount, average_price, cash};
use crate::venue::{BookDepth, BookView, Folds, Quoted, wall_nanos};

/// A word that prints itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<T>(pub(super) T);

impl<T: std::fmt::Display> Serialize for Word<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

pub(super) type Time = Word<u64>;

pub(super) fn time(at: Timestamp) -> Time {
    Word(at.nanos())
}

pub(super) fn written<T: Serialize>(message: &T) -> Utf8Bytes {
    serde_json::to_string(message).expect("messages have string keys and no floats").into()
}

/// A list that is written as it is walked.
struct List<F>(F);

impl<T: Serialize, I: Iterator<Item = T>, F: Fn() -> I> Serialize for List<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for item in (self.0)() {
            list.serialize_element(&item)?;
        }
        list.end()
    }
}

fn level(decimals: &Decimals, price: Price, quantity: Quantity) -> (Digits, Digits) {
    let quantity = if quantity.is_zero() {
        Digits(cx_market_data::Scaled { mantissa: 0, scale: 0 })
    } else {
        Digits(decimals.quantity(quantity))
    };
    (Digits(decimals.price(price)), quantity)
}

impl Serialize for BookDepth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Ten => serializer.serialize_u8(10),
            Self::Fifty => serializer.serialize_u8(50),
            Self::Full => serializer.serialize_str("full"),
        }
    }
}

#[derive(Serialize)]
struct BookMessage<B: Serialize, A: Serialize> {
    channel: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    symbol: Word<Symbol>,
    depth: BookDepth,
    epoch: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    prev_seq: Option<u64>,
    seq: u64,
    bids: B,
    asks: A,
    #[serde(skip_serializing_if = "Option::is_none")]
    checksum: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tick_size: Option<Digits>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lot_size: Option<Digits>,
    ts_engine: Time,
    ts_send: Time,
}

/// A book as it is.
pub fn book_snapshot(view: &BookView) -> Utf8Bytes {
    let decimals = &view.quoted.decimals;
    let side =
        |levels: &[BookLevel]| -> Vec<_> { levels.iter().map(|at| level(decimals, at.price, at.quantity)).collect() };
    written(&BookMessage {
        channel: "book",
        kind: "snapshot",
        symbol: Word(view.quoted.symbol),
        depth: view.depth,
        epoch: view.epoch,
        prev_seq: None,
        seq: view.seq.get(),
        bids: side(&view.bids),
        asks: side(&view.asks),
        checksum: Some(view.checksum),
        tick_size: Some(Digits(decimals.tick)),
        lot_size: Some(Digits(decimals.lot)),
        ts_engine: time(view.time),
        ts_send: Word(wall_nanos()),
    })
}

/// What changed in a book: absolute quantities, "0" for a level that is gone.
pub fn book_update(
    quoted: &Quoted,
    depth: BookDepth,
    epoch: u64,
    update: &BookUpdate,
    checksum: Option<u32>,
) -> Utf8Bytes {
    use cx_engine::command::Side;
    let side = |side: Side| {
        let of_side = update.changes.iter().filter(move |change| change.side == side);
        of_side.map(|change| level(&quoted.decimals, change.price, change.quantity))
    };
    written(&BookMessage {
        channel: "book",
        kind: "update",
        symbol: Word(quoted.symbol),
        depth,
        epoch,
        prev_seq: Some(update.prev_seq.get()),
        seq: update.seq.get(),
        bids: List(|| side(Side::Buy)),
        asks: List(|| side(Side::Sell)),
        checksum,
        tick_size: None,
        lot_size: None,
        ts_engine: time(update.time),
        ts_send: Word(wall_nanos()),
    })
}

#[derive(Serialize)]
struct TradesMessage<T: Serialize> {
    channel: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    symbol: Word<Symbol>,
    epoch: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    prev_seq: Option<u64>,
    seq: u64,
    trades: T,
    ts_send: Time,
}

#[derive(Serialize)]
struct TradeLine {
    trade_id: Word<PublicId>,
    price: Digits,
    quantity: Digits,
    side: &'static str,
    ts_engine: Time,
}

fn trade_line(quoted: &Quoted, trade: &PublicTrade) -> TradeLine {
    TradeLine {
        trade_id: Word(PublicId::from_nanos(PublicIdKind::Trade, trade.time.nanos(), trade.trade.get())),
        price: Digits(quoted.decimals.price(trade.price)),
        quantity: Digits(quoted.decimals.quantity(trade.quantity)),
        side: trade.taker_side.code(),
        ts_engine: time(trade.time),
    }
}

/// The trades of one command.
pub fn trades<'a>(
    quoted: &Quoted,
    epoch: u64,
    prev_seq: Seq,
    seq: Seq,
    trades: impl Iterator<Item = &'a PublicTrade>,
) -> Utf8Bytes {
    let lines: Vec<_> = trades.map(|trade| trade_line(quoted, trade)).collect();
    written(&TradesMessage {
        channel: "trades",
        kind: "update",
        symbol: Word(quoted.symbol),
        epoch,
        prev_seq: Some(prev_seq.get()),
        seq: seq.get(),
        trades: lines,
        ts_send: Word(wall_nanos()),
    })
}

/// The last trades, newest first.
pub fn trades_snapshot<'a>(
    quoted: &Quoted,
    epoch: u64,
    seq: u64,
    trades: impl Iterator<Item = &'a PublicTrade>,
) -> Utf8Bytes {
    let lines: Vec<_> = trades.map(|trade| trade_line(quoted, trade)).collect();
    written(&TradesMessage {
        channel: "trades",
        kind: "snapshot",
        symbol: Word(quoted.symbol),
        epoch,
        prev_seq: None,
        seq,
        trades: lines,
        ts_send: Word(wall_nanos()),
    })
}

/// The code for why an order ended unfilled; `None` while it has not.
pub fn reason(status: OrderStatus) -> Option<&'static str> {
    match status {
        OrderStatus::Cancelled(reason) => Some(reason.code()),
        OrderStatus::Rejected(reason) => Some(reason.code()),
        OrderStatus::Open | OrderStatus::PartiallyFilled | OrderStatus::Filled => None,
    }
}

/// An order's public id.
pub fn order_id(order: &OrderState) -> PublicId {
    PublicId::from_nanos(PublicIdKind::Order, order.accepted_at.nanos(), order.accepted.get())
}

/// An order as it stands: what `order.*` methods answer with.
#[derive(Serialize)]
pub struct OrderLine {
    order_id: Word<PublicId>,
    client_order_id: Option<Word<ClientOrderId>>,
    symbol: Word<Symbol>,
    side: &'static str,
    order_type: &'static str,
    time_in_force: &'static str,
    post_only: bool,
    self_trade_prevention: &'static str,
    expires_at: Option<Time>,
    status: &'static str,
    reason: Option<&'static str>,
    price: Option<Digits>,
    stop_price: Option<Digits>,
    triggered: bool,
    quantity: Digits,
    quote_quantity: Option<Digits>,
    display_quantity: Option<Digits>,
    leaves_quantity: Digits,
    cumulative_quantity: Digits,
    average_price: Option<Digits>,
    fees: Digits,
    fee_asset: Word<Symbol>,
    ts_created: Time,
    ts_updated: Time,
}

impl OrderLine {
    /// An order in the words of its instrument.
    pub fn of(quoted: &Quoted, order: &OrderState) -> Self {
        let decimals = &quoted.decimals;
        Self {
            order_id: Word(order_id(order)),
            client_order_id: order.client_order_id.map(Word),
            symbol: Word(quoted.symbol),
            side: order.side.code(),
            order_type: order.kind.code(),
            time_in_force: time_in_force(order.time_in_force),
            post_only: order.post_only,
            self_trade_prevention: order.self_trade.code(),
            expires_at: (order.expires > Timestamp::default()).then(|| time(order.expires)),
            status: order.status.code(),
            reason: reason(order.status),
            price: limit(order, decimals),
            stop_price: stop_price(order, decimals),
            triggered: order.triggered,
            quantity: Digits(decimals.quantity(order.quantity)),
            quote_quantity: order
                .is_by_cash()
                .then(|| Digits(cash(order.quote_quantity.minor().into(), decimals.minor.scale))),
            display_quantity: displayed(order, decimals),
            leaves_quantity: Digits(decimals.quantity(order.leaves)),
            cumulative_quantity: Digits(decimals.quantity(order.filled)),
            average_price: average_price(order, decimals).map(Digits),
            fees: Digits(cash(order.fees, decimals.minor.scale)),
            fee_asset: Word(quoted.currency),
            ts_created: time(order.accepted_at),
            ts_updated: time(order.updated_at),
        }
    }
}

/// An order's limit, where it has one.
pub fn limit(order: &OrderState, decimals: &Decimals) -> Option<Digits> {
    order.kind.is_limited().then(|| Digits(decimals.price(order.price)))
}

fn stop_price(order: &OrderState, decimals: &Decimals) -> Option<Digits> {
    (order.stop_price != Price::NONE).then(|| Digits(decimals.price(order.stop_price)))
}

/// What an iceberg shows at a time.
fn displayed(order: &OrderState, decimals: &Decimals) -> Option<Digits> {
    let lots = u64::from(order.display.lots());
    (lots != 0).then(|| Digits(decimals.quantity(Quantity::from_lots(lots))))
}

#[derive(Serialize)]
struct ReportMessage {
    channel: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    seq: u64,
    account: u32,
    order_id: Word<PublicId>,
    client_order_id: Option<Word<ClientOrderId>>,
    symbol: Word<Symbol>,
    side: &'static str,
    order_type: &'static str,
    time_in_force: &'static str,
    exec_type: &'static str,
    status: &'static str,
    reason: Option<&'static str>,
    price: Option<Digits>,
    stop_price: Option<Digits>,
    quantity: Digits,
    last_quantity: Option<Digits>,
    last_price: Option<Digits>,
    leaves_quantity: Digits,
    cumulative_quantity: Digits,
    average_price: Option<Digits>,
    liquidity: Option<&'static str>,
    fee: Option<Digits>,
    fee_asset: Option<Word<Symbol>>,
    trade_id: Option<Word<PublicId>>,
    ts_engine: Time,
    ts_send: Time,
}

/// One change of an order, for its owner.
pub fn execution_report(quoted: &Quoted, report: &ExecutionReport) -> Utf8Bytes {
    let (order, decimals, fill) = (&report.order, &quoted.decimals, report.fill.as_ref());
    let trade_id = |trade: u64| Word(PublicId::from_nanos(PublicIdKind::Trade, report.time.nanos(), trade));
    written(&ReportMessage {
        channel: "orders",
        kind: "report",
        seq: report.number,
        account: order.account.get(),
        order_id: Word(order_id(order)),
        client_order_id: order.client_order_id.map(Word),
        symbol: Word(quoted.symbol),
        side: order.side.code(),
        order_type: order.kind.code(),
        time_in_force: time_in_force(order.time_in_force),
        exec_type: report.exec_type.code(),
        status: order.status.code(),
        reason: reason(order.status),
        price: limit(order, decimals),
        stop_price: stop_price(order, decimals),
        quantity: Digits(decimals.quantity(order.quantity)),
        last_quantity: fill.map(|fill| Digits(decimals.quantity(fill.quantity))),
        last_price: fill.map(|fill| Digits(decimals.price(fill.price))),
        leaves_quantity: Digits(decimals.quantity(order.leaves)),
        cumulative_quantity: Digits(decimals.quantity(order.filled)),
        average_price: average_price(order, decimals).map(Digits),
        liquidity: fill.map(|fill| fill.liquidity.code()),
        fee: fill.map(|fill| Digits(cash(i128::from(fill.fee), decimals.minor.scale))),
        fee_asset: fill.map(|_| Word(quoted.currency)),
        trade_id: fill.map(|fill| trade_id(fill.trade.get())),
        ts_engine: time(report.time),
        ts_send: Word(wall_nanos()),
    })
}

#[derive(Serialize)]
struct OrdersSnapshot {
    channel: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    seq: u64,
    account: u32,
    orders: Vec<OrderLine>,
    ts_send: Time,
}

/// The account's open orders (of one instrument, if said), newest first.
pub fn open_orders(folds: &Folds, account: AccountId, on: Option<InstrumentId>) -> Vec<OrderLine> {
    let open = folds.accounts.open_orders(account).filter(|order| on.is_none_or(|on| on == order.instrument));
    open.filter_map(|order| Some(OrderLine::of(&folds.quoted(order.instrument)?, order))).collect()
}

/// The account's open orders and the number of its last report.
pub fn orders_snapshot(folds: &Folds, account: AccountId) -> Utf8Bytes {
    written(&OrdersSnapshot {
        channel: "orders",
        kind: "snapshot",
        seq: folds.accounts.report_number(account),
        account: account.get(),
        orders: open_orders(folds, account, None),
        ts_send: Word(wall_nanos()),
    })
}

/// One balance.
#[derive(Serialize)]
pub struct BalanceLine {
    asset: Word<Symbol>,
    available: Digits,
    held: Digits,
    total: Digits,
}

impl BalanceLine {
    fn of(asset: &AssetAdded, balance: Balance) -> Self {
        Self {
            asset: Word(asset.code),
            available: Digits(amount(balance.available, asset.scale)),
            held: Digits(amount(balance.held, asset.scale)),
            total: Digits(amount(balance.total(), asset.scale)),
        }
    }
}

/// The account's balances that are not zero, by asset.
pub fn balances(folds: &Folds, account: AccountId) -> Vec<BalanceLine> {
    let listings = folds.market.listings();
    let line = |(asset, balance): (AssetId, Balance)| Some(BalanceLine::of(listings.asset(asset)?, balance));
    folds.accounts.balances_of(account).into_iter().filter_map(line).collect()
}

#[derive(Serialize)]
struct BalancesSnapshot {
    channel: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    seq: u64,
    account: u32,
    balances: Vec<BalanceLine>,
    ts_send: Time,
}

/// The account's balances and the number of its last balance update.
pub fn balances_snapshot(folds: &Folds, account: AccountId) -> Utf8Bytes {
    written(&BalancesSnapshot {
        channel: "balances",
        kind: "snapshot",
        seq: folds.accounts.balance_number(account),
        account: account.get(),
        balances: balances(folds, account),
        ts_send: Word(wall_nanos()),
    })
}

#[derive(Serialize)]
struct BalanceMessage {
    channel: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    seq: u64,
    account: u32,
    #[serde(flatten)]
    line: BalanceLine,
    ts_engine: Time,
    ts_send: Time,
}

/// A balance as a command left it.
pub fn balance_update(asset: &AssetAdded, update: &BalanceUpdate) -> Utf8Bytes {
    written(&BalanceMessage {
        channel: "balances",
        kind: "update",
        seq: update.number,
        account: update.account.get(),
        line: BalanceLine::of(asset, update.balance),
        ts_engine: time(update.time),
        ts_send: Word(wall_nanos()),
    })
}

#[derive(Serialize)]
struct Notice {
    event: &'static str,
    message: &'static str,
    ts_send: Time,
}

/// The server is about to stop.
pub fn server_shutdown() -> Utf8Bytes {
    let message = "The server is stopping. Reconnect, and resume by sequence number.";
    written(&Notice { event: "server_shutdown", message, ts_send: Word(wall_nanos()) })
}
