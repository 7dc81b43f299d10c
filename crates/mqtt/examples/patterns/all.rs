//! The list of them.

use std::future::Future;
use std::pin::Pin;

use steward_mqtt::MqttConfig;

type Run = fn(MqttConfig) -> Pin<Box<dyn Future<Output = anyhow::Result<()>>>>;

macro_rules! patterns {
    ($($name:ident),* $(,)?) => {
        $(mod $name;)*
        /// Name and code of each.
        pub(crate) const PATTERNS: &[(&str, Run)] = &[$((stringify!($name), |config| Box::pin($name::run(config)))),*];
    };
}

patterns!(
    publish,
    subscribe,
    wildcards,
    request_response,
    stream,
    health,
    heartbeat,
    correlation,
    batching,
    raw_bytes,
    composition,
    middleware,
    underlying,
);
