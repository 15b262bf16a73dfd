//! Layers, refusals and masking of settings.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::io::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use secrecy::ExposeSecret as _;

use super::{Durability, load};

fn environment(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

#[test]
fn later_layers_win() {
    let file = file("listen = \"127.0.0.1:1\"\ndurability = \"os\"\nlogin_per_minute = 7\n");
    let env = environment(&[("CX_LISTEN", "127.0.0.1:2"), ("CX_DURABILITY", "interval:5"), ("PATH", "/bin")]);
    let settings = load(Some(file.path()), &env, &[("listen", "127.0.0.1:3".into())]).unwrap();
    assert_eq!(settings.listen, "127.0.0.1:3", "flag over environment");
    assert_eq!(settings.durability, Durability::Interval(Duration::from_millis(5)), "environment over file");
    assert_eq!(settings.login_per_minute.get(), 7, "file over default");
    assert_eq!(settings.market_per_minute.get(), 1_000, "default");
}

#[test]
fn environment_values_keep_their_text() {
    let env = environment(&[
        ("CX_ADMIN_EMAIL", "a@example.org"),
        ("CX_ADMIN_PASSWORD", "0012"),
        ("CX_RATE_LIMITS", "off"),
        ("CX_CORS_ORIGINS", "https://a.example, https://b.example"),
        ("CX_TRUSTED_PROXIES", "10.0.0.1,::1"),
        ("CX_FOUR_EYES_ABOVE", "10000.50"),
        ("DATABASE_URL", "postgres://cx:pw@db/cx"),
        ("CX_TEST_POSTGRES", "off"),
    ]);
    let settings = load(None, &env, &[]).unwrap();
    assert_eq!(settings.admin_password.unwrap().expose_secret(), "0012");
    assert!(!settings.rate_limits);
    assert_eq!(settings.cors_origins, ["https://a.example", "https://b.example"]);
    assert_eq!(settings.trusted_proxies, ["10.0.0.1".parse::<IpAddr>().unwrap(), "::1".parse().unwrap()]);
    assert_eq!(settings.four_eyes_above.unwrap().to_string(), "10000.50");
    assert_eq!(settings.database_url.unwrap().expose_secret(), "postgres://cx:pw@db/cx");
}

#[test]
fn what_is_not_understood_is_refused_by_name() {
    let refused = |text: &str| load(Some(file(text).path()), &HashMap::new(), &[]).unwrap_err().to_string();
    for (text, names) in [
        ("durabilty = \"os\"", "durabilty"),
        ("durability = \"sometimes\"", "sometimes"),
        ("durability = \"interval:0\"", "interval:0"),
        ("listen = \"nowhere\"", "nowhere"),
        ("shutdown_seconds = -1", "shutdown_seconds"),
        ("rate_limits = \"maybe\"", "maybe"),
        ("login_per_minute = 0", "login_per_minute"),
        ("trusted_proxies = [\"nonsense\"]", "nonsense"),
        ("four_eyes_above = \"-1\"", "four_eyes_above"),
        ("admin_email = \"a@example.org\"", "admin_password"),
        ("production = true\ndemo = true", "production"),
        ("failpoint = \"nowhere:1\"", "snapshot-half"),
        ("production = true\nfailpoint = \"written:1\"", "failpoint"),
        ("snapshot_seconds = 0", "snapshot_seconds"),
        ("cors_origins = [\"*\"]", "cors_origins"),
        ("listen = ", "line 1"),
    ] {
        let message = refused(text);
        assert!(message.contains(names), "{text}: {message}");
    }
    let message = load(None, &environment(&[("CX_DURABILTY", "os")]), &[]).unwrap_err().to_string();
    assert!(message.contains("durabilty"), "{message}");
    let message = load(Some("/nonexistent/cx.toml".as_ref()), &HashMap::new(), &[]).unwrap_err().to_string();
    assert!(message.contains("/nonexistent/cx.toml"), "{message}");
}

#[test]
fn printed_settings_hide_secrets_and_read_back() {
    let env = environment(&[
        ("CX_ADMIN_EMAIL", "a@example.org"),
        ("CX_ADMIN_PASSWORD", "Sup3r!secret"),
        ("DATABASE_URL", "postgres://cx:hunter2@db:5432/cx"),
        ("CX_DATA", "/tmp/with \"quotes\""),
    ]);
    let printed = load(None, &env, &[]).unwrap().to_string();
    assert!(!printed.contains("Sup3r!secret") && !printed.contains("hunter2"), "{printed}");
    assert!(printed.contains("postgres://cx:********@db:5432/cx"), "{printed}");
    let again = load(Some(file(&printed).path()), &HashMap::new(), &[]).unwrap();
    assert_eq!(again.to_string(), printed);
}
