//! Logins, tokens and reviews against a real store in memory.
#![allow(clippy::unwrap_used)]

mod attacks;
mod logins;
mod reviews;

use crate::{
    HashCost, Identity, IdentitySettings, LoggedIn, Origin, Registration, Role, SecretString, SigningKeys, User,
};
use cx_store::Store;

const PASSWORD: &str = "Correct-horse-9";

async fn identity() -> Identity {
    with(IdentitySettings::default()).await
}

async fn with(settings: IdentitySettings) -> Identity {
    let store = Store::connect("sqlite::memory:").await.unwrap();
    let settings = IdentitySettings { hash_cost: HashCost::LEAST, ..settings };
    Identity::new(&store, SigningKeys::ephemeral().unwrap(), settings).unwrap()
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

fn registration(email: &str) -> Registration {
    Registration {
        email: email.to_owned(),
        password: secret(PASSWORD),
        first_name: "Ada".to_owned(),
        last_name: "Lovelace".to_owned(),
        phone_number: None,
        company_name: None,
    }
}

async fn ada(identity: &Identity) -> LoggedIn {
    identity.register(registration("ada@example.org"), Origin::default()).await.unwrap()
}

async fn admin(identity: &Identity) -> User {
    identity.add_user(registration("root@example.org"), Role::Admin, true).await.unwrap()
}

async fn login(identity: &Identity, password: &str) -> Result<LoggedIn, crate::IdentityError> {
    identity.login("ada@example.org", secret(password), Origin::default()).await
}
