//! How the program ends: one table of exit codes, so that scripts can tell a typo from a damaged disk.

use std::fmt;
use std::process::ExitCode;

/// Why a command failed, as the process reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Code {
    /// A check found something wrong (`verify`), or a request to the exchange was refused.
    CheckFailed = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// The data folder cannot be read or written, is in use, or is damaged.
    DataFolder = 3,
    /// The address to listen on is taken or not ours.
    Listen = 4,
    /// The relational database cannot be reached or refuses us.
    Database = 5,
    /// The input file is wrong; nothing of it was taken.
    Input = 65,
    /// Anything else.
    Internal = 70,
}

/// The codes, for `--help`.
pub const TABLE: &str = "\
Exit codes:
   0  done
   1  a check found something wrong
   2  wrong command line or configuration
   3  data folder unreadable, in use or damaged
   4  cannot listen on the address
   5  the relational database cannot be used
  65  wrong input file; nothing of it was taken
  70  internal error";

/// A failed command: the code and what to tell the person.
#[derive(Debug)]
pub struct Failure {
    code: Code,
    error: anyhow::Error,
}

impl Failure {
    /// A failure with its code.
    pub fn new(code: Code, error: impl Into<anyhow::Error>) -> Self {
        Self { code, error: error.into() }
    }

    /// A failure that is told in words.
    pub fn message(code: Code, message: impl fmt::Display) -> Self {
        Self { code, error: anyhow::anyhow!("{message}") }
    }

    /// Prints the failure on stderr with its causes, and gives the exit code.
    pub fn report(&self) -> ExitCode {
        eprintln!("carbonxchange: {:#}", self.error);
        ExitCode::from(self.code as u8)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.error)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self { code: Code::Internal, error }
    }
}

/// Gives an error its exit code and a sentence of context.
pub trait OrExit<T> {
    /// On error: this code, and this context before the cause.
    fn or_exit(self, code: Code, context: impl fmt::Display) -> Result<T, Failure>;
}

impl<T, E: Into<anyhow::Error>> OrExit<T> for Result<T, E> {
    fn or_exit(self, code: Code, context: impl fmt::Display) -> Result<T, Failure> {
        self.map_err(|error| Failure { code, error: error.into().context(context.to_string()) })
    }
}
