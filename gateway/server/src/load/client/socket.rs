//! Opening a WebSocket with the bearer token in the upgrade request.

use futures_util::StreamExt as _;
use futures_util::stream::{SplitSink, SplitStream};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;
/// The half that writes.
pub type Sink = SplitSink<Socket, Message>;
/// The half that reads.
pub type Source = SplitStream<Socket>;

/// Why a socket could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// The address is not `http://...`.
    #[error("{0} is not an address of the form http://host:port")]
    Address(String),
    /// The token has bytes that a header cannot carry.
    #[error("the access token cannot be sent in a header")]
    Token,
    /// The server did not agree.
    #[error("cannot open a WebSocket: {0}")]
    Refused(#[from] Box<Error>),
}

/// Opens a socket on the server at `base` as the owner of `token`. Small messages are sent at once (no Nagle delay).
pub async fn open(base: &str, token: &str) -> Result<(Sink, Source), SocketError> {
    let address = base.strip_prefix("http").ok_or_else(|| SocketError::Address(base.to_owned()))?;
    let mut request = format!("ws{address}/ws").into_client_request().map_err(Box::new)?;
    let bearer = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| SocketError::Token)?;
    request.headers_mut().insert("authorization", bearer);
    let config = WebSocketConfig::default().read_buffer_size(64 << 10).max_write_buffer_size(16 << 20);
    let (socket, _) = connect_async_with_config(request, Some(config), true).await.map_err(Box::new)?;
    Ok(socket.split())
}
