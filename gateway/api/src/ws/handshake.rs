//! From an HTTP request to a WebSocket (RFC 6455 section 4.2): checks the headers, answers 101, and hands over the socket
//! with buffers sized for many mostly quiet connections.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

/// A server-side WebSocket over an upgraded HTTP connection.
pub type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// Why a request cannot become a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// The headers do not ask for one.
    #[error(
        "this address speaks WebSocket: send GET with `Connection: Upgrade`, `Upgrade: websocket` and `Sec-WebSocket-Key`"
    )]
    NotWebSocket,
    /// Another version of the protocol.
    #[error("only `Sec-WebSocket-Version: 13` is supported")]
    Version,
}

/// A request that may become a WebSocket.
#[derive(Debug)]
pub struct Handshake {
    accept: String,
    upgrade: OnUpgrade,
}

impl Handshake {
    /// Checks the headers.
    pub fn of(request: &mut Request<Body>) -> Result<Self, HandshakeError> {
        let headers = request.headers();
        let asks = request.method() == Method::GET
            && has_token(headers, &header::CONNECTION, "upgrade")
            && has_token(headers, &header::UPGRADE, "websocket");
        if !asks {
            return Err(HandshakeError::NotWebSocket);
        }
        if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
            return Err(HandshakeError::Version);
        }
        let key = headers.get(header::SEC_WEBSOCKET_KEY).ok_or(HandshakeError::NotWebSocket)?;
        let accept = derive_accept_key(key.as_bytes());
        Ok(Self { accept, upgrade: hyper::upgrade::on(request) })
    }

    /// The answer to send, and the future socket.
    pub fn accept(self, message_max: usize) -> (Response<Body>, impl Future<Output = hyper::Result<Socket>> + Send) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        let accept = HeaderValue::from_str(&self.accept).expect("base64 is a valid header value");
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        let socket = async move {
            let io = TokioIo::new(self.upgrade.await?);
            Ok(WebSocketStream::from_raw_socket(io, Role::Server, Some(config(message_max))).await)
        };
        (response, socket)
    }
}

/// The library's defaults are made for few, fast peers: 128 KiB to read, 64 MiB a message, no bound on what is written.
fn config(message_max: usize) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(8 << 10)
        .write_buffer_size(16 << 10)
        .max_write_buffer_size(8 << 20)
        .max_message_size(Some(message_max))
        .max_frame_size(Some(message_max))
}

fn has_token(headers: &HeaderMap, name: &header::HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|part| part.trim().eq_ignore_ascii_case(token))
}
