//! Repositories of projects, vintages, batches and retirements.
