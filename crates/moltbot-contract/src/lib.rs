//! `moltbot-contract`
