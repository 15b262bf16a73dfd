//! From each registry's own words to the public contract's: what kind of project it is, and where it stands.
//!
//! The contract has fifteen project types, the registries have scopes, activities, protocols and methodologies, each in
//! its own vocabulary. The kind is decided by the first of these that says something: the methodology (the most exact),
//! the registry's type, the project's name. The registry's own words are kept beside the result, so nothing is lost.
//!
//! A status that is not in the tables is refused: a withdrawn project must not be listed because its word was new.

mod kind;
mod status;

pub use kind::{Described, project_type};
pub use status::{Standing, standing};

/// Whether a label of a credit block speaks for use in a compliance scheme (CORSIA, Article 6, California and
/// Washington); the other labels are co-benefits and quality marks.
pub fn is_compliance_label(label: &str) -> bool {
    let label = label.to_lowercase();
    ["corsia", "article 6", "arb eligible", "ecology eligible", "corresponding adjustment"]
        .iter()
        .any(|word| label.contains(word))
}

#[cfg(test)]
mod tests;
