//! WebSocket: the same orders as over REST, and streams of books, trades, execution reports and balances. The protocol is
//! written down in `docs/websocket.md`.
//!
//! - [`handshake`]: from an HTTP request to a socket; [`connection`]: one socket's reader and writer.
//! - [`envelope`]: the frame around requests and replies; [`methods`]: what each request does.
//! - [`messages`], [`states`]: what the server says unasked; [`outbox`]: the bounded queue in front of each socket.
//! - [`sockets`]: all of them, to end them from outside.

mod connection;
mod envelope;
mod handshake;
pub(crate) mod messages;
mod methods;
pub(crate) mod outbox;
mod params;
mod sockets;
pub(crate) mod states;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use outbox::OutboxLimits;
pub use sockets::{SocketLimits, Sockets};

use crate::auth::{self, CurrentUser};
use crate::problem::{Code, Problem};
use crate::state::AppState;
use handshake::{Handshake, HandshakeError};

/// The route.
pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(upgrade))
}

/// Opens a WebSocket. A bearer token in the `Authorization` header authenticates it at once; otherwise the `auth` method
/// does. Send `Upgrade: websocket`; the messages are described in `docs/websocket.md`.
#[utoipa::path(
    get,
    path = "/ws",
    tag = "websocket",
    responses(
        (status = 101, description = "The connection is a WebSocket now."),
        (status = 401, description = "The token in the header is not valid.", body = crate::problem::ProblemBody),
        (status = 426, description = "The request does not ask for a WebSocket.", body = crate::problem::ProblemBody),
        (status = 429, description = "There are as many connections as there may be.", body = crate::problem::ProblemBody),
    ),
    security((), ("bearer" = [])),
)]
async fn upgrade(
    State(state): State<AppState>,
    user: Option<CurrentUser>,
    mut request: Request,
) -> Result<Response<Body>, Problem> {
    // Listening begins before the token is looked at (again), so no revocation falls in between.
    let revocations = state.identity.revocations();
    let owner = match (user, auth::bearer(request.headers()).flatten()) {
        (Some(_), Some(token)) => Some(state.identity.authenticate(token).await?),
        _ => None,
    };
    let handshake = Handshake::of(&mut request).map_err(refused)?;
    let Some((id, outbox)) = state.sockets.enter() else {
        let code = if state.sockets.is_closing() { Code::ShuttingDown } else { Code::TooManyConnections };
        return Err(Problem::new(code).retry_after(10));
    };
    let (response, socket) = handshake.accept(state.sockets.limits().message_bytes_max);
    tokio::spawn(async move {
        match socket.await {
            Ok(socket) => connection::serve(state, socket, (id, outbox), owner, revocations).await,
            Err(error) => {
                tracing::debug!(%error, "a WebSocket did not come about");
                state.sockets.leave(id);
            }
        }
    });
    Ok(response)
}

fn refused(error: HandshakeError) -> Problem {
    use axum::http::{HeaderValue, header};
    let problem = Problem::new(Code::UpgradeRequired).detail(error.to_string());
    let problem = problem.header(header::UPGRADE, HeaderValue::from_static("websocket"));
    problem.header(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"))
}
