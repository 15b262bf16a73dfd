# CarbonXchange. Every target builds the release profile of the whole workspace into one folder outside the clone, so
# that RocksDB is compiled once per machine, not once per clone, profile or command. Only test-debug builds something else,
# the core alone.

export CARGO_TARGET_DIR ?= $(HOME)/.cache/carbonxchange/target

.DEFAULT_GOAL := help
.PHONY: help run build test test-debug check bench bench-peers soak crash fuzz openapi

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  Built programs lie in $(CARGO_TARGET_DIR)/release (set CARGO_TARGET_DIR to change that)."

run: build ## Start the exchange in ./data with demonstration accounts (ARGS="--listen 0.0.0.0:9000" adds flags)
	@exec "$(CARGO_TARGET_DIR)/release/carbonxchange" serve --demo $(ARGS)

build: ## Build the server; installs a C++ compiler and libclang where they are missing
	@.ci/need build
	cargo build --release --locked --workspace --bins

# The programs are built with the tests: tests of the running server start the real one.
test: test-debug ## Run all tests, on SQLite and on a PostgreSQL cluster that the tests start themselves
	@.ci/need build
	@.ci/need postgres
	cargo build --release --locked --workspace --bins --tests
	@if cargo nextest --version >/dev/null 2>&1; then \
	    set -x; cargo nextest run --release --locked --workspace --lib --bins --tests --no-fail-fast; \
	else \
	    set -x; cargo test --release --locked --workspace --lib --bins --tests --no-fail-fast; \
	fi

# The same hashes as the optimised build, or one of the two is wrong.
test-debug: ## Run the core without optimisation: the same events and states, nothing overflows, nothing only asserted fails
	cargo test --locked -p cx-engine --test determinism --test lockstep -- golden_hashes every_shape_agrees

check: ## Format and lint, warnings denied
	@.ci/need build
	cargo fmt --all --check
	cargo clippy --release --locked --workspace --all-targets -- -D warnings

bench: ## Run the benchmarks (BENCH="book" runs those whose name contains it)
	@.ci/need build
	cargo bench --locked --workspace --benches -- $(BENCH)
	@echo "The report lies in $(CARGO_TARGET_DIR)/criterion/report/index.html"

soak: ## Run the core and its model in lockstep for long (CX_SOAK_COMMANDS=500000000, CX_SOAK_SEED=1 for other venues)
	@.ci/need build
	cargo run --release --locked -p cx-engine --example soak

# What make test built is used again; the short version of both campaigns is among its tests.
crash: export CX_CRASH_ROUNDS ?= 200
crash: export CX_CRASH_POSTGRES_ROUNDS ?= 20
crash: ## Kill the server under load at every stage, 200 times, and PostgreSQL 20 times (CX_CRASH_ROUNDS, CX_CRASH_POSTGRES_ROUNDS, CX_CRASH_SEED)
	@.ci/need build
	@.ci/need postgres
	cargo build --release --locked --workspace --bins --tests
	cargo test --release --locked --workspace --test crash -- --nocapture --test-threads 1

bench-peers: ## Measure our book beside published ones on five flows (ARGS="--turns 9" for longer)
	cargo run --release --locked --manifest-path benches/peers/Cargo.toml --bin cx-peers -- $(ARGS)

fuzz: ## Fuzz every target for a minute each (SECONDS_EACH=600 for longer); needs no other toolchain
	fuzz/run.sh

openapi: build ## Print the REST contract
	@"$(CARGO_TARGET_DIR)/release/carbonxchange" openapi
