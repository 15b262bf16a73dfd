//! Who may what: every route of people and money against every role, and other people's ids.

use cx_identity::{Permission, Role};
use serde_json::{Value, json};

use crate::venue::{Call, Person, TestVenue, call};

/// A route that is for some roles only, with a body that is not valid: whoever passes the role check gets 400 or 404,
/// never 403.
fn guarded() -> Vec<(&'static str, &'static str, Permission)> {
    vec![
        ("GET", "/api/users?page=0", Permission::ListUsers),
        ("GET", "/api/admin/users?page=0", Permission::ListUsers),
        ("PUT", "/api/admin/users/424242/status", Permission::ManageUsers),
        ("POST", "/api/admin/users/424242/unlock", Permission::ManageUsers),
        ("PUT", "/api/admin/users/424242/roles", Permission::ManageUsers),
        ("GET", "/api/admin/kyc?page=0", Permission::ReviewKyc),
        ("POST", "/api/admin/kyc/424242/approve", Permission::ReviewKyc),
        ("POST", "/api/admin/kyc/424242/reject", Permission::ReviewKyc),
        ("POST", "/api/admin/kyc/424242/request-update", Permission::ReviewKyc),
        ("POST", "/api/wallet/deposits", Permission::RecordDeposits),
        ("POST", "/api/transactions/424242/approve", Permission::ApproveTransactions),
        ("POST", "/api/transactions/424242/reject", Permission::ApproveTransactions),
        ("POST", "/api/admin/assets", Permission::ManageInstruments),
        ("POST", "/api/admin/instruments", Permission::ManageInstruments),
        ("GET", "/api/admin/instruments/NOTHING", Permission::ReadVenue),
        ("PUT", "/api/admin/instruments/NOTHING/phase", Permission::ManageInstruments),
        ("PUT", "/api/admin/instruments/NOTHING/bands", Permission::ManageInstruments),
        ("GET", "/api/admin/instruments/NOTHING/schedule", Permission::ReadVenue),
        ("POST", "/api/admin/instruments/NOTHING/schedule", Permission::ManageInstruments),
        ("DELETE", "/api/admin/instruments/NOTHING/schedule", Permission::ManageInstruments),
        ("PUT", "/api/admin/fees/NOTHING", Permission::ManageFees),
        ("PUT", "/api/admin/fee-tiers", Permission::ManageFees),
        ("GET", "/api/admin/limits/424242", Permission::ReadVenue),
        ("PUT", "/api/admin/limits/424242", Permission::ManageLimits),
        ("PUT", "/api/admin/limits/424242/positions", Permission::ManageLimits),
        ("PUT", "/api/admin/limits/424242/group", Permission::ManageLimits),
        ("POST", "/api/admin/halt", Permission::HaltMarket),
        ("POST", "/api/admin/resume", Permission::ResumeMarket),
        ("POST", "/api/admin/kill/424242", Permission::KillAccounts),
        ("DELETE", "/api/admin/kill/424242", Permission::ReviveAccounts),
        ("POST", "/api/admin/trades/424242/bust", Permission::BustTrades),
        ("GET", "/api/admin/decisions?page=0", Permission::ReadVenue),
    ]
}

/// Routes that are for some roles only and cannot be asked wrongly: whoever passes the role check gets 200.
fn readable() -> Vec<(&'static str, Permission)> {
    vec![
        ("/api/admin/system", Permission::ReadSystem),
        ("/api/admin/permissions", Permission::ListUsers),
        ("/api/admin/assets", Permission::ReadVenue),
        ("/api/admin/instruments", Permission::ReadVenue),
        ("/api/admin/fees", Permission::ReadVenue),
    ]
}

/// Whether a path is one of a template's: `/x/7` of `/x/{id}`.
fn is_of(path: &str, template: &str) -> bool {
    let path = path.split('?').next().unwrap();
    let same = |(part, of): (&str, &str)| part == of || of.starts_with('{');
    path.split('/').count() == template.split('/').count() && path.split('/').zip(template.split('/')).all(same)
}

fn broken(method: &'static str, path: &'static str) -> Call {
    let call = call(method, path);
    if method == "GET" { call } else { call.raw("{broken") }
}

#[tokio::test]
async fn each_guarded_route_opens_to_its_roles_only_and_before_anything_else() {
    let venue = TestVenue::new().await;
    let mut people: Vec<(Role, String)> = vec![(Role::Admin, venue.admin.clone())];
    for role in Role::ALL.iter().filter(|role| **role != Role::Admin) {
        people.push((*role, venue.of_role(*role).await.access));
    }
    for (method, path, permission) in guarded() {
        venue.send(broken(method, path)).await.refused(401, "unauthenticated");
        for (role, access) in &people {
            let answer = venue.send(broken(method, path).by(access)).await;
            let status = answer.status.as_u16();
            if role.may(permission) {
                assert!(matches!(status, 400 | 404), "{role} {method} {path}: {}", answer.text);
            } else {
                assert_eq!(answer.refused(403, "forbidden")["code"], "forbidden", "{role} {method} {path}");
            }
        }
    }
}

#[tokio::test]
async fn each_readable_route_opens_to_its_roles_only() {
    let venue = TestVenue::new().await;
    for role in Role::ALL.iter().filter(|role| **role != Role::Admin) {
        let access = venue.of_role(*role).await.access;
        for (path, permission) in readable() {
            let answer = venue.get(path, &access).await;
            if role.may(permission) {
                answer.expect(200);
            } else {
                assert_eq!(answer.refused(403, "forbidden")["code"], "forbidden", "{role} {path}");
            }
        }
    }
    for (path, _) in readable() {
        venue.send(call("GET", path)).await.refused(401, "unauthenticated");
        venue.get(path, &venue.admin).await.expect(200);
    }
}

#[tokio::test]
async fn every_route_of_staff_is_in_the_matrix() {
    let description = serde_json::to_value(cx_api::openapi::description()).unwrap();
    let mut matrix: Vec<(String, &str)> =
        guarded().iter().map(|(method, path, _)| (method.to_ascii_lowercase(), *path)).collect();
    matrix.extend(readable().iter().map(|(path, _)| ("get".to_owned(), *path)));
    let mut seen = 0;
    for (template, methods) in description["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys().filter(|_| template.starts_with("/api/admin/")) {
            seen += 1;
            let there = matrix.iter().any(|(of, path)| of == method && is_of(path, template));
            assert!(there, "{method} {template} is not in the matrix");
        }
    }
    assert!(seen > 30, "{seen}");
}

/// The officer of compliance stops, and does not let go on: that is the venue's own decision.
#[test]
fn whoever_stops_in_an_emergency_does_not_resume() {
    let officer = Role::ComplianceOfficer;
    assert!(officer.may(Permission::HaltMarket) && officer.may(Permission::KillAccounts));
    let others = [
        Permission::ResumeMarket,
        Permission::ReviveAccounts,
        Permission::BustTrades,
        Permission::ManageInstruments,
        Permission::ManageFees,
        Permission::ManageLimits,
    ];
    for permission in others {
        let may: Vec<Role> = Role::ALL.iter().copied().filter(|role| role.may(permission)).collect();
        assert_eq!(may, [Role::Admin], "{permission}");
    }
    let reads: Vec<Role> = Role::ALL.iter().copied().filter(|role| role.may(Permission::ReadVenue)).collect();
    assert_eq!(reads, [Role::Admin, Role::ComplianceOfficer, Role::Auditor]);
}

#[tokio::test]
async fn system_and_permissions_are_for_their_roles() {
    let venue = TestVenue::new().await;
    venue.person("ada").await;
    let system = venue.get("/api/admin/system", &venue.admin).await.expect(200);
    assert_eq!(system["users"], json!({"total": 2, "active": 1}));
    assert!(system["trading"]["orders"].is_u64() && system["carbon"]["projects"].is_u64());
    let table = venue.get("/api/admin/permissions", &venue.admin).await.expect(200);
    assert_eq!(table["roles"].as_array().unwrap().len(), Role::ALL.len());
    let officer = venue.of_role(Role::ComplianceOfficer).await.access;
    venue.get("/api/admin/system", &officer).await.refused(403, "forbidden");
    venue.get("/api/admin/permissions", &officer).await.expect(200);
}

#[tokio::test]
async fn resources_are_looked_up_before_bodies_are_read() {
    let venue = TestVenue::new().await;
    let ada = venue.person("ada").await;
    for (path, step) in [("/api/admin/users/{}/status", "PUT"), ("/api/admin/kyc/{}/approve", "POST")] {
        let at = |id: i64| path.replace("{}", &id.to_string());
        venue.send(call(step, at(999)).by(&venue.admin).raw("{broken")).await.refused(404, "not_found");
        venue.send(call(step, at(ada.id)).by(&venue.admin).raw("{broken")).await.refused(400, "malformed_json");
        venue.send(call(step, at(ada.id)).by(&venue.admin).raw("{}")).await.refused(400, "missing_fields");
    }
}

#[tokio::test]
async fn other_people_s_ids_are_404_and_one_s_own_are_open() {
    let venue = TestVenue::new().await;
    let (ada, bob) = (venue.person("ada").await, venue.person("bob").await);
    let auditor = venue.of_role(Role::Auditor).await;
    let own = venue.get(&format!("/api/users/{}", ada.id), &ada.access).await.expect(200);
    let uuid = own["user"]["uuid"].as_str().unwrap().to_owned();
    assert!(own["user"].get("failed_login_attempts").is_none(), "for staff only");
    venue.get(&format!("/api/users/{uuid}"), &ada.access).await.expect(200);
    for stranger in [&bob, &auditor] {
        for name in [ada.id.to_string(), uuid.clone(), "999".to_owned()] {
            let path = format!("/api/users/{name}");
            venue.get(&path, &stranger.access).await.refused(404, "not_found");
            venue.put(&path, &stranger.access, json!({"city": "x"})).await.refused(404, "not_found");
            venue.send(call("DELETE", path).by(&stranger.access)).await.refused(404, "not_found");
        }
    }
    let officer = venue.of_role(Role::ComplianceOfficer).await;
    let path = format!("/api/users/{}", ada.id);
    let shown = venue.get(&path, &officer.access).await.expect(200);
    assert_eq!(shown["user"]["failed_login_attempts"], 0);
    venue.put(&path, &officer.access, json!({"city": "x"})).await.refused(403, "forbidden");
    venue.send(call("DELETE", path.as_str()).by(&officer.access)).await.refused(403, "forbidden");
    venue.put(&path, &venue.admin, json!({"city": "Turin"})).await.expect(200);
    venue.get("/api/auth/me", &ada.access).await.expect(200);
}

#[tokio::test]
async fn nobody_decides_about_themselves() {
    let venue = TestVenue::new().await;
    let four_eyes = |answer: crate::venue::Answer| answer.refused(403, "four_eyes");
    four_eyes(venue.post("/api/admin/kyc/1/approve", &venue.admin, json!({"level": 1})).await);
    four_eyes(venue.post("/api/admin/kyc/1/reject", &venue.admin, json!({"reason": "x"})).await);
    four_eyes(venue.put("/api/admin/users/1/status", &venue.admin, json!({"status": "suspended"})).await);
    four_eyes(venue.put("/api/admin/users/1/roles", &venue.admin, json!({"role": "individual"})).await);
    four_eyes(venue.send(call("DELETE", "/api/users/1").by(&venue.admin)).await);
    venue.get("/api/auth/me", &venue.admin).await.expect(200);
}

#[tokio::test]
async fn lists_filter_and_show_what_staff_may_see() {
    let venue = TestVenue::new().await;
    let ada = venue.trader("ada").await;
    venue.person("bob").await;
    let list = async |query: &str| venue.get(&format!("/api/admin/users{query}"), &venue.admin).await.expect(200);
    let ids = |list: &Value| {
        list["users"].as_array().unwrap().iter().map(|user| user["id"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&list("").await), [3, 2, 1]);
    assert_eq!(ids(&list("/?status=active&role=individual").await), [ada.id]);
    let second = list("?per_page=2&page=2").await;
    assert_eq!((ids(&second), &second["pages"], &second["per_page"]), (vec![1], &json!(2), &json!(2)));
    assert!(second["users"][0]["last_login_ip"].is_string());
    let Person { access, .. } = ada;
    let seen = venue.get("/api/auth/me", &access).await.expect(200);
    assert!(seen["user"].get("last_login_ip").is_none());
}
