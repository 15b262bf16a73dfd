//! cx-identity
