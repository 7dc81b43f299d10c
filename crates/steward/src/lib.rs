//! steward

pub mod broker;
pub mod cluster;
pub mod datadir;
