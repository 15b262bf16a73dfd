//! Any bytes are refused as a command record, or are the one form of a command.
#![no_main]

use cx_engine::codec::{decode_command, encode_command};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(bytes) = data.first_chunk() else { return };
    if let Ok(record) = decode_command(bytes) {
        assert_eq!(&encode_command(&record), bytes);
    }
});
