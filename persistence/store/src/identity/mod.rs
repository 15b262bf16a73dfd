//! Repositories of users, sessions and KYC.
