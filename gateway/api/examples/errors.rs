//! Prints the page of errors: `cargo run --release -p cx-api --example errors > docs/errors.md`.

fn main() {
    print!("{}", cx_api::problem::errors_page());
}
