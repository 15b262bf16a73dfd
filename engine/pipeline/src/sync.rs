//! The primitives under [`crate::eventcount`]. The model checker's test compiles that file against its own versions
//! of these names, so what is checked is the very source that runs.

pub(crate) use std::sync::Mutex;
pub(crate) use std::sync::atomic::{AtomicBool, Ordering, fence};
pub(crate) use std::thread::{Thread, current, park};
