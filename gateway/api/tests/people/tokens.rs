//! Tokens over HTTP: rotation, reuse, revocation, forgery.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use cx_identity::{HashCost, Identity, IdentitySettings, Origin, Registration, SecretString, SigningKeys};
use cx_store::Store;
use serde_json::{Value, json};

use crate::venue::{Answer, PASSWORD, TestVenue, call};

async fn refresh(venue: &TestVenue, token: &str) -> Answer {
    venue.send(call("POST", "/api/auth/refresh").by(token)).await
}

#[tokio::test]
async fn refresh_rotates_and_reuse_kills_the_family() {
    let venue = TestVenue::new().await;
    let ada = venue.person("ada").await;
    let bystander = venue.login(&ada.email).await;
    let second = refresh(&venue, &ada.refresh).await.expect(200);
    assert_eq!(second["token_type"], "Bearer");
    let (access, next) = (second["access_token"].as_str().unwrap(), second["refresh_token"].as_str().unwrap());
    venue.get("/api/auth/me", access).await.expect(200);

    refresh(&venue, &ada.refresh).await.refused(401, "token_revoked");
    venue.get("/api/auth/me", access).await.refused(401, "token_revoked");
    venue.get("/api/auth/me", &ada.access).await.refused(401, "token_revoked");
    refresh(&venue, next).await.refused(401, "token_revoked");
    venue.get("/api/auth/me", &bystander.access).await.expect(200);
}

#[tokio::test]
async fn refreshes_at_once_have_one_winner_at_most() {
    let venue = std::sync::Arc::new(TestVenue::new().await);
    let ada = venue.person("ada").await;
    let races: Vec<_> = (0..8)
        .map(|_| {
            let (venue, token) = (venue.clone(), ada.refresh.clone());
            tokio::spawn(async move { refresh(&venue, &token).await.status.as_u16() })
        })
        .collect();
    let mut won = 0;
    for race in races {
        let status = race.await.unwrap();
        assert!(matches!(status, 200 | 401), "{status}");
        won += u32::from(status == 200);
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn logout_and_password_change_are_in_force_when_they_are_answered() {
    let venue = TestVenue::new().await;
    let ada = venue.person("ada").await;
    let other = venue.login(&ada.email).await;
    venue.send(call("POST", "/api/auth/logout").by(&ada.access)).await.expect(200);
    venue.get("/api/users/me", &ada.access).await.refused(401, "token_revoked");
    refresh(&venue, &ada.refresh).await.refused(401, "token_revoked");
    venue.get("/api/users/me", &other.access).await.expect(200);

    let change = async |current: &str, new: &str| {
        let body = json!({"current_password": current, "new_password": new});
        venue.post("/api/auth/change-password", &other.access, body).await
    };
    change("Wrong-horse-9", "Other-horse-10").await.refused(400, "wrong_password");
    change(PASSWORD, "weak").await.refused(400, "weak_password");
    let fresh = change(PASSWORD, "Other-horse-10").await.expect(200);
    venue.get("/api/users/me", &other.access).await.refused(401, "token_revoked");
    venue.get("/api/users/me", fresh["access_token"].as_str().unwrap()).await.expect(200);
    venue.try_login(&ada.email, PASSWORD).await.refused(401, "invalid_credentials");
    venue.try_login(&ada.email, "Other-horse-10").await.expect(200);
}

#[tokio::test]
async fn claims_are_what_the_contract_says() {
    let venue = TestVenue::new().await;
    let ada = venue.person("ada").await;
    for (token, kind, life) in [(&ada.access, "access", 15 * 60), (&ada.refresh, "refresh", 7 * 86_400)] {
        let parts: Vec<&str> = token.split('.').collect();
        let decode = |part: &str| serde_json::from_slice::<Value>(&BASE64.decode(part).unwrap()).unwrap();
        let (header, claims) = (decode(parts[0]), decode(parts[1]));
        assert_eq!((&header["alg"], header["kid"].as_str().unwrap().len()), (&json!("EdDSA"), 16));
        let me = venue.get("/api/auth/me", &ada.access).await.expect(200);
        assert_eq!(
            (&claims["sub"], &claims["type"], &claims["role"]),
            (&me["user"]["uuid"], &json!(kind), &json!("individual"))
        );
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), life);
        for claim in ["jti", "iss", "aud"] {
            assert!(!claims[claim].as_str().unwrap().is_empty(), "{claim}");
        }
    }
}

/// A token that another venue signed for a user of the same number and address.
async fn foreign() -> String {
    let store = Store::connect("sqlite::memory:").await.unwrap();
    let settings = IdentitySettings { hash_cost: HashCost::LEAST, ..IdentitySettings::default() };
    let identity = Identity::new(&store, SigningKeys::ephemeral().unwrap(), settings).unwrap();
    let registration = Registration {
        email: "admin@example.org".to_owned(),
        password: SecretString::from(PASSWORD),
        first_name: "A".to_owned(),
        last_name: "B".to_owned(),
        phone_number: None,
        company_name: None,
    };
    identity.register(registration, Origin::default()).await.unwrap().tokens.access
}

#[tokio::test]
async fn what_is_no_valid_access_token_is_401_on_every_route() {
    let venue = TestVenue::new().await;
    let ada = venue.person("ada").await;
    let parts: Vec<&str> = ada.access.split('.').collect();
    let none = BASE64.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let mut cases: Vec<(String, &str)> = vec![
        (format!("Bearer {}", ada.refresh), "token_invalid"),
        (format!("Bearer {none}.{}.", parts[1]), "token_invalid"),
        (format!("Bearer {}.{}.{}x", parts[0], parts[1], parts[2]), "token_invalid"),
        (format!("Bearer {}", foreign().await), "token_invalid"),
        ("Bearer ".to_owned(), "token_invalid"),
        ("Bearer".to_owned(), "token_invalid"),
        (format!("Basic {}", ada.access), "token_invalid"),
        (ada.access.clone(), "token_invalid"),
        (format!("Bearer {} {}", ada.access, ada.access), "token_invalid"),
        (format!("Bearer {}", "A".repeat(9_000)), "token_invalid"),
    ];
    cases.push((format!("bearer  {}", ada.access), ""));
    for (header, code) in cases {
        let answer = venue.send(call("GET", "/api/auth/me").header("authorization", header.clone())).await;
        if code.is_empty() {
            answer.expect(200);
        } else {
            answer.refused(401, code);
            assert_eq!(answer.headers["www-authenticate"], "Bearer", "{header}");
        }
    }
    refresh(&venue, &ada.access).await.refused(401, "token_invalid");
    venue.send(call("POST", "/api/auth/refresh")).await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn an_expired_token_says_so() {
    let venue = TestVenue::with(|_| {}, |people| people.access_ttl = std::time::Duration::ZERO).await;
    let ada = venue.person("ada").await;
    venue.get("/api/auth/me", &ada.access).await.refused(401, "token_expired");
    refresh(&venue, &ada.refresh).await.expect(200);
}
