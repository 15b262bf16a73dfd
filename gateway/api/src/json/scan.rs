//! What `serde_json` lets pass: keys that come twice in one object, and deep nesting (it stops at 128). Syntax is left to
//! `serde_json`, which reads the same bytes next.

use std::collections::HashSet;

use crate::problem::{Code, Problem};

/// How deep objects and arrays may be nested.
pub const DEPTH_MAX: usize = 32;

/// Why a body was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Nested deeper than [`DEPTH_MAX`].
    TooDeep,
    /// This key came twice.
    DuplicateKey(String),
    /// A string that does not end, or is not a JSON string.
    Malformed,
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::TooDeep => {
                Self::new(Code::TooDeep).detail(format!("The body is nested deeper than {DEPTH_MAX} levels."))
            }
            Refusal::DuplicateKey(key) => Self::new(Code::DuplicateKey).field(&key, format!("{key} is there twice")),
            Refusal::Malformed => Self::new(Code::MalformedJson),
        }
    }
}

/// An object or array that has not ended yet.
enum Open {
    Array,
    Object(HashSet<String>),
}

/// Walks the tokens once. Text that is not JSON may pass: it fails right after.
pub(super) fn check(bytes: &[u8]) -> Result<(), Refusal> {
    let mut open: Vec<Open> = Vec::new();
    // Whether the next string of the innermost object is a key.
    let mut key_next = false;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' => {
                if open.len() == DEPTH_MAX {
                    return Err(Refusal::TooDeep);
                }
                key_next = byte == b'{';
                open.push(if key_next { Open::Object(HashSet::new()) } else { Open::Array });
            }
            b'}' | b']' => {
                open.pop();
                key_next = false;
            }
            b',' => key_next = matches!(open.last(), Some(Open::Object(_))),
            b'"' => {
                let end = string_end(bytes, at).ok_or(Refusal::Malformed)?;
                if key_next && let Some(Open::Object(keys)) = open.last_mut() {
                    let key: String = serde_json::from_slice(&bytes[at..end]).map_err(|_| Refusal::Malformed)?;
                    // serde_json's own mark for exact numbers must not come from outside.
                    if key.starts_with("$serde_json::") {
                        return Err(Refusal::Malformed);
                    }
                    if let Some(twice) = keys.replace(key) {
                        return Err(Refusal::DuplicateKey(twice));
                    }
                    key_next = false;
                }
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// The place after the closing quote of the string that starts at `start`.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}
