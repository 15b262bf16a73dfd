#!/usr/bin/env bash
# Fuzzes each target for SECONDS_EACH seconds (60), or only those named as arguments. Works with the stable toolchain:
# the coverage flags are those that cargo-fuzz sets; there is no sanitizer, for the code under test has no unsafe.
# A finding lies in fuzz/artifacts/<target>/ afterwards; run the target's program on that file to see it again.
# With MERGE=1 the corpus that was found is kept, reduced, in fuzz/corpus/<target>/.
set -euo pipefail
cd "$(dirname "$0")"

export CARGO_TARGET_DIR="${CX_FUZZ_TARGET_DIR:-${CARGO_TARGET_DIR:-$HOME/.cache/carbonxchange/target}/fuzz}"
seconds="${SECONDS_EACH:-60}"
triple="$(rustc -vV | sed -n 's/^host: //p')"
coverage=(
    --cfg fuzzing -Cpasses=sancov-module -Ccodegen-units=1
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares
    -Cllvm-args=-simplifycfg-branch-fold-threshold=0
)

# With --target the flags stay away from build scripts.
RUSTFLAGS="${coverage[*]}" cargo build --release --locked --target "$triple"

targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(command_codec event_codec snapshot command_stream)
for target in "${targets[@]}"; do
    echo "==> $target, $seconds s"
    found="$CARGO_TARGET_DIR/corpus/$target"
    mkdir -p "$found" "artifacts/$target" "corpus/$target"
    program="$CARGO_TARGET_DIR/$triple/release/$target"
    "$program" -max_total_time="$seconds" -rss_limit_mb=4096 -timeout=20 -print_final_stats=1 \
        -artifact_prefix="artifacts/$target/" "$found" "corpus/$target"
    if [ "${MERGE:-0}" = 1 ]; then
        "$program" -merge=1 "corpus/$target" "$found"
    fi
done
rmdir artifacts/* artifacts 2>/dev/null || true
