//! cx-pipeline
