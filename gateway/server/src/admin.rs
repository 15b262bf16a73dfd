//! `carbonxchange admin create`: an admin, made from the machine itself.

use cx_identity::{Identity, IdentityError, IdentitySettings, Registration, Role, SecretString, SigningKeys};
use secrecy::ExposeSecret as _;

use crate::demo::generate_password;
use crate::exit::{Code, Failure, OrExit as _};
use crate::serve::runtime;
use crate::settings::Settings;
use crate::venue::open;

/// Makes the admin. Works beside a running server: admins have no account in the exchange.
pub fn create(settings: &Settings, email: &str) -> Result<(), Failure> {
    open::folder(settings)?;
    let (password, generated) = match std::env::var("CX_ADMIN_PASSWORD") {
        Ok(password) => (SecretString::from(password), false),
        Err(_) => (SecretString::from(generate_password()), true),
    };
    runtime()?.block_on(async {
        let store = open::store(settings).await?;
        let keys = SigningKeys::open(&open::keys(settings)).or_exit(Code::DataFolder, "the signing keys")?;
        let identity = Identity::new(&store, keys, IdentitySettings::default()).or_exit(Code::Internal, "identity")?;
        let admin = Registration {
            email: email.to_owned(),
            password: password.clone(),
            first_name: "Venue".to_owned(),
            last_name: "Admin".to_owned(),
            phone_number: None,
            company_name: None,
        };
        let made = identity.add_user(admin, Role::Admin, true).await.map_err(|error| match error {
            IdentityError::Store(error) => Failure::new(Code::Database, error),
            other => Failure::new(Code::Usage, other),
        })?;
        store.close().await;
        println!("made the admin {}", made.email);
        if generated {
            println!("password (shown once): {}", password.expose_secret());
        }
        Ok(())
    })
}
