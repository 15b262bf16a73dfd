//! Kill -9 under load: what was acknowledged is there, once, and everything adds up.
#![allow(clippy::unwrap_used)]

mod journal;
