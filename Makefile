# Holdfast. `make` lists what there is; README.md says the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo development)
LDFLAGS := -s -w -X holdfast/pkg/version.Version=$(VERSION)
BIN     := build/bin
export CGO_ENABLED = 0
# With two cores, two test binaries at once; the tests that start processes take their own ports.
TESTFLAGS ?=
# Added to every port of the demo, where the usual ones are taken.
SHIFT ?= 0

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):[^#]*## (.*)/  make \1|\2/' | column -t -s '|'

.PHONY: build
build: ui ## build all programs into build/bin, the web UI in the Director
	@mkdir -p $(BIN)
	@echo "building into $(BIN)"
	@go build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/ ./director/cmd/... ./transporter/cmd/... ./test/graphsim/cmd/...

# The web UI is embedded in the Director: built anew when a source of it changed. What is built with Node is not committed.
WEB := director/web
WEBSOURCES := $(shell find $(WEB)/src $(WEB)/public -type f 2>/dev/null) $(WEB)/index.html $(WEB)/vite.config.ts $(WEB)/tsconfig.json

.PHONY: ui
ui: $(WEB)/dist/app/index.html ## build the web UI (Node and npm)

$(WEB)/node_modules/.installed: $(WEB)/package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: install Node 20.19 or newer to build the web UI"; exit 1; }
	@cmp -s $(WEB)/package-lock.json $@ || { echo "installing the npm packages of the web UI"; \
		cd $(WEB) && npm ci --no-audit --no-fund --loglevel=error; }
	@cp $(WEB)/package-lock.json $@

$(WEB)/dist/app/index.html: $(WEB)/node_modules/.installed $(WEBSOURCES)
	@echo "building the web UI"
	@cd $(WEB) && npm run --silent check && npm run --silent build -- --logLevel warn

.PHONY: ui-dev
ui-dev: $(WEB)/node_modules/.installed ## serve the web UI with hot reload, against a running demo (HOLDFAST_DIRECTOR=https://HOST:4443)
	@cd $(WEB) && npx vite

.PHONY: test
test: readers ui ## run all tests, those in the browser too
	@go vet ./...
	@go test $(TESTFLAGS) ./...
	@cd $(WEB) && npm test --silent -- --project code
	@$(MAKE) browser

# Two pages at once are clicked through; TRACE=1 keeps what Playwright records of a test that fails.
.PHONY: browser
browser: build ## click through the web UI with Chromium (PAGES=jobs picks tests; pictures go to build/screens)
	@if [ -z "$${CHROMIUM:-}" ] && ! command -v chromium >/dev/null && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "installing chromium (Debian package): the web UI is tested with it"; \
		apt-get install -y -qq --no-install-recommends chromium >/dev/null 2>&1 || \
			{ apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; } || true; \
	fi
	@if [ -n "$${CHROMIUM:-}" ] || command -v chromium >/dev/null; then \
		cd $(WEB) && CHROMIUM="$${CHROMIUM:-$$(command -v chromium)}" npm test --silent -- --project browser $(PAGES); \
	else \
		echo "chromium is not there and cannot be installed without root and apt-get: the tests in the browser are skipped"; \
	fi

# Programs that are not ours, which open what was exported and receive what is sent. Without them their tests are skipped, saying so.
.PHONY: readers
readers:
	@for p in python3 mutt; do \
		command -v $$p >/dev/null && continue; \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "installing $$p (Debian package): tests open exports with it"; \
			apt-get install -y -qq --no-install-recommends $$p >/dev/null 2>&1 || { apt-get update -qq && apt-get install -y -qq --no-install-recommends $$p >/dev/null; } || \
				echo "$$p could not be installed: the tests that open exports with it are skipped"; \
		else \
			echo "$$p is not there and cannot be installed without root and apt-get: the tests that open exports with it are skipped"; \
		fi; \
	done
	@/usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "installing python3-aiosmtpd (Debian package): tests send mail to it"; \
			apt-get install -y -qq --no-install-recommends python3-aiosmtpd >/dev/null 2>&1 || { apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-aiosmtpd >/dev/null; } || \
				echo "python3-aiosmtpd could not be installed: the tests that send mail to it are skipped"; \
		else \
			echo "python3-aiosmtpd is not there and cannot be installed without root and apt-get: the tests that send mail to it are skipped"; \
		fi; \
	}

.PHONY: quick
quick: ## build, vet, and the rules of the tree
	@go build ./...
	@go vet ./...
	@go test ./test/arch

.PHONY: race
race: ## run the race detector where it does not compile the Graph SDK again
	@CGO_ENABLED=1 go test -race $$(go list ./... | grep -vE '^holdfast/(transporter|transporter/cmd/.*|transporter/internal/(graph|task|control)|test/e2e)$$')

.PHONY: windows
windows: ## prove that everything builds for Windows
	@for p in ./director/cmd/holdfast ./director/cmd/holdfast-director ./transporter/cmd/holdfast-transporter; do \
		GOOS=windows go build -o /dev/null $$p; done

.PHONY: e2e
e2e: ## run the tests that start real processes
	@go test -count=1 -v ./test/e2e

.PHONY: crash
crash: ## kill, cut, fill and damage repositories at random, many times over (ROUNDS=n; BITS=0 flips every bit, PART=i/n of them)
	@go test -count=1 -v -timeout 60m -run 'Crash|Fault|RealDisks' ./transporter/internal/repository -args -repository.crashes=$(or $(ROUNDS),1000) -repository.every=1 -repository.faults=$(or $(ROUNDS),300)
	@go test -count=1 -v -timeout 5h -run 'Flipped|DamageToWhole' ./transporter/internal/repository -args -repository.flips=$(or $(BITS),10000) -repository.part=$(or $(PART),1/1)
	@go test -count=1 -v -timeout 60m -run History ./transporter/internal/backup -args -rounds=$(or $(ROUNDS),500)

.PHONY: chaos
chaos: ## change and break the tenant under backups, and kill processes of a running site, at random (ROUNDS=n)
	@go test -count=1 -timeout 60m -run Soak ./transporter/internal/control/work -args -work.soaks=$(or $(ROUNDS),60) -work.rounds=10
	@go test -count=1 -v -timeout 60m -run Kill ./test/e2e -args -rounds=$(or $(ROUNDS),10)

.PHONY: bench
bench: ## measure, beside other programs, and compare with the goals (BENCH=repository.index, SCALE=0.05, ROUNDS=n, STRICT=1)
	@mkdir -p build/bench; go build -o build/bench/bench ./test/bench
	@build/bench/bench -figures '$(BENCH)' -scale $(or $(SCALE),1) -rounds $(or $(ROUNDS),3) $(if $(STRICT),-strict)

.PHONY: microbench
microbench: ## run the Go benchmarks of single packages
	@go test -run '^$$' -bench . ./transporter/internal/content ./transporter/internal/transfer ./transporter/internal/repository/codec

.PHONY: demo
demo: build ## show the main job on real mail and stay until Ctrl-C
	@go run ./deploy/demo --bin $(BIN) --shift $(SHIFT)

.PHONY: demo-check
demo-check: build ## the same without staying; fails on any difference
	@go run ./deploy/demo --bin $(BIN) --shift $(SHIFT) --check

.PHONY: generate
generate: .bin/buf .bin/plugins $(WEB)/node_modules/.installed ## regenerate what is generated
	@.bin/buf lint
	@.bin/buf generate
	@.bin/buf generate --template buf.gen.grpc.yaml --path proto/holdfast/transporter --path proto/holdfast/transfer
	@.bin/buf generate --template buf.gen.connect.yaml --path proto/holdfast/director
	@.bin/buf generate --template buf.gen.es.yaml --path proto/holdfast/director

.PHONY: lint
lint: .bin/golangci-lint ## run the linters
	@.bin/golangci-lint run ./...

.PHONY: check
check: quick generate lint ## everything but the tests: rules, generated code, lint
	@git diff --exit-code --stat -- pkg/pb $(WEB)/src/gen || { echo 'generated code is stale: run make generate and commit'; exit 1; }
	@test -z "$$(git ls-files --others --exclude-standard pkg/pb $(WEB)/src/gen)" || { echo 'generated files are not committed'; exit 1; }

.bin/buf: deploy/tools/buf/go.mod
	@echo "building buf"; mkdir -p .bin; cd deploy/tools/buf && go build -o $(CURDIR)/.bin/buf github.com/bufbuild/buf/cmd/buf

.bin/plugins: go.mod
	@mkdir -p .bin; go build -o .bin/ google.golang.org/protobuf/cmd/protoc-gen-go \
		google.golang.org/grpc/cmd/protoc-gen-go-grpc connectrpc.com/connect/cmd/protoc-gen-connect-go; touch $@

.bin/golangci-lint: deploy/tools/lint/go.mod
	@echo "building golangci-lint"; mkdir -p .bin
	@cd deploy/tools/lint && go build -o $(CURDIR)/.bin/golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint

.PHONY: clean
clean: ## remove what was built
	@rm -rf build
