//! Tokens that must not open anything.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{ada, identity};
use crate::keys::SigningKeys;
use crate::token::{Claims, TokenKind};
use crate::{Identity, LoggedIn, TokenError};

fn part(value: &Value) -> String {
    BASE64.encode(value.to_string())
}

/// What the real token says.
fn claims(identity: &Identity, user: &LoggedIn) -> Claims {
    identity.tokens.verify(&user.tokens.access, TokenKind::Access).unwrap()
}

fn signed(identity: &Identity, change: impl FnOnce(&mut Claims), user: &LoggedIn) -> String {
    let mut claims = claims(identity, user);
    change(&mut claims);
    identity.tokens.sign(&claims).unwrap()
}

/// Signs anything with our own key: what a defect of ours might let out.
fn signed_json(identity: &Identity, header: &Value, claims: &Value) -> String {
    let message = format!("{}.{}", part(header), part(claims));
    let key = &identity.tokens.keys().newest().signs;
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, Algorithm::EdDSA).unwrap();
    format!("{message}.{signature}")
}

#[tokio::test]
async fn forged_tokens_open_nothing() {
    let identity = identity().await;
    let user = ada(&identity).await;
    let real = claims(&identity, &user);
    let body = serde_json::to_value(&real).unwrap();
    let key = identity.tokens.keys().newest();
    let kid = key.kid.clone();
    let point = key.verifies.try_get_as_bytes().unwrap().to_vec();
    let access = user.tokens.access.clone();
    let pieces: Vec<&str> = access.split('.').collect();
    let [head, payload, signature] = pieces[..] else { panic!("three parts") };

    let mut attacks: Vec<(&str, String)> = Vec::new();
    for none in ["none", "None", "NONE", "nOnE"] {
        let header = part(&json!({"alg": none, "typ": "JWT", "kid": kid}));
        attacks.push(("no signature", format!("{header}.{payload}.")));
        attacks.push(("no signature, two parts", format!("{header}.{payload}")));
        attacks.push(("no algorithm, old signature", format!("{header}.{payload}.{signature}")));
    }
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        let header = Header { kid: Some(kid.clone()), ..Header::new(algorithm) };
        for secret in [point.clone(), BASE64.encode(&point).into_bytes(), kid.clone().into_bytes(), Vec::new()] {
            attacks.push(("public key as secret", encode(&header, &real, &EncodingKey::from_secret(&secret)).unwrap()));
        }
    }
    let stranger = SigningKeys::ephemeral().unwrap();
    for kid in [Some(kid.clone()), Some(stranger.newest().kid.clone()), None] {
        let header = Header { kid, ..Header::new(Algorithm::EdDSA) };
        attacks.push(("another key", encode(&header, &real, &stranger.newest().signs).unwrap()));
    }
    for name in ["", "../../etc/passwd", "' OR '1'='1", "/dev/null", "0"] {
        attacks.push(("kid that is not ours", signed_json(&identity, &json!({"alg": "EdDSA", "kid": name}), &body)));
    }
    attacks.push(("no kid", signed_json(&identity, &json!({"alg": "EdDSA"}), &body)));
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": BASE64.encode(stranger.newest().verifies.try_get_as_bytes().unwrap())});
    let embedded =
        json!({"alg": "EdDSA", "kid": stranger.newest().kid, "jwk": jwk, "jku": "https://evil.example/keys"});
    let message = format!("{}.{payload}", part(&embedded));
    let own = jsonwebtoken::crypto::sign(message.as_bytes(), &stranger.newest().signs, Algorithm::EdDSA).unwrap();
    attacks.push(("embedded key", format!("{message}.{own}")));

    let mut raised = body.clone();
    raised["role"] = json!("admin");
    attacks.push(("changed claims", format!("{head}.{}.{signature}", part(&raised))));
    let other_digit = if signature.starts_with('A') { "B" } else { "A" };
    let flipped = format!("{other_digit}{}", signature.split_at(1).1);
    attacks.push(("changed signature", format!("{head}.{payload}.{flipped}")));
    attacks.push(("cut", access[..access.len() - 5].to_owned()));
    attacks.push(("empty signature", format!("{head}.{payload}.")));
    attacks.push(("four parts", format!("{access}.{signature}")));
    for junk in ["", ".", "..", "a.b.c", "null", "Bearer", "{}", "\u{1f511}.\u{1f511}.\u{1f511}"] {
        attacks.push(("junk", junk.to_owned()));
    }
    attacks.push(("very long", format!("{head}.{}.{signature}", "A".repeat(100_000))));
    attacks.push(("refresh as access", user.tokens.refresh.clone()));

    for (what, token) in &attacks {
        let outcome = identity.authenticate(token).await;
        assert!(matches!(outcome, Err(TokenError::Invalid)), "{what}: {outcome:?}: {token}");
    }
    assert!(attacks.len() > 40);
    assert!(identity.authenticate(&access).await.is_ok(), "the real one still works");
    assert!(matches!(identity.refresh(&access).await, Err(TokenError::Invalid)), "access as refresh");
}

#[tokio::test]
async fn claims_that_do_not_fit_open_nothing() {
    let identity = identity().await;
    let user = ada(&identity).await;
    let body = serde_json::to_value(claims(&identity, &user)).unwrap();
    let header = json!({"alg": "EdDSA", "kid": identity.tokens.keys().newest().kid});
    let now = cx_store::clock::now_micros() / 1_000_000;

    for (what, token, expected) in [
        ("expired", signed(&identity, |claims| claims.exp = now, &user), "the token has expired"),
        ("expired long ago", signed(&identity, |claims| claims.exp = 1, &user), "the token has expired"),
        ("no real end", signed(&identity, |claims| claims.exp = 0, &user), "not a valid token"),
        ("an end before time", signed(&identity, |claims| claims.exp = -1, &user), "not a valid token"),
        ("another issuer", signed(&identity, |claims| claims.iss = "evil".to_owned(), &user), "not a valid token"),
        ("another audience", signed(&identity, |claims| claims.aud = "evil".to_owned(), &user), "not a valid token"),
        ("another user", signed(&identity, |claims| claims.sub = Uuid::new_v4(), &user), "not a valid token"),
        ("no such login", signed(&identity, |claims| claims.sid = Uuid::new_v4(), &user), "the token has been revoked"),
    ] {
        assert_eq!(identity.authenticate(&token).await.unwrap_err().to_string(), expected, "{what}");
    }
    for claim in ["sub", "type", "jti", "iat", "exp", "iss", "aud", "role", "sid"] {
        let mut without = body.clone();
        without.as_object_mut().unwrap().remove(claim);
        let outcome = identity.authenticate(&signed_json(&identity, &header, &without)).await;
        assert!(matches!(outcome, Err(TokenError::Invalid)), "without {claim}: {outcome:?}");
        let mut wrong = body.clone();
        wrong[claim] = json!({"$ne": null});
        let outcome = identity.authenticate(&signed_json(&identity, &header, &wrong)).await;
        assert!(matches!(outcome, Err(TokenError::Invalid)), "odd {claim}: {outcome:?}");
    }
    assert!(identity.authenticate(&signed_json(&identity, &header, &body)).await.is_ok(), "the forge works");
}

#[tokio::test]
async fn a_role_in_the_token_is_for_show() {
    let identity = identity().await;
    let user = ada(&identity).await;
    let token = signed(&identity, |claims| claims.role = "admin".to_owned(), &user);
    assert_eq!(identity.authenticate(&token).await.unwrap().role, crate::Role::Individual);
}
