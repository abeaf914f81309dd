//! The HTTP shell around the core: Graph endpoints, the control surface, the webhook sender, the handle.

mod alarm;
mod connection;
mod control;
mod graph;
mod handle;
mod poster;
mod server;
mod shared;

pub use handle::Handle;
pub use server::MetaSimulator;

#[cfg(test)]
mod tests;
