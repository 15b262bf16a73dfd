//! Registering, logging in, locking, refreshing, changing passwords.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use super::{PASSWORD, ada, admin, identity, login, registration, secret, with};
use crate::{
    HashCost, IdentityError, IdentitySettings, KeyError, Origin, Revoked, Role, SigningKeys, TokenError, UserStatus,
};

#[tokio::test]
async fn a_new_user_is_pending_and_logged_in() {
    let identity = identity().await;
    let new = ada(&identity).await;
    assert_eq!((new.user.role, new.user.status), (Role::Individual, UserStatus::Pending));
    let who = identity.authenticate(&new.tokens.access).await.unwrap();
    assert_eq!((who.id, who.uuid, who.kyc_approved), (new.user.id, new.user.uuid, false));
    assert!(!who.may_trade());
    assert_eq!(who.account.get(), 1);
}

#[tokio::test]
async fn an_address_registers_once_however_it_is_written() {
    let identity = identity().await;
    ada(&identity).await;
    let again = identity.register(registration("  ADA@Example.org "), Origin::default()).await;
    assert!(matches!(again, Err(IdentityError::EmailTaken)), "{again:?}");
}

#[tokio::test]
async fn all_faults_of_a_registration_are_named_at_once() {
    let identity = identity().await;
    let mut bad = registration("nowhere");
    bad.first_name = " ".to_owned();
    bad.phone_number = Some("call me".to_owned());
    bad.password = secret("short");
    let Err(IdentityError::Invalid(faults)) = identity.register(bad, Origin::default()).await else {
        panic!("it was taken")
    };
    let fields: Vec<&str> = faults.iter().map(|fault| fault.field).collect();
    assert_eq!(&fields[..3], ["email", "first_name", "phone_number"]);
    assert!(fields[3..].iter().all(|field| *field == "password") && fields.len() > 3, "{fields:?}");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_answer_alike() {
    let identity = identity().await;
    ada(&identity).await;
    let wrong = login(&identity, "Wrong-horse-9").await.unwrap_err();
    let unknown = identity.login("bob@example.org", secret(PASSWORD), Origin::default()).await.unwrap_err();
    let nonsense = identity.login("' OR 1=1 --", secret(PASSWORD), Origin::default()).await.unwrap_err();
    for error in [wrong, unknown, nonsense] {
        assert!(matches!(error, IdentityError::InvalidCredentials), "{error:?}");
    }
    assert!(login(&identity, PASSWORD).await.is_ok());
}

#[tokio::test]
async fn an_unknown_user_costs_a_hash() {
    let cost = HashCost { memory_kib: 64 * 1024, passes: 3 };
    let hasher = crate::password::Hasher::new(cost, 1).unwrap();
    let known = hasher.hash(secret(PASSWORD)).await.unwrap();
    let time = async |stored: Option<&str>| {
        let begun = std::time::Instant::now();
        assert!(!hasher.verify(secret("Wrong-horse-9"), stored).await.unwrap());
        begun.elapsed()
    };
    // The least of three: what the machine does besides only ever adds.
    let (mut with_user, mut without) = (Duration::MAX, Duration::MAX);
    for _ in 0..3 {
        with_user = with_user.min(time(Some(&known)).await);
        without = without.min(time(None).await);
    }
    assert!(without * 3 > with_user, "{without:?} against {with_user:?}");
    assert!(!hasher.verify(secret("nobody's password"), None).await.unwrap(), "the decoy lets nobody in");
}

#[tokio::test]
async fn five_failures_lock_and_the_right_password_does_not_help() {
    let identity = identity().await;
    ada(&identity).await;
    for _ in 0..5 {
        assert!(matches!(login(&identity, "Wrong-horse-9").await, Err(IdentityError::InvalidCredentials)));
    }
    let Err(IdentityError::Locked { until: Some(until) }) = login(&identity, PASSWORD).await else {
        panic!("it is not locked")
    };
    let left = until - cx_store::clock::now_micros();
    assert!((29 * 60_000_000..=30 * 60_000_000).contains(&left), "{left}");
    let root = admin(&identity).await;
    identity.unlock(1, root.id).await.unwrap();
    assert!(login(&identity, PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_success_forgets_the_failures() {
    let identity = identity().await;
    ada(&identity).await;
    for _ in 0..3 {
        for _ in 0..4 {
            assert!(matches!(login(&identity, "Wrong-horse-9").await, Err(IdentityError::InvalidCredentials)));
        }
        assert!(login(&identity, PASSWORD).await.is_ok());
    }
}

#[tokio::test]
async fn a_lock_ends_by_itself() {
    let identity = with(IdentitySettings { lock: Duration::ZERO, ..IdentitySettings::default() }).await;
    ada(&identity).await;
    for _ in 0..5 {
        assert!(login(&identity, "Wrong-horse-9").await.is_err());
    }
    assert!(login(&identity, PASSWORD).await.is_ok());
}

#[tokio::test]
async fn only_the_right_password_learns_of_a_suspension() {
    let identity = identity().await;
    let user = ada(&identity).await.user;
    let root = admin(&identity).await;
    for (status, by_password) in [
        (UserStatus::Suspended, "the account is suspended"),
        (UserStatus::Locked, "the account is locked"),
        (UserStatus::Closed, "the account is closed"),
    ] {
        identity.set_status(user.id, status, Some("inquiry"), None, root.id).await.unwrap();
        assert_eq!(login(&identity, PASSWORD).await.unwrap_err().to_string(), by_password);
        assert!(matches!(login(&identity, "Wrong-horse-9").await, Err(IdentityError::InvalidCredentials)));
    }
}

#[tokio::test]
async fn a_suspension_with_an_end_is_lifted_by_the_next_login() {
    let identity = identity().await;
    let user = ada(&identity).await.user;
    let root = admin(&identity).await;
    let moment = Some(Duration::from_micros(1));
    identity.set_status(user.id, UserStatus::Suspended, None, moment, root.id).await.unwrap();
    let done = login(&identity, PASSWORD).await.unwrap();
    assert_eq!((done.user.status, done.standing_changed), (UserStatus::Pending, vec![user.id]));
    let refused = identity.set_status(user.id, UserStatus::Active, None, moment, root.id).await;
    assert!(matches!(refused, Err(IdentityError::Invalid(_))), "{refused:?}");
}

#[tokio::test]
async fn a_refresh_token_gives_one_pair_and_its_reuse_ends_the_login() {
    let identity = identity().await;
    let first = ada(&identity).await.tokens;
    let other_login = login(&identity, PASSWORD).await.unwrap().tokens;
    let second = identity.refresh(&first.refresh).await.unwrap();
    assert!(identity.authenticate(&second.access).await.is_ok());
    assert!(identity.authenticate(&first.access).await.is_ok(), "until it expires");
    let mut ends = identity.revocations();

    assert!(matches!(identity.refresh(&first.refresh).await, Err(TokenError::Revoked)));
    let session = identity.tokens.verify(&first.access, crate::token::TokenKind::Access).unwrap().sid;
    assert_eq!(ends.recv().await.unwrap(), Revoked { user_id: 1, session: Some(session) });
    for token in [&first.access, &second.access] {
        assert!(matches!(identity.authenticate(token).await, Err(TokenError::Revoked)));
    }
    assert!(matches!(identity.refresh(&second.refresh).await, Err(TokenError::Revoked)));
    assert!(identity.authenticate(&other_login.access).await.is_ok(), "another login is another family");
}

#[tokio::test]
async fn what_revokes_revokes_at_once() {
    let identity = identity().await;
    ada(&identity).await;
    let root = admin(&identity).await;
    let enter = async || {
        let tokens = login(&identity, PASSWORD).await.unwrap().tokens;
        let who = identity.authenticate(&tokens.access).await.unwrap();
        (tokens, who)
    };
    let gone = async |access: &str| matches!(identity.authenticate(access).await, Err(TokenError::Revoked));

    let ((out, who), (stays, _)) = (enter().await, enter().await);
    identity.logout(&who).await.unwrap();
    assert!(gone(&out.access).await && !gone(&stays.access).await, "logout");
    assert!(matches!(identity.refresh(&out.refresh).await, Err(TokenError::Revoked)));

    let (_, who) = enter().await;
    let next =
        identity.change_password(&who, secret(PASSWORD), secret("Other-horse-10"), Origin::default()).await.unwrap();
    assert!(gone(&stays.access).await && !gone(&next.access).await, "password change");
    let back = identity.authenticate(&next.access).await.unwrap();
    identity.change_password(&back, secret("Other-horse-10"), secret(PASSWORD), Origin::default()).await.unwrap();

    let (tokens, _) = enter().await;
    identity.set_role(1, Role::Broker, root.id).await.unwrap();
    assert!(gone(&tokens.access).await, "role change");

    let (tokens, _) = enter().await;
    identity.set_status(1, UserStatus::UnderReview, None, None, root.id).await.unwrap();
    assert_eq!(identity.authenticate(&tokens.access).await.unwrap().status, UserStatus::UnderReview);
    identity.set_status(1, UserStatus::Suspended, None, None, root.id).await.unwrap();
    assert!(gone(&tokens.access).await, "suspension");
    assert!(matches!(identity.refresh(&tokens.refresh).await, Err(TokenError::Revoked)));
}

#[tokio::test]
async fn a_password_changes_with_the_current_one_only() {
    let identity = identity().await;
    let new = ada(&identity).await;
    let who = identity.authenticate(&new.tokens.access).await.unwrap();
    let change =
        async |from: &str, to: &str| identity.change_password(&who, secret(from), secret(to), Origin::default()).await;
    assert!(matches!(change("Wrong-horse-9", "Other-horse-10").await, Err(IdentityError::WrongPassword)));
    assert!(matches!(change(PASSWORD, "weak").await, Err(IdentityError::WeakPassword(_))));
    assert!(matches!(change(PASSWORD, PASSWORD).await, Err(IdentityError::WeakPassword(_))));
    assert!(identity.authenticate(&new.tokens.access).await.is_ok());
    for _ in 0..5 {
        assert!(matches!(change("Wrong-horse-9", "Other-horse-10").await, Err(IdentityError::WrongPassword)));
    }
    assert!(matches!(change(PASSWORD, "Other-horse-10").await, Err(IdentityError::Locked { .. })), "no oracle");
}

#[tokio::test]
async fn the_first_admin_is_made_once() {
    let identity = identity().await;
    let root = identity.ensure_admin("Root@example.org", secret(PASSWORD)).await.unwrap().unwrap();
    assert_eq!((root.role, root.status, root.email.as_str()), (Role::Admin, UserStatus::Active, "root@example.org"));
    assert!(identity.ensure_admin("other@example.org", secret(PASSWORD)).await.unwrap().is_none());
    assert!(matches!(
        super::identity().await.ensure_admin("root@example.org", secret("weak")).await,
        Err(IdentityError::WeakPassword(_))
    ));
}

#[tokio::test]
async fn an_address_is_confirmed_with_the_token_from_the_outbox() {
    let identity = identity().await;
    let user = ada(&identity).await.user;
    assert!(matches!(identity.verify_email("guess").await, Err(IdentityError::BadVerification)));
    let mails = identity.mail.waiting("ada@example.org").await.unwrap();
    let token = mails[0].body.lines().find(|line| line.len() == 43).unwrap();
    let user_after = identity.verify_email(token).await.unwrap();
    assert!(user.email_verified_at.is_none() && user_after.email_verified_at.is_some());
    assert!(matches!(identity.verify_email(token).await, Err(IdentityError::BadVerification)));
}

#[test]
fn keys_are_made_once_for_their_owner_only_and_the_newest_signs() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("keys");
    let first = SigningKeys::open(&folder).unwrap();
    let again = SigningKeys::open(&folder).unwrap();
    assert_eq!(first.newest().kid, again.newest().kid);
    let file = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);

    let other = tempfile::tempdir().unwrap();
    let newer = SigningKeys::open(other.path()).unwrap();
    let newer_file = std::fs::read_dir(other.path()).unwrap().next().unwrap().unwrap().path();
    std::fs::copy(&newer_file, folder.join(newer_file.file_name().unwrap())).unwrap();
    let both = SigningKeys::open(&folder).unwrap();
    assert_eq!(both.newest().kid, newer.newest().kid);
    assert!(both.find(&first.newest().kid).is_some());

    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(SigningKeys::open(&folder), Err(KeyError::Exposed { mode: 0o640, .. })));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&file, "not a key").unwrap();
    assert!(matches!(SigningKeys::open(&folder), Err(KeyError::NotAKey { .. })));
}
