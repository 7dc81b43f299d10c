//! What a hostile or broken client sends: each is refused with a problem that names the place and the reason, changes
//! nothing, tells nothing of the inside, and the server goes on serving.

mod bodies;
mod ground;
mod headers;
mod order;
mod paths;
mod queries;
mod wire;
