//! cx-benches
