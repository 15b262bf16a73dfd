//! The chain: there is none yet, and the answer says so.

use axum::Json as Answer;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::CurrentUser;
use crate::problem::ProblemBody;

/// Where the venue stands with a chain.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(super) struct ChainStatus {
    /// Whether the venue talks to a chain.
    connected: bool,
    /// Whether answers about a chain are made up; they never are.
    simulation_mode: bool,
    /// 0: none.
    chain_id: u64,
    /// 0: none.
    block_number: u64,
    /// Empty: none.
    operator_address: &'static str,
    /// Empty: none.
    token_contract: &'static str,
    /// Empty: none.
    marketplace_contract: &'static str,
    /// Empty: none.
    payment_token_contract: &'static str,
}

/// Says whether the venue is connected to a chain. It is not: credits live at their registries and in the exchange.
#[utoipa::path(
    get,
    path = "/blockchain/status",
    tag = "credits",
    responses(
        (status = 200, description = "Not connected.", body = ChainStatus),
        (status = 401, description = "No valid access token.", body = ProblemBody),
    ),
)]
pub(super) async fn status(_current: CurrentUser) -> Answer<ChainStatus> {
    Answer(ChainStatus {
        connected: false,
        simulation_mode: false,
        chain_id: 0,
        block_number: 0,
        operator_address: "",
        token_contract: "",
        marketplace_contract: "",
        payment_token_contract: "",
    })
}
