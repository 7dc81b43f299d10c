//! New migration files must be embedded again; cargo does not watch folders by itself.
fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
