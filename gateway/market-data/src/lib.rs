//! cx-market-data
