//! `carbonxchange replay`: the exchange as it was at any point of the journal, and where a trade came from.

use std::ops::ControlFlow;

use cx_engine::codec::{describe_command, describe_event};
use cx_engine::event::Event;
use cx_engine::ids::{Seq, TradeId};
use cx_engine::units::{Price, Timestamp};
use cx_engine::{CommandRecord, EventRecord, Exchange};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{archive, hex, object, written};
use crate::cli::Replay;
use crate::exit::{Code, Failure, OrExit as _};
use crate::settings::Settings;

/// Prints the state after a command or at a time, or the command that made a trade, as JSON.
pub fn replay(settings: &Settings, wanted: &Replay) -> Result<(), Failure> {
    let archive = archive(settings)?;
    let (first, last) = archive.range();
    let answer = if let Some(trade) = wanted.trade {
        let mut found = None;
        // A snapshot does not say which trades came before it, so this begins as early as can be.
        let start = Seq::new(first.get() - 1);
        let replayed = archive.replay(start, last, |seq, command, events| {
            let made =
                |record: &EventRecord| matches!(&record.event, Event::Trade(made) if made.trade == TradeId::new(trade));
            if events.iter().any(made) {
                found = Some(origin(seq, command, events));
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        replayed.or_exit(Code::DataFolder, "the journal")?;
        found.ok_or_else(|| Failure::message(Code::Input, format_args!("there is no trade {trade} in the journal")))?
    } else {
        let (to, until) = bounds(wanted, last)?;
        let exchange = match until {
            // The last command at or before a time is not known before it has passed.
            Some(until) => {
                let mut reached = Seq::new(first.get() - 1);
                let passed = archive.replay(reached, to, |seq, _, events| {
                    if events.first().is_some_and(|event| event.time > until) {
                        return ControlFlow::Break(());
                    }
                    reached = seq;
                    ControlFlow::Continue(())
                });
                passed.or_exit(Code::DataFolder, "the journal")?;
                archive.replay(reached, reached, |_, _, _| ControlFlow::Continue(()))
            }
            None => archive.replay(to, to, |_, _, _| ControlFlow::Continue(())),
        };
        state(&exchange.or_exit(Code::DataFolder, "the journal")?)
    };
    println!("{}", serde_json::to_string_pretty(&answer).or_exit(Code::Internal, "JSON")?);
    Ok(())
}

fn bounds(wanted: &Replay, last: Seq) -> Result<(Seq, Option<Timestamp>), Failure> {
    let to = wanted.to.map_or(last, Seq::new);
    if to > last {
        let text = format!("the journal ends at seq {}", last.get());
        return Err(Failure::message(Code::Input, text));
    }
    let Some(text) = &wanted.until else { return Ok((to, None)) };
    let time = chrono::DateTime::parse_from_rfc3339(text)
        .or_exit(Code::Usage, format_args!("`{text}` is not a time such as 2026-11-24T12:00:00Z"))?;
    let nanos = time.timestamp_nanos_opt().and_then(|nanos| u64::try_from(nanos).ok());
    let nanos = nanos.ok_or_else(|| Failure::message(Code::Usage, format_args!("{text} is out of range")))?;
    Ok((to, Some(Timestamp::from_nanos(nanos))))
}

/// A command and everything that it led to.
fn origin(seq: Seq, command: &CommandRecord, events: &[EventRecord]) -> Value {
    let told = |record: &EventRecord| {
        let mut kind = "";
        let mut fields = object(|to| kind = describe_event(&record.event, to));
        fields.insert("event".into(), kind.into());
        Value::Object(fields)
    };
    json!({
        "seq": seq.get(),
        "stamp": written(command.stamp),
        "command": command.command.kind().code(),
        "fields": object(|to| describe_command(&command.command, to)),
        "events": events.iter().map(told).collect::<Vec<_>>(),
    })
}

/// The whole state. Amounts are decimals of their asset, prices decimals of the currency, quantities lots.
fn state(exchange: &Exchange) -> Value {
    let decimal = |minor: i128, scale: u8| {
        Decimal::try_from_i128_with_scale(minor, u32::from(scale))
            .map_or_else(|_| minor.to_string(), |it| it.to_string())
    };
    let asset = |id| exchange.assets().iter().find(move |asset| asset.asset == id);
    let instruments: Vec<_> = exchange.instruments().collect();
    let listed = |id| instruments.iter().find(move |listed| listed.instrument == id);
    let price = |price: Price, id| match listed(id).and_then(|listed| Some((listed, asset(listed.quote)?))) {
        Some((listed, quote)) if price != Price::NONE => {
            decimal(i128::from(price.ticks()) * i128::from(listed.tick_value), quote.scale).into()
        }
        _ => Value::Null,
    };
    let balances = exchange.balances().into_iter().filter_map(|(account, id, balance)| {
        let of = asset(id)?;
        let [available, held] = [balance.available, balance.held].map(|it| decimal(i128::from(it.minor()), of.scale));
        let code = of.code.as_str();
        Some(json!({ "account": account.get(), "asset": code, "available": available, "held": held }))
    });
    let orders = exchange.open_orders().into_iter().map(|order| {
        json!({
            "order": order.order.get(),
            "account": order.account.get(),
            "symbol": listed(order.instrument).map(|listed| listed.symbol.as_str()),
            "side": order.side.code(),
            "time_in_force": order.time_in_force.code(),
            "post_only": order.post_only,
            "price": price(order.price, order.instrument),
            "quantity": order.quantity.lots(),
            "leaves": order.leaves.lots(),
            "client_order_id": order.client_order_id.as_ref().map(|id| id.as_str()),
        })
    });
    json!({
        "seq": exchange.seq().get(),
        "time": written(exchange.now()),
        "state_hash": hex(&exchange.state_hash()),
        "assets": exchange.assets().iter().map(|asset| {
            let supply = exchange.supply(asset.asset);
            let [inflow, outflow, retired] =
                [supply.inflow, supply.outflow, supply.retired].map(|it| decimal(i128::from(it.minor()), asset.scale));
            json!({ "code": asset.code.as_str(), "in": inflow, "out": outflow, "retired": retired })
        }).collect::<Vec<_>>(),
        "instruments": instruments.iter().map(|it| it.symbol.as_str()).collect::<Vec<_>>(),
        "balances": balances.collect::<Vec<_>>(),
        "orders": orders.collect::<Vec<_>>(),
    })
}
