//! From registering to trading and back, as one story a test; what the store decides, the core permits.

use cx_engine::Command;
use cx_engine::command::{Permissions, SetPermissions};
use cx_identity::{Role, UserStatus, Verdict};
use serde_json::json;

use crate::venue::{NOTHING, PASSWORD, TRADES, TestVenue, call};

#[tokio::test]
async fn a_person_registers_logs_in_is_approved_and_may_trade() {
    let venue = TestVenue::new().await;
    let ada = venue.person("ada").await;
    let me = venue.get("/api/auth/me", &ada.access).await.expect(200);
    assert_eq!((&me["user"]["status"], &me["user"]["is_kyc_approved"]), (&json!("pending"), &json!(false)));
    assert_eq!(venue.permitted(&ada), None, "no account in the core yet");

    let ada = venue.login("ADA@example.org").await;
    venue.send(call("POST", "/api/users/kyc/submit").by(&ada.access)).await.expect(200);
    let waiting = venue.get("/api/admin/kyc?status=pending_review", &venue.admin).await.expect(200);
    assert_eq!((&waiting["total"], &waiting["kyc"][0]["user"]["id"]), (&json!(1), &json!(ada.id)));

    let path = format!("/api/admin/kyc/{}/approve", ada.id);
    let done = venue.post(&path, &venue.admin, json!({"level": 2})).await.expect(200);
    assert_eq!(venue.permitted(&ada), TRADES, "durable before the answer");
    for (field, value) in [("status", json!("active")), ("is_active", json!(true)), ("is_verified", json!(true))] {
        assert_eq!(done["user"][field], value, "{field}");
    }
    assert_eq!((&done["kyc"]["status"], &done["kyc"]["verification_level"]), (&json!("approved"), &json!(2)));
    let me = venue.get("/api/users/me", &ada.access).await.expect(200);
    assert_eq!(me["user"]["is_kyc_approved"], true, "with the token of before");
    assert!(me["user"]["last_login_at"].is_string());
}

#[tokio::test]
async fn whatever_ends_the_standing_ends_the_permission() {
    let venue = TestVenue::new().await;
    let set =
        async |id: i64, body| venue.put(&format!("/api/admin/users/{id}/status"), &venue.admin, body).await.expect(200);
    let kyc = async |id: i64, step: &str, body| {
        venue.post(&format!("/api/admin/kyc/{id}/{step}"), &venue.admin, body).await.expect(200)
    };
    let ada = venue.trader("ada").await;
    for status in ["suspended", "under_review", "dormant", "locked", "pending"] {
        assert_eq!(venue.permitted(&ada), TRADES, "before {status}");
        set(ada.id, json!({"status": status, "reason": "inquiry"})).await;
        assert_eq!(venue.permitted(&ada), NOTHING, "{status}");
        set(ada.id, json!({"status": "active"})).await;
    }
    for step in ["reject", "request-update"] {
        assert_eq!(venue.permitted(&ada), TRADES, "before {step}");
        kyc(ada.id, step, json!({"reason": "a newer bill"})).await;
        assert_eq!(venue.permitted(&ada), NOTHING, "{step}");
        kyc(ada.id, "approve", json!({"level": 1})).await;
    }
    venue
        .put(&format!("/api/admin/users/{}/roles", ada.id), &venue.admin, json!({"role": "auditor"}))
        .await
        .expect(200);
    assert_eq!(venue.permitted(&ada), NOTHING, "staff never trade");
    venue.put(&format!("/api/admin/users/{}/roles", ada.id), &venue.admin, json!({"role": "broker"})).await.expect(200);
    assert_eq!(venue.permitted(&ada), TRADES);
    let access = venue.login(&ada.email).await.access;
    venue.send(call("DELETE", format!("/api/users/{}", ada.id)).by(&access)).await.expect(200);
    assert_eq!(venue.permitted(&ada), NOTHING, "closed");
    venue.get("/api/auth/me", &access).await.refused(401, "token_revoked");
    venue.try_login(&ada.email, PASSWORD).await.refused(403, "account_closed");
    venue
        .put(&format!("/api/admin/users/{}/status", ada.id), &venue.admin, json!({"status": "active"}))
        .await
        .refused(409, "conflict");
}

#[tokio::test]
async fn staff_get_no_account_in_the_core() {
    let venue = TestVenue::new().await;
    let auditor = venue.of_role(Role::Auditor).await;
    venue.post(&format!("/api/admin/kyc/{}/approve", auditor.id), &venue.admin, json!({"level": 1})).await.expect(200);
    assert_eq!(venue.permitted(&auditor), None);
}

#[tokio::test]
async fn suspension_logs_out_and_names_itself_to_the_right_password() {
    let venue = TestVenue::new().await;
    let ada = venue.trader("ada").await;
    let path = format!("/api/admin/users/{}/status", ada.id);
    let body = json!({"status": "suspended", "reason": "inquiry", "duration_minutes": 60});
    let shown = venue.put(&path, &venue.admin, body).await.expect(200);
    assert_eq!((&shown["user"]["is_suspended"], &shown["user"]["status_reason"]), (&json!(true), &json!("inquiry")));
    venue.get("/api/auth/me", &ada.access).await.refused(401, "token_revoked");
    venue.send(call("POST", "/api/auth/refresh").by(&ada.refresh)).await.refused(401, "token_revoked");
    venue.try_login(&ada.email, PASSWORD).await.refused(403, "account_suspended");
    venue.try_login(&ada.email, "Wrong-horse-9").await.refused(401, "invalid_credentials");
}

#[tokio::test]
async fn five_failures_lock_for_half_an_hour_and_staff_unlock() {
    let venue = TestVenue::new().await;
    let ada = venue.person("ada").await;
    for _ in 0..5 {
        venue.try_login(&ada.email, "Wrong-horse-9").await.refused(401, "invalid_credentials");
    }
    let locked = venue.try_login(&ada.email, PASSWORD).await;
    locked.refused(423, "account_locked");
    let wait: u64 = locked.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1_790..=1_800).contains(&wait), "{wait}");
    venue.get("/api/auth/me", &ada.access).await.expect(200);

    let path = format!("/api/admin/users/{}/unlock", ada.id);
    let shown = venue.get(&format!("/api/users/{}", ada.id), &venue.admin).await.expect(200);
    assert_eq!((&shown["user"]["is_locked"], &shown["user"]["failed_login_attempts"]), (&json!(true), &json!(5)));
    let answer = venue.send(call("POST", path).by(&venue.admin)).await.expect(200);
    assert_eq!((&answer["user"]["is_locked"], &answer["user"]["failed_login_attempts"]), (&json!(false), &json!(0)));
    venue.login(&ada.email).await;
}

#[tokio::test]
async fn a_suspension_that_has_ended_gives_the_permission_back() {
    let venue = TestVenue::new().await;
    let ada = venue.trader("ada").await;
    let moment = Some(std::time::Duration::from_micros(1));
    let account = cx_engine::ids::AccountId::new(u32::try_from(ada.id).unwrap());
    let nothing = SetPermissions { account, permissions: Permissions::default() };
    venue.state.sequencer.submit(Command::SetPermissions(nothing)).unwrap().await.unwrap();
    assert_eq!(venue.permitted(&ada), NOTHING);
    venue.state.identity.set_status(ada.id, UserStatus::Suspended, None, moment, 1).await.unwrap();
    assert_eq!(cx_api::standing::sweep(&venue.state).await.unwrap(), 1);
    assert_eq!(venue.permitted(&ada), TRADES);
    assert_eq!(cx_api::standing::sweep(&venue.state).await.unwrap(), 0);

    venue.state.identity.set_status(ada.id, UserStatus::Suspended, None, moment, 1).await.unwrap();
    let commands = venue.journal.commands().len();
    venue.login(&ada.email).await;
    assert_eq!(venue.journal.commands().len(), commands + 1, "the login lifted it and told the core");
    assert_eq!(venue.permitted(&ada), TRADES);
}

#[tokio::test]
async fn a_crash_between_store_and_core_is_healed_at_the_next_start() {
    let venue = TestVenue::new().await;
    let (ada, bob, eve) = (venue.person("ada").await, venue.trader("bob").await, venue.person("eve").await);
    // The store knows, the core was not told: as after a crash between the two.
    venue.state.identity.review(ada.id, &Verdict::Approve { level: 1 }, 1).await.unwrap();
    venue.state.identity.set_status(bob.id, UserStatus::Suspended, None, None, 1).await.unwrap();
    assert_eq!((venue.permitted(&ada), venue.permitted(&bob)), (None, TRADES));

    let healed = cx_api::standing::reconcile(&venue.state).await.unwrap();
    assert_eq!((healed.users, healed.changed), (4, 2));
    assert_eq!((venue.permitted(&ada), venue.permitted(&bob)), (TRADES, NOTHING));
    assert_eq!(venue.permitted(&eve), None);
    assert_eq!(cx_api::standing::reconcile(&venue.state).await.unwrap().changed, 0);
}

#[tokio::test]
async fn approvals_and_suspensions_at_once_end_as_the_store_says() {
    let venue = std::sync::Arc::new(TestVenue::new().await);
    let ada = venue.trader("ada").await;
    for round in 0..20 {
        let (one, two) = (venue.clone(), venue.clone());
        let path = format!("/api/admin/users/{}/status", ada.id);
        let other = path.clone();
        let first = tokio::spawn(async move { one.put(&path, &one.admin, json!({"status": "active"})).await });
        let second = tokio::spawn(async move { two.put(&other, &two.admin, json!({"status": "suspended"})).await });
        first.await.unwrap().expect(200);
        second.await.unwrap().expect(200);
        let active = venue.state.identity.user(ada.id).await.unwrap().is_active();
        assert_eq!(venue.permitted(&ada), if active { TRADES } else { NOTHING }, "round {round}");
    }
}

#[tokio::test]
async fn profiles_change_by_flat_names_and_show_nested() {
    let venue = TestVenue::new().await;
    let ada = venue.person("ada").await;
    let change = json!({
        "first_name": "Augusta", "last_name": "", "phone_number": "+44 20 7946 0000", "middle_name": "Ada", "nationality": "GB",
        "country_of_residence": "GB", "address_line_1": "12 St James's Square", "address_line_2": "", "city": "London",
        "state_province": "", "postal_code": "SW1Y 4LB", "country": "GB", "occupation": "Analyst", "employer": "",
        "source_of_funds": "salary", "company_name": "Analytical Ltd", "trading_experience": "none",
        "risk_tolerance": "low", "preferred_language": "en", "timezone": "Europe/London", "marketing_consent": true,
    });
    let user = venue.put("/api/users/me/profile", &ada.access, change).await.expect(200)["user"].clone();
    assert_eq!((&user["first_name"], &user["last_name"]), (&json!("Augusta"), &json!("Tester")));
    assert_eq!(user["full_name"], "Augusta Tester");
    let profile = &user["profile"];
    assert_eq!((&profile["address"]["city"], &profile["address"]["line_2"]), (&json!("London"), &json!("")));
    assert_eq!(profile["company"]["name"], "Analytical Ltd");
    assert_eq!(
        (&profile["trading"]["experience"], &profile["preferences"]["marketing_consent"]),
        (&json!("none"), &json!(true))
    );
    let user = venue
        .put("/api/users/me/profile", &ada.access, json!({"company_name": "", "phone_number": ""}))
        .await
        .expect(200);
    assert_eq!((&user["user"]["profile"]["company"], &user["user"]["phone_number"]), (&json!(null), &json!(null)));
    assert_eq!(user["user"]["profile"]["address"]["city"], "London", "what is not named stays");
    let bad = json!({"city": "x".repeat(201), "phone_number": "call me", "first_name": "a\u{7}b"});
    let problem = venue.put("/api/users/me/profile", &ada.access, bad).await.refused(400, "invalid_value");
    assert_eq!(problem["errors"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn mail_says_plainly_that_it_waits() {
    let venue = TestVenue::new().await;
    let ada = venue.person("ada").await;
    venue.send(call("POST", "/api/auth/verify-email")).await.refused(401, "unauthenticated");
    let answer = venue.send(call("POST", "/api/auth/verify-email").by(&ada.access)).await.expect(200);
    assert!(answer["message"].as_str().unwrap().contains("No mail server is configured"));
    let mail = cx_store::identity::Mail::new(venue.state.store.clone());
    let waiting = mail.waiting(&ada.email).await.unwrap();
    let token = waiting.last().unwrap().body.lines().find(|line| line.len() == 43).unwrap().to_owned();
    let verify =
        async |token: &str| venue.send(call("POST", "/api/auth/verify-email").json(&json!({"token": token}))).await;
    verify("guess").await.refused(400, "invalid_verification");
    assert_eq!(verify(&token).await.expect(200)["user"]["is_email_verified"], true);
    verify(&token).await.refused(400, "invalid_verification");
}

#[tokio::test]
async fn the_journal_has_every_change_of_a_permission() {
    let venue = TestVenue::new().await;
    let ada = venue.trader("ada").await;
    venue
        .put(&format!("/api/admin/users/{}/status", ada.id), &venue.admin, json!({"status": "suspended"}))
        .await
        .expect(200);
    let set: Vec<bool> = venue
        .journal
        .commands()
        .iter()
        .filter_map(|command| match command {
            Command::SetPermissions(set) if i64::from(set.account.get()) == ada.id => Some(set.permissions.trade),
            _ => None,
        })
        .collect();
    assert_eq!(set, [true, false]);
}
