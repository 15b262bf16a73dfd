//! Addresses behind proxies, slashes.
#![allow(clippy::unwrap_used)]

use std::net::{IpAddr, SocketAddr};

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};

use super::*;

fn client(peer: &str, forwarded: &[&str], trusted: &[&str]) -> client::ClientAddress {
    let mut extensions = Extensions::new();
    extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
    let mut headers = HeaderMap::new();
    for line in forwarded {
        headers.append("x-forwarded-for", line.parse().unwrap());
    }
    let trusted: Vec<IpAddr> = trusted.iter().map(|text| text.parse().unwrap()).collect();
    client::address(&extensions, &headers, &trusted)
}

#[test]
fn only_trusted_proxies_speak_for_others() {
    for (peer, forwarded, trusted, expected) in [
        ("198.51.100.7", &[][..], &[][..], "198.51.100.7"),
        ("198.51.100.7", &["203.0.113.1"], &[], "198.51.100.7"),
        ("10.0.0.1", &["203.0.113.1"], &["10.0.0.1"], "203.0.113.1"),
        ("10.0.0.1", &["1.1.1.1, 203.0.113.1"], &["10.0.0.1"], "203.0.113.1"),
        ("10.0.0.1", &["1.1.1.1", "203.0.113.1, 10.0.0.2"], &["10.0.0.1", "10.0.0.2"], "203.0.113.1"),
        ("10.0.0.1", &["nonsense"], &["10.0.0.1"], "10.0.0.1"),
        ("10.0.0.1", &[], &["10.0.0.1"], "10.0.0.1"),
        ("::ffff:198.51.100.7", &[], &[], "198.51.100.7"),
    ] {
        assert_eq!(client(peer, forwarded, trusted).0, expected.parse::<IpAddr>().unwrap(), "{peer} {forwarded:?}");
    }
    let network = client("2001:db8:1:2:3:4:5:6", &[], &[]).network();
    assert_eq!(network, "2001:db8:1:2::".parse::<IpAddr>().unwrap());
}

#[test]
fn slashes_at_the_end_are_trimmed_under_api_only() {
    for (uri, expected) in [
        ("/api/users/", "/api/users"),
        ("/api/users//", "/api/users"),
        ("/api/users/?page=2", "/api/users?page=2"),
        ("/api/users", "/api/users"),
        ("/docs/", "/docs/"),
        ("/", "/"),
    ] {
        let request = Request::builder().uri(uri).body(Body::empty()).unwrap();
        assert_eq!(trim_slash(request).uri(), expected, "{uri}");
    }
}
