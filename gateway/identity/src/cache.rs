//! Who stands behind each session, kept for a moment so that not every request asks the database.
//!
//! Changes made through this process are seen at once: they forget the entry after their commit, and an answer that was on
//! its way meanwhile is not kept. The short life bounds what changes of another process go unseen.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cx_store::identity::SessionState;
use uuid::Uuid;

/// How long an answer is believed.
const LIFE: Duration = Duration::from_secs(5);
/// How many are kept; when full, all are forgotten.
const ENTRIES_MAX: usize = 65_536;

#[derive(Debug, Default)]
struct Inside {
    entries: HashMap<Uuid, (Instant, SessionState)>,
    /// Grows with every change, so that an older answer is recognised.
    changes: u64,
}

/// Answers of the sessions table.
#[derive(Debug, Default)]
pub(crate) struct SessionCache(Mutex<Inside>);

/// Taken before the database is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticket(u64);

impl SessionCache {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        // Each use leaves it whole, so a panic elsewhere does not matter.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known, or a ticket to bring the answer back with.
    pub(crate) fn get(&self, session: Uuid, now: Instant) -> Result<SessionState, Ticket> {
        let inside = self.inside();
        match inside.entries.get(&session) {
            Some((asked, state)) if now.duration_since(*asked) < LIFE => Ok(state.clone()),
            _ => Err(Ticket(inside.changes)),
        }
    }

    /// Keeps an answer, unless something changed since the ticket was taken.
    pub(crate) fn keep(&self, session: Uuid, state: SessionState, ticket: Ticket, now: Instant) {
        let mut inside = self.inside();
        if inside.changes != ticket.0 {
            return;
        }
        if inside.entries.len() >= ENTRIES_MAX {
            inside.entries.clear();
        }
        inside.entries.insert(session, (now, state));
    }

    /// After a change to one session.
    pub(crate) fn forget_session(&self, session: Uuid) {
        let mut inside = self.inside();
        inside.changes += 1;
        inside.entries.remove(&session);
    }

    /// After a change to a user.
    pub(crate) fn forget_user(&self, user_id: i64) {
        let mut inside = self.inside();
        inside.changes += 1;
        inside.entries.retain(|_, (_, state)| state.user_id != user_id);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn state(user_id: i64) -> SessionState {
        SessionState {
            user_id,
            uuid: String::new(),
            role: String::new(),
            status: String::new(),
            status_until: None,
            kyc_status: String::new(),
            kyc_level: 0,
            kyc_expires_at: None,
            revoked: false,
        }
    }

    #[test]
    fn answers_are_kept_for_their_life() {
        let (cache, session, now) = (SessionCache::default(), Uuid::new_v4(), Instant::now());
        let ticket = cache.get(session, now).unwrap_err();
        cache.keep(session, state(1), ticket, now);
        assert_eq!(cache.get(session, now + LIFE / 2).unwrap(), state(1));
        assert!(cache.get(session, now + LIFE).is_err());
    }

    #[test]
    fn an_answer_from_before_a_change_is_not_kept() {
        let (cache, session, now) = (SessionCache::default(), Uuid::new_v4(), Instant::now());
        let ticket = cache.get(session, now).unwrap_err();
        cache.forget_user(1);
        cache.keep(session, state(1), ticket, now);
        assert!(cache.get(session, now).is_err());
    }

    #[test]
    fn a_change_forgets_what_it_touches() {
        let (cache, now) = (SessionCache::default(), Instant::now());
        let sessions: Vec<Uuid> = (0..3).map(|_| Uuid::new_v4()).collect();
        for (session, user) in sessions.iter().zip([1, 1, 2]) {
            let ticket = cache.get(*session, now).unwrap_err();
            cache.keep(*session, state(user), ticket, now);
        }
        cache.forget_session(sessions[0]);
        assert!(cache.get(sessions[0], now).is_err() && cache.get(sessions[1], now).is_ok());
        cache.forget_user(1);
        assert!(cache.get(sessions[1], now).is_err() && cache.get(sessions[2], now).is_ok());
    }
}
