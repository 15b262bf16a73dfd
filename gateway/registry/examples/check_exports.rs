//! Reads registry exports and prints, per file, what they hold and which rows are refused and why.
//!
//! `cargo run --release -p cx-registry --example check_exports -- FILE...`

use std::fs::File;
use std::time::Instant;

use cx_registry::import::Export;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut refused = 0;
    for path in std::env::args().skip(1) {
        let bytes = std::fs::metadata(&path)?.len();
        let start = Instant::now();
        let export = Export::read(&path, File::open(&path)?)?;
        let rows = export.accepted + export.refused;
        let micros = u64::try_from(start.elapsed().as_micros())?.max(1);
        println!(
            "{path}: {}, {} rows good, {} refused; {} projects, {} issuances, {} blocks; {} rows/s, {} MB/s",
            export.format.name(),
            export.accepted,
            export.refused,
            export.projects.len(),
            export.issuances.len(),
            export.blocks.len(),
            rows * 1_000_000 / micros,
            bytes / micros,
        );
        for refusal in &export.refusals {
            println!("  {refusal}");
        }
        refused += export.refused;
    }
    if refused > 0 { Err(format!("{refused} rows are refused").into()) } else { Ok(()) }
}
