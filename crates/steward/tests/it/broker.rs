//! The embedded broker as its clients meet it: who gets in, who reads and writes what, who takes over whom.

mod access;
mod acl;
mod desk;
mod external;
mod files;
mod link;
mod sign_in;
mod takeover;
