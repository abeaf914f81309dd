//! What Moltbot is told, the same for every question. What is particular to a request is in the pack.

/// The task. Advice, not a boundary: the boundary is that Moltbot has no tools and that we validate.
pub const PROMPT: &str = include_str!("prompt.txt");
