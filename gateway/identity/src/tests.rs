//! Logins, tokens and reviews against a real store.
#![allow(clippy::unwrap_used)]
