//! cx-store
