//! steward

pub mod broker;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod datadir;
