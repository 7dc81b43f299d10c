//! steward

pub mod cluster;
pub mod datadir;
