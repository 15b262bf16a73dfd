//! The table of facts that is part of the program, so that a venue on any machine lists real projects at once.

/// The name that messages use for the table.
pub const NAME: &str = "registry-facts.csv";

/// The table itself; its source and licence are in `gateway/registry/data/README.md`.
pub const TABLE: &str = include_str!("../data/registry-facts.csv");
