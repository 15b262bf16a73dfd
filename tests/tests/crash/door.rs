//! How a client reaches the exchange: over REST or over WebSocket, with the same words and the same three outcomes.

use cx_tests::client::{self, Client};
use futures_util::future::join_all;
use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// What the exchange said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It was done; the answer.
    Done(Value),
    /// It was refused; the code.
    Refused(String),
}

/// The connection broke, or the server said that it does not know: the command took effect or it did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unknown;

pub type Outcome = Result<Answer, Unknown>;

/// Which of the two doors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Rest,
    Socket,
}

/// An open door.
pub enum Door {
    Rest(Client),
    Socket(Box<Socket>),
}

fn refused(code: &Value, whole: &Value) -> Outcome {
    match code.as_str() {
        // The last one also answers commands that were in the ring when the exchange stopped.
        Some("outcome_unknown" | "shutting_down") => Err(Unknown),
        Some("internal") | None => panic!("the server failed: {whole:#}"),
        Some(code) => Ok(Answer::Refused(code.to_owned())),
    }
}

fn rest(answer: reqwest::Result<client::Answer>) -> Outcome {
    let Ok((status, body)) = answer else { return Err(Unknown) };
    assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR, "{body:#}");
    if status.is_success() { Ok(Answer::Done(body)) } else { refused(&body["code"], &body) }
}

/// A REST call, to a server that may die meanwhile.
pub async fn call(client: &Client, method: Method, path: &str, body: Option<&Value>, key: Option<&str>) -> Outcome {
    let headers: Vec<_> = key.map(|key| ("idempotency-key", key)).into_iter().collect();
    rest(client.try_send(method, path, body.map(Value::to_string), &headers).await)
}

/// The order in an answer.
fn order(outcome: Outcome) -> Outcome {
    outcome.map(|answer| match answer {
        Answer::Done(body) => Answer::Done(body["order"].clone()),
        refused @ Answer::Refused(_) => refused,
    })
}

impl Door {
    /// Opens one for a user; `Err` when the server is gone.
    pub async fn open(kind: Kind, client: &Client) -> Result<Self, Unknown> {
        match kind {
            Kind::Rest => Ok(Self::Rest(client.clone())),
            Kind::Socket => Socket::open(client).await.map(|socket| Self::Socket(Box::new(socket))),
        }
    }

    /// Places an order. What is done is the order.
    pub async fn place(&mut self, wanted: &Value) -> Outcome {
        order(match self {
            Self::Rest(client) => call(client, Method::POST, "/api/trading/orders", Some(wanted), None).await,
            Self::Socket(socket) => socket.call("order.place", wanted.clone()).await,
        })
    }

    /// Places several orders without waiting for one another: at once over REST, in one message or behind one another over
    /// WebSocket.
    pub async fn place_many(&mut self, wanted: &[Value], in_one: bool) -> Vec<Outcome> {
        match self {
            Self::Rest(client) => {
                let path = "/api/trading/orders";
                let calls = wanted.iter().map(|one| call(client, Method::POST, path, Some(one), None));
                join_all(calls).await.into_iter().map(order).collect()
            }
            Self::Socket(socket) if in_one => match socket.call("order.batch", json!({"orders": wanted})).await {
                Ok(Answer::Done(body)) => {
                    let results = body["results"].as_array().unwrap();
                    assert_eq!(results.len(), wanted.len(), "{body:#}");
                    results.iter().map(|one| order(reply(one, one))).collect()
                }
                refused_or_unknown => vec![refused_or_unknown; wanted.len()],
            },
            Self::Socket(socket) => {
                let calls = wanted.iter().map(|one| ("order.place", one.clone())).collect();
                socket.call_all(calls).await.into_iter().map(order).collect()
            }
        }
    }

    /// Changes an open order. What is done is the order.
    pub async fn amend(&mut self, order_id: &str, price: &str, quantity: &str) -> Outcome {
        order(match self {
            Self::Rest(client) => {
                let path = format!("/api/trading/orders/{order_id}");
                call(client, Method::PUT, &path, Some(&json!({"price": price, "quantity": quantity})), None).await
            }
            Self::Socket(socket) => {
                let params = json!({"order_id": order_id, "price": price, "quantity": quantity});
                socket.call("order.amend", params).await
            }
        })
    }

    /// Cancels an order. What is done is the order.
    pub async fn cancel(&mut self, order_id: &str) -> Outcome {
        order(match self {
            Self::Rest(client) => {
                call(client, Method::DELETE, &format!("/api/trading/orders/{order_id}"), None, None).await
            }
            Self::Socket(socket) => socket.call("order.cancel", json!({"order_id": order_id})).await,
        })
    }

    /// Cancels all orders of the account.
    pub async fn cancel_all(&mut self) -> Outcome {
        match self {
            Self::Rest(client) => call(client, Method::DELETE, "/api/trading/orders", None, None).await,
            Self::Socket(socket) => socket.call("order.cancel_all", json!({})).await,
        }
    }
}

/// A reply of the WebSocket, or one order's part of it (then `body` is the part itself).
fn reply(reply: &Value, body: &Value) -> Outcome {
    if reply["ok"] == true { Ok(Answer::Done(body.clone())) } else { refused(&reply["error"]["code"], reply) }
}

/// A WebSocket of one user.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    last_id: u64,
}

impl Socket {
    async fn open(client: &Client) -> Result<Self, Unknown> {
        let address = format!("{}/ws", client.base().replacen("http", "ws", 1));
        let (stream, _) = tokio_tungstenite::connect_async(address).await.map_err(|_| Unknown)?;
        let mut socket = Self { stream, last_id: 0 };
        match socket.call("auth", json!({"token": client.token})).await? {
            Answer::Done(_) => Ok(socket),
            Answer::Refused(code) => panic!("the socket was refused: {code}"),
        }
    }

    async fn call(&mut self, method: &str, params: Value) -> Outcome {
        self.call_all(vec![(method, params)]).await.pop().unwrap()
    }

    /// Sends all, then waits for all answers; those that do not come are unknown.
    async fn call_all(&mut self, calls: Vec<(&str, Value)>) -> Vec<Outcome> {
        let first = self.last_id + 1;
        let mut outcomes: Vec<Outcome> = vec![Err(Unknown); calls.len()];
        let mut missing = calls.len();
        for (method, params) in calls {
            self.last_id += 1;
            let message = json!({"id": self.last_id, "method": method, "params": params});
            if self.stream.feed(Message::text(message.to_string())).await.is_err() {
                return outcomes;
            }
        }
        if self.stream.flush().await.is_err() {
            return outcomes;
        }
        while missing > 0 {
            let Some(Ok(message)) = self.stream.next().await else { return outcomes };
            let Message::Text(text) = message else { continue };
            let body: Value = serde_json::from_str(&text).unwrap();
            let Some(id) = body["id"].as_u64() else { continue };
            outcomes[usize::try_from(id - first).unwrap()] = reply(&body, &body["result"]);
            missing -= 1;
        }
        outcomes
    }
}
