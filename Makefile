# Building and testing needs Go 1.26 and make.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOLANGCI    := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.12.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0
BIN         := bin
COMMIT      := $(shell git rev-parse --short HEAD 2>/dev/null)
VERSION     ?= $(or $(patsubst v%,%,$(shell git describe --tags --exact-match --match "v*" 2>/dev/null)),0.1.0-dev$(COMMIT:%=+%))
LDFLAGS     := -s -w -X main.version=$(VERSION)

TOOLS       := .goreleaser/bin
RELEASERS   := ./.ci/mutants ./.ci/newcheck ./.goreleaser/licenses ./.goreleaser/module ./.goreleaser/test
GORELEASER  := github.com/goreleaser/goreleaser/v2@v2.15.1
CYCLONEDX   := github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0

.PHONY: all build demo test check browser-test lint fmt bench fuzz clean

all: build

## build: build lkdoctor and the lab into bin/
build:
	go build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/ ./cmd/lkdoctor ./cmd/lklab

## demo: find the cause of the opaque-token fault on a real LiveKit server on this machine
demo: build
	@rm -f $(BIN)/demo-report.md
	@./$(BIN)/lklab --fault opaque-token -- ./$(BIN)/lkdoctor --report $(CURDIR)/$(BIN)/demo-report.md; code=$$?; \
	if [ $$code -eq 1 ] && grep -q TOKEN_OPAQUE $(BIN)/demo-report.md; then \
	  echo; echo "That was the incident, on a real LiveKit server. The report for the service's maintainer: $(BIN)/demo-report.md"; \
	  echo "More of them: ./$(BIN)/lklab list, then ./$(BIN)/lklab --fault NAME -- ./$(BIN)/lkdoctor"; \
	else echo "make demo: lkdoctor was to find TOKEN_OPAQUE and exit with 1, and exited with $$code" >&2; exit 1; fi

## test: run every test once. Packages that start goroutines (.ci/raced) run with the race
## detector and -short; their tests that -short reduces (.ci/bulk) also run in full without
## it. Tests mostly wait, so three packages run at a time. GOGC=400 saves a third of the
## CPU time
GORACE := suppressions=$(CURDIR)/.ci/race-suppressions.txt atexit_sleep_ms=10
TESTS  := -p 3 -parallel 16 -timeout 20m
test:
	go test $(TESTS) -shuffle=on $$(.ci/raced --others)
	GOGC=400 go test $(TESTS) -shuffle=on -run "$$(.ci/bulk)" $$(.ci/raced)
	GOGC=400 GORACE="$(GORACE)" go test $(TESTS) -parallel 8 -race -short -shuffle=on $$(.ci/raced)

## check: run the fast half: one fault for each check, and no bulk tests. The commands'
## tests wait longest and start first
check:
	GOGC=400 go test $(TESTS) -p 4 -short ./cmd/... ./...

## browser-test: compare with Chromium and with livekit-client from npm. A test is skipped
## if one of them is not installed
LIVEKIT_CLIENT := $(CURDIR)/$(BIN)/browser/node_modules/livekit-client
browser-test:
	@test -d $(LIVEKIT_CLIENT) || npm install --prefix $(BIN)/browser --no-audit --no-fund --silent livekit-client@2.23.0 || true
	LKDOCTOR_BROWSER_TEST=1 LIVEKIT_CLIENT=$(LIVEKIT_CLIENT) go test -count=1 -v -run 'Chromium|LiveKitClient' ./checks/browser

## pictures: record a run with opaque-token, and draw it into .github/pictures and the
## READMEs' example. UPDATE_GOLDEN=1 alone draws the existing recording
.PHONY: pictures
pictures:
	RECORD=1 UPDATE_GOLDEN=1 go test -count=1 -run Pictures ./cmd/lkdoctor

## lint: check formatting, vet and the linters, on each system. Building golangci-lint takes
## 90 s on two cores, once. Its cache holds the paths of a checkout and gives wrong results
## in another one, so each checkout has its own
lint: lint-systems
	go mod tidy -diff
	go vet ./... $(RELEASERS)
	go run $(STATICCHECK) ./... $(RELEASERS)
	GOLANGCI_LINT_CACHE=$(CURDIR)/$(BIN)/golangci-lint go run $(GOLANGCI) run ./... $(RELEASERS)

## lint-systems: build for each released system, and vet the packages that do not need the
## lab, whose faults need Linux sockets
.PHONY: lint-systems
lint-systems:
	@for system in windows/amd64 darwin/arm64 linux/arm64; do \
	  echo "build and vet for $$system"; export CGO_ENABLED=0 GOOS=$${system%/*} GOARCH=$${system#*/}; \
	  go build -o /dev/null ./cmd/lkdoctor || exit 1; \
	  go list -deps -f '{{.ImportPath}} {{.TestImports}} {{.XTestImports}}' ./cmd/lkdoctor | \
	    grep '^lkdoctor/' | grep -v lkdoctor/checks/lab | cut -d' ' -f1 | xargs go vet || exit 1; \
	done

## fmt: format all code
fmt:
	go run $(GOLANGCI) fmt

## bench: measure whole runs against their targets and the SDK, as a table, then tokens and
## env files on one core. BASE=path also compares with another lkdoctor, in pairs
PAIRS ?= 21
bench: build
	LKDOCTOR=$(CURDIR)/$(BIN)/lkdoctor BASE=$(abspath $(BASE)) go test ./checks/lab -run '^$$' -bench '^BenchmarkDoctor$$' -benchtime $(PAIRS)x -timeout 60m
	go test ./checks/token ./config -run '^$$' -bench '^Benchmark(Checks|Explain|Load)' -cpu 1 -benchmem

## fuzz: run each fuzz target for FUZZTIME
FUZZTIME ?= 30s
fuzz:
	@for t in $$(grep -rl --include='*_test.go' 'func Fuzz' checks config | xargs -n1 dirname | sort -u); do \
	  for f in $$(grep -rhoE 'func (Fuzz[A-Za-z]+)' $$t/*_test.go | awk '{print $$2}'); do \
	    echo "== $$t $$f"; go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x ./$$t || exit 1; done; done

## snapshot: build all files of a release into dist/ and publish nothing. The first run
## fetches its tools; later ones need no network
.PHONY: snapshot snapshot-test snapshot-same npm npm-test image image-test recipes-test module module-test
snapshot: $(TOOLS)/goreleaser $(TOOLS)/cyclonedx-gomod
	PATH="$(CURDIR)/$(TOOLS):$$PATH" VERSION='$(VERSION)' goreleaser release --snapshot --clean --skip=publish,announce,sign

$(TOOLS)/goreleaser:
	GOBIN=$(CURDIR)/$(TOOLS) go install $(GORELEASER)
$(TOOLS)/cyclonedx-gomod:
	GOBIN=$(CURDIR)/$(TOOLS) go install $(CYCLONEDX)

## snapshot-test: unpack, install and run the files in dist/
snapshot-test:
	go test -count=1 -run 'Checksums|Archive|Linked|Deb|RPM' ./.goreleaser/test

## snapshot-same: build the snapshot again, and fail if the bytes differ
snapshot-same:
	cp dist/checksums.txt $(TOOLS)/checksums.txt
	$(MAKE) snapshot
	cmp dist/checksums.txt $(TOOLS)/checksums.txt

## npm: build the npm packages from the snapshot into dist/npm; npm-test installs them
npm:
	node .goreleaser/npm/build.js
npm-test:
	go test -count=1 -run 'NPX' ./.goreleaser/test

## image: build the container image from the snapshot
IMAGE ?= lkdoctor
image:
	.goreleaser/image.sh $(IMAGE)

image-test:
	go test -count=1 -run 'Image' ./.goreleaser/test

## recipes-test: test the recipes under .github with the tools that they are for
recipes-test: build
	go test -count=1 -run 'AlertRules|Systemd|NodeExporter|Helm' ./.goreleaser/test
	cd .goreleaser/kube && go run . ../../.github/recipes/kubernetes/*.yaml

## module: rename the module to the path that it is published under, MODULE=HOST/PATH/lkdoctor
module:
	go run ./.goreleaser/module $(MODULE)
module-test:
	go test -count=1 ./.goreleaser/module

## audit: check linked modules for known vulnerabilities, their sums and licences, and that
## two builds, one without a cache, give the same bytes
.PHONY: audit
audit: build $(TOOLS)/govulncheck
	@$(TOOLS)/govulncheck ./cmd/lkdoctor > $(TOOLS)/govulncheck.txt 2>&1; code=$$?; \
	if [ $$code -eq 0 ] || [ $$code -eq 3 ]; then cat $(TOOLS)/govulncheck.txt; exit $$code; \
	elif grep -qE 'dial tcp|no such host|Forbidden|timeout' $(TOOLS)/govulncheck.txt; then \
	  echo "govulncheck is left out, because its database cannot be reached:"; cat $(TOOLS)/govulncheck.txt; \
	else cat $(TOOLS)/govulncheck.txt; exit $$code; fi
	go mod verify
	go run ./.goreleaser/licenses > $(TOOLS)/licenses.txt
	@echo "a licence for each of $$(grep -cE '^[a-z][^ ]* v[0-9]' $(TOOLS)/licenses.txt) modules that are linked"
	@cache=$$(mktemp -d); GOCACHE=$$cache go build -trimpath -ldflags '$(LDFLAGS)' -o $(TOOLS)/same ./cmd/lkdoctor; code=$$?; rm -rf $$cache; \
	[ $$code -eq 0 ] && cmp $(TOOLS)/same $(BIN)/lkdoctor && echo "two builds gave the same bytes"

$(TOOLS)/govulncheck:
	GOBIN=$(CURDIR)/$(TOOLS) go install $(GOVULNCHECK)

## new-check: write the stubs of a check; tests then fail for each missing part
.PHONY: new-check
new-check:
	go run ./.ci/newcheck $(ID) $(CODE)

## mutants: change one behaviour at a time, and fail if the tests of its package pass; NAMES
## selects some
.PHONY: mutants soak
mutants:
	go run ./.ci/mutants $(NAMES)

## soak: repeat runs, joins and signals thousands of times on one server; N scales the counts
N ?= 1
soak:
	LKDOCTOR_SOAK=$(N) go test -count=1 -v -timeout 4h -run '^TestSoak$$' ./cmd/lkdoctor

clean:
	rm -rf $(BIN) dist .goreleaser/made
