//! cx-journal
