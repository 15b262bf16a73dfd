//! The page of errors, `docs/errors.md`, as the tables of the code give it. A test compares the two.

use std::fmt::Write as _;

use axum::http::StatusCode;
use cx_engine::reject::{CancelReason, Reject};

use super::Code;

/// What writes the page.
pub const COMMAND: &str = "cargo run --release -p cx-api --example errors > docs/errors.md";

/// The page.
pub fn errors_page() -> String {
    let mut page = format!(
        "# Errors\n\n\
         Written by `{COMMAND}` from the tables of the code (`engine/core/src/reject.rs`,\n\
         `gateway/api/src/problem.rs`); a test fails when this page and they differ.\n\n\
         REST answers a problem (RFC 9457, `application/problem+json`) with `code`, `detail` and, per field, `errors`; WebSocket\n\
         answers `\"ok\": false` with the same `code`, `message` and `errors`. Codes are stable and never change their meaning:\n\
         match on them, and show the text to people. Where a route says more about an occurrence, `detail` has it and\n\
         `title` has the text below.\n\n",
    );
    section(
        &mut page,
        "Refusals of the exchange",
        "The exchange core refused the command, and nothing changed. An order that was refused is kept with its code as\n\
         `reject_reason`, and found by its `client_order_id`; except for `duplicate_client_order_id` and `throttled`, which\n\
         record nothing.",
        Reject::ALL.iter().map(|reject| {
            let code = Code::from(*reject);
            (code.as_str(), Some(code.status()), code.title())
        }),
    );
    section(
        &mut page,
        "Why an accepted order ended",
        "`reason` of execution reports and of orders over WebSocket; `notes` of an order over REST has the text. `cash_spent`\n\
         of an order that bought something is no reason: the order is `filled`.",
        CancelReason::ALL.iter().map(|reason| (reason.code(), None, reason.message())),
    );
    section(
        &mut page,
        "Problems of the gateway",
        "The request did not get as far as the exchange, or its answer did not come back. 429 and 503 carry `Retry-After`\n\
         where waiting helps (over WebSocket `retry_after`, in seconds).",
        Code::OWN.iter().map(|code| (code.as_str(), Some(code.status()), code.title())),
    );
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

fn section<'a>(
    page: &mut String,
    title: &str,
    about: &str,
    lines: impl Iterator<Item = (&'a str, Option<StatusCode>, &'a str)>,
) {
    let mut table = String::new();
    let mut with_status = false;
    for (code, status, text) in lines {
        let status = status.map(|status| {
            with_status = true;
            format!(" {} |", status.as_u16())
        });
        writeln!(table, "| `{code}` |{} {text} |", status.unwrap_or_default())
            .expect("writing to a string cannot fail");
    }
    let head = if with_status { "| Code | HTTP | Meaning |\n|---|---|---|" } else { "| Code | Meaning |\n|---|---|" };
    write!(page, "## {title}\n\n{about}\n\n{head}\n{table}\n").expect("writing to a string cannot fail");
}
