//! Takes up blocks of credits that were entered and not yet credited when the process ended.

use cx_api::AppState;
use cx_engine::reject::Reject;
use cx_registry::facts::ProjectKey;
use cx_registry::issue::issue_command;
use cx_registry::listing::asset_code;
use cx_registry::words::Registry;
use cx_store::registry::CreditRecord;

use super::answer;

/// Credits the owners of all pending blocks. The block's row number is the movement's reference, which takes effect once.
/// Answers how many there were.
pub async fn resume(state: &AppState) -> anyhow::Result<usize> {
    let pending = state.store.credits().pending().await?;
    for credit in &pending {
        match settle(state, credit).await {
            Ok(()) => {}
            Err(error) => tracing::warn!(block = credit.id, %error, "a pending block stays pending"),
        }
    }
    Ok(pending.len())
}

/// Has the exchange credit a pending block to its owner, and makes it active.
pub async fn settle(state: &AppState, credit: &CreditRecord) -> anyhow::Result<()> {
    let key = Registry::parse(&credit.registry).and_then(|registry| ProjectKey::new(registry, &credit.number));
    let key = key.ok_or_else(|| anyhow::anyhow!("{}-{} names no project", credit.registry, credit.number))?;
    let code = asset_code(&key, credit.year);
    let asset = state.venue.read().market.listings().asset_by_code(code.as_str()).map(|asset| asset.asset);
    let asset = asset.ok_or_else(|| anyhow::anyhow!("{code} is not listed"))?;
    let command = issue_command(credit, asset).ok_or_else(|| anyhow::anyhow!("the block has no owner"))?;
    answer(state.sequencer.submit(command)?, |reason| reason == Reject::DuplicateReference).await?;
    state.store.credits().activate(credit.id).await?;
    Ok(())
}
