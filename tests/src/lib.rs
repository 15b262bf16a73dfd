//! What the end-to-end tests share: the real server as a process, and clients that speak to it as anybody would.

pub mod client;
pub mod server;
