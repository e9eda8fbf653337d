//! Exit codes, so that scripts can tell what happened.

use std::process::ExitCode;

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything was done.
    Done,
    /// The program or its database failed.
    Fault,
    /// What was typed or given is wrong.
    BadInput,
    /// There is a result, but some of it could not be done.
    Gaps,
    /// No page could be read.
    NothingReadable,
    /// Stopped by the user; running again goes on.
    Stopped,
}

impl Exit {
    /// Prints an error with its causes and ends with this code.
    pub fn with(self, error: &anyhow::Error) -> ExitCode {
        eprintln!("sovcheck: {}", crate::chain(error.as_ref()));
        self.into()
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Fault => 1,
            Exit::BadInput => 2,
            Exit::Gaps => 3,
            Exit::NothingReadable => 4,
            Exit::Stopped => 130,
        })
    }
}
