//! `http-api`
