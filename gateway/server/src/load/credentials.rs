//! The accounts that `--accounts` names: a list, a file of `EMAIL:PASSWORD` lines, or the file in which a demonstration
//! venue keeps its passwords.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};

/// The name of the account in a demonstration's file that is staff.
const STAFF: &str = "ADMIN";

/// An e-mail address and its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// Its e-mail address.
    pub email: String,
    /// Its password.
    pub password: String,
}

/// Who was named.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// Those who trade.
    pub traders: Vec<Login>,
    /// The admin of a demonstration's file.
    pub staff: Option<Login>,
}

/// Reads a list or a file. Files have `EMAIL:PASSWORD` lines (or white space between the two), or pairs of lines
/// `NAME_EMAIL=...` and `NAME_PASSWORD='...'`; `#` begins a comment.
pub fn read(given: &str) -> anyhow::Result<Named> {
    let file = Path::new(given);
    let text = if file.is_file() {
        std::fs::read_to_string(file).with_context(|| format!("cannot read the accounts in {given}"))?
    } else {
        given.replace(',', "\n")
    };
    let mut named = Named::default();
    let mut pairs: BTreeMap<&str, (Option<&str>, Option<&str>)> = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some((key, value)) = line.split_once('=') {
            let value = value.trim_matches('\'');
            if let Some(name) = key.strip_suffix("_EMAIL") {
                pairs.entry(name).or_default().0 = Some(value);
                continue;
            }
            if let Some(name) = key.strip_suffix("_PASSWORD") {
                pairs.entry(name).or_default().1 = Some(value);
                continue;
            }
        }
        let split = line.split_once(|c: char| c == ':' || c.is_whitespace());
        let Some((email, password)) = split.filter(|(email, _)| email.contains('@')) else {
            bail!("--accounts: a line is not EMAIL:PASSWORD, and there is no file {given:?}");
        };
        named.traders.push(login(email, password));
    }
    for (name, pair) in pairs {
        let (Some(email), Some(password)) = pair else { bail!("--accounts: {name} lacks its e-mail or password") };
        match name {
            STAFF => named.staff = Some(login(email, password)),
            _ => named.traders.push(login(email, password)),
        }
    }
    ensure!(!named.traders.is_empty(), "--accounts names nobody who trades");
    Ok(named)
}

fn login(email: &str, password: &str) -> Login {
    Login { email: email.to_owned(), password: password.trim().to_owned() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn pairs(named: &Named) -> Vec<(&str, &str)> {
        named.traders.iter().map(|login| (login.email.as_str(), login.password.as_str())).collect()
    }

    #[test]
    fn accounts_come_from_a_list_or_a_file() {
        let expected = [("a@b.c", "P:1"), ("d@e.f", "Q 2")];
        assert_eq!(pairs(&read("a@b.c:P:1, d@e.f:Q 2").unwrap()), expected);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("accounts");
        std::fs::write(&file, "# who trades\na@b.c:P:1\n\n  d@e.f\tQ 2\n").unwrap();
        assert_eq!(pairs(&read(file.to_str().unwrap()).unwrap()), expected);
        std::fs::write(&file, "# nobody\n").unwrap();
        assert!(read(file.to_str().unwrap()).is_err());
    }

    #[test]
    fn a_demonstrations_file_names_traders_and_staff() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("demo-accounts.txt");
        let text = "# play\nADMIN_EMAIL=a@demo.example\nADMIN_PASSWORD='x=1'\nMAKER_EMAIL=m@demo.example\nMAKER_PASSWORD='y'\n";
        std::fs::write(&file, text).unwrap();
        let named = read(file.to_str().unwrap()).unwrap();
        assert_eq!(pairs(&named), [("m@demo.example", "y")]);
        assert_eq!(named.staff.unwrap().password, "x=1");
        std::fs::write(&file, "MAKER_EMAIL=m@demo.example\n").unwrap();
        assert!(read(file.to_str().unwrap()).is_err(), "a password is missing");
    }

    #[test]
    fn what_is_neither_is_refused_without_telling_the_password() {
        let error = read("no-such-file").err().unwrap().to_string();
        assert!(error.contains("no-such-file"), "{error}");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("accounts");
        std::fs::write(&file, "nobody:secret\n").unwrap();
        let error = read(file.to_str().unwrap()).err().unwrap().to_string();
        assert!(!error.contains("secret"), "{error}");
    }
}
