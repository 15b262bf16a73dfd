//! Projects and credits over HTTP: the router over a real store (SQLite in memory) and a real exchange.
#![allow(clippy::unwrap_used)]

mod issues;
mod projects;
#[path = "../people/venue.rs"]
#[allow(dead_code)] // shared with the tests of people, who use more of it
mod venue;

use cx_registry::{Options, Source, import};
use serde_json::{Value, json};

use venue::TestVenue;

/// A venue whose store has the shipped projects.
async fn venue_with_projects() -> TestVenue {
    let venue = TestVenue::new().await;
    let report = import(&venue.state.store, &[Source::Shipped], Options::default()).await.unwrap();
    assert_eq!(report.refused(), 0);
    venue
}

/// A project of nobody's registry; its number.
async fn new_project(venue: &TestVenue) -> i64 {
    let body = json!({"name": "Dam", "project_type": "renewable_energy", "country": "Kenya", "total_credits": 1000});
    let answer = venue.post("/api/carbon-credits/projects", &venue.admin, body).await.expect(201);
    answer["project"]["id"].as_i64().unwrap()
}

/// The names of an object's fields that are null.
fn nulls(object: &Value) -> Vec<String> {
    let fields = object.as_object().unwrap();
    fields.iter().filter(|(_, value)| value.is_null()).map(|(name, _)| name.clone()).collect()
}
