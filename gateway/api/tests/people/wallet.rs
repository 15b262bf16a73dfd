//! Money in and out.

use cx_engine::Command;
use cx_identity::Role;
use serde_json::{Value, json};

use crate::venue::{Answer, NOTHING, Person, TestVenue, call};

async fn deposit(venue: &TestVenue, by: &str, key: &str, body: &Value) -> Answer {
    venue.send(call("POST", "/api/wallet/deposits").by(by).header("idempotency-key", key).json(body)).await
}

fn dollars(person: &Person, amount: &str) -> Value {
    json!({"user_id": person.id, "currency": "USD", "amount": amount, "reference": "wire 17"})
}

async fn funded(venue: &TestVenue, name: &str) -> Person {
    let person = venue.trader(name).await;
    deposit(venue, &venue.admin, name, &dollars(&person, "1000")).await.expect(201);
    person
}

#[tokio::test]
async fn a_deposit_is_credited_before_it_is_answered() {
    let venue = TestVenue::new().await;
    let ada = venue.trader("ada").await;
    let answer = deposit(&venue, &venue.admin, "key-1", &dollars(&ada, "1000.5")).await;
    let transaction = answer.expect(201)["transaction"].clone();
    assert!(answer.text.contains(r#""amount":1000.50"#), "{}", answer.text);
    assert_eq!(venue.dollars(&ada), 10_005_000);
    for (field, value) in [
        ("status", json!("completed")),
        ("transaction_type", json!("deposit")),
        ("currency", json!("USD")),
        ("user_id", json!(ada.id)),
        ("reference", json!("wire 17")),
        ("created_by", json!(1)),
    ] {
        assert_eq!(transaction[field], value, "{field}");
    }
    let id = transaction["transaction_id"].as_str().unwrap();
    assert!(id.starts_with("TXN-") && id.len() == 21, "{id}");
    venue.sink().await;
    let list = venue.get("/api/transactions", &ada.access).await.expect(200);
    assert_eq!((&list["total"], &list["transactions"][0]["status"]), (&json!(1), &json!("completed")));
    let shown = venue.get(&format!("/api/transactions/{id}"), &ada.access).await.expect(200);
    assert_eq!(shown["transaction"]["id"], transaction["id"]);
}

#[tokio::test]
async fn the_same_key_and_body_count_once_and_answer_the_same() {
    let venue = TestVenue::new().await;
    let ada = venue.trader("ada").await;
    let first = deposit(&venue, &venue.admin, "key-1", &dollars(&ada, "10")).await;
    let second = deposit(&venue, &venue.admin, "key-1", &dollars(&ada, "10")).await;
    assert_eq!((first.status, &first.text), (second.status, &second.text));
    assert_eq!(venue.dollars(&ada), 100_000);
    deposit(&venue, &venue.admin, "key-1", &dollars(&ada, "11")).await.refused(409, "idempotency_mismatch");
    deposit(&venue, &venue.admin, "key-2", &dollars(&ada, "10")).await.expect(201);
    assert_eq!(venue.dollars(&ada), 200_000);
    let officer = venue.of_role(Role::ComplianceOfficer).await;
    deposit(&venue, &officer.access, "key-1", &dollars(&ada, "10")).await.expect(201);
    assert_eq!(venue.dollars(&ada), 300_000, "keys belong to who sends them");
}

#[tokio::test]
async fn many_at_once_with_one_key_count_once() {
    let venue = std::sync::Arc::new(TestVenue::new().await);
    let ada = venue.trader("ada").await;
    let racers: Vec<_> = (0..8)
        .map(|_| {
            let (venue, body) = (venue.clone(), dollars(&ada, "10"));
            tokio::spawn(async move { deposit(&venue, &venue.admin, "key-1", &body).await })
        })
        .collect();
    let mut ids = std::collections::BTreeSet::new();
    for racer in racers {
        ids.insert(racer.await.unwrap().expect(201)["transaction"]["id"].as_i64().unwrap());
    }
    assert_eq!((ids.len(), venue.dollars(&ada)), (1, 100_000));
}

#[tokio::test]
async fn deposits_that_make_no_sense_are_refused() {
    let venue = TestVenue::new().await;
    let ada = venue.trader("ada").await;
    let with = |field: &str, value: Value| {
        let mut body = dollars(&ada, "10");
        body[field] = value;
        body
    };
    for (body, status, code) in [
        (with("amount", json!("0")), 400, "invalid_value"),
        (with("amount", json!("-5")), 400, "invalid_value"),
        (with("amount", json!("0.00001")), 400, "too_precise"),
        (with("amount", json!("99999999999999999999")), 400, "invalid_value"),
        (with("amount", json!("ten")), 400, "invalid_value"),
        (with("amount", json!(true)), 400, "invalid_value"),
        (with("currency", json!("ZZZ")), 400, "invalid_value"),
        (with("currency", json!("usd")), 400, "invalid_value"),
        (with("reference", json!("")), 400, "invalid_value"),
        (with("reference", json!(null)), 400, "missing_fields"),
        (with("user_id", json!(999)), 404, "not_found"),
        (with("user_id", json!("nobody")), 404, "not_found"),
        (with("user_id", json!(1)), 400, "invalid_value"),
    ] {
        deposit(&venue, &venue.admin, "key", &body).await.refused(status, code);
    }
    let no_key = call("POST", "/api/wallet/deposits").by(&venue.admin).json(&dollars(&ada, "10"));
    venue.send(no_key).await.refused(400, "idempotency_key_needed");
    deposit(&venue, &venue.admin, &"k".repeat(129), &dollars(&ada, "10")).await.refused(400, "invalid_value");
    assert_eq!(venue.dollars(&ada), 0);
    assert_eq!(venue.get("/api/transactions", &venue.admin).await.expect(200)["total"], 0);
}

#[tokio::test]
async fn what_the_core_refuses_is_refused_again_under_the_same_key() {
    let venue = TestVenue::new().await;
    let ada = venue.trader("ada").await;
    deposit(&venue, &venue.admin, "most", &dollars(&ada, "461168601842738.7904")).await.expect(201);
    let commands = venue.journal.commands().len();
    for _ in 0..2 {
        deposit(&venue, &venue.admin, "over", &dollars(&ada, "1")).await.refused(400, "invalid_amount");
    }
    assert_eq!(venue.journal.commands().len(), commands + 1, "asked once");
    venue.sink().await;
    let list = venue.get("/api/transactions?status=failed", &venue.admin).await.expect(200);
    assert_eq!((&list["total"], &list["transactions"][0]["reason"]), (&json!(1), &json!("invalid_amount")));
}

#[tokio::test]
async fn money_may_come_before_the_identity_check_and_stays_put() {
    let venue = TestVenue::new().await;
    let ada = venue.person("ada").await;
    deposit(&venue, &venue.admin, "k", &dollars(&ada, "10")).await.expect(201);
    assert_eq!((venue.dollars(&ada), venue.permitted(&ada)), (100_000, NOTHING));
    let body = json!({"currency": "USD", "amount": 1, "destination": "IBAN"});
    venue.post("/api/wallet/withdrawals", &ada.access, body).await.refused(403, "kyc_required");
    venue.send(call("DELETE", format!("/api/users/{}", ada.id)).by(&ada.access)).await.refused(409, "conflict");
}

#[tokio::test]
async fn large_deposits_need_a_second_member_of_staff() {
    let limit = "1000".parse().unwrap();
    let venue = TestVenue::with(|settings| settings.four_eyes_above = Some(limit), |_| {}).await;
    let ada = venue.trader("ada").await;
    deposit(&venue, &venue.admin, "small", &dollars(&ada, "1000")).await.expect(201);
    assert_eq!(venue.dollars(&ada), 10_000_000);
    let large =
        deposit(&venue, &venue.admin, "large", &dollars(&ada, "1000.0001")).await.expect(201)["transaction"].clone();
    assert_eq!((&large["status"], venue.dollars(&ada)), (&json!("pending"), 10_000_000));
    let path = format!("/api/transactions/{}/approve", large["transaction_id"].as_str().unwrap());
    venue.send(call("POST", path.as_str()).by(&venue.admin)).await.refused(403, "four_eyes");
    let officer = venue.of_role(Role::ComplianceOfficer).await;
    let done = venue.send(call("POST", path.as_str()).by(&officer.access)).await.expect(200);
    assert_eq!(
        (&done["transaction"]["status"], &done["transaction"]["approved_by"]),
        (&json!("completed"), &json!(officer.id))
    );
    assert_eq!(venue.dollars(&ada), 20_000_001);
    venue.sink().await;
    venue.send(call("POST", path.as_str()).by(&officer.access)).await.refused(409, "conflict");
    assert_eq!(venue.dollars(&ada), 20_000_001);
}

#[tokio::test]
async fn a_withdrawal_waits_for_staff_and_then_leaves() {
    let venue = TestVenue::new().await;
    let ada = funded(&venue, "ada").await;
    let body = json!({"currency": "USD", "amount": "250.25", "destination": "DE02 1203 0000 0000 2020 51"});
    let asked = venue.post("/api/wallet/withdrawals", &ada.access, body).await.expect(202)["transaction"].clone();
    assert_eq!((&asked["status"], venue.dollars(&ada)), (&json!("pending"), 10_000_000));
    let path = format!("/api/transactions/{}/approve", asked["id"]);
    venue.send(call("POST", path.as_str()).by(&ada.access)).await.refused(403, "forbidden");
    let done = venue.send(call("POST", path.as_str()).by(&venue.admin)).await.expect(200);
    assert_eq!((&done["transaction"]["status"], venue.dollars(&ada)), (&json!("completed"), 7_497_500));
    assert!(venue.journal.commands().iter().any(|command| matches!(command, Command::Withdraw(_))));
}

#[tokio::test]
async fn nobody_takes_out_more_than_there_is() {
    let venue = TestVenue::new().await;
    let ada = funded(&venue, "ada").await;
    let ask = async |amount: &str| {
        let body = json!({"currency": "USD", "amount": amount, "destination": "IBAN"});
        venue.post("/api/wallet/withdrawals", &ada.access, body).await
    };
    ask("1000.0001").await.refused(400, "insufficient_funds");
    ask("0").await.refused(400, "invalid_value");
    ask("-1").await.refused(400, "invalid_value");
    let (first, second) = (ask("700").await.expect(202), ask("700").await.expect(202));
    let approve = async |asked: &Value| {
        venue
            .send(call("POST", format!("/api/transactions/{}/approve", asked["transaction"]["id"])).by(&venue.admin))
            .await
    };
    approve(&first).await.expect(200);
    approve(&second).await.refused(400, "insufficient_funds");
    assert_eq!(venue.dollars(&ada), 3_000_000);
    venue
        .send(call("POST", "/api/wallet/withdrawals").by(&venue.admin).json(&json!({})))
        .await
        .refused(403, "forbidden");
}

#[tokio::test]
async fn a_withdrawal_with_a_key_is_asked_for_once() {
    let venue = TestVenue::new().await;
    let ada = funded(&venue, "ada").await;
    let body = json!({"currency": "USD", "amount": 900, "destination": "IBAN"});
    let ask = async || {
        venue
            .send(call("POST", "/api/wallet/withdrawals").by(&ada.access).header("idempotency-key", "w1").json(&body))
            .await
    };
    let first = ask().await;
    let id = first.expect(202)["transaction"]["id"].clone();
    venue.send(call("POST", format!("/api/transactions/{id}/approve")).by(&venue.admin)).await.expect(200);
    assert_eq!(ask().await.text, first.text, "the first answer, though the money is gone");
    assert_eq!(venue.dollars(&ada), 1_000_000);
}

#[tokio::test]
async fn staff_turn_a_withdrawal_down() {
    let venue = TestVenue::new().await;
    let ada = funded(&venue, "ada").await;
    let body = json!({"currency": "USD", "amount": 1, "destination": "IBAN"});
    let id = venue.post("/api/wallet/withdrawals", &ada.access, body).await.expect(202)["transaction"]["id"].clone();
    let path = format!("/api/transactions/{id}/reject");
    venue.post(&path, &venue.admin, json!({})).await.refused(400, "missing_fields");
    let done = venue.post(&path, &venue.admin, json!({"reason": "name does not match"})).await.expect(200);
    assert_eq!(
        (&done["transaction"]["status"], &done["transaction"]["reason"]),
        (&json!("cancelled"), &json!("name does not match"))
    );
    let approve = call("POST", format!("/api/transactions/{id}/approve")).by(&venue.admin);
    venue.send(approve).await.refused(409, "conflict");
    assert_eq!(venue.dollars(&ada), 10_000_000);
}

#[tokio::test]
async fn other_people_s_transactions_are_404_and_staff_see_all() {
    let venue = TestVenue::new().await;
    let (ada, bob) = (funded(&venue, "ada").await, funded(&venue, "bob").await);
    let id = venue.get("/api/transactions", &ada.access).await.expect(200)["transactions"][0]["id"].clone();
    let path = format!("/api/transactions/{id}");
    venue.get(&path, &bob.access).await.refused(404, "not_found");
    venue.get(&path, &ada.access).await.expect(200);
    for name in ["TXN-20200101-00000001", "TXN-", "x", "999", "-1"] {
        venue.get(&format!("/api/transactions/{name}"), &venue.admin).await.refused(404, "not_found");
    }
    let auditor = venue.of_role(Role::Auditor).await;
    assert_eq!(venue.get("/api/transactions", &auditor.access).await.expect(200)["total"], 2);
    let only = format!("/api/transactions?user_id={}&type=deposit", bob.id);
    assert_eq!(venue.get(&only, &auditor.access).await.expect(200)["total"], 1);
    assert_eq!(
        venue.get(&only, &ada.access).await.expect(200)["transactions"][0]["user_id"],
        ada.id,
        "one's own whatever is asked"
    );
    venue.get("/api/transactions?type=trade", &ada.access).await.refused(400, "invalid_value");
}

#[tokio::test]
async fn what_was_on_its_way_is_handed_over_again_and_counts_once() {
    let venue = TestVenue::new().await;
    let ada = funded(&venue, "ada").await;
    // Nothing has told the database yet, as after a crash right after the answer.
    assert_eq!(cx_api::resume_transactions(&venue.state).await.unwrap(), 1);
    assert_eq!(venue.dollars(&ada), 10_000_000);
    venue.sink().await;
    assert_eq!(cx_api::resume_transactions(&venue.state).await.unwrap(), 0);
    let list = venue.get("/api/transactions", &ada.access).await.expect(200);
    assert_eq!(list["transactions"][0]["status"], "completed");
}
