# The README's two commands need Go and git only. What is here is for working on
# daypass; "make" alone lists it.

FUZZTIME   ?= 5s
BENCH      ?= .
IDENTITIES ?= 10000000
GO         ?= go
tool       := $(GO) tool -modfile=tools/go.mod

.DEFAULT_GOAL := help
.PHONY: help build test race lint fuzz vuln bench bench-guard bench-peers bench-large bench-fleet golden docs hostile faults interop run check

help: ## This list.
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

build: ## Build the binary, ./daypass.
	$(GO) build -trimpath -o daypass ./cmd/daypass

test: ## Run the tests.
	scripts/test ./...

race: ## Run the tests with the race detector (needs a C compiler).
	CGO_ENABLED=1 scripts/test -race ./...

# The import policy is a test (arch_test.go); it is here too because it is quick
# and belongs to what a linter says.
lint: ## gofmt, vet, staticcheck, tidy modules, import policy.
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "gofmt -w wants to change:"; echo "$$unformatted"; exit 1; }
	$(GO) vet ./...
	$(tool) staticcheck ./...
	cd interop && $(GO) vet ./... && $(GO) tool -modfile=../tools/go.mod staticcheck ./...
	scripts/tidy
	$(GO) test -run '^TestImportPolicy$$' .

fuzz: ## Run each fuzz target for FUZZTIME (5s).
	FUZZTIME=$(FUZZTIME) scripts/fuzz

vuln: ## Look for known vulnerabilities in what we call.
	scripts/vuln

bench: ## Run the benchmarks whose names match BENCH (all).
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -timeout 60m ./...

bench-guard: ## Fail when a request has become slower against its ceiling, or allocates more: a minute.
	DAYPASS_BENCH_GUARD=$(if $(RECORD),record,1) DAYPASS_BENCH_ROUND=250ms $(GO) test -count=1 -run '^TestGuard$$' -bench '^BenchmarkGuard$$' ./internal/bench

bench-peers: ## Compare with MinIO (built if need be), with SeaweedFS and moto where they are: minutes.
	DAYPASS_BENCH_PEERS=1 DAYPASS_BENCH_MINIO=$$(scripts/partners minio) DAYPASS_BENCH_SEAWEEDFS=$$(scripts/partners --found seaweedfs || true) \
	DAYPASS_BENCH_MOTO=$${DAYPASS_TEST_PYTHON:-python3} $(GO) test -count=1 -run '^$$' -bench '^BenchmarkPeers$$' -timeout 30m ./internal/bench

bench-large: ## Measure with IDENTITIES (ten million) in the database: ten minutes, 4 GB below TMPDIR.
	DAYPASS_BENCH_LARGE=$(IDENTITIES) $(GO) test -count=1 -run '^$$' -bench '^BenchmarkLarge$$' -timeout 60m ./internal/bench

bench-fleet: ## Measure nodes on a PostgreSQL that it starts, beside the embedded store: minutes.
	DAYPASS_BENCH_FLEET=1 DAYPASS_TEST_REQUIRE=postgres $(GO) test -count=1 -run '^$$' -bench '^BenchmarkFleet$$' -timeout 30m ./internal/bench

golden: ## Renew the golden files; then read the diff.
	@packages=$$(grep -rlE --include='*_test.go' --exclude-dir=interop '"update"|/wiretest"' . | xargs -r -n1 dirname | sort -u); \
	for p in $$packages; do echo "$(GO) test $$p -update"; $(GO) test $$p -update || exit 1; done

docs: ## Write docs/operations.md, docs/causes.md, docs/troubleshooting.md and docs/seed.schema.json from the source.
	$(GO) test . -run '^(TestOperations|TestCauses|TestTroubleshooting|TestSeedSchema)$$' -update

hostile: ## Attack a server that has 256 MiB, in a cgroup: minutes, on all cores.
	DAYPASS_HOSTILE=1 $(GO) test -count=1 -timeout 20m -v ./internal/hostile

faults: ## Harm nodes, PostgreSQL and the network between them, under load: minutes.
	DAYPASS_FAULTS=1 DAYPASS_TEST_REQUIRE=postgres $(GO) test -count=1 -timeout 20m -v ./internal/faults

interop: ## Run the real clients against a real server.
	cd interop && ../scripts/test ./...

run: ## Serve with development settings.
	$(GO) run ./cmd/daypass serve --dev

check: lint test race fuzz vuln ## What to run before a push, but for hostile and interop.
