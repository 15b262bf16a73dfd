//! Credits the market maker with real blocks of the built-in table: real serial numbers, for play.

use std::collections::BTreeMap;

use cx_api::AppState;
use cx_registry::issue::{NewIssue, open};
use cx_store::PageRequest;
use cx_store::registry::{CreditFilter, CreditRecord};

/// Instruments that the market maker can quote.
const VINTAGES: usize = 12;
/// The smallest block worth quoting, in tonnes.
const TONNES_MIN: u64 = 1_000;
/// Blocks read from the store at a time.
const PER_PAGE: u32 = 100;

/// Credits the largest unused block of some vintages, of as many kinds of projects as possible, to `owner`. Answers how many
/// are new.
pub async fn issue(state: &AppState, owner: i64, admin: i64) -> anyhow::Result<usize> {
    if !blocks(state, true).await?.is_empty() {
        return Ok(0);
    }
    let mut chosen = choose(blocks(state, false).await?);
    chosen.truncate(VINTAGES);
    for block in &chosen {
        let new = NewIssue {
            project_id: block.project_id,
            serial_number: block.serial_number.clone(),
            year: block.year,
            quantity: block.quantity,
            owner_id: Some(owner),
            price: None,
            price_currency: String::new(),
            verification_body: block.verification_body.clone(),
            verified_on: block.verified_on.clone(),
            additionality: block.additionality,
            labels: block.labels.clone(),
            created_by: admin,
        };
        open(&state.store, &new, None).await?;
    }
    cx_api::resume_issues(state).await?;
    Ok(chosen.len())
}

/// Active blocks that an account here holds, or those that none does.
async fn blocks(state: &AppState, held: bool) -> anyhow::Result<Vec<CreditRecord>> {
    let filter = CreditFilter { statuses: vec!["active"], held: Some(held), ..CreditFilter::default() };
    let mut all = Vec::new();
    for page in 1.. {
        let found = state.store.credits().list(&filter, PageRequest::new(page, PER_PAGE)).await?;
        let done = found.items.is_empty();
        all.extend(found.items);
        if done || all.len() as u64 >= found.total {
            break;
        }
    }
    Ok(all)
}

/// The largest block of each vintage, kinds of projects taking turns, larger blocks first.
fn choose(mut blocks: Vec<CreditRecord>) -> Vec<CreditRecord> {
    blocks.retain(|block| block.quantity >= TONNES_MIN);
    blocks.sort_by(|a, b| b.quantity.cmp(&a.quantity).then(a.id.cmp(&b.id)));
    let mut vintages = Vec::new();
    let mut turns: BTreeMap<String, usize> = BTreeMap::new();
    let mut ranked = Vec::new();
    for block in blocks {
        let vintage = (block.project_id, block.year);
        if !vintages.contains(&vintage) {
            vintages.push(vintage);
            let turn = turns.entry(block.project_type.clone()).or_default();
            ranked.push((*turn, block));
            *turn += 1;
        }
    }
    ranked.sort_by_key(|(turn, _)| *turn);
    ranked.into_iter().map(|(_, block)| block).collect()
}
