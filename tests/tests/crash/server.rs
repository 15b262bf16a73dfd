//! The campaign's tests: short in `make test`, long in `make crash` (`CX_CRASH_ROUNDS`).

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;

use crate::campaign::Campaign;
use crate::setting;

/// A random moment, and each place once.
const ROUNDS: usize = 15;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_commands_survive_kill_9_at_every_stage() {
    let mut campaign = Campaign::begin(setting("CX_CRASH_SEED", 0x5EED_0004)).await;
    campaign.rounds(setting("CX_CRASH_ROUNDS", ROUNDS)).await;
    assert!(campaign.table.total().acknowledged >= ROUNDS);
    campaign.end().await;
}

/// The check of the checks: of a server that acknowledges before it writes, a crash leaves what was there before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_campaign_sees_what_is_lost() {
    let mut campaign = Campaign::begin(0x5EED_0005).await;
    campaign.lose_what_was_acknowledged().await;
    let seen = AssertUnwindSafe(campaign.check()).catch_unwind().await;
    let panic = seen.expect_err("the loss of acknowledged commands is seen");
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("LOST"), "{message}");
}
