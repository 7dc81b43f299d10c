//! Documents that are made from the code, or counted.

use std::path::Path;

#[test]
fn the_configuration_page_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/CONFIGURATION.md");
    let made = steward_mqtt::MqttConfig::documentation();
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    if kept != made {
        std::fs::write(&path, &made).unwrap();
        panic!("{} was not current and is written anew: commit it", path.display());
    }
}
