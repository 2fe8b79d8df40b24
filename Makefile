# Each target prints what it runs and stops at the first failure.
#
#   make check          format, vet, lint, tests, generated pages: no server, minutes
#   make test-servers   the tests that talk to real servers (dev/services)
#   make docs           runs the guides: every command in them, as a reader types it
#   make race           the tests under the race detector, which needs a C compiler
#   make emulated       linux/arm64 under qemu and windows/amd64 on Wine (dev/platforms)
#   make readers        what lavoir writes, read by DuckDB, pyarrow, hyparquet, parquet-wasm, Arrow v18
#   make exports        every export under ../shared/data: guess, then run, beside readers that are not ours
#   make privacy-conformance  disclosure control beside the numbers of ARX, pycanon and sdcMicro under ../shared/data
#   make attack         twice two hundred random tables under attack, with what is public and what kill -9 leaves: TABLES
#   make gen            writes the generated pages again
#   make fuzz TIME=10s  fuzzes every target for TIME
#   make bench          lavoir beside its peers (bench/README.md): ROWS, N, WORKS, PEERS
#   make bench-smoke    the same on little data, judging outputs and no times
#   make bench-files    XML, JSON, fixed width, dBase and workbooks beside what a user would take else: MB, N, WORKS
#   make bench-privacy  the privacy path beside DuckDB: ROWS, N, WORKS (bench/README.md)
#   make bench-privacy-smoke  the same on little data, judging outputs and no times
#   make build          the binary for this machine, as it is released

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := check
.PHONY: check format vet lint test examples gen-check docs test-servers race emulated readers exports privacy-conformance attack gen fuzz bench bench-smoke bench-files bench-privacy bench-privacy-smoke build

export CGO_ENABLED := 0
GO   ?= go
TIME ?= 10s
RACE ?= ./pipelines/... ./connectors/... ./transforms/... ./internal/arrowx
FUZZ_PATIENCE ?= 300 # seconds a target, at least twice TIME

# CI installs exactly this version; without it the linter is left out, saying so.
GOLANGCI_LINT_VERSION := v2.15.0
export GOLANGCI_LINT_VERSION

check: format vet lint test examples gen-check docs
	@echo "check: passed"

format:
	@echo "format: gofmt -l"
	@files=$$(git ls-files --cached --others --exclude-standard '*.go' | while read -r f; do [ ! -f "$$f" ] || echo "$$f"; done | xargs gofmt -l); \
	if [ -n "$$files" ]; then echo "not formatted, run gofmt -w:"; echo "$$files"; exit 1; fi

vet:
	$(GO) vet ./...

lint:
	@if command -v golangci-lint >/dev/null; then \
		echo "golangci-lint run"; golangci-lint run --allow-parallel-runners; \
	elif [ "$${LAVOIR_REQUIRE_LINT:-0}" = 1 ]; then \
		echo "lint: golangci-lint is not installed and LAVOIR_REQUIRE_LINT=1"; exit 1; \
	else \
		echo "lint: LEFT OUT, golangci-lint is not installed (go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)); internal/archtest holds the import rules all the same"; \
	fi

test:
	$(GO) test ./...

# Modules of their own are not in ./...
examples:
	@for mod in $$(git ls-files --cached --others --exclude-standard 'examples/**/go.mod'); do \
		dir=$$(dirname "$$mod"); echo "cd $$dir && go test ./..."; (cd "$$dir" && $(GO) vet ./... && $(GO) test ./...); \
	done

gen-check:
	@if $(GO) list ./internal/docgen >/dev/null 2>&1 && [ "$$($(GO) list -f '{{.Name}}' ./internal/docgen)" = main ]; then \
		echo "go run ./internal/docgen -check"; $(GO) run ./internal/docgen -check; \
	else echo "gen-check: nothing is generated yet"; fi

# The guides call lavoir by its name, as an installed command.
docs:
	@bin=$$(mktemp -d); trap 'rm -rf "$$bin"' EXIT; \
	echo "go build -o $$bin/ ./cmd/lavoir && PATH=$$bin:… go run ./internal/doctest docs/guide/…"; \
	$(GO) build -o "$$bin/" ./cmd/lavoir; \
	PATH="$$bin:$$PATH" $(GO) run ./internal/doctest docs/guide/*.md docs/guide/fr/*.md

gen:
	$(GO) run ./internal/docgen

# -count=1: a server is not an input that the test cache knows of.
test-servers:
	dev/services run $(GO) test -count=1 $$($(GO) list ./... | grep -E '/(connectors|pipelines/cli|cmd)(/|$$)')

# Property tests look for wrong values, not for races: a few checks of each will do.
race: export CGO_ENABLED := 1
race: export RAPID_CHECKS := 5
race:
	@cc=$$($(GO) env CC); \
	if command -v "$${cc%% *}" >/dev/null; then \
		echo "go test -race $(RACE)"; $(GO) test -race -vet=off -timeout 20m $(RACE); \
	elif [ "$${LAVOIR_REQUIRE_RACE:-0}" = 1 ]; then \
		echo "race: there is no C compiler ($$cc) and LAVOIR_REQUIRE_RACE=1; Debian calls it gcc"; exit 1; \
	else \
		echo "race: LEFT OUT, there is no C compiler ($$cc)"; \
	fi

emulated:
	dev/platforms/run arm64
	dev/platforms/run wine

readers:
	dev/readers/run

exports:
	dev/exports/run

# What is left out and why is in the lines "left out" and SKIP: without the data, all of it.
privacy-conformance:
	$(GO) test -count=1 -v -run '^TestConformance' ./transforms/internal/disclosure -whole
	$(GO) test -count=1 -v -run '^TestIdentifiers' ./transforms/privacy ./pipelines/expr

TABLES ?= 200
attack:
	@$(GO) test -count=1 -v -timeout 20m -run ^TestAttack ./cmd/lavoir -attack $(TABLES) | grep -v "^=== "

fuzz:
	@GO=$(GO) dev/fuzz $(TIME) $(FUZZ_PATIENCE)

# Empty or not given: bench.py's own defaults.
bench:
	@ROWS='$(ROWS)' N='$(N)' WORKS='$(WORKS)' PEERS='$(PEERS)' python3 bench/bench.py

bench-files:
	@MB='$(MB)' N='$(N)' WORKS='$(WORKS)' python3 bench/files.py

bench-privacy:
	@ROWS='$(ROWS)' N='$(N)' WORKS='$(WORKS)' python3 bench/privacy.py

bench-privacy-smoke:
	@SMOKE=1 ROWS=20000 N=1 WORKS='persons adult scale' python3 bench/privacy.py

bench-smoke:
	@SMOKE=1 ROWS=4000 N=1 WORKS='$(WORKS)' python3 bench/bench.py

build:
	$(GO) build -trimpath -ldflags '-s -w' -o bin/ ./cmd/lavoir
