//! Where a project stands.

use crate::words::{Assurance, ProjectStatus, Registry};

/// A project's status, and what it says about the validation of its design.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The contract's status.
    pub status: ProjectStatus,
    /// Whether an auditor has validated the design.
    pub validation: Assurance,
}

/// The registries' words. Lower case.
const VERRA: &[(&str, ProjectStatus, Assurance)] = &[
    ("under development", ProjectStatus::Development, Assurance::NotStarted),
    ("under validation", ProjectStatus::Validation, Assurance::InProgress),
    ("registration requested", ProjectStatus::UnderReview, Assurance::PendingReview),
    ("registration and verification approval requested", ProjectStatus::UnderReview, Assurance::PendingReview),
    ("registered", ProjectStatus::Registered, Assurance::Verified),
    ("verification approval requested", ProjectStatus::Registered, Assurance::Verified),
    ("late to verify", ProjectStatus::Registered, Assurance::Verified),
    ("units transferred from approved ghg program", ProjectStatus::Registered, Assurance::Verified),
    ("crediting period renewal requested", ProjectStatus::UnderReview, Assurance::Verified),
    ("on hold", ProjectStatus::Suspended, Assurance::PendingReview),
    ("inactive", ProjectStatus::Suspended, Assurance::Expired),
    ("completed", ProjectStatus::Completed, Assurance::Verified),
    ("withdrawn", ProjectStatus::Cancelled, Assurance::Expired),
    ("registration request denied", ProjectStatus::Cancelled, Assurance::Rejected),
    ("verification approval request denied", ProjectStatus::Cancelled, Assurance::Verified),
    ("rejected by administrator", ProjectStatus::Cancelled, Assurance::Rejected),
];

const GOLD_STANDARD: &[(&str, ProjectStatus, Assurance)] = &[
    ("new", ProjectStatus::Development, Assurance::NotStarted),
    ("listed", ProjectStatus::Validation, Assurance::InProgress),
    ("gold standard certified design", ProjectStatus::Registered, Assurance::Verified),
    ("gold standard certified project", ProjectStatus::Active, Assurance::Verified),
    ("project withdrawn", ProjectStatus::Cancelled, Assurance::Expired),
    ("project de-registered", ProjectStatus::Cancelled, Assurance::Expired),
    ("withdrawn", ProjectStatus::Cancelled, Assurance::Expired),
    ("de-registered", ProjectStatus::Cancelled, Assurance::Expired),
];

/// ACR and Climate Action Reserve, voluntary and compliance programs.
const AMERICAN: &[(&str, ProjectStatus, Assurance)] = &[
    ("new", ProjectStatus::Development, Assurance::NotStarted),
    ("submitted", ProjectStatus::Development, Assurance::NotStarted),
    ("listed", ProjectStatus::Validation, Assurance::InProgress),
    ("proposed project", ProjectStatus::Validation, Assurance::InProgress),
    ("listed - proposed project", ProjectStatus::Validation, Assurance::InProgress),
    ("registered", ProjectStatus::Registered, Assurance::Verified),
    ("listed - active arb project", ProjectStatus::Active, Assurance::Verified),
    ("listed - active ecology project", ProjectStatus::Active, Assurance::Verified),
    ("listed - active registry project", ProjectStatus::Active, Assurance::Verified),
    ("active arb project", ProjectStatus::Active, Assurance::Verified),
    ("active registry project", ProjectStatus::Active, Assurance::Verified),
    ("completed", ProjectStatus::Completed, Assurance::Verified),
    ("arb completed", ProjectStatus::Completed, Assurance::Verified),
    ("ecology completed", ProjectStatus::Completed, Assurance::Verified),
    // A project whose credits moved to the compliance program of California or Washington.
    ("transitioned", ProjectStatus::Completed, Assurance::Verified),
    ("inactive", ProjectStatus::Suspended, Assurance::Expired),
    ("arb inactive", ProjectStatus::Suspended, Assurance::Expired),
    ("ecology inactive", ProjectStatus::Suspended, Assurance::Expired),
    ("terminated", ProjectStatus::Cancelled, Assurance::Expired),
    ("arb terminated", ProjectStatus::Cancelled, Assurance::Expired),
    ("cancelled", ProjectStatus::Cancelled, Assurance::Expired),
    ("canceled", ProjectStatus::Cancelled, Assurance::Expired),
];

/// Finds a registry's word; `None` for one that is not in the tables.
pub fn standing(registry: Registry, word: &str) -> Option<Standing> {
    let table = match registry {
        Registry::Verra => VERRA,
        Registry::GoldStandard => GOLD_STANDARD,
        Registry::Acr | Registry::Car => AMERICAN,
        Registry::Art | Registry::Puro | Registry::Venue => return None,
    };
    let word = word.trim().to_lowercase();
    table.iter().find(|(known, ..)| *known == word).map(|&(_, status, validation)| Standing { status, validation })
}
