//! The dialler on real databases against a scripted Meta and a scripted voice gateway.

mod ends;
mod fixture;
mod media;
mod outcomes;
mod restarts;
mod rules;
mod webhooks;
mod world;
