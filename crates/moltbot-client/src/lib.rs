//! `moltbot-client`
