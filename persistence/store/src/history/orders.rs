//! Orders as the sink keeps them.

use cx_engine::command::{OrderKind, SelfTrade, Side, TimeInForce};
use cx_engine::ids::{AccountId, ClientOrderId, InstrumentId, OrderId, Seq};
use cx_engine::reject::{CancelReason, Reject};
use cx_engine::units::{Amount, DisplayQuantity, Price, Quantity, Timestamp};
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, Row};

use super::{bound, joined};
use crate::columns::{corrupt, flag, unsigned, unsigned_option, word, word_option};
use crate::{PublicId, PublicIdKind, Snapshot, Store, StoreError};

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderStatus {
    /// Rests, unfilled.
    Open,
    /// Rests, partly filled.
    PartiallyFilled,
    /// Done.
    Filled,
    /// Ended before it was filled; part of it may have been.
    Cancelled,
    /// Its time was over before it was filled; part of it may have been.
    Expired,
    /// Was refused.
    Rejected,
}

impl OrderStatus {
    /// Every status.
    pub const ALL: [Self; 6] =
        [Self::Open, Self::PartiallyFilled, Self::Filled, Self::Cancelled, Self::Expired, Self::Rejected];

    /// The word that clients see and the table holds.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::PartiallyFilled => "partially_filled",
            Self::Filled => "filled",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
        }
    }

    /// Finds a status by its word.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.code() == code)
    }

    /// Whether the order is in the book.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::PartiallyFilled)
    }
}

/// An order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderRow {
    /// The command that placed it: its integer id, and the number in its public id.
    pub seq: Seq,
    /// Its handle in the core; `None` when it was refused.
    pub handle: Option<OrderId>,
    /// Whose.
    pub account: AccountId,
    /// Of what; for an order that was refused because of it, an instrument that does not exist.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Limit or market.
    pub kind: OrderKind,
    /// How long it lives.
    pub time_in_force: TimeInForce,
    /// Whether it had to rest; of a refused order not known, and false.
    pub post_only: bool,
    /// What happens when it meets an order of its own owner.
    pub self_trade: SelfTrade,
    /// How much the book shows at a time.
    pub display: DisplayQuantity,
    /// When it ends by itself; zero for never.
    pub expires: Timestamp,
    /// The limit in force; `None` for market orders.
    pub price: Option<Price>,
    /// Where a stop goes off as last moved or amended, or where it went off; `None` for orders that never were stops.
    pub stop_price: Option<Price>,
    /// Whether it was a stop and went off.
    pub triggered: bool,
    /// The cash that a market buy by cash could spend, in minor units; zero for all others.
    pub quote_quantity: Amount,
    /// The whole quantity in force; of a market buy by cash what it bought.
    pub quantity: Quantity,
    /// How much of it was filled.
    pub filled: Quantity,
    /// The fills' prices times their quantities, in minor units of the currency.
    pub notional: Amount,
    /// The fees of its fills, in minor units of the currency.
    pub fees: Amount,
    /// Where it stands.
    pub status: OrderStatus,
    /// The client's own name for it.
    pub client_order_id: Option<ClientOrderId>,
    /// Why it was refused.
    pub reject_reason: Option<Reject>,
    /// Why it ended unfilled.
    pub cancel_reason: Option<CancelReason>,
    /// Engine time of the command that placed it.
    pub created: Timestamp,
    /// Engine time of its last change.
    pub updated: Timestamp,
    /// Engine time of its end.
    pub closed: Option<Timestamp>,
}

impl OrderRow {
    /// Its public id.
    pub fn public_id(&self) -> PublicId {
        PublicId::from_nanos(PublicIdKind::Order, self.created.nanos(), self.seq.get())
    }
}

/// Which orders are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OrderFilter {
    /// Only these.
    pub status: Option<OrderStatus>,
    /// Only this side.
    pub side: Option<Side>,
    /// Only of this instrument.
    pub instrument: Option<InstrumentId>,
}

/// All orders together, to compare with the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OrderTotals {
    /// Rows, refused orders included.
    pub count: u64,
    /// Of these, refused.
    pub rejected: u64,
    /// Of these, in the book.
    pub open: u64,
    /// Lots in the book.
    pub leaves: i128,
    /// Lots filled (each trade counts on both sides).
    pub filled: i128,
    /// Worth of the fills (each trade counts on both sides).
    pub notional: i128,
    /// Fees of the fills.
    pub fees: i128,
}

/// Reads orders.
#[derive(Debug, Clone, Copy)]
pub struct Orders<'a>(&'a Store);

const TABLE: &str = "orders";

macro_rules! select {
    ($($rest:tt)+) => {
        concat!(
            "SELECT seq, handle, account, instrument, side, kind, time_in_force, post_only, self_trade, \
             display, expires_ns, price, stop_price, triggered, quantity, quote_quantity, filled, \
             notional, fees, status, client_order_id, reject_reason, cancel_reason, created_ns, updated_ns, closed_ns \
             FROM orders ",
            $($rest)+
        )
    };
}

/// The parameters $1 to $4 of [`bind`].
macro_rules! filter {
    () => {
        "WHERE account = $1 AND ($2 IS NULL OR status = $2) AND ($3 IS NULL OR side = $3) \
         AND ($4 IS NULL OR instrument = $4) "
    };
}

// Restating that an order is open lets the index of open orders serve.
const PAGE: &str = select!(filter!(), "ORDER BY seq DESC LIMIT $5 OFFSET $6");
const PAGE_OPEN: &str = select!(filter!(), "AND closed_ns IS NULL ORDER BY seq DESC LIMIT $5 OFFSET $6");
const COUNT: &str = concat!("SELECT COUNT(*) AS total FROM orders ", filter!());
const COUNT_OPEN: &str = concat!("SELECT COUNT(*) AS total FROM orders ", filter!(), "AND closed_ns IS NULL");

impl Snapshot {
    /// An account's orders, newest first: `count` of them from number `first` (0 is the newest), and how many there are.
    pub async fn orders(
        &mut self,
        account: AccountId,
        filter: OrderFilter,
        first: u64,
        count: u64,
    ) -> Result<(Vec<OrderRow>, u64), StoreError> {
        let open = filter.status.is_some_and(OrderStatus::is_open);
        let (list, total) = if open { (PAGE_OPEN, COUNT_OPEN) } else { (PAGE, COUNT) };
        let list = bind(list, account, filter).bind(bound(count)).bind(bound(first));
        let rows = list.fetch_all(self.connection()).await?;
        let total = bind(total, account, filter).fetch_one(self.connection()).await?;
        Ok((rows.iter().map(order).collect::<Result<_, _>>()?, unsigned(&total, TABLE, "total")?))
    }
}

impl<'a> Orders<'a> {
    pub(super) const fn new(store: &'a Store) -> Self {
        Self(store)
    }

    /// The order of this number, whoever's.
    pub async fn by_seq(self, seq: Seq) -> Result<OrderRow, StoreError> {
        let key = i64::try_from(seq.get()).map_err(|_| StoreError::NotFound("order"))?;
        let row = sqlx::query(select!("WHERE seq = $1")).bind(key).fetch_optional(self.0.pool()).await?;
        order(&row.ok_or(StoreError::NotFound("order"))?)
    }

    /// The account's order of this public id (`ORD-...`) or plain number. Another account's order is not found.
    pub async fn by_id(self, account: AccountId, id: &str) -> Result<OrderRow, StoreError> {
        let public = PublicId::parse(PublicIdKind::Order, id);
        let number = public.map(PublicId::number).or_else(|| id.parse().ok()).ok_or(StoreError::NotFound("order"))?;
        let found = self.by_seq(Seq::new(number)).await?;
        let named = public.is_none_or(|public| public == found.public_id());
        if found.account == account && named { Ok(found) } else { Err(StoreError::NotFound("order")) }
    }

    /// The account's newest order with this client order id, refused ones included.
    pub async fn by_client_id(self, account: AccountId, id: &ClientOrderId) -> Result<OrderRow, StoreError> {
        let row = sqlx::query(select!("WHERE account = $1 AND client_order_id = $2 ORDER BY seq DESC LIMIT 1"))
            .bind(i64::from(account.get()))
            .bind(id.as_str())
            .fetch_optional(self.0.pool())
            .await?;
        order(&row.ok_or(StoreError::NotFound("order"))?)
    }

    /// All orders together; reads the whole table.
    pub async fn totals(self) -> Result<OrderTotals, StoreError> {
        let row = sqlx::query(
            "SELECT COUNT(*) AS total, COUNT(CASE WHEN status = 'rejected' THEN 1 END) AS rejected, \
             COUNT(CASE WHEN closed_ns IS NULL THEN 1 END) AS open, \
             CAST(SUM(CASE WHEN closed_ns IS NULL THEN quantity - filled ELSE 0 END) AS BIGINT) AS leaves, \
             CAST(SUM(filled) AS BIGINT) AS filled, \
             CAST(SUM(notional / 4294967296) AS BIGINT) AS notional_high, \
             CAST(SUM(notional % 4294967296) AS BIGINT) AS notional_low, \
             CAST(SUM(fees / 4294967296) AS BIGINT) AS fees_high, \
             CAST(SUM(fees % 4294967296) AS BIGINT) AS fees_low FROM orders",
        )
        .fetch_one(self.0.pool())
        .await?;
        Ok(OrderTotals {
            count: unsigned(&row, TABLE, "total")?,
            rejected: unsigned(&row, TABLE, "rejected")?,
            open: unsigned(&row, TABLE, "open")?,
            leaves: joined(None, row.try_get("leaves")?),
            filled: joined(None, row.try_get("filled")?),
            notional: joined(row.try_get("notional_high")?, row.try_get("notional_low")?),
            fees: joined(row.try_get("fees_high")?, row.try_get("fees_low")?),
        })
    }
}

fn bind(sql: &'static str, account: AccountId, filter: OrderFilter) -> Query<'static, Any, AnyArguments> {
    sqlx::query(sql)
        .bind(i64::from(account.get()))
        .bind(filter.status.map(OrderStatus::code))
        .bind(filter.side.map(Side::code))
        .bind(filter.instrument.map(|instrument| i64::from(instrument.get())))
}

#[allow(clippy::cast_sign_loss)] // the handle is a pattern of bits
fn order(row: &AnyRow) -> Result<OrderRow, StoreError> {
    let client: Option<&str> = row.try_get("client_order_id")?;
    let client =
        client.map(ClientOrderId::new).transpose().map_err(|error| corrupt(TABLE, "client_order_id", error))?;
    Ok(OrderRow {
        seq: Seq::new(unsigned(row, TABLE, "seq")?),
        handle: row.try_get::<Option<i64>, _>("handle")?.map(|handle| OrderId::new(handle as u64)),
        account: AccountId::new(unsigned(row, TABLE, "account")?),
        instrument: InstrumentId::new(unsigned(row, TABLE, "instrument")?),
        side: word(row, TABLE, "side", Side::from_code)?,
        kind: word(row, TABLE, "kind", OrderKind::from_code)?,
        time_in_force: word(row, TABLE, "time_in_force", TimeInForce::from_code)?,
        post_only: flag(row, "post_only")?,
        self_trade: word(row, TABLE, "self_trade", SelfTrade::from_code)?,
        display: DisplayQuantity::from_lots(unsigned(row, TABLE, "display")?),
        expires: Timestamp::from_nanos(unsigned(row, TABLE, "expires_ns")?),
        price: row.try_get::<Option<i64>, _>("price")?.map(Price::from_ticks),
        stop_price: row.try_get::<Option<i64>, _>("stop_price")?.map(Price::from_ticks),
        triggered: flag(row, "triggered")?,
        quote_quantity: Amount::from_minor(row.try_get("quote_quantity")?),
        quantity: Quantity::from_lots(unsigned(row, TABLE, "quantity")?),
        filled: Quantity::from_lots(unsigned(row, TABLE, "filled")?),
        notional: Amount::from_minor(row.try_get("notional")?),
        fees: Amount::from_minor(row.try_get("fees")?),
        status: word(row, TABLE, "status", OrderStatus::from_code)?,
        client_order_id: client,
        reject_reason: word_option(row, TABLE, "reject_reason", Reject::from_code)?,
        cancel_reason: word_option(row, TABLE, "cancel_reason", CancelReason::from_code)?,
        created: Timestamp::from_nanos(unsigned(row, TABLE, "created_ns")?),
        updated: Timestamp::from_nanos(unsigned(row, TABLE, "updated_ns")?),
        closed: unsigned_option(row, TABLE, "closed_ns")?.map(Timestamp::from_nanos),
    })
}
