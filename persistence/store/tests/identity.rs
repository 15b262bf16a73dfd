//! Users, identity checks, logins and mail, on both databases.
#![allow(clippy::unwrap_used)]

use cx_store::identity::{
    Attempt, Decision, Kyc, Mail, MailToken, NewSession, NewUser, ProfileChange, Review, Rotation, Sessions,
    StatusChange, UserFilter, UserRecord, Users,
};
use cx_store::testing::TestDatabase;
use cx_store::{PageRequest, StoreError};

const DAY: i64 = 86_400_000_000;

fn new_user<'a>(uuid: &'a str, email: &'a str, role: &'a str) -> NewUser<'a> {
    NewUser {
        uuid,
        email,
        email_verified: false,
        password_hash: "$argon2id$",
        first_name: "Ada",
        last_name: "Lovelace",
        phone_number: Some("+44 20 1"),
        company_name: "",
        role,
        status: "pending",
        risk_level: "medium",
        mail: None,
    }
}

async fn add(db: &TestDatabase, name: &str, role: &str) -> UserRecord {
    let users = Users::new(db.store.clone());
    users.create(&new_user(&format!("uuid-{name}"), &format!("{name}@example.org"), role)).await.unwrap()
}

async fn a_user_is_found_by_every_name(db: &TestDatabase) {
    let users = Users::new(db.store.clone());
    let ada = add(db, "ada", "individual").await;
    assert_eq!((ada.id, ada.kyc_status.as_str(), ada.kyc_level), (1, "not_started", 0));
    assert_eq!(users.by_id(1).await.unwrap().as_ref(), Some(&ada));
    assert_eq!(users.by_uuid("uuid-ada").await.unwrap().as_ref(), Some(&ada));
    assert_eq!(users.by_email("ada@example.org").await.unwrap().as_ref(), Some(&ada));
    assert_eq!(users.by_email("x' OR '1'='1").await.unwrap(), None);
}

async fn an_address_registers_once_and_uses_up_no_number(db: &TestDatabase) {
    let users = Users::new(db.store.clone());
    add(db, "ada", "individual").await;
    let error = users.create(&new_user("uuid-2", "ada@example.org", "individual")).await.unwrap_err();
    assert!(error.is_conflict(), "{error:?}");
    assert_eq!(add(db, "bob", "individual").await.id, 2);
}

async fn users_are_listed_by_state_and_role(db: &TestDatabase) {
    let users = Users::new(db.store.clone());
    for (name, role) in [("a", "individual"), ("b", "admin"), ("c", "individual")] {
        add(db, name, role).await;
    }
    let role = |role: &str| UserFilter { status: None, role: Some(role.to_owned()) };
    let page = users.list(&role("individual"), PageRequest::new(1, 1)).await.unwrap();
    assert_eq!((page.total, page.pages(), page.items[0].email.as_str()), (2, 2, "c@example.org"));
    let none = UserFilter { status: Some("active".to_owned()), role: None };
    assert_eq!(users.list(&none, PageRequest::default()).await.unwrap().total, 0);
    let counts = users.counts().await.unwrap();
    assert_eq!((counts.total, counts.active), (3, 0));
    let walked: Vec<i64> = users.after(1, 10).await.unwrap().iter().map(|user| user.id).collect();
    assert_eq!(walked, [2, 3]);
}

async fn a_profile_changes_where_it_is_told_to(db: &TestDatabase) {
    let users = Users::new(db.store.clone());
    let id = add(db, "ada", "individual").await.id;
    let change = ProfileChange {
        city: Some("London".to_owned()),
        last_name: Some("King".to_owned()),
        phone_number: Some(String::new()),
        marketing_consent: Some(true),
        ..ProfileChange::default()
    };
    let user = users.change_profile(id, &change).await.unwrap();
    assert_eq!((user.first_name.as_str(), user.last_name.as_str(), user.phone_number), ("Ada", "King", None));
    let change = ProfileChange { country: Some("GB".to_owned()), ..ProfileChange::default() };
    users.change_profile(id, &change).await.unwrap();
    let profile = users.profile(id).await.unwrap();
    assert_eq!((profile.city.as_str(), profile.country.as_str(), profile.marketing_consent), ("London", "GB", true));
}

async fn attempts_lock_and_the_lock_ends(db: &TestDatabase) {
    let users = Users::new(db.store.clone());
    let id = add(db, "ada", "individual").await.id;
    for _ in 0..3 {
        assert_eq!(users.begin_attempt(id, 3, 100, 200).await.unwrap(), Attempt::Open);
    }
    assert_eq!(users.begin_attempt(id, 3, 199, 900).await.unwrap(), Attempt::Locked { until: 200 });
    assert_eq!(users.begin_attempt(id, 3, 200, 900).await.unwrap(), Attempt::Open, "the count starts anew");
    let user = users.by_id(id).await.unwrap().unwrap();
    assert_eq!((user.failed_logins, user.locked_until), (1, None));
    users.attempt_succeeded(id).await.unwrap();
    assert_eq!(users.by_id(id).await.unwrap().unwrap().failed_logins, 0);
}

async fn attempts_at_once_get_no_more_guesses(db: &TestDatabase) {
    let id = add(db, "ada", "individual").await.id;
    let attempts: Vec<_> = (0..12)
        .map(|_| {
            let users = Users::new(db.store.clone());
            tokio::spawn(async move { users.begin_attempt(id, 5, 100, 200).await.unwrap() })
        })
        .collect();
    let mut open = 0;
    for attempt in attempts {
        open += u32::from(attempt.await.unwrap() == Attempt::Open);
    }
    assert_eq!(open, 5);
}

async fn open_session(db: &TestDatabase, user_id: i64, id: &str) -> Sessions {
    let sessions = Sessions::new(db.store.clone());
    let jti = format!("{id}-0");
    let new = NewSession {
        id,
        user_id,
        password_hash: "$argon2id$",
        ip: Some("192.0.2.1"),
        user_agent: None,
        jti: &jti,
        expires_at: cx_store::clock::now_micros() + DAY,
        login: true,
    };
    assert!(sessions.open(&new).await.unwrap());
    sessions
}

async fn a_login_on_its_way_does_not_outlive_a_revocation(db: &TestDatabase) {
    let users = Users::new(db.store.clone());
    let id = add(db, "ada", "individual").await.id;
    let sessions = Sessions::new(db.store.clone());
    let new = |hash, session| NewSession {
        id: session,
        user_id: id,
        password_hash: hash,
        ip: None,
        user_agent: None,
        jti: session,
        expires_at: DAY,
        login: false,
    };
    assert!(sessions.open(&new("$argon2id$", "before")).await.unwrap());
    users.set_password(id, "other").await.unwrap();
    assert!(!sessions.open(&new("$argon2id$", "late")).await.unwrap());
    assert!(sessions.open(&new("other", "after")).await.unwrap());
    let change = StatusChange { status: "suspended", reason: None, until: None, end_sessions: true, made_by: None };
    users.set_status(id, &change).await.unwrap();
    assert!(!sessions.open(&new("other", "too-late")).await.unwrap());
    assert_eq!(sessions.state("too-late").await.unwrap(), None);
}

async fn a_refresh_token_is_spent_once_and_reuse_ends_the_session(db: &TestDatabase) {
    let id = add(db, "ada", "individual").await.id;
    let sessions = open_session(db, id, "s").await;
    assert_eq!(
        Users::new(db.store.clone()).by_id(id).await.unwrap().unwrap().last_login_ip.as_deref(),
        Some("192.0.2.1")
    );
    assert_eq!(sessions.rotate("s", "s-0", "s-1", DAY).await.unwrap(), Rotation::Renewed);
    assert_eq!(sessions.rotate("s", "unknown", "s-2", DAY).await.unwrap(), Rotation::Ended);
    assert!(!sessions.state("s").await.unwrap().unwrap().revoked);
    assert_eq!(sessions.rotate("s", "s-0", "s-2", DAY).await.unwrap(), Rotation::Reused);
    assert!(sessions.state("s").await.unwrap().unwrap().revoked);
    assert_eq!(sessions.rotate("s", "s-1", "s-2", DAY).await.unwrap(), Rotation::Ended);
}

async fn refreshes_at_once_have_one_winner(db: &TestDatabase) {
    let id = add(db, "ada", "individual").await.id;
    open_session(db, id, "s").await;
    let races: Vec<_> = (0..8)
        .map(|n| {
            let sessions = Sessions::new(db.store.clone());
            tokio::spawn(async move { sessions.rotate("s", "s-0", &format!("next-{n}"), DAY).await.unwrap() })
        })
        .collect();
    let mut outcomes = Vec::new();
    for race in races {
        outcomes.push(race.await.unwrap());
    }
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Rotation::Renewed).count(), 1, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Rotation::Reused).count(), 1, "{outcomes:?}");
}

async fn what_ends_sessions_ends_all_of_the_user_s(db: &TestDatabase) {
    let users = Users::new(db.store.clone());
    let (ada, bob) = (add(db, "ada", "individual").await.id, add(db, "bob", "individual").await.id);
    let revoked = async |name: &str| Sessions::new(db.store.clone()).state(name).await.unwrap().unwrap().revoked;
    for name in ["a1", "a2"] {
        open_session(db, ada, name).await;
    }
    open_session(db, bob, "b1").await;
    users.set_password(ada, "$argon2id$").await.unwrap();
    assert!(revoked("a1").await && revoked("a2").await && !revoked("b1").await);
    open_session(db, ada, "a3").await;
    users.set_role(ada, "broker", Some(bob)).await.unwrap();
    assert!(revoked("a3").await);
    open_session(db, ada, "a4").await;
    Sessions::new(db.store.clone()).end("a4", "logout").await.unwrap();
    assert!(revoked("a4").await);
    let far = cx_store::clock::now_micros() + 2 * DAY;
    assert_eq!(Sessions::new(db.store.clone()).forget(far).await.unwrap(), 5);
}

async fn review(db: &TestDatabase, user_id: i64, made_by: i64, decision: Decision<'_>) -> UserRecord {
    Kyc::new(db.store.clone()).review(&Review { user_id, decision, made_by }).await.unwrap().1
}

async fn an_approval_activates_when_it_is_the_last_thing_missing(db: &TestDatabase) {
    let (ada, bob) = (add(db, "ada", "individual").await.id, add(db, "bob", "admin").await.id);
    let approve = |needs| Decision::Approve { level: 1, expires_at: i64::MAX, needs_verified_email: needs };
    assert_eq!(review(db, ada, bob, approve(true)).await.status, "pending");
    let user = review(db, ada, bob, approve(false)).await;
    assert_eq!((user.status.as_str(), user.kyc_status.as_str(), user.kyc_level), ("active", "approved", 1));
    let user = review(db, ada, bob, Decision::Reject { reason: "forged" }).await;
    assert_eq!((user.status.as_str(), user.kyc_status.as_str(), user.kyc_level), ("active", "rejected", 0));
    let kyc = Kyc::new(db.store.clone());
    assert_eq!(kyc.of(ada).await.unwrap().reason.as_deref(), Some("forged"));
    assert_eq!(kyc.submit(ada).await.unwrap().status, "pending_review");
    assert!(matches!(kyc.submit(ada).await, Err(StoreError::WrongState { .. })));
    assert_eq!(kyc.list(Some("pending_review"), PageRequest::default()).await.unwrap().total, 1);
}

async fn a_closed_account_stays_closed(db: &TestDatabase) {
    let users = Users::new(db.store.clone());
    let id = add(db, "ada", "individual").await.id;
    open_session(db, id, "s").await;
    let change = |status| StatusChange { status, reason: None, until: None, end_sessions: true, made_by: None };
    assert_eq!(users.set_status(id, &change("closed")).await.unwrap().status, "closed");
    assert!(Sessions::new(db.store.clone()).state("s").await.unwrap().unwrap().revoked);
    assert!(matches!(users.set_status(id, &change("active")).await, Err(StoreError::WrongState { .. })));
    assert!(matches!(users.set_status(99, &change("active")).await, Err(StoreError::NotFound(_))));
    let decision = Decision::Approve { level: 1, expires_at: DAY, needs_verified_email: false };
    let refused = Kyc::new(db.store.clone()).review(&Review { user_id: id, decision, made_by: 2 }).await;
    assert!(matches!(refused, Err(StoreError::WrongState { .. })), "{refused:?}");
}

async fn states_and_approvals_lapse(db: &TestDatabase) {
    let users = Users::new(db.store.clone());
    let (ada, bob) = (add(db, "ada", "individual").await.id, add(db, "bob", "admin").await.id);
    let decision = Decision::Approve { level: 1, expires_at: 1_000, needs_verified_email: false };
    review(db, ada, bob, decision).await;
    let change = |status, until| StatusChange { status, reason: None, until, end_sessions: true, made_by: Some(bob) };
    users.set_status(ada, &change("suspended", Some(500))).await.unwrap();
    assert_eq!(users.lapse(499).await.unwrap(), [] as [i64; 0]);
    assert_eq!(users.lapse(500).await.unwrap(), [ada]);
    assert_eq!(users.by_id(ada).await.unwrap().unwrap().status, "active");
    assert_eq!(users.lapse(1_000).await.unwrap(), [ada]);
    assert_eq!(users.by_id(ada).await.unwrap().unwrap().kyc_status, "expired");
    users.set_status(ada, &change("locked", None)).await.unwrap();
    assert_eq!(users.unlock(ada, bob).await.unwrap().status, "pending", "without an approved check");
}

async fn a_mail_token_works_once_and_in_time(db: &TestDatabase) {
    let (users, mail) = (Users::new(db.store.clone()), Mail::new(db.store.clone()));
    let later = cx_store::clock::now_micros() + DAY;
    let token = |hash, expires_at| MailToken {
        purpose: "verify_email",
        token_hash: hash,
        expires_at,
        subject: "Hello",
        body: "t",
    };
    let mut new = new_user("uuid-ada", "ada@example.org", "individual");
    new.mail = Some(token("first", later));
    let id = users.create(&new).await.unwrap().id;
    mail.send(id, "ada@example.org", &token("second", later)).await.unwrap();
    assert_eq!(mail.waiting("ada@example.org").await.unwrap().len(), 2);
    assert!(matches!(mail.verify_email("first", true).await, Err(StoreError::NotFound(_))), "superseded");
    assert!(mail.verify_email("second", true).await.unwrap().email_verified_at.is_some());
    assert!(matches!(mail.verify_email("second", true).await, Err(StoreError::NotFound(_))), "used");
    mail.send(id, "ada@example.org", &token("third", 1)).await.unwrap();
    assert!(matches!(mail.verify_email("third", true).await, Err(StoreError::NotFound(_))), "expired");
}

cx_store::on_both_databases!(
    a_user_is_found_by_every_name,
    an_address_registers_once_and_uses_up_no_number,
    users_are_listed_by_state_and_role,
    a_profile_changes_where_it_is_told_to,
    attempts_lock_and_the_lock_ends,
    attempts_at_once_get_no_more_guesses,
    a_refresh_token_is_spent_once_and_reuse_ends_the_session,
    refreshes_at_once_have_one_winner,
    what_ends_sessions_ends_all_of_the_user_s,
    an_approval_activates_when_it_is_the_last_thing_missing,
    a_closed_account_stays_closed,
    states_and_approvals_lapse,
    a_mail_token_works_once_and_in_time,
    a_login_on_its_way_does_not_outlive_a_revocation,
);
