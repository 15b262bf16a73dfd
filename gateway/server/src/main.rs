//! carbonxchange
fn main() {}
