//! The architecture's arrows: a row here for each crate, and nothing else may appear in its manifest.

use toml::{Table, Value};

use super::tree::{Tree, crate_of};

/// Which of our own crates a crate may be built from. Contexts know the kernel and nobody else; they meet in `steward`.
const MAY_USE: &[(&str, &[&str])] = &[
    ("steward-mqtt", &[]),
    ("chat", &[]),
    ("kernel", &[]),
    ("roster", &["kernel"]),
    ("convene", &[]),
    ("steward", &["chat", "convene", "instance", "kernel", "roster", "steward-mqtt"]),
    ("instance", &["chat", "kernel", "steward-mqtt"]),
    ("mosquitto", &[]),
    ("testkit", &["instance", "kernel", "roster", "steward", "steward-mqtt"]),
    ("bench", &["kernel", "steward", "steward-mqtt"]),
    ("xtask", &[]),
];

/// Crates with one owner: their types appear nowhere else, so that they can be exchanged.
const OWNED: &[(&str, &[&str])] = &[("mqtt5", &["steward-mqtt", "steward"])];

/// Tests of any crate may use the harness, the broker, and the server that plays a language model.
const HARNESS: &[&str] = &["testkit", "chat", "mosquitto"];

pub(crate) fn only_allowed_directions(tree: &Tree) -> Vec<String> {
    manifests(tree).flat_map(|(path, manifest)| arrows(path, &manifest)).collect()
}

/// The lints of the workspace hold everywhere or they hold nowhere.
pub(crate) fn lints_of_the_workspace(tree: &Tree) -> Vec<String> {
    manifests(tree)
        .filter(|(_, manifest)| {
            let lints = manifest.get("lints").and_then(|lints| lints.get("workspace"));
            lints.and_then(Value::as_bool) != Some(true)
        })
        .map(|(path, _)| format!("{path}: add [lints] workspace = true"))
        .collect()
}

fn manifests(tree: &Tree) -> impl Iterator<Item = (&str, Table)> {
    tree.ending("/Cargo.toml")
        .filter(|(path, _)| crate_of(path).is_some())
        .map(|(path, text)| (path, text.parse().unwrap_or_default()))
}

fn arrows(path: &str, manifest: &Table) -> Vec<String> {
    let name = manifest.get("package").and_then(|package| package.get("name"));
    let name = name.and_then(Value::as_str).unwrap_or_default();
    let Some((_, allowed)) = MAY_USE.iter().find(|(of, _)| *of == name) else {
        return vec![format!("{path}: crate {name} has no row in xtask's MAY_USE: add one")];
    };
    let built = used(manifest, &["dependencies", "build-dependencies"])
        .filter(|used| is_ours(used) && !allowed.contains(used));
    let tested = used(manifest, &["dev-dependencies"])
        .filter(|used| is_ours(used) && !allowed.contains(used) && !HARNESS.contains(used));
    let owned = used(manifest, &["dependencies", "dev-dependencies", "build-dependencies"])
        .filter(|used| OWNED.iter().any(|(what, by)| what == used && !by.contains(&name)));
    built
        .chain(tested)
        .chain(owned)
        .map(|used| {
            format!("{path}: {name} may not depend on {used} (ARCHITECTURE.md says who may)")
        })
        .collect()
}

fn is_ours(name: &str) -> bool {
    MAY_USE.iter().any(|(ours, _)| *ours == name)
}

/// The dependencies in these tables, also those of one platform.
fn used<'a>(manifest: &'a Table, tables: &'a [&str]) -> impl Iterator<Item = &'a str> {
    let platforms = manifest.get("target").and_then(Value::as_table);
    let platforms = platforms.into_iter().flat_map(Table::values).filter_map(Value::as_table);
    std::iter::once(manifest)
        .chain(platforms)
        .flat_map(move |from| tables.iter().filter_map(move |table| from.get(*table)?.as_table()))
        .flat_map(Table::keys)
        .map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::{Tree, lints_of_the_workspace, only_allowed_directions};

    fn check(manifest: &str) -> Vec<String> {
        only_allowed_directions(&Tree::of(&[("crates/x/Cargo.toml", manifest)]))
    }

    #[test]
    fn a_context_depends_on_the_kernel_only() {
        assert!(
            check("package.name = 'roster'\n[dependencies]\nkernel = '1'\nserde = '1'").is_empty()
        );
        assert_eq!(check("package.name = 'roster'\n[dependencies]\nsteward = '1'").len(), 1);
        assert_eq!(
            check("package.name = 'roster'\n[dev-dependencies]\nsteward-mqtt = '1'").len(),
            1
        );
    }

    #[test]
    fn the_kernel_knows_no_transport_not_even_on_one_platform() {
        let manifest =
            "package.name = 'kernel'\n[target.'cfg(unix)'.dependencies]\nsteward-mqtt = '1'";
        assert_eq!(check(manifest).len(), 1);
    }

    #[test]
    fn the_harness_is_for_tests() {
        assert!(check("package.name = 'kernel'\n[dev-dependencies]\ntestkit = '1'").is_empty());
        assert_eq!(check("package.name = 'kernel'\n[dependencies]\ntestkit = '1'").len(), 1);
    }

    #[test]
    fn the_transport_crate_has_its_owners() {
        assert_eq!(check("package.name = 'testkit'\n[dependencies]\nmqtt5 = '1'").len(), 1);
        assert!(check("package.name = 'steward'\n[dependencies]\nmqtt5 = '1'").is_empty());
    }

    #[test]
    fn a_new_crate_needs_a_row() {
        assert_eq!(check("package.name = 'surprise'").len(), 1);
    }

    #[test]
    fn every_crate_takes_the_lints() {
        let tree = |text| Tree::of(&[("crates/x/Cargo.toml", text)]);
        assert_eq!(lints_of_the_workspace(&tree("package.name = 'x'")).len(), 1);
        assert!(lints_of_the_workspace(&tree("[lints]\nworkspace = true")).is_empty());
    }
}
