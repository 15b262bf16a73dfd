//! Folds as bytes: what a snapshot of the exchange keeps beside it, so that a start need not read every event there ever was.

use cx_engine::event::EventRecord;

use super::{Batch, Folds, VenueSettings};

/// Changes whenever the folds' fields do. Bytes of another version are refused: the folds are then made anew from the events,
/// or with a snapshot that an older program can still read.
const VERSION: u8 = 1;

/// Folds that take events apart from the live ones.
#[derive(Debug)]
pub struct KeptFolds {
    pub(super) folds: Folds,
    pub(super) batch: Batch,
}

impl KeptFolds {
    /// Folds before the first event, or as the bytes of [`KeptFolds::encode`] have them.
    pub fn new(settings: &VenueSettings, bytes: Option<&[u8]>) -> Result<Self, String> {
        let folds = bytes.map_or_else(|| Ok(Folds::new(settings)), decode)?;
        Ok(Self { folds, batch: Batch::default() })
    }

    /// Takes all events of the next command.
    pub fn take(&mut self, command: &[EventRecord]) {
        self.folds.apply(command, &mut self.batch);
        self.batch.clear();
    }

    /// The folds as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bincode::encode_into_std_write(&self.folds, &mut bytes, bincode::config::standard())
            .expect("writing to memory cannot fail");
        bytes
    }

    pub(super) fn into_folds(self) -> Folds {
        self.folds
    }
}

fn decode(bytes: &[u8]) -> Result<Folds, String> {
    match bytes.split_first() {
        Some((&VERSION, body)) => match bincode::decode_from_slice(body, bincode::config::standard()) {
            Ok((folds, read)) if read == body.len() => Ok(folds),
            Ok(_) => Err("bytes are left behind the folds".to_owned()),
            Err(error) => Err(format!("the folds cannot be read: {error}")),
        },
        Some((version, _)) => Err(format!("the folds have version {version}, this program knows {VERSION}")),
        None => Err("there are no folds".to_owned()),
    }
}
