//! The shim's log: what the victim did to its files, what it synced, what it acknowledged, in order.

use std::path::Path;

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A file or folder was opened; other records name it by the handle.
    Open { handle: u32, path: String, is_dir: bool, truncated: bool, synced: bool },
    /// Bytes were written.
    Write { handle: u32, at: usize, data: Vec<u8> },
    /// A file was cut or made longer.
    Truncate { handle: u32, length: usize },
    /// A sync began; what was written before is meant.
    SyncBegin { handle: u32, number: u64 },
    /// It returned: all that is on the disk.
    SyncEnd { handle: u32, number: u64 },
    /// It failed: nothing is known of what was written before, also after a later sync.
    SyncFailed { handle: u32, number: u64 },
    /// A name was changed.
    Rename { from: String, to: String },
    /// A second name.
    Link { from: String, to: String },
    /// A file's name was removed.
    Unlink { path: String },
    /// A folder was made.
    MakeDir { path: String },
    /// A folder was removed.
    RemoveDir { path: String },
    /// Something was printed.
    Printed { text: String },
    /// A file was mapped to be written: what is written so is not seen.
    Mapped { path: String },
    /// A call was made to fail (with this errno) or to wait (0).
    Fault { errno: u64, path: String },
}

/// Reads a log. What is not whole at its end was being written when the victim died, and did not happen.
pub fn read(path: &Path) -> Vec<Record> {
    let bytes = std::fs::read(path).unwrap();
    let (mut records, mut rest) = (Vec::new(), &bytes[..]);
    while let Some((head, after)) = rest.split_first_chunk::<24>() {
        let u32_at = |at: usize| u32::from_ne_bytes(head[at..at + 4].try_into().unwrap());
        let (name, data) = (u32_at(16) as usize, u32_at(20) as usize);
        if after.len() < name + data {
            break;
        }
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let at = u64::from_ne_bytes(head[8..16].try_into().unwrap());
        let path = text(&after[..name]);
        let data = &after[name..name + data];
        let (handle, number, here) = (u32_at(4), at, usize::try_from(at).unwrap());
        records.push(match u32_at(0) {
            1 => Record::Open { handle, path, truncated: at & 1 != 0, synced: at & 2 != 0, is_dir: at & 4 != 0 },
            2 => Record::Write { handle, at: here, data: data.to_vec() },
            3 => Record::Truncate { handle, length: here },
            4 => Record::SyncBegin { handle, number },
            5 => Record::SyncEnd { handle, number },
            6 => Record::SyncFailed { handle, number },
            7 => Record::Rename { from: path, to: text(data) },
            8 => Record::Unlink { path },
            9 => Record::MakeDir { path },
            10 => Record::RemoveDir { path },
            11 => Record::Printed { text: text(data) },
            12 => Record::Mapped { path },
            13 => Record::Fault { errno: at, path },
            14 => Record::Link { from: path, to: text(data) },
            other => panic!("a record of kind {other}"),
        });
        rest = &after[name + data.len()..];
    }
    records
}

/// The acknowledged orders that a log tells of: client order id and seq, each with the number of the record before which it was
/// printed whole.
pub fn acks(records: &[Record]) -> Vec<(usize, String, u64)> {
    let (mut found, mut line) = (Vec::new(), String::new());
    for (number, record) in records.iter().enumerate() {
        let Record::Printed { text } = record else { continue };
        line.push_str(text);
        while let Some(end) = line.find('\n') {
            let whole: String = line.drain(..=end).collect();
            if let Some((seq, id)) = whole.trim_end().strip_prefix("acked ").and_then(|ack| ack.split_once(' ')) {
                found.push((number + 1, id.to_owned(), seq.parse().unwrap()));
            }
        }
    }
    found
}
