//! Migrations are compiled into the crate: a new file must cause a new build.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
