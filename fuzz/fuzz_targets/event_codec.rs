//! Any bytes are refused as an event record, or are the one form of an event.
#![no_main]

use cx_engine::codec::{decode_event, encode_event};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(bytes) = data.first_chunk() else { return };
    if let Ok(record) = decode_event(bytes) {
        assert_eq!(&encode_event(&record), bytes);
    }
});
