//! Why a command did not do what was asked, in one message and one exit code.

use std::io::{self, Write};

use store::StoreError;
use tools::ToolError;

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// It cannot be done, or not in full; the text says why and what to do.
    #[error("{0}")]
    Refused(String),
    /// The configuration has faults, or the database does not open.
    #[error(transparent)]
    Startup(#[from] startup::Failure),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The audit or another part beneath.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// What was found is on standard output already; only the exit code is left to say.
    #[error("not accepted")]
    Shown,
    /// Standard output does not take what is printed.
    #[error("cannot write to standard output")]
    Output(#[from] io::Error),
}

impl Failure {
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::Refused(message.into())
    }

    /// The documented exit code.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Startup(failure) => failure.exit_code(),
            // The reader had enough, `… | head` for example.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => settings::exit::DONE,
            _ => settings::exit::FAILED,
        }
    }

    /// Says it, causes included, on one line unless the message itself has more.
    pub(crate) fn report(&self, to: &mut dyn Write) {
        if matches!(self, Self::Shown) || self.exit_code() == settings::exit::DONE {
            return;
        }
        // There is nowhere left to complain.
        let _ = writeln!(to, "concierge-admin: {}", startup::with_causes(self));
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Output(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(failure: &Failure) -> String {
        let mut text = Vec::new();
        failure.report(&mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn exit_codes_are_the_documented_ones() {
        let wrong_use = startup::Failure::Usage("x".to_owned());
        let unreachable = StoreError::Unreachable { target: "db".to_owned(), reason: "refused".to_owned() };
        for (failure, code) in [
            (Failure::refused("no"), 1),
            (Failure::Shown, 1),
            (Failure::from(wrong_use), 2),
            (Failure::from(unreachable), 1),
            (Failure::Output(io::ErrorKind::BrokenPipe.into()), 0),
            (Failure::Output(io::ErrorKind::StorageFull.into()), 1),
        ] {
            assert_eq!(failure.exit_code(), code, "{failure}");
        }
    }

    #[test]
    fn causes_are_said_and_a_closed_pipe_is_not() {
        let failure = Failure::Output(io::Error::new(io::ErrorKind::StorageFull, "no space"));
        assert_eq!(said(&failure), "concierge-admin: cannot write to standard output: no space\n");
        assert_eq!(said(&Failure::Output(io::ErrorKind::BrokenPipe.into())), "");
        assert_eq!(said(&Failure::Shown), "");
    }
}
