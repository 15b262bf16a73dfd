//! Watches how much room is left on the data folder's disk, so that new orders are refused before a write has to fail.

use std::path::PathBuf;
use std::time::Duration;

use cx_pipeline::StatusHandle;
use tokio::time::MissedTickBehavior;

/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Keeps the pipeline told. Orders are taken again when there is a tenth more room than the reserve.
pub async fn watch(data: PathBuf, reserve: u64, pipeline: StatusHandle) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut low = false;
    loop {
        ticks.tick().await;
        let free = match fs4::available_space(&data) {
            Ok(free) => free,
            Err(error) => {
                tracing::warn!(%error, "cannot tell how much room is left on the disk");
                continue;
            }
        };
        let is_low = free < if low { reserve.saturating_add(reserve / 10) } else { reserve };
        if is_low != low {
            low = is_low;
            pipeline.set_storage_low(low);
            if low {
                tracing::error!(
                    free,
                    reserve,
                    "little room on the disk: new orders are refused, cancellations are taken"
                );
            } else {
                tracing::info!(free, "there is room on the disk again: orders are taken");
            }
        }
    }
}
