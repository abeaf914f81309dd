//! End-to-end tests on the real programs: see `tests/`, and `tests/support` for what they share.
