//! Exit codes of the three programmes.

/// It did what was asked.
pub const DONE: u8 = 0;

/// Anything that is neither success nor [`USAGE`]: the database is unreachable, the port is in use.
pub const FAILED: u8 = 1;

/// Missing, blank or malformed configuration, or wrong use of the command line. Repeating it without a
/// change of configuration cannot help.
pub const USAGE: u8 = 2;
