//! What an operator or an auditor looks into a data folder with. All of these read only, also beside a running server,
//! except [`snapshot`], which takes the folder.

mod export;
mod journal;
mod replay;
mod snapshot;

pub use export::export;
pub use journal::info;
pub use replay::replay;
pub use snapshot::snapshot;

use cx_engine::codec::Word;
use cx_engine::units::Timestamp;
use cx_journal::Archive;
use serde_json::{Map, Value};

use crate::exit::{Code, Failure, OrExit as _};
use crate::settings::Settings;

fn archive(settings: &Settings) -> Result<Archive, Failure> {
    Archive::open(&settings.data).or_exit(Code::DataFolder, "cannot read the journal")
}

/// Engine time as people write it.
fn written(time: Timestamp) -> String {
    let nanos = i64::try_from(time.nanos()).unwrap_or(i64::MAX);
    chrono::DateTime::from_timestamp_nanos(nanos).to_rfc3339_opts(chrono::SecondsFormat::Nanos, true)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

fn value(word: Word<'_>) -> Value {
    match word {
        Word::None => Value::Null,
        Word::Flag(flag) => flag.into(),
        Word::Text(text) => text.into(),
        Word::Number(number) => match (u64::try_from(number), i64::try_from(number)) {
            (Ok(number), _) => number.into(),
            (_, Ok(number)) => number.into(),
            _ => number.to_string().into(),
        },
    }
}

/// The fields that `tell` tells, as an object.
fn object(tell: impl FnOnce(&mut dyn FnMut(&'static str, Word<'_>))) -> Map<String, Value> {
    let mut fields = Map::new();
    tell(&mut |name, word| {
        fields.insert(name.to_owned(), value(word));
    });
    fields
}
