//! The frame around every request and reply: `{"id", "method", "params"}` in, `{"id", "ok", "result" | "error", "time_in",
//! "time_out"}` out. Ids are echoed as they were written, so that no number loses digits on its way.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// The longest id that is echoed, as JSON text.
pub const ID_LEN_MAX: usize = 64;

/// A request as it came.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request<'a> {
    /// The client's name for it: a number or a string.
    #[serde(borrow)]
    pub id: &'a RawValue,
    /// What to do.
    #[serde(borrow)]
    pub method: Cow<'a, str>,
    /// With what.
    #[serde(borrow, default)]
    pub params: Option<&'a RawValue>,
}

impl Request<'_> {
    /// Whether the id is a number or a string of bearable length.
    pub fn has_valid_id(&self) -> bool {
        let text = self.id.get();
        let first = text.bytes().next().unwrap_or_default();
        text.len() <= ID_LEN_MAX && (first == b'"' || first == b'-' || first.is_ascii_digit())
    }
}

/// An id kept for the reply. `null` when the request had none that could be read.
#[derive(Debug, Clone)]
pub struct ReplyId(Box<RawValue>);

impl ReplyId {
    /// Keeps a request's id.
    pub fn of(id: &RawValue) -> Self {
        Self(id.to_owned())
    }

    /// For requests without a readable id.
    pub fn none() -> Self {
        Self(RawValue::NULL.to_owned())
    }
}

/// One field that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldNote {
    /// The field's name.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The stable code, shared with REST.
    pub code: &'static str,
    /// For a person.
    pub message: String,
    /// Per field.
    pub errors: Vec<FieldNote>,
    /// Seconds to wait before trying again, where that helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
}

#[derive(Serialize)]
struct Accepted<'a, T> {
    id: &'a RawValue,
    ok: bool,
    result: &'a T,
    time_in: String,
    time_out: String,
}

#[derive(Serialize)]
struct Refused<'a> {
    id: &'a RawValue,
    ok: bool,
    error: &'a Refusal,
    time_in: String,
    time_out: String,
}

/// The text of a reply. Times are nanoseconds since the epoch.
pub fn reply<T: Serialize>(id: &ReplyId, outcome: &Result<T, Refusal>, time_in: u64, time_out: u64) -> Utf8Bytes {
    let (time_in, time_out) = (time_in.to_string(), time_out.to_string());
    let text = match outcome {
        Ok(result) => serde_json::to_string(&Accepted { id: &id.0, ok: true, result, time_in, time_out }),
        Err(error) => serde_json::to_string(&Refused { id: &id.0, ok: false, error, time_in, time_out }),
    };
    text.expect("replies have string keys and finite numbers").into()
}
