//! Any bytes are refused as a snapshot, or are the one form of a state that passes the audit. The bytes are also tried as the
//! body behind a right head and before a right hash, because a random hash hides everything behind it.
#![no_main]

use cx_engine::Exchange;
use libfuzzer_sys::fuzz_target;

/// Magic and version.
const HEAD: &[u8] = b"CXSNAP\0\0\x02";

fn restore(bytes: &[u8]) {
    if let Ok(exchange) = Exchange::restore(bytes) {
        exchange.audit().expect("a restored state is sound");
        assert_eq!(exchange.snapshot(), bytes, "a state has one form");
    }
}

fuzz_target!(|data: &[u8]| {
    restore(data);
    // A seed is a whole snapshot: its own hash is replaced by the right one.
    let body = data.strip_prefix(HEAD).map_or(data, |rest| &rest[..rest.len().saturating_sub(32)]);
    let mut sealed = [HEAD, body].concat();
    sealed.extend_from_slice(blake3::hash(&sealed).as_bytes());
    restore(&sealed);
});
