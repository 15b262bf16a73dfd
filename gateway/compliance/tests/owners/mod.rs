//! People for tests: owners of accounts, active and approved, so that they may trade.

use cx_store::testing::TestDatabase;

/// Makes owners in good standing of these accounts.
pub async fn owners(db: &TestDatabase, ids: impl IntoIterator<Item = u32>) {
    for id in ids {
        db.execute(&format!(
            "INSERT INTO users (id, uuid, email, password_hash, first_name, last_name, role, status, risk_level, mfa_enabled, \
             failed_logins, created_at, updated_at) VALUES ({id}, 'uuid-{id}', 'user{id}@example.org', '-', 'U', '{id}', \
             'individual', 'active', 'low', 0, 0, 0, 0)"
        ))
        .await
        .unwrap();
        db.execute(&format!(
            "INSERT INTO kyc (user_id, status, level, identity_verified, address_verified, phone_verified, approved_at, updated_at) \
             VALUES ({id}, 'approved', 1, 1, 1, 1, 1, 1)"
        ))
        .await
        .unwrap();
    }
}
