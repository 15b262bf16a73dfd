//! Projects: what everybody sees, what staff enter and change.

use cx_identity::{Permission, Role};
use serde_json::{Value, json};

use crate::venue::{TestVenue, call};
use crate::{new_project, nulls, venue_with_projects};

const PROJECT: &[&str] = &[
    "id",
    "uuid",
    "name",
    "description",
    "project_type",
    "status",
    "project_id",
    "onchain_project_id",
    "standard",
    "country",
    "region",
    "methodology",
    "annual_emission_reductions",
    "total_emission_reductions",
    "actual_reductions_to_date",
    "completion_percentage",
    "project_start_date",
    "project_end_date",
    "developer_name",
    "validation_status",
    "verification_status",
    "is_verified",
    "total_credits_issued",
    "available_credits",
    "retired_credits",
    "permanence_risk",
    "leakage_risk",
    "overall_risk_rating",
    "estimated_credit_price",
    "price_currency",
    "sdg_contributions",
    "co_benefits",
    "created_at",
    "updated_at",
];

async fn get(venue: &TestVenue, path: &str) -> Value {
    venue.send(call("GET", path)).await.expect(200)
}

#[tokio::test]
async fn everybody_sees_projects() {
    let venue = venue_with_projects().await;
    let list = get(&venue, "/api/carbon-credits/projects?per_page=100").await;
    let projects = list["projects"].as_array().unwrap();
    assert!(projects.len() >= 40);
    assert_eq!((&list["total"], &list["current_page"], &list["pages"]), (&json!(projects.len()), &json!(1), &json!(1)));
    for project in projects {
        let names: Vec<&str> = project.as_object().unwrap().keys().map(String::as_str).collect();
        assert!(PROJECT.iter().all(|name| names.contains(name)) && names.len() == PROJECT.len(), "{names:?}");
        let optional = ["project_id", "onchain_project_id", "standard"];
        assert!(nulls(project).iter().all(|name| optional.contains(&name.as_str())), "{project}");
        assert!(project["total_credits_issued"].as_u64() > Some(0));
        assert_eq!((&project["verification_status"], &project["is_verified"]), (&json!("verified"), &json!(true)));
    }
    let one = &projects[0];
    for name in ["id", "uuid", "project_id"] {
        let name = one[name].as_str().map_or_else(|| one[name].to_string(), str::to_owned);
        assert_eq!(&get(&venue, &format!("/api/carbon-credits/projects/{name}")).await["project"], one);
    }
}

#[tokio::test]
async fn projects_are_filtered_and_paged() {
    let venue = venue_with_projects().await;
    let list = async |query: &str| get(&venue, &format!("/api/carbon-credits/projects/?{query}")).await;
    let every = |list: &Value, field: &str, value: &str| {
        let projects = list["projects"].as_array().unwrap();
        !projects.is_empty() && projects.iter().all(|project| project[field] == value)
    };
    assert!(every(&list("type=cookstoves").await, "project_type", "cookstoves"));
    assert!(every(&list("status=active&country=US").await, "country", "US"));
    let named = list("country=United%20States").await;
    assert!(every(&named, "country", "US"));
    let second = list("per_page=10&page=2").await;
    assert_eq!((second["projects"].as_array().unwrap().len(), &second["current_page"]), (10, &json!(2)));

    for query in ["type=perpetual_motion", "country=Atlantis", "type=%27%20OR%201=1--"] {
        let none = list(query).await;
        assert_eq!((&none["projects"], &none["total"], &none["pages"]), (&json!([]), &json!(0), &json!(0)), "{query}");
    }
    for query in ["status=sleeping", "page=0", "per_page=x"] {
        let path = format!("/api/carbon-credits/projects?{query}");
        venue.send(call("GET", path)).await.refused(400, "invalid_value");
    }
    for name in
        ["0", "999999", "-1", "VCS-0", "VCS-99999999", "XYZ-1", "VCS", "6f2b7f0a-0000-4000-8000-000000000001", "%00"]
    {
        venue.send(call("GET", format!("/api/carbon-credits/projects/{name}"))).await.refused(404, "not_found");
    }
}

#[tokio::test]
async fn staff_enter_and_change_projects() {
    let venue = TestVenue::new().await;
    let body = json!({
        "name": " Mangroves of Lamu ", "project_type": "blue_carbon", "country": "Kenya", "total_credits": "250000",
        "description": "One.\nTwo.", "project_start_date": "2024-01-01", "project_end_date": "2033-12-31T00:00:00Z",
        "annual_emission_reductions": 25_000, "estimated_credit_price": 12.5, "sdg_contributions": [14, 13, 14],
        "standard": "vcs", "co_benefits": ["Fish"], "something_else": true,
    });
    let project = venue.post("/api/carbon-credits/projects", &venue.admin, body).await.expect(201)["project"].clone();
    for (field, value) in [
        ("name", json!("Mangroves of Lamu")),
        ("project_id", json!("CX-1")),
        ("country", json!("KE")),
        ("region", json!("Africa")),
        ("status", json!("development")),
        ("total_emission_reductions", json!(250_000)),
        ("sdg_contributions", json!([13, 14])),
        ("project_end_date", json!("2033-12-31")),
        ("verification_status", json!("not_started")),
        ("overall_risk_rating", json!("unrated")),
    ] {
        assert_eq!(project[field], value, "{field}");
    }
    assert_eq!(project["estimated_credit_price"].to_string(), "12.50");
    let path = format!("/api/carbon-credits/projects/{}", project["id"]);
    let change = json!({"status": "registered", "name": "Mangroves of Lamu", "estimated_credit_price": "13.25"});
    let changed = venue.put(&path, &venue.admin, change).await.expect(200);
    assert_eq!(changed["updated_fields"], json!(["status", "estimated_credit_price"]));
    assert_eq!(changed["project"]["status"], "registered");
    assert_eq!(get(&venue, &path).await["project"], changed["project"]);

    let second = new_project(&venue).await;
    assert_eq!(get(&venue, &format!("/api/carbon-credits/projects/{second}")).await["project"]["project_id"], "CX-2");
}

#[tokio::test]
async fn bad_projects_are_refused_field_by_field() {
    let venue = venue_with_projects().await;
    let path = "/api/carbon-credits/projects";
    let missing = venue.post(path, &venue.admin, json!({"name": "x"})).await.refused(400, "missing_fields");
    assert_eq!(missing["error"], "Missing fields: project_type, country, total_credits");
    let good = json!({"name": "x", "project_type": "biochar", "country": "FI", "total_credits": 5});
    for (field, value, code) in [
        ("name", json!("  "), "invalid_value"),
        ("name", json!("x".repeat(501)), "invalid_value"),
        ("name", json!("bell\u{7}"), "invalid_value"),
        ("project_type", json!("perpetual_motion"), "invalid_value"),
        ("country", json!("Atlantis"), "invalid_value"),
        ("total_credits", json!(-1), "invalid_value"),
        ("total_credits", json!(1.5), "too_precise"),
        ("status", json!("sleeping"), "invalid_value"),
        ("project_id", json!("no registry"), "invalid_value"),
        ("project_id", json!("CX-7"), "invalid_value"),
        ("project_start_date", json!("1.1.2024"), "invalid_value"),
        ("sdg_contributions", json!([18]), "invalid_value"),
        ("estimated_credit_price", json!("1.00001"), "too_precise"),
        ("price_currency", json!("EUR"), "invalid_value"),
        ("co_benefits", json!("one"), "invalid_value"),
    ] {
        let mut body = good.clone();
        body[field] = value.clone();
        let problem = venue.post(path, &venue.admin, body).await.refused(400, code);
        let named = problem["errors"][0]["field"].as_str().unwrap();
        assert!(named.starts_with(field), "{field}: {value}: {problem}");
    }
    let listed = get(&venue, "/api/carbon-credits/projects?per_page=1").await["projects"][0].clone();
    let mut taken = good.clone();
    taken["project_id"] = listed["project_id"].clone();
    venue.post(path, &venue.admin, taken).await.refused(409, "conflict");

    let one = format!("{path}/{}", listed["id"]);
    let renumbered = json!({"project_id": "VCS-5"});
    venue.put(&one, &venue.admin, renumbered).await.refused(400, "invalid_value");
    let backwards = json!({"project_start_date": "2024-01-01", "project_end_date": "2023-01-01"});
    venue.put(&one, &venue.admin, backwards).await.refused(400, "invalid_value");
    assert_eq!(venue.put(&one, &venue.admin, json!({})).await.expect(200)["updated_fields"], json!([]));
    venue.put(&format!("{path}/999999"), &venue.admin, json!({})).await.refused(404, "not_found");
    assert_eq!(get(&venue, &one).await["project"], listed, "a refusal changes nothing");
}

#[tokio::test]
async fn each_route_opens_to_its_roles_only() {
    let venue = TestVenue::new().await;
    let mut people = vec![(Role::Admin, venue.admin.clone())];
    for role in Role::ALL.iter().filter(|role| **role != Role::Admin) {
        people.push((*role, venue.of_role(*role).await.access));
    }
    for (method, path) in [
        ("POST", "/api/carbon-credits"),
        ("PUT", "/api/carbon-credits/424242"),
        ("POST", "/api/carbon-credits/projects"),
        ("PUT", "/api/carbon-credits/projects/424242"),
    ] {
        venue.send(call(method, path).raw("{broken")).await.refused(401, "unauthenticated");
        for (role, access) in &people {
            let answer = venue.send(call(method, path).by(access).raw("{broken")).await;
            if role.may(Permission::WriteCredits) {
                assert!([400, 404].contains(&answer.status.as_u16()), "{role} {method} {path}: {}", answer.text);
            } else {
                answer.refused(403, "forbidden");
            }
        }
    }
    for path in ["", "/424242", "/projects/424242/credits", "/blockchain/status"] {
        venue.send(call("GET", format!("/api/carbon-credits{path}"))).await.refused(401, "unauthenticated");
    }
    let chain = venue.get("/api/carbon-credits/blockchain/status", &people[1].1).await.expect(200);
    assert_eq!((&chain["connected"], &chain["simulation_mode"]), (&json!(false), &json!(false)));
    assert_eq!(nulls(&chain), [""; 0]);
}
