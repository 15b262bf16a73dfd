//! Identity checks and what follows from them.

use super::{PASSWORD, ada, admin, identity, login, registration, with};
use crate::{
    Identity, IdentityError, IdentitySettings, KycStatus, Permission, Principal, Role, UserStatus, Verdict, permitted,
};
use cx_store::PageRequest;
use std::time::Duration;

async fn who(identity: &Identity) -> Principal {
    let tokens = login(identity, PASSWORD).await.unwrap().tokens;
    identity.authenticate(&tokens.access).await.unwrap()
}

fn reason(text: &str) -> String {
    text.to_owned()
}

#[tokio::test]
async fn an_approval_makes_a_trader_and_a_rejection_ends_it_at_once() {
    let identity = identity().await;
    let token = ada(&identity).await.tokens.access;
    let root = admin(&identity).await;
    assert!(!identity.authenticate(&token).await.unwrap().may_trade());
    identity.submit_kyc(1).await.unwrap();
    let waiting = identity.kyc_list(Some(KycStatus::PendingReview), PageRequest::default()).await.unwrap();
    assert_eq!(waiting.items[0].user_id, 1);

    let user = identity.review(1, &Verdict::Approve { level: 2 }, root.id).await.unwrap();
    assert_eq!((user.status, user.kyc_status, user.kyc_level), (UserStatus::Active, KycStatus::Approved, 2));
    let trader = identity.authenticate(&token).await.unwrap();
    assert!(trader.may_trade() && trader.may_withdraw(), "the same token, without a new login");

    identity.review(1, &Verdict::RequestUpdate { reason: reason("a newer bill") }, root.id).await.unwrap();
    assert!(!identity.authenticate(&token).await.unwrap().may_trade());
    identity.review(1, &Verdict::Approve { level: 1 }, root.id).await.unwrap();
    assert!(identity.authenticate(&token).await.unwrap().may_trade());
    identity.review(1, &Verdict::Reject { reason: reason("forged") }, root.id).await.unwrap();
    assert!(!identity.authenticate(&token).await.unwrap().may_trade());
}

#[tokio::test]
async fn nobody_decides_about_themselves() {
    let identity = identity().await;
    let root = admin(&identity).await;
    let verdict = Verdict::Approve { level: 1 };
    assert!(matches!(identity.review(root.id, &verdict, root.id).await, Err(IdentityError::FourEyes)));
    let own = identity.set_status(root.id, UserStatus::Active, None, None, root.id).await;
    assert!(matches!(own, Err(IdentityError::FourEyes)));
    assert!(matches!(identity.set_role(root.id, Role::Auditor, root.id).await, Err(IdentityError::FourEyes)));
    assert!(matches!(identity.unlock(root.id, root.id).await, Err(IdentityError::FourEyes)));
}

#[tokio::test]
async fn verdicts_are_complete() {
    let identity = identity().await;
    ada(&identity).await;
    let root = admin(&identity).await;
    for verdict in [
        Verdict::Approve { level: 0 },
        Verdict::Approve { level: 4 },
        Verdict::Reject { reason: reason(" ") },
        Verdict::RequestUpdate { reason: "x".repeat(501) },
    ] {
        let outcome = identity.review(1, &verdict, root.id).await;
        assert!(matches!(outcome, Err(IdentityError::Invalid(_))), "{verdict:?}: {outcome:?}");
    }
    assert_eq!(identity.user(1).await.unwrap().kyc_status, KycStatus::NotStarted);
}

#[tokio::test]
async fn an_approval_expires() {
    let identity = with(IdentitySettings { kyc_valid: Duration::ZERO, ..IdentitySettings::default() }).await;
    ada(&identity).await;
    let root = admin(&identity).await;
    identity.review(1, &Verdict::Approve { level: 1 }, root.id).await.unwrap();
    assert!(!who(&identity).await.may_trade(), "even before anybody has swept");
    assert_eq!(identity.lapse().await.unwrap(), [1]);
    assert_eq!(identity.user(1).await.unwrap().kyc_status, KycStatus::Expired);
}

#[tokio::test]
async fn with_mail_the_address_is_the_other_thing_missing() {
    let identity = with(IdentitySettings { needs_verified_email: true, ..IdentitySettings::default() }).await;
    ada(&identity).await;
    let root = admin(&identity).await;
    let user = identity.review(1, &Verdict::Approve { level: 1 }, root.id).await.unwrap();
    assert_eq!(user.status, UserStatus::Pending);
    let mails = identity.mail.waiting("ada@example.org").await.unwrap();
    let token = mails[0].body.lines().find(|line| line.len() == 43).unwrap();
    assert_eq!(identity.verify_email(token).await.unwrap().status, UserStatus::Active);
}

#[tokio::test]
async fn users_are_found_by_number_uuid_and_nothing_else() {
    let identity = identity().await;
    let user = ada(&identity).await.user;
    for name in ["1".to_owned(), user.uuid.to_string()] {
        assert_eq!(identity.user_by_name(&name).await.unwrap().id, 1);
    }
    for name in ["2", "-1", "", "ada@example.org", "1 OR 1=1", "99999999999999999999"] {
        assert!(identity.user_by_name(name).await.is_err(), "{name}");
    }
    assert_eq!(identity.user_by_email(" Ada@example.org").await.unwrap().unwrap().id, 1);
    assert!(identity.user_by_email("nobody").await.unwrap().is_none());
    identity.add_user(registration("b@example.org"), Role::Broker, false).await.unwrap();
    let brokers = identity.list(None, Some(Role::Broker), PageRequest::default()).await.unwrap();
    assert_eq!((brokers.total, brokers.items[0].email.as_str()), (1, "b@example.org"));
}

#[test]
fn the_core_permits_what_role_state_and_check_permit_together() {
    for role in Role::ALL {
        for status in UserStatus::ALL {
            for approved in [false, true] {
                let expected = !role.is_staff() && *status == UserStatus::Active && approved;
                let permissions = permitted(*role, *status, approved);
                assert_eq!(
                    (permissions.trade, permissions.withdraw),
                    (expected, expected),
                    "{role} {status} {approved}"
                );
            }
        }
    }
}

#[test]
fn staff_never_trade_and_names_are_read_back() {
    for role in Role::ALL {
        assert_eq!(role.is_staff(), !role.may(Permission::Trade), "{role}");
        assert_eq!(Role::parse(role.as_str()), Some(*role));
    }
    for (role, permission, may) in [
        (Role::ComplianceOfficer, Permission::ListUsers, true),
        (Role::ComplianceOfficer, Permission::ManageUsers, false),
        (Role::ComplianceOfficer, Permission::ApproveReports, false),
        (Role::ComplianceOfficer, Permission::Tokenize, false),
        (Role::Auditor, Permission::ReadRecords, true),
        (Role::Auditor, Permission::ListUsers, false),
        (Role::Auditor, Permission::ReadAml, false),
        (Role::Admin, Permission::ApproveReports, true),
        (Role::Individual, Permission::RetireOwn, true),
    ] {
        assert_eq!(role.may(permission), may, "{role} {permission}");
    }
}
