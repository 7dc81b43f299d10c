//! What this context needs to know of its server.

use kernel::Kernel;

/// What the configuration says. The kernel carries it to commands.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Where executors reach this server, without a slash at its end.
    pub public_url: String,
}

impl Settings {
    /// The settings of a server.
    pub(crate) fn of(kernel: &Kernel) -> Self {
        kernel.extensions.get().cloned().unwrap_or_default()
    }
}
