# OxiDB's commands. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
export CGO_ENABLED := 0

VENV := .venv
PYTHON := $(VENV)/bin/python
SF ?= 1
ARGS ?=
FUZZTIME ?= 20s
N ?= 10000
SEED ?= 1
PEERS ?= duckdb
ROUNDS ?= 5
MODE ?= storage
WRITER ?= duckdb
TEMPERATURE ?= warm
VARIANT ?= plain

.PHONY: conformance conformance-jdbc help build run test test-go test-modules test-python lint race isolation fuzz bench bench-tpch bench-scaling bench-short bench-txn venv tools clean crash faults corrupt kill metamorphic planted

help: ## list the commands
	@grep -hE '^[a-z -]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

build: ## build bin/oxidb
	@mkdir -p bin
	go build -trimpath -ldflags="-s -w" -o bin/oxidb ./cmd/oxidb

run: build ## load TPC-H 0.1 into ./data, run its 22 queries, serve Flight SQL (ARGS=--no-serve ends after the table)
	bin/oxidb demo --db data $(ARGS)

test: build test-go test-modules test-python ## everything that CI runs

test-go: ## unit, property and SQL tests, layers, examples
	go vet ./...
	go test ./...
	OXIDB_SIMD=off go test ./columnar/simd ./exec/...
	go test -tags purego ./columnar/simd

MODULES := $(filter-out .,$(patsubst ./%/go.mod,%,$(shell find . -mindepth 2 -name go.mod -not -path './.venv/*')))

test-modules: ## the modules with peers: PostgreSQL 15 as the oracle of the SQL files, Go ADBC as a client
	@for module in $(MODULES); do echo "== $$module"; (cd $$module && go vet ./... && go test -count=1 ./...) || exit 1; done

venv: $(VENV)/.ready ## the private Python environment of the client tests

$(VENV)/.ready: python/requirements.txt python/oxidb/pyproject.toml
	python3 -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -r python/requirements.txt
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable python/oxidb
	touch $@

test-python: build venv ## real clients: the oxidb package, ADBC, pandas, polars, pyarrow
	$(PYTHON) -m pytest -q python/tests
	OXIDB_PYTHON=$(abspath $(PYTHON)) go test -count=1 -v -run '^TestPeers$$' ./bench/tpch/compare
	OXIDB_PYTHON=$(abspath $(PYTHON)) go test -count=1 -run '^TestPeersReadSegments$$' ./columnar/segment

conformance: build venv ## every client suite: ADBC's in Go and Python, the oxidb package, JDBC; one line a suite at the end
	$(PYTHON) python/conformance.py

conformance-jdbc: build ## the JDBC driver alone; skipped without Maven
	python3 python/conformance.py jdbc

lint: ## vet, gofmt and golangci-lint
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "run gofmt -w on these files"; exit 1; }
	go vet ./...
	go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.7.2 run ./...

race: ## the race detector over the engine (needs cgo for the detector only)
	CGO_ENABLED=1 go test -race -short ./mvcc/... ./exec/... ./columnar/... ./flight .

isolation: ## random transactions against the isolation checker, both levels (N= transactions, SEED=)
	go run ./sqltest/isolation/run -n $(N) -seed $(SEED)

fuzz: ## a short run of every fuzz target (FUZZTIME=20s each)
	@for pkg in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "== $$pkg $$target"; go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
		done; \
	done

crash faults corrupt: ## storage under crashes, failing I/O, damaged files (N=10000 SEED=1)
	@go run ./mvcc/proof/run -kind $@ -n $(N) -seed $(SEED) $(ARGS)

kill: N := 100
kill: build ## a server killed with SIGKILL under 16 clients, again and again (N=100 kills, SEED=1)
	@go run ./sqltest/kill/run -n $(N) -seed $(SEED) $(ARGS)

metamorphic: N := 20
metamorphic: ## the same random histories under many option sets: equal answers (N=20 histories, SEED=1)
	@go run ./sqltest/metamorphic/run -n $(N) -seed $(SEED) $(ARGS)

planted: N := 30000
planted: ## bugs put into the engine, one at a time: the proofs must find each (N= cycles a proof may take, SEED=1)
	@go run ./sqltest/planted/run -n $(N) -seed $(SEED) $(ARGS)

bench: ## Go benchmarks of kernels and operators
	go test -run '^$$' -bench . -benchtime 200ms ./...

$(VENV)/.ready-bench: $(VENV)/.ready python/requirements-bench.txt
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -r python/requirements-bench.txt
	touch $@

bench-tpch: build $(VENV)/.ready-bench ## OxiDB beside other engines in turns: SF=1 PEERS=duckdb,datafusion,polars,chdb ROUNDS=5 MODE=storage|parquet WRITER=duckdb|oxidb TEMPERATURE=warm|cold VARIANT=plain|renamed
	bin/oxidb bench compare --sf $(SF) --peers $(PEERS) --rounds $(ROUNDS) --mode $(MODE) --writer $(WRITER) --temperature $(TEMPERATURE) \
		--variant $(VARIANT) --seed $(SEED) --python $(PYTHON) --results bench/results $(ARGS)

bench-scaling: build ## the 22 queries with 1 worker and with all, speed-ups, and what is serial with 2 to 96 workers (SF=1 ROUNDS=5)
	bin/oxidb bench scaling --sf $(SF) --rounds $(ROUNDS) --results bench/results $(ARGS)

bench-short: venv ## short statements, in process and over Flight, beside SQLite and DuckDB
	mkdir -p bench-data && cd bench/txn && go build -o $(abspath bench-data)/bench-txn .
	bench-data/bench-txn short --python $(PYTHON) $(ARGS)

bench-txn: venv ## commits beside PostgreSQL 15, SQLite and DuckDB on the same disk, then bulk appends, recovery, point queries
	mkdir -p bench-data && cd bench/txn && go build -o $(abspath bench-data)/bench-txn .
	bench-data/bench-txn commits --python $(PYTHON) --results bench/results $(ARGS)
	bench-data/bench-txn storage

clean: ## remove everything that was built
	rm -rf bin $(VENV)
