//! cx-compliance
