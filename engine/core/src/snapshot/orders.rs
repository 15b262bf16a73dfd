//! Open orders in a snapshot: each with its terms, in the order of the queues.

use super::list::List;
use crate::book::{Book, Detail, Ladder, NONE, Node, Orders, Terms, key_of};
use crate::command::{OrderKind, SelfTrade, Side, TimeInForce};
use crate::exchange::Exchange;
use crate::ids::{AccountId, ClientOrderId, InstrumentId};
use crate::money;
use crate::units::{DisplayQuantity, FeeRate, Price, Quantity, Timestamp, Trigger, TriggerTerms};

#[derive(bincode::Encode, bincode::Decode)]
pub(super) struct Order {
    pub(super) slot: u32,
    pub(super) account: AccountId,
    pub(super) instrument: InstrumentId,
    pub(super) side: u8,
    pub(super) kind: u8,
    pub(super) time_in_force: u8,
    pub(super) self_trade: u8,
    pub(super) post_only: bool,
    /// The limit; none of an armed stop without one.
    pub(super) price: Price,
    pub(super) quantity: Quantity,
    /// All that is open.
    pub(super) leaves: Quantity,
    /// What the book shows of it; all of an armed stop.
    pub(super) displayed: Quantity,
    pub(super) display: DisplayQuantity,
    pub(super) arrival: u64,
    pub(super) maker: i32,
    pub(super) taker: i32,
    pub(super) expires: Timestamp,
    /// The stop price of an armed stop; none of all others.
    pub(super) stop_price: Price,
    /// How far an armed stop trails, and its best last price; none of all others.
    pub(super) trails: Trigger,
    pub(super) extreme: Price,
    /// The slot of the first of its pair, if it is the second.
    pub(super) first: Option<u32>,
    pub(super) client_order_id: Option<[u8; 36]>,
}

/// Every open order in the order of the queues: by instrument; buys, sells, sell stops, buy stops; best level first, first come
/// first.
pub(super) fn queued(exchange: &Exchange) -> List<Order> {
    let mut out = Vec::with_capacity(exchange.orders.open());
    for instrument in &exchange.instruments {
        let armed = instrument.stops.as_ref().map(|stops| &stops.book);
        for book in [Some(&instrument.book), armed].into_iter().flatten() {
            for side in [Side::Buy, Side::Sell] {
                each_in(book, side, &exchange.orders, |slot| out.push(order(exchange, slot)));
            }
        }
    }
    List(out)
}

fn each_in(book: &Book, side: Side, orders: &Orders, mut visit: impl FnMut(u32)) {
    let ladder = book.side(side);
    let mut key = ladder.best();
    while key != Ladder::NO_KEY {
        let mut slot = ladder.level(key).expect("every key on the way is occupied").head;
        while slot != NONE {
            visit(slot);
            slot = orders.node(slot).next;
        }
        key = ladder.next_after(key);
    }
}

fn order(exchange: &Exchange, slot: u32) -> Order {
    let orders = &exchange.orders;
    let (node, detail, terms) = (orders.node(slot), orders.detail(slot), orders.terms(slot));
    let trails = detail.armed && detail.kind == OrderKind::TrailingStop;
    let paired = terms.pair != NONE && terms.second;
    Order {
        slot,
        account: node.account,
        instrument: detail.instrument,
        side: detail.side.number(),
        kind: detail.kind.number(),
        time_in_force: detail.time_in_force.number(),
        self_trade: detail.self_trade.number(),
        post_only: detail.post_only,
        price: exchange.limit_of(slot),
        quantity: Quantity::from_lots(detail.quantity),
        leaves: exchange.leaves_of(slot),
        displayed: Quantity::from_lots(node.leaves),
        display: terms.display,
        arrival: detail.arrival,
        maker: detail.maker.ppm(),
        taker: detail.taker.ppm(),
        expires: terms.expires,
        stop_price: exchange.stop_price_of(slot),
        trails: if trails { terms.trigger } else { Trigger::NONE },
        extreme: if trails { terms.extreme } else { Price::NONE },
        first: paired.then_some(terms.pair),
        client_order_id: orders.name(slot).map(|id| *id.as_bytes()),
    }
}

/// What an order says once its codes and ranges are checked.
struct Sound {
    node: Node,
    detail: Detail,
    terms: Terms,
    client_order_id: Option<ClientOrderId>,
}

pub(super) fn restore(
    exchange: &mut Exchange,
    generations: &[u32],
    free: Vec<u32>,
    queued: &[Order],
) -> Result<(), String> {
    let blank = |&generation: &u32| {
        let account = AccountId::VENUE;
        (Node { leaves: 0, key: 0, next: NONE, prev: NONE, account, generation }, None)
    };
    let mut slots: Vec<(Node, Option<Detail>)> = generations.iter().map(blank).collect();
    let mut rest = Vec::with_capacity(queued.len());
    for order in queued {
        let sound = check(exchange, order)?;
        let (place, stored) = slots.get_mut(order.slot as usize).ok_or("an order's slot does not exist")?;
        if stored.is_some() {
            return Err("two orders share a slot".into());
        }
        *place = Node { generation: place.generation, ..sound.node };
        *stored = Some(sound.detail);
        rest.push((sound.terms, sound.client_order_id));
    }
    check_free(&slots, generations, &free)?;
    exchange.orders = Orders::restore(slots, free, Detail::VACANT);
    for (order, (terms, client_order_id)) in queued.iter().zip(rest) {
        put_back(exchange, order, terms, client_order_id);
    }
    queued.iter().try_for_each(|order| restore_pair(exchange, order))
}

fn check_free(slots: &[(Node, Option<Detail>)], generations: &[u32], free: &[u32]) -> Result<(), String> {
    let mut seen = vec![false; slots.len()];
    for &slot in free {
        let taken = slots.get(slot as usize).is_none_or(|(node, _)| node.leaves > 0 || node.generation == u32::MAX);
        if taken || std::mem::replace(&mut seen[slot as usize], true) {
            return Err("the list of free slots is wrong".into());
        }
    }
    let idle = slots.iter().filter(|(node, _)| node.leaves == 0 && node.generation < u32::MAX).count();
    if idle != free.len() || generations.contains(&0) {
        return Err("a slot is neither free nor used".into());
    }
    Ok(())
}

/// Puts an order into its queue, with its terms, its name, its time and its owner's running figures.
fn put_back(exchange: &mut Exchange, order: &Order, terms: Terms, client_order_id: Option<ClientOrderId>) {
    let slot = order.slot;
    if order.display != DisplayQuantity::ALL || order.expires > Timestamp::default() || terms.trigger != Trigger::NONE {
        *exchange.orders.terms_mut(slot) = terms;
    }
    if let Some(id) = client_order_id {
        exchange.orders.set_name(slot, id);
    }
    let Detail { side, instrument, armed, tracked, .. } = *exchange.orders.detail(slot);
    let lots = order.leaves.lots();
    if armed {
        exchange.restore_stop(slot);
    } else {
        exchange.instruments[instrument.get() as usize].book.rest(&mut exchange.orders, side, slot, lots);
    }
    if order.expires > Timestamp::default() {
        exchange.expire_at(slot, exchange.orders.id(slot), order.expires);
    }
    if tracked {
        let notional = exchange.notional_of(slot).minor();
        exchange.track(order.account, instrument, side, lots.cast_signed(), notional);
    }
}

fn restore_pair(exchange: &mut Exchange, second: &Order) -> Result<(), String> {
    let Some(first) = second.first else { return Ok(()) };
    let live = first < exchange.orders.slots() && exchange.orders.node(first).leaves > 0 && first != second.slot;
    if !live || exchange.orders.terms(first).pair != NONE || exchange.orders.terms(second.slot).pair != NONE {
        return Err("a pair is not of two orders".into());
    }
    let terms = exchange.orders.terms_mut(second.slot);
    (terms.pair, terms.second) = (first, true);
    exchange.orders.terms_mut(first).pair = second.slot;
    Ok(())
}

fn check(exchange: &mut Exchange, order: &Order) -> Result<Sound, String> {
    let side = Side::from_number(order.side).ok_or("an order's side is unknown")?;
    let kind = OrderKind::from_number(order.kind).ok_or("an order's kind is unknown")?;
    let time_in_force = TimeInForce::from_number(order.time_in_force).ok_or("an order's time in force is unknown")?;
    let self_trade = SelfTrade::from_number(order.self_trade).ok_or("an order's self-trade choice is unknown")?;
    let instrument =
        exchange.instruments.get(order.instrument.get() as usize).ok_or("an order's instrument is unknown")?;
    let listing = instrument.listing;
    if exchange.accounts.get(order.account).is_none() {
        return Err("an order's account is unknown".into());
    }
    let armed = order.stop_price != Price::NONE;
    check_terms(order, kind, time_in_force, exchange.now)?;
    let in_range = |price: Price| price >= Price::from_ticks(1) && price <= listing.price_max;
    let priced =
        (!armed || in_range(order.stop_price)) && if kind.is_limited() { in_range(order.price) } else { armed };
    let sized = !order.leaves.is_zero() && order.leaves <= order.quantity && order.quantity <= Quantity::ORDER_MAX;
    let shown = !order.displayed.is_zero()
        && if armed || order.display == DisplayQuantity::ALL {
            order.displayed == order.leaves
        } else {
            order.displayed <= order.display.of(order.leaves)
        };
    let rate = |ppm| FeeRate::from_ppm(ppm).ok_or("an order's fee rate is out of range");
    let (maker, taker) = (rate(order.maker)?, rate(order.taker)?);
    // The rules for a new order: a buy's hold and a sell's notional fit a balance, unless it has followed the market.
    let valued = if order.price == Price::NONE { order.stop_price } else { order.price };
    let hold_rate = maker.max(taker).max(FeeRate::ZERO);
    let followed = armed && kind == OrderKind::TrailingStop;
    let settles = (followed || money::notional(valued, order.leaves, listing.tick_value).is_some())
        && money::hold(side, valued, order.leaves, listing.tick_value, hold_rate).is_some();
    if !priced || !sized || !shown || !settles {
        return Err("an order's price or quantity is out of range".into());
    }
    let client_order_id = match order.client_order_id {
        None => None,
        Some(bytes) => ClientOrderId::from_bytes(bytes).map_err(|error| error.to_string())?,
    };
    let detail = Detail {
        quantity: order.quantity.lots(),
        hidden: order.leaves.minus(order.displayed).lots(),
        arrival: order.arrival,
        base: exchange.balances.slot(order.account, listing.base),
        quote: exchange.balances.slot(order.account, listing.quote),
        instrument: order.instrument,
        older: NONE,
        newer: NONE,
        terms: NONE,
        maker,
        taker,
        side,
        kind,
        time_in_force,
        self_trade,
        post_only: order.post_only,
        tracked: exchange.is_tracked(order.account),
        armed,
        named: false,
    };
    let fixed = if armed { Trigger::at(order.stop_price) } else { Trigger::NONE };
    let terms = Terms {
        display: order.display,
        expires: order.expires,
        trigger: if order.trails == Trigger::NONE { fixed } else { order.trails },
        extreme: order.extreme,
        limit: if armed { order.price } else { Price::NONE },
        ..Terms::NONE
    };
    let key = if armed { key_of(side.opposite(), order.stop_price) } else { key_of(side, order.price) };
    let (leaves, account) = (order.displayed.lots(), order.account);
    let node = Node { leaves, key, next: NONE, prev: NONE, account, generation: 0 };
    Ok(Sound { node, detail, terms, client_order_id })
}

/// Whether kind, time in force and what goes with them could be in a book or wait as a stop.
fn check_terms(order: &Order, kind: OrderKind, time_in_force: TimeInForce, now: Timestamp) -> Result<(), String> {
    let armed = order.stop_price != Price::NONE;
    let waits = if armed { kind.is_stop() } else { matches!(kind, OrderKind::Limit | OrderKind::StopLimit) };
    let post_only = !order.post_only || kind == OrderKind::Limit;
    if !waits || !time_in_force.rests() || !post_only || (!kind.is_limited() && order.price != Price::NONE) {
        return Err("an order's terms do not go together".into());
    }
    let ends = matches!(time_in_force, TimeInForce::Day | TimeInForce::GoodTillDate);
    // A day order that was accepted when no day was left ends at the last time there is, which may have come.
    let over = order.expires <= now && order.expires.nanos() < u64::MAX;
    if ends != (order.expires > Timestamp::default()) || (ends && over) {
        return Err("an order's end is not in the future".into());
    }
    let trails = armed && kind == OrderKind::TrailingStop;
    let distance = matches!(order.trails.terms(), Some(TriggerTerms::Ticks(_) | TriggerTerms::BasisPoints(_)));
    if trails != distance || (!trails && order.trails != Trigger::NONE) || trails != (order.extreme > Price::NONE) {
        return Err("a stop's distance is wrong".into());
    }
    Ok(())
}
