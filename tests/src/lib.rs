//! cx-tests
