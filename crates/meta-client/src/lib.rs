//! `meta-client`
