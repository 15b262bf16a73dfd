//! WebSocket messages as the client writes and reads them. Prices and quantities are decimal strings.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A request; the answer carries the same id.
#[derive(Debug, Serialize)]
pub struct Request<'a> {
    /// The client's number for it.
    pub id: u64,
    /// What to do, and with what.
    #[serde(flatten)]
    pub call: Call<'a>,
}

/// The methods used here.
#[derive(Debug, Serialize)]
#[serde(tag = "method", content = "params")]
pub enum Call<'a> {
    /// A new limit order.
    #[serde(rename = "order.place")]
    Place(Place<'a>),
    /// Another limit and total quantity.
    #[serde(rename = "order.amend")]
    Amend {
        /// Which order.
        client_order_id: &'a str,
        /// The new limit.
        price: &'a str,
        /// The new total quantity.
        quantity: &'a str,
    },
    /// Withdraws an order.
    #[serde(rename = "order.cancel")]
    Cancel {
        /// Which order.
        client_order_id: &'a str,
    },
    /// Withdraws all orders of the account.
    #[serde(rename = "order.cancel_all")]
    CancelAll {},
}

/// A new limit order.
#[derive(Debug, Serialize)]
pub struct Place<'a> {
    /// The instrument.
    pub symbol: &'a str,
    /// `buy` or `sell`.
    pub side: &'static str,
    /// Always `limit`.
    pub order_type: &'static str,
    /// `GTC` or `IOC`.
    pub time_in_force: &'static str,
    /// The limit.
    pub price: &'a str,
    /// How much.
    pub quantity: &'a str,
    /// The client's own name for it.
    pub client_order_id: &'a str,
}

/// Whatever the server sends: answers have an id, channels and notices have none.
#[derive(Debug, Deserialize)]
pub struct Incoming<'a> {
    /// The request's id.
    #[serde(default)]
    pub id: Option<u64>,
    /// Whether the request was done.
    #[serde(default)]
    pub ok: Option<bool>,
    /// Why not.
    #[serde(borrow, default)]
    pub error: Option<ErrorBody<'a>>,
}

/// A refusal.
#[derive(Debug, Deserialize)]
pub struct ErrorBody<'a> {
    /// The stable code.
    #[serde(borrow)]
    pub code: Cow<'a, str>,
}

/// The text of a request.
pub fn text(id: u64, call: Call<'_>) -> String {
    serde_json::to_string(&Request { id, call }).expect("requests have string keys and no floats")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn requests_are_written_as_the_contract_says() {
        let place = Place {
            symbol: "VCS-191-2016-USD",
            side: "buy",
            order_type: "limit",
            time_in_force: "GTC",
            price: "25.50",
            quantity: "10",
            client_order_id: "r-1",
        };
        let expected = r#"{"id":7,"method":"order.place","params":{"symbol":"VCS-191-2016-USD","side":"buy","order_type":"limit","time_in_force":"GTC","price":"25.50","quantity":"10","client_order_id":"r-1"}}"#;
        assert_eq!(text(7, Call::Place(place)), expected);
        let cancel = r#"{"id":8,"method":"order.cancel","params":{"client_order_id":"r-1"}}"#;
        assert_eq!(text(8, Call::Cancel { client_order_id: "r-1" }), cancel);
        assert_eq!(text(9, Call::CancelAll {}), r#"{"id":9,"method":"order.cancel_all","params":{}}"#);
    }

    #[test]
    fn answers_notices_and_channels_are_told_apart() {
        let refused = r#"{"id":3,"ok":false,"error":{"code":"insufficient_funds","message":"x \"y\"","errors":[]},"time_in":"1","time_out":"2"}"#;
        let refused: Incoming<'_> = serde_json::from_str(refused).unwrap();
        assert_eq!((refused.id, refused.ok), (Some(3), Some(false)));
        assert_eq!(refused.error.unwrap().code, "insufficient_funds");
        let done: Incoming<'_> = serde_json::from_str(r#"{"id":4,"ok":true,"result":{"order":{}}}"#).unwrap();
        assert_eq!((done.id, done.ok), (Some(4), Some(true)));
        let unreadable: Incoming<'_> =
            serde_json::from_str(r#"{"id":null,"ok":false,"error":{"code":"bad_request"}}"#).unwrap();
        assert_eq!((unreadable.id, unreadable.ok), (None, Some(false)));
        let notice: Incoming<'_> = serde_json::from_str(r#"{"event":"server_shutdown","message":"m"}"#).unwrap();
        assert_eq!((notice.id, notice.ok), (None, None));
        let channel: Incoming<'_> = serde_json::from_str(r#"{"channel":"book","seq":5}"#).unwrap();
        assert_eq!((channel.id, channel.ok), (None, None));
    }
}
