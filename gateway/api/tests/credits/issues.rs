//! Credits: what is listed, and blocks on their way from staff to their owner's account in the exchange.

use cx_api::resume_issues;
use cx_engine::Command;
use cx_engine::command::{AssetClass, Movement};
use cx_engine::ids::AccountId;
use cx_registry::issue::{NewIssue, Opened, open};
use serde_json::{Value, json};

use crate::venue::{NOTHING, Person, TRADES, TestVenue, call};
use crate::{new_project, nulls, venue_with_projects};

const CREDIT: &[&str] = &[
    "id",
    "uuid",
    "serial_number",
    "batch_id",
    "project_id",
    "quantity",
    "vintage_year",
    "status",
    "is_tradeable",
    "is_available",
    "is_retired",
    "is_expired",
    "is_valid",
    "age_in_years",
    "last_trade_price",
    "market_price",
    "last_trade_currency",
    "permanence_risk",
    "additionality_verified",
    "verification_body",
    "verification_date",
    "co_benefits",
    "compliance_standards",
    "is_tokenized",
    "blockchain_tx_hash",
    "onchain_batch_id",
    "smart_contract_address",
    "token_id",
    "created_at",
    "updated_at",
];

const PATH: &str = "/api/carbon-credits";

/// Tonnes of an asset that somebody has in the exchange.
fn holds(venue: &TestVenue, person: &Person, code: &str) -> i64 {
    let account = AccountId::new(u32::try_from(person.id).unwrap());
    let folds = venue.state.venue.read();
    let asset = folds.market.listings().asset_by_code(code).map(|asset| asset.asset);
    asset.map_or(0, |asset| folds.accounts.balance(account, asset).available.minor())
}

fn issues(venue: &TestVenue) -> Vec<Movement> {
    let commands = venue.journal.commands().into_iter();
    commands.filter_map(|command| if let Command::Issue(movement) = command { Some(movement) } else { None }).collect()
}

/// Numbers `first` to `last` of a batch of project 42, whose registry publishes nothing of it here.
fn block(first: u64, last: u64, owner: &Person) -> Value {
    json!({
        "project_id": "VCS-42",
        "serial_number": format!("7-{first}-{last}-VCS-VCU-15-VER-KE-1-42-01012020-31122020-0"),
        "vintage_year": 2020, "quantity": last - first + 1, "price_per_unit": 7.35, "owner_user_id": owner.id,
    })
}

async fn venue_with_dam() -> TestVenue {
    let venue = TestVenue::new().await;
    let body = json!({
        "name": "Dam", "project_type": "renewable_energy", "country": "Kenya", "total_credits": 1000, "project_id": "VCS-42",
    });
    venue.post("/api/carbon-credits/projects", &venue.admin, body).await.expect(201);
    venue
}

#[tokio::test]
async fn a_block_is_credited_to_its_owner_and_its_instrument_listed() {
    let venue = venue_with_dam().await;
    let ada = venue.trader("ada").await;
    let mut body = block(1, 500, &ada);
    body["labels"] = json!(["CORSIA - Pilot Phase", "Social Carbon"]);
    // The serial's last field says that there are none.
    let problem = venue.post(PATH, &venue.admin, body.clone()).await.refused(400, "invalid_value");
    assert_eq!(problem["errors"][0]["field"], "labels");
    body["serial_number"] = json!("7-1-500-VCS-VCU-15-VER-KE-1-42-01012020-31122020-1");
    let answer = venue.post(PATH, &venue.admin, body).await.expect(201);
    let credit = &answer["credit"];
    assert!(answer.as_object().unwrap().contains_key("blockchain_tx") && answer["blockchain_tx"].is_null());
    let names: Vec<&str> = credit.as_object().unwrap().keys().map(String::as_str).collect();
    assert!(CREDIT.iter().all(|name| names.contains(name)) && names.len() == CREDIT.len(), "{names:?}");
    assert_eq!(nulls(credit), [""; 0]);
    for (field, value) in [
        ("status", json!("available")),
        ("is_tradeable", json!(true)),
        ("batch_id", json!("7")),
        ("quantity", json!(500)),
        ("vintage_year", json!(2020)),
        ("compliance_standards", json!(["CORSIA - Pilot Phase"])),
        ("co_benefits", json!(["Social Carbon"])),
    ] {
        assert_eq!(credit[field], value, "{field}");
    }
    assert_eq!(
        (credit["market_price"].to_string(), credit["last_trade_price"].to_string()),
        ("7.35".into(), "0".into())
    );

    assert_eq!(holds(&venue, &ada, "VCS-42-2020"), 500);
    let reference = u64::try_from(credit["id"].as_i64().unwrap()).unwrap();
    assert_eq!(issues(&venue).iter().map(|movement| movement.reference).collect::<Vec<_>>(), [reference]);
    {
        let folds = venue.state.venue.read();
        let listings = folds.market.listings();
        let instrument = listings.instrument_by_symbol("VCS-42-2020-USD").unwrap();
        let (base, quote) = (listings.asset(instrument.base).unwrap(), listings.asset(instrument.quote).unwrap());
        assert_eq!((base.class, base.scale, quote.code.as_str()), (AssetClass::Credit, 0, "USD"));
    }
    let shown = venue.get(&format!("{PATH}/{}", credit["id"]), &ada.access).await.expect(200);
    assert_eq!(&shown["credit"], credit);
    let shown = venue.get(&format!("{PATH}/{}", credit["uuid"].as_str().unwrap()), &ada.access).await.expect(200);
    assert_eq!(&shown["credit"], credit);
    let project = venue.send(call("GET", "/api/carbon-credits/projects/VCS-42")).await.expect(200)["project"].clone();
    assert_eq!((&project["total_credits_issued"], &project["available_credits"]), (&json!(500), &json!(500)));
    assert_eq!(project["completion_percentage"].to_string(), "50.00");

    // The next block of the vintage needs no listing.
    let listings = venue.state.venue.read().market.listings().instruments().len();
    venue.post(&format!("{PATH}/"), &venue.admin, block(501, 600, &ada)).await.expect(201);
    assert_eq!(venue.state.venue.read().market.listings().instruments().len(), listings);
    assert_eq!(holds(&venue, &ada, "VCS-42-2020"), 600);
}

#[tokio::test]
async fn the_same_serial_numbers_are_issued_once() {
    let venue = venue_with_dam().await;
    let (ada, bob) = (venue.trader("ada").await, venue.trader("bob").await);
    venue.post(PATH, &venue.admin, block(100, 199, &ada)).await.expect(201);
    for (first, last) in [(100, 199), (199, 250), (50, 100), (1, 900), (150, 150)] {
        let problem = venue.post(PATH, &venue.admin, block(first, last, &bob)).await.refused(409, "conflict");
        assert!(problem["detail"].as_str().unwrap().contains("are in block"), "{problem}");
    }
    assert_eq!((holds(&venue, &ada, "VCS-42-2020"), holds(&venue, &bob, "VCS-42-2020")), (100, 0));
    assert_eq!(issues(&venue).len(), 1);

    // Eight at once: one is issued.
    let calls = (0..8).map(|_| venue.post(PATH, &venue.admin, block(300, 399, &bob)));
    let answers = futures_util::future::join_all(calls).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
    assert_eq!(holds(&venue, &bob, "VCS-42-2020"), 100);
}

#[tokio::test]
async fn a_key_names_one_issue() {
    let venue = venue_with_dam().await;
    let ada = venue.trader("ada").await;
    let send = async |key: &'static str, body: &Value| {
        venue.send(call("POST", PATH).by(&venue.admin).header("idempotency-key", key).json(body)).await
    };
    let first = send("one", &block(1, 10, &ada)).await.expect(201);
    assert_eq!(send("one", &block(1, 10, &ada)).await.expect(201), first);
    send("one", &block(11, 20, &ada)).await.refused(409, "idempotency_mismatch");
    assert_eq!(holds(&venue, &ada, "VCS-42-2020"), 10);
    // What was refused before it had any effect may be tried again under its key.
    send("two", &block(5, 15, &ada)).await.refused(409, "conflict");
    send("two", &block(11, 15, &ada)).await.expect(201);
    assert_eq!(holds(&venue, &ada, "VCS-42-2020"), 15);
}

#[tokio::test]
async fn an_issue_that_was_interrupted_is_finished_once() {
    let venue = venue_with_dam().await;
    let ada = venue.person("ada").await;
    let project = venue.state.store.projects().by_number("VCS", "42").await.unwrap().unwrap();
    let new = NewIssue {
        project_id: project.id,
        serial_number: "7-1-10-VCS-VCU-15-VER-KE-1-42-01012020-31122020-0".to_owned(),
        year: 2020,
        quantity: 10,
        owner_id: Some(ada.id),
        price: None,
        price_currency: "USD".to_owned(),
        verification_body: String::new(),
        verified_on: None,
        additionality: false,
        labels: Vec::new(),
        created_by: 1,
    };
    let Opened::New(credit) = open(&venue.state.store, &new, None).await.unwrap() else { panic!("new") };
    let pending = venue.get(&format!("{PATH}?status=pending"), &venue.admin).await.expect(200);
    assert_eq!((&pending["total"], &pending["credits"][0]["is_tradeable"]), (&json!(1), &json!(false)));

    assert_eq!(resume_issues(&venue.state).await.unwrap(), 1);
    assert_eq!(resume_issues(&venue.state).await.unwrap(), 0);
    assert_eq!((holds(&venue, &ada, "VCS-42-2020"), venue.permitted(&ada)), (10, NOTHING));

    // The exchange had done it, and the process ended before the block knew.
    let Opened::New(second) = open(
        &venue.state.store,
        &NewIssue { serial_number: new.serial_number.replace("-1-10-", "-11-20-"), ..new },
        None,
    )
    .await
    .unwrap() else {
        panic!("new")
    };
    let movement = Movement { reference: u64::try_from(second.id).unwrap(), ..issues(&venue)[0] };
    venue.state.sequencer.submit(Command::Issue(movement)).unwrap().await.unwrap();
    assert_eq!(resume_issues(&venue.state).await.unwrap(), 1);
    assert_eq!(holds(&venue, &ada, "VCS-42-2020"), 20);
    for id in [credit.id, second.id] {
        assert_eq!(venue.get(&format!("{PATH}/{id}"), &venue.admin).await.expect(200)["credit"]["status"], "available");
    }
}

#[tokio::test]
async fn an_owner_must_be_able_to_hold_credits() {
    let venue = venue_with_dam().await;
    let (ada, bob) = (venue.person("ada").await, venue.trader("bob").await);
    // Nobody has looked at ada's papers yet: she gets her credits and may not trade them.
    venue.post(PATH, &venue.admin, block(1, 10, &ada)).await.expect(201);
    assert_eq!((holds(&venue, &ada, "VCS-42-2020"), venue.permitted(&ada)), (10, NOTHING));
    assert_eq!(venue.permitted(&bob), TRADES);

    let to = |owner: Value| {
        let mut body = block(11, 20, &ada);
        body["owner_user_id"] = owner;
        body
    };
    venue.post(PATH, &venue.admin, to(json!(1))).await.refused(400, "invalid_value");
    venue.post(PATH, &venue.admin, to(json!(999))).await.refused(404, "not_found");
    venue.post(PATH, &venue.admin, to(json!(true))).await.refused(400, "invalid_value");
    venue
        .put(&format!("/api/admin/users/{}/status", bob.id), &venue.admin, json!({"status": "closed"}))
        .await
        .expect(200);
    venue.post(PATH, &venue.admin, to(json!(bob.id))).await.refused(409, "conflict");

    // Without an owner the block lies at its registry. Somebody may get a part of it later.
    let nobodys = venue.post(PATH, &venue.admin, to(Value::Null)).await.expect(201)["credit"].clone();
    assert_eq!((&nobodys["status"], &nobodys["is_available"]), (&json!("issued"), &json!(false)));
    venue.post(PATH, &venue.admin, block(11, 15, &ada)).await.expect(201);
    assert_eq!(holds(&venue, &ada, "VCS-42-2020"), 15);
    let all = venue.get("/api/carbon-credits/projects/VCS-42/credits", &ada.access).await.expect(200);
    let mut serials: Vec<(&str, &str)> = all["credits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|credit| (credit["serial_number"].as_str().unwrap(), credit["status"].as_str().unwrap()))
        .collect();
    serials.sort_unstable();
    let serial = |range: &str| format!("7-{range}-VCS-VCU-15-VER-KE-1-42-01012020-31122020-0");
    let expected = [(serial("1-10"), "available"), (serial("11-15"), "available"), (serial("16-20"), "issued")];
    assert_eq!(serials, expected.each_ref().map(|(serial, status)| (serial.as_str(), *status)));
}

#[tokio::test]
async fn an_issue_must_make_sense() {
    let venue = venue_with_dam().await;
    let ada = venue.trader("ada").await;
    let missing = venue.post(PATH, &venue.admin, json!({"quantity": 5})).await.refused(400, "missing_fields");
    assert_eq!(missing["error"], "Missing fields: project_id, serial_number, vintage_year");
    for (field, value, status, code) in [
        ("project_id", json!("VCS-43"), 404, "not_found"),
        ("project_id", json!([]), 400, "invalid_value"),
        ("serial_number", json!(""), 400, "invalid_value"),
        ("serial_number", json!("7-10-1-VCS-VCU-15-VER-KE-1-42-01012020-31122020-0"), 400, "invalid_value"),
        ("serial_number", json!("7-1-10-VCS-VCU-15-VER-KE-1-43-01012020-31122020-0"), 400, "invalid_value"),
        ("vintage_year", json!(2021), 400, "invalid_value"),
        ("vintage_year", json!("next year"), 400, "invalid_value"),
        ("quantity", json!(9), 400, "invalid_value"),
        ("quantity", json!(0), 400, "invalid_value"),
        ("quantity", json!(-10), 400, "invalid_value"),
        ("quantity", json!(10.5), 400, "too_precise"),
        ("quantity", json!("1e30"), 400, "invalid_value"),
        ("price_per_unit", json!(-1), 400, "invalid_value"),
        ("price_per_unit", json!("7.00001"), 400, "too_precise"),
        ("verification_date", json!("yesterday"), 400, "invalid_value"),
    ] {
        let mut body = block(1, 10, &ada);
        body[field] = value.clone();
        let problem = venue.post(PATH, &venue.admin, body).await.refused(status, code);
        if status == 400 {
            assert_eq!(problem["errors"][0]["field"], field, "{value}: {problem}");
        }
    }
    // An opaque serial says nothing, so the quantity is what staff say.
    let own = new_project(&venue).await;
    let mut body = block(1, 10, &ada);
    body["project_id"] = json!(own);
    body["serial_number"] = json!("iss_1KP6EDZ8K1S036PY");
    venue.post(PATH, &venue.admin, body).await.expect(201);
    assert_eq!(holds(&venue, &ada, "CX-1-2020"), 10);
    // A withdrawn project issues nothing.
    venue.put("/api/carbon-credits/projects/VCS-42", &venue.admin, json!({"status": "cancelled"})).await.expect(200);
    venue.post(PATH, &venue.admin, block(1, 10, &ada)).await.refused(409, "conflict");
    assert_eq!(issues(&venue).len(), 1);
}

#[tokio::test]
async fn credits_are_listed_by_what_they_are() {
    let venue = venue_with_projects().await;
    let list = async |query: &str| venue.get(&format!("{PATH}?per_page=100&{query}"), &venue.admin).await.expect(200);
    let all = list("").await;
    let credits = all["credits"].as_array().unwrap();
    assert!(credits.len() > 30 && credits.iter().all(|credit| nulls(credit).is_empty()));
    let count = |status: &str| credits.iter().filter(|credit| credit["status"] == status).count();
    for status in ["issued", "retired", "cancelled", "available", "locked", "pending", "verified"] {
        assert_eq!(list(&format!("status={status}")).await["total"], count(status), "{status}");
    }
    assert!(count("issued") > 10 && count("retired") > 10 && count("available") == 0);
    let one = &credits[0];
    for query in [format!("project_id={}", one["project_id"]), format!("vintage_year={}", one["vintage_year"])] {
        let some = list(&query).await;
        assert!(some["credits"].as_array().unwrap().contains(one), "{query}");
        assert!(some["total"].as_u64() < all["total"].as_u64(), "{query}");
    }
    assert!(list("standard=gold_standard&project_type=cookstoves").await["total"].as_u64() > Some(0));
    for query in ["project_id=VCS-99999999", "project_type=x", "standard=x", "vintage_year=1999"] {
        assert_eq!(list(query).await["credits"], json!([]), "{query}");
    }
    for query in ["status=sleeping", "vintage_year=x", "page=0"] {
        venue.get(&format!("{PATH}?{query}"), &venue.admin).await.refused(400, "invalid_value");
    }
    for id in ["0", "999999", "-1", "x", "6f2b7f0a-0000-4000-8000-000000000001"] {
        venue.get(&format!("{PATH}/{id}"), &venue.admin).await.refused(404, "not_found");
    }
}

#[tokio::test]
async fn what_is_said_about_a_block_can_change_and_what_it_is_cannot() {
    let venue = venue_with_dam().await;
    let ada = venue.trader("ada").await;
    let credit = venue.post(PATH, &venue.admin, block(1, 10, &ada)).await.expect(201)["credit"].clone();
    let path = format!("{PATH}/{}", credit["id"]);
    let change = json!({"price_per_unit": "8.10", "verification_body": "Auditors", "verification_date": "2021-05-01", "additionality_verified": false});
    let changed = venue.put(&path, &venue.admin, change).await.expect(200);
    assert_eq!(changed["updated_fields"], json!(["price_per_unit", "verification_body", "verification_date"]));
    assert_eq!(changed["credit"]["market_price"].to_string(), "8.10");
    assert_eq!(changed["credit"]["verification_date"], "2021-05-01");
    for field in ["serial_number", "quantity", "vintage_year", "status"] {
        let problem = venue.put(&path, &venue.admin, json!({field: 5})).await.refused(400, "invalid_value");
        assert_eq!(problem["errors"][0]["field"], field);
    }
    venue.put(&format!("{PATH}/999999"), &venue.admin, json!({})).await.refused(404, "not_found");
    assert_eq!(venue.get(&path, &ada.access).await.expect(200)["credit"], changed["credit"]);
}
