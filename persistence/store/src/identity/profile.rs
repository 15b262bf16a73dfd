//! What people say about themselves.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};

use super::record::{UserRecord, user_in};
use super::users::Users;
use crate::StoreError;
use crate::clock::now_micros;

macro_rules! profile {
    ($($(#[$doc:meta])* $field:ident,)+) => {
        /// What a person says about themselves; empty text means "not said".
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct Profile {
            $($(#[$doc])* pub $field: String,)+
            /// Whether mail about news is welcome.
            pub marketing_consent: bool,
        }

        /// A change: `None` leaves a field as it is.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct ProfileChange {
            $($(#[$doc])* pub $field: Option<String>,)+
            /// Whether mail about news is welcome.
            pub marketing_consent: Option<bool>,
            /// Given name.
            pub first_name: Option<String>,
            /// Family name.
            pub last_name: Option<String>,
            /// Empty clears it.
            pub phone_number: Option<String>,
        }

        fn read_profile(row: &AnyRow) -> Result<Profile, StoreError> {
            Ok(Profile {
                $($field: row.try_get(stringify!($field))?,)+
                marketing_consent: row.try_get::<i64, _>("marketing_consent")? != 0,
            })
        }

        /// Writes the named columns only.
        async fn write_profile(tx: &mut AnyConnection, user_id: i64, change: &ProfileChange) -> Result<(), StoreError> {
            let texts = [$((stringify!($field), change.$field.as_deref())),+];
            for (column, value) in texts {
                let Some(value) = value else { continue };
                // The column's name is one of the literals above.
                sqlx::query(AssertSqlSafe(format!("UPDATE profiles SET {column} = $1 WHERE user_id = $2")))
                    .bind(value)
                    .bind(user_id)
                    .execute(&mut *tx)
                    .await?;
            }
            Ok(())
        }
    };
}

profile! {
    /// Between given and family name.
    middle_name,
    /// ISO 3166 or as given.
    nationality,
    /// ISO 3166 or as given.
    country_of_residence,
    /// Street.
    address_line_1,
    /// More of it.
    address_line_2,
    /// City.
    city,
    /// State or province.
    state_province,
    /// Postal code.
    postal_code,
    /// Of the address.
    country,
    /// What the person does.
    occupation,
    /// For whom.
    employer,
    /// A bracket, as given.
    annual_income,
    /// Where the money comes from.
    source_of_funds,
    /// Of a company.
    company_name,
    /// In trading.
    trading_experience,
    /// What for.
    trading_objectives,
    /// How much.
    risk_tolerance,
    /// BCP 47.
    preferred_language,
    /// IANA.
    timezone,
}

impl Users {
    /// What the user says about themselves.
    pub async fn profile(&self, id: i64) -> Result<Profile, StoreError> {
        let row = sqlx::query("SELECT * FROM profiles WHERE user_id = $1").bind(id);
        let row = row.fetch_optional(self.store.pool()).await?.ok_or(StoreError::NotFound("profile"))?;
        read_profile(&row)
    }

    /// Changes names and profile.
    pub async fn change_profile(&self, id: i64, change: &ProfileChange) -> Result<UserRecord, StoreError> {
        let mut tx = self.store.begin().await?;
        sqlx::query(
            "UPDATE users SET first_name = COALESCE($1, first_name), last_name = COALESCE($2, last_name), \
             phone_number = CASE WHEN $3 IS NULL THEN phone_number WHEN $3 = '' THEN NULL ELSE $3 END, updated_at = $4 \
             WHERE id = $5",
        )
        .bind(change.first_name.as_deref())
        .bind(change.last_name.as_deref())
        .bind(change.phone_number.as_deref())
        .bind(now_micros())
        .bind(id)
        .execute(&mut *tx)
        .await?;
        write_profile(&mut tx, id, change).await?;
        if let Some(consent) = change.marketing_consent {
            sqlx::query("UPDATE profiles SET marketing_consent = $1 WHERE user_id = $2")
                .bind(i64::from(consent))
                .bind(id)
                .execute(&mut *tx)
                .await?;
        }
        let user = user_in(&mut tx, id).await?;
        tx.commit().await?;
        Ok(user)
    }
}
