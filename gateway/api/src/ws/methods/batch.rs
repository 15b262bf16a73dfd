//! Several orders in one message, and the dead man's switch.

use std::sync::Arc;

use cx_engine::Command;
use cx_engine::command::{CancelAfter, NewOrder};
use cx_engine::event::Event;
use cx_engine::ids::AccountId;
use cx_engine::units::Timestamp;
use cx_pipeline::Pending;
use serde::Serialize;
use serde_json::Value;

use super::super::envelope::Refusal;
use super::super::messages::OrderLine;
use super::super::params::{Batch, Silence};
use super::{Call, Session, line, refusal};
use crate::problem::{Code, Problem};
use crate::routes::trading::desk;
use crate::routes::trading::entry::OrderEntry;
use crate::state::AppState;
use crate::venue::wall_nanos;

/// The most orders of one message.
const ORDERS_MAX: usize = 20;
/// The longest silence that may be asked for: a day.
const SECONDS_MAX: u32 = 86_400;
const NANOS_PER_SECOND: u64 = 1_000_000_000;

#[derive(Serialize)]
struct Results {
    results: Vec<Item>,
}

/// One order's outcome, in the shape of a reply of its own.
#[derive(Serialize)]
struct Item {
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<OrderLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeated: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Refusal>,
}

impl Item {
    fn of(outcome: Result<(OrderLine, bool), Problem>) -> Self {
        match outcome {
            Ok((order, repeated)) => Self { ok: true, order: Some(order), repeated: Some(repeated), error: None },
            Err(problem) => Self { ok: false, order: None, repeated: None, error: Some(refusal(&problem)) },
        }
    }
}

#[derive(Serialize)]
struct Deadline {
    /// Engine time in nanoseconds at which all orders are cancelled; null when switched off.
    cancel_at: Option<String>,
}

impl Session {
    /// Places orders one after the other, without a command of anybody else between them; each has its own outcome. What is
    /// refused on the way in does not hold up the rest; when the exchange has no room for all that is left, none of it is
    /// placed and the whole request is refused.
    pub(super) async fn batch(&self, account: AccountId, wanted: Batch, call: &Call) -> Result<(), Problem> {
        let count = wanted.orders.len();
        if count == 0 || count > ORDERS_MAX {
            return Err(Problem::invalid("orders", format!("orders must be 1 to {ORDERS_MAX}")));
        }
        let mut orders = Vec::with_capacity(count);
        for entry in wanted.orders {
            orders.push(self.entry(account, entry).await);
        }
        let most = self.state.sockets.limits().in_flight_max.max(1);
        let permits = u32::try_from(count.min(most)).unwrap_or(u32::MAX);
        let permit = Arc::clone(&self.in_flight).acquire_many_owned(permits).await;
        let permit = permit.map_err(|_| Problem::new(Code::ShuttingDown))?;
        let good: Vec<_> = orders.iter().flatten().map(|order| Command::Place(*order)).collect();
        let mut pending = desk::submit_all(&self.state, &good)?.into_iter();
        let (state, call) = (self.state.clone(), call.copy());
        tokio::spawn(async move {
            let mut results = Vec::with_capacity(count);
            for order in orders {
                let pending = if order.is_ok() { pending.next() } else { None };
                results.push(Item::of(outcome(&state, order, pending).await));
            }
            call.answer(Ok(Results { results }));
            drop(permit);
        });
        Ok(())
    }

    async fn entry(&self, account: AccountId, entry: Value) -> Result<NewOrder, Problem> {
        let wanted: OrderEntry = crate::json::read_value(entry)?;
        desk::prepare(&self.state, account, &wanted).await
    }

    /// Sets or clears the time at which all orders of the account are cancelled.
    pub(super) async fn cancel_after(&self, account: AccountId, wanted: &Silence, call: &Call) -> Result<(), Problem> {
        if wanted.seconds > SECONDS_MAX {
            return Err(Problem::invalid("seconds", format!("seconds must be 0 to {SECONDS_MAX}")));
        }
        let lasts = u64::from(wanted.seconds) * NANOS_PER_SECOND;
        let at = Timestamp::from_nanos(if lasts == 0 { 0 } else { wall_nanos().saturating_add(lasts) });
        self.run(call, Command::CancelAfter(CancelAfter { account, at }), |_, reply| async move {
            match reply.own().first() {
                Some(Event::CancelAfterSet(set)) => {
                    let nanos = set.at.nanos();
                    Ok(Deadline { cancel_at: (nanos != 0).then(|| nanos.to_string()) })
                }
                Some(Event::CommandRejected(refused)) => Err(desk::refusal(refused.reason)),
                other => Err(desk::unexpected(other)),
            }
        })
        .await
    }
}

/// What became of one order; `pending` is the answer to come of one that was placed.
async fn outcome(
    state: &AppState,
    order: Result<NewOrder, Problem>,
    pending: Option<Pending>,
) -> Result<(OrderLine, bool), Problem> {
    let order = order?;
    let pending =
        pending.ok_or_else(|| Problem::internal(&"an order of a batch was placed without an answer to come"))?;
    let reply = desk::answer(pending).await?;
    let placed = desk::placed(state, &order, &reply).await?;
    line(state, &placed.order).map(|line| (line, placed.repeated))
}
