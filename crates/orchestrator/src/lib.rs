//! `orchestrator`
