//! The keys that sign tokens: Ed25519, made in the data folder at first start, readable by their owner only.
//!
//! Every key in the folder verifies, the newest signs: to change keys, add a file and take the old one away a week later.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use jsonwebtoken::{DecodingKey, EncodingKey};
use rand::TryRngCore as _;
use sha2::{Digest, Sha256};

/// Hexadecimal digits of a key's name.
const KID_LEN: usize = 16;

/// Why the keys could not be read or made.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file or folder cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others than its owner may read it.
    #[error("{path} may be read by others (mode {mode:o}); allow its owner only: chmod 600")]
    Exposed {
        /// Which.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is not an Ed25519 key in PKCS #8 PEM.
    #[error("{path} is not an Ed25519 key in PKCS #8 PEM: {what}")]
    NotAKey {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The system gave no random bytes.
    #[error("no random bytes: {0}")]
    Random(String),
}

/// One key.
pub(crate) struct Key {
    /// Names it in token headers.
    pub(crate) kid: String,
    pub(crate) signs: EncodingKey,
    pub(crate) verifies: DecodingKey,
}

/// All keys; the last one signs.
pub struct SigningKeys {
    keys: Vec<Key>,
}

impl std::fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| &key.kid)).finish()
    }
}

impl SigningKeys {
    /// Reads the keys in a folder; makes folder and key when there are none.
    pub fn open(folder: &Path) -> Result<Self, KeyError> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(at(folder))?;
        let mut files: Vec<PathBuf> = fs::read_dir(folder)
            .map_err(at(folder))?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()
            .map_err(at(folder))?;
        files.retain(|path| path.extension().is_some_and(|extension| extension == "pem"));
        // Names begin with the time at which the key was made.
        files.sort();
        if files.is_empty() {
            files.push(make(folder)?);
        }
        let keys = files.iter().map(|path| read(path)).collect::<Result<_, _>>()?;
        Ok(Self { keys })
    }

    /// One new key that is kept nowhere: tokens end with the process. For tests.
    pub fn ephemeral() -> Result<Self, KeyError> {
        Ok(Self { keys: vec![key(&random_key()?).map_err(KeyError::Random)?] })
    }

    /// The one that signs.
    pub(crate) fn newest(&self) -> &Key {
        self.keys.last().expect("there is always one")
    }

    /// The one of that name.
    pub(crate) fn find(&self, kid: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.kid == kid)
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> KeyError {
    let path = path.to_owned();
    move |source| KeyError::File { path, source }
}

fn random_key() -> Result<SigningKey, KeyError> {
    let mut seed = [0; 32];
    rand::rngs::OsRng.try_fill_bytes(&mut seed).map_err(|error| KeyError::Random(error.to_string()))?;
    Ok(SigningKey::from_bytes(&seed))
}

fn make(folder: &Path) -> Result<PathBuf, KeyError> {
    let secret = random_key()?;
    let stamp = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
    let path = folder.join(format!("token-{stamp:020}-{}.pem", kid(&secret)));
    let broken = |what: String| KeyError::NotAKey { path: path.clone(), what };
    let pem = secret.to_pkcs8_pem(LineEnding::LF).map_err(|error| broken(error.to_string()))?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(at(&path))?;
    file.write_all(pem.as_bytes()).and_then(|()| file.sync_all()).map_err(at(&path))?;
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))?;
    Ok(path)
}

fn read(path: &Path) -> Result<Key, KeyError> {
    let mode = fs::metadata(path).map_err(at(path))?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyError::Exposed { path: path.to_owned(), mode });
    }
    let broken = |what: String| KeyError::NotAKey { path: path.to_owned(), what };
    let pem = fs::read_to_string(path).map_err(at(path))?;
    let secret = SigningKey::from_pkcs8_pem(&pem).map_err(|error| broken(error.to_string()))?;
    key(&secret).map_err(broken)
}

fn key(secret: &SigningKey) -> Result<Key, String> {
    let der = secret.to_pkcs8_der().map_err(|error| error.to_string())?;
    Ok(Key {
        kid: kid(secret),
        signs: EncodingKey::from_ed_der(der.as_bytes()),
        // The verifier takes the 32 bytes of the point as they are.
        verifies: DecodingKey::from_ed_der(secret.verifying_key().as_bytes()),
    })
}

/// The first digits of the public key's SHA-256.
fn kid(secret: &SigningKey) -> String {
    let mut text = sha256_hex(secret.verifying_key().as_bytes());
    text.truncate(KID_LEN);
    text
}

/// The SHA-256 of some bytes, in hexadecimal.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
        text
    })
}
