//! What an instrument is open for, for the `status` and `auction` channels. Each message is the whole state, so a client
//! that has the last one has missed nothing.

use cx_engine::control::SetBands;
use cx_engine::event::AuctionState;
use cx_engine::ids::{InstrumentId, Symbol};
use cx_engine::units::{Price, Timestamp};
use cx_market_data::{Decimals, Scaled};
use serde::Serialize;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::messages::{Time, Word, time, written};
use crate::routes::market::session::status;
use crate::venue::decimal::{Digits, trimmed};
use crate::venue::{Folds, wall_nanos};

#[derive(Serialize)]
struct StatusMessage {
    channel: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    symbol: Word<Symbol>,
    epoch: u64,
    seq: u64,
    status: &'static str,
    halted: bool,
    phase: &'static str,
    phase_since: Time,
    phase_ends: Option<Time>,
    bands: Option<Bands>,
    ts_send: Time,
}

#[derive(Serialize)]
struct Bands {
    collar_percent: Option<Digits>,
    static_percent: Option<Digits>,
    dynamic_percent: Option<Digits>,
    reference_price: Option<Digits>,
}

#[derive(Serialize)]
struct AuctionMessage {
    channel: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    symbol: Word<Symbol>,
    epoch: u64,
    seq: u64,
    phase: &'static str,
    phase_ends: Option<Time>,
    extensions: u32,
    /// What the auction that runs would give now.
    indicative: Option<Outcome>,
    /// What the last auction gave.
    last: Option<Outcome>,
    ts_send: Time,
}

#[derive(Serialize)]
struct Outcome {
    price: Option<Digits>,
    volume: Digits,
    surplus: Digits,
    #[serde(skip_serializing_if = "Option::is_none")]
    ts_engine: Option<Time>,
}

fn price(decimals: &Decimals, price: Price) -> Option<Digits> {
    (price != Price::NONE).then(|| Digits(decimals.price(price)))
}

fn moment(at: Timestamp) -> Option<Time> {
    (at > Timestamp::default()).then(|| time(at))
}

impl Bands {
    fn of(decimals: &Decimals, set: &SetBands) -> Option<Self> {
        let percent = |points: u16| {
            let exact = trimmed(Scaled { mantissa: i128::from(points), scale: 2 }, 0);
            (points > 0).then_some(Digits(exact))
        };
        (set.collar_bps > 0 || set.static_bps > 0 || set.dynamic_bps > 0).then(|| Self {
            collar_percent: percent(set.collar_bps),
            static_percent: percent(set.static_bps),
            dynamic_percent: percent(set.dynamic_bps),
            reference_price: price(decimals, set.reference),
        })
    }
}

impl Outcome {
    fn of(decimals: &Decimals, state: &AuctionState, at: Timestamp) -> Self {
        let surplus = i128::from(state.surplus) * decimals.lot.mantissa;
        Self {
            price: price(decimals, state.price),
            volume: Digits(decimals.quantity(state.volume)),
            surplus: Digits(Scaled { mantissa: surplus, scale: decimals.lot.scale }),
            ts_engine: moment(at),
        }
    }
}

/// The last command that changed what an instrument is open for: the number of the next message about it.
pub fn version(folds: &Folds, instrument: InstrumentId) -> u64 {
    folds.market.session(instrument).seq.max(folds.market.halted_seq()).get()
}

/// Phase, halt and bands; `None` for an instrument that is not listed.
pub fn status_message(folds: &Folds, instrument: InstrumentId, kind: &'static str) -> Option<Utf8Bytes> {
    let (quoted, now) = (folds.quoted(instrument)?, folds.market.session(instrument));
    Some(written(&StatusMessage {
        channel: "status",
        kind,
        symbol: Word(quoted.symbol),
        epoch: folds.epoch,
        seq: version(folds, instrument),
        status: status(&now, folds.market.halted()),
        halted: folds.market.halted(),
        phase: now.phase.code(),
        phase_since: time(now.since),
        phase_ends: moment(now.ends),
        bands: Bands::of(&quoted.decimals, &now.bands),
        ts_send: Word(wall_nanos()),
    }))
}

/// What the auction that runs would give, and what the last one gave; `None` for an instrument that is not listed.
pub fn auction_message(folds: &Folds, instrument: InstrumentId, kind: &'static str) -> Option<Utf8Bytes> {
    let (quoted, now) = (folds.quoted(instrument)?, folds.market.session(instrument));
    let decimals = &quoted.decimals;
    let running = now.indication.filter(|_| now.phase.is_auction());
    Some(written(&AuctionMessage {
        channel: "auction",
        kind,
        symbol: Word(quoted.symbol),
        epoch: folds.epoch,
        seq: version(folds, instrument),
        phase: now.phase.code(),
        phase_ends: moment(now.ends),
        extensions: now.extensions,
        indicative: running.map(|state| Outcome::of(decimals, &state, Timestamp::default())),
        last: now.uncrossed.map(|state| Outcome::of(decimals, &state, now.uncrossed_at)),
        ts_send: Word(wall_nanos()),
    }))
}
