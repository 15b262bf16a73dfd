//! The figures for Prometheus, on an address of their own: they are for operators, not for clients.

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use cx_api::AppState;
use tokio::net::TcpListener;

use crate::venue::Watch;

/// Serves `/metrics` until the task ends.
pub async fn serve(listener: TcpListener, state: AppState, watch: Watch) {
    let router = Router::new().route("/metrics", get(text)).with_state((state, watch));
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "the metrics are not served any more");
    }
}

async fn text(State((state, watch)): State<(AppState, Watch)>) -> impl IntoResponse {
    let mut text = cx_api::metrics(&state);
    text.push_str(&watch.metrics());
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}
