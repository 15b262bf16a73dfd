//! cx-registry
