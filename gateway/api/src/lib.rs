//! cx-api
