//! What people may type: addresses, passwords, names.

use crate::error::Fault;

/// Longest password, in bytes: hashing is bounded work.
pub const PASSWORD_BYTES_MAX: usize = 256;
/// Shortest password, in characters.
pub const PASSWORD_CHARS_MIN: usize = 8;
const EMAIL_BYTES_MAX: usize = 254;
const LOCAL_BYTES_MAX: usize = 64;
const NAME_CHARS_MAX: usize = 100;

/// The address as it is stored and compared: trimmed, in lower case. ASCII only, with a dot in the domain.
pub fn normalise_email(text: &str) -> Result<String, Fault> {
    let email = text.trim().to_ascii_lowercase();
    if is_email(&email) { Ok(email) } else { Err(Fault::new("email", "email must be an e-mail address")) }
}

fn is_email(email: &str) -> bool {
    let Some((local, domain)) = email.rsplit_once('@') else { return false };
    let local_char = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&byte);
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    email.len() <= EMAIL_BYTES_MAX
        && !local.is_empty()
        && local.len() <= LOCAL_BYTES_MAX
        && local.bytes().all(local_char)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && domain.contains('.')
        && domain.split('.').all(label)
}

/// Which rules a password misses: 8 characters or more, with upper case, lower case, digit and symbol.
pub fn password_faults(field: &'static str, password: &str) -> Vec<Fault> {
    let has = |test: fn(char) -> bool| password.chars().any(test);
    let rules = [
        (password.chars().count() >= PASSWORD_CHARS_MIN, "must have at least 8 characters"),
        (password.len() <= PASSWORD_BYTES_MAX, "must have at most 256 bytes"),
        (has(char::is_uppercase), "must have an upper-case letter"),
        (has(char::is_lowercase), "must have a lower-case letter"),
        (has(|c| c.is_ascii_digit()), "must have a digit"),
        (has(|c| !c.is_alphanumeric() && !c.is_control()), "must have a symbol"),
    ];
    rules.iter().filter(|(kept, _)| !kept).map(|(_, rule)| Fault::new(field, format!("{field} {rule}"))).collect()
}

/// A name of a person or company, trimmed.
pub fn name(field: &'static str, text: &str) -> Result<String, Fault> {
    let name = text.trim();
    if name.is_empty() {
        return Err(Fault::new(field, format!("{field} must not be empty")));
    }
    free_text(field, name, NAME_CHARS_MAX)
}

/// Free text, trimmed; may be empty. No control characters, so that it is harmless in logs and mails.
pub fn free_text(field: &'static str, text: &str, chars_max: usize) -> Result<String, Fault> {
    let text = text.trim();
    if text.chars().count() > chars_max {
        return Err(Fault::new(field, format!("{field} must have at most {chars_max} characters")));
    }
    if text.chars().any(char::is_control) {
        return Err(Fault::new(field, format!("{field} must not have control characters")));
    }
    Ok(text.to_owned())
}

/// A telephone number as people write them; may be empty.
pub fn phone(field: &'static str, text: &str) -> Result<String, Fault> {
    let text = text.trim();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let shape = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-(). /".contains(&byte));
    if text.is_empty() || (shape && (4..=20).contains(&digits) && text.len() <= 32) {
        Ok(text.to_owned())
    } else {
        Err(Fault::new(field, format!("{field} must be a telephone number")))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn addresses_are_normalised_or_refused() {
        for (text, expected) in [
            (" Ada@Example.ORG ", Some("ada@example.org")),
            ("a.b+c@sub.example.co", Some("a.b+c@sub.example.co")),
            ("", None),
            ("ada", None),
            ("ada@", None),
            ("@example.org", None),
            ("ada@localhost", None),
            ("ada@example..org", None),
            ("ada@-example.org", None),
            (".ada@example.org", None),
            ("a..b@example.org", None),
            ("ada lovelace@example.org", None),
            ("ada@example.org\n", Some("ada@example.org")),
            ("a\u{e4}a@example.org", None),
            ("a@b@example.org", None),
            ("<script>@example.org", None),
        ] {
            assert_eq!(normalise_email(text).ok().as_deref(), expected, "{text:?}");
        }
        assert!(normalise_email(&format!("{}@example.org", "a".repeat(65))).is_err());
        assert!(normalise_email(&format!("a@{}.org", "a.".repeat(130))).is_err());
    }

    #[test]
    fn each_password_rule_is_named() {
        for (password, faults) in [
            ("Str0ng!pass", 0),
            ("Sh0rt!", 1),
            ("alllower1!", 1),
            ("ALLUPPER1!", 1),
            ("NoDigits!!", 1),
            ("NoSymbol11", 1),
            ("", 5),
            ("        ", 3),
            ("P\u{e4}ssw\u{f6}rt 1", 0),
        ] {
            assert_eq!(password_faults("password", password).len(), faults, "{password:?}");
        }
        assert_eq!(password_faults("password", &format!("Aa1!{}", "x".repeat(253))).len(), 1);
    }

    #[test]
    fn telephone_numbers_have_digits() {
        for (text, good) in
            [("", true), ("+49 (30) 123-456", true), ("12", false), ("call me", false), ("+1;drop", false)]
        {
            assert_eq!(phone("phone_number", text).is_ok(), good, "{text:?}");
        }
    }
}
