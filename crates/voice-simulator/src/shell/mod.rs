//! The HTTP shell around the core: the protocol, the control surface, the handle.

mod connection;
mod control;
mod handle;
mod routes;
mod server;
mod shared;

pub use handle::Handle;
pub use server::VoiceSimulator;

#[cfg(test)]
mod tests;
