# make           builds the binary
# make test      runs all tests, installing what they need
# make bench     prints the benchmarks
# make crash     kills, ends and stops workers in the middle of sends, KILLS
#                times each, and prints what that cost; SEED repeats a run
# make check     runs what .ci/run runs besides the tests

GO ?= go
KILLS ?= 50
SEED ?=
export CGO_ENABLED ?= 0

.PHONY: build test bench crash race check tools clean

build:
	$(GO) build -trimpath -ldflags="-s -w" -o broadsheet ./cmd/broadsheet

test: tools
	.ci/postgres.sh $(GO) test -timeout 20m ./...

# SQLite is C turned into Go, and takes its memory from the system. The race
# detector looks at Go's own memory only, so calling it for each of SQLite's
# accesses finds nothing and costs nine tenths of the time. The driver and all
# of our code are watched.
SQLITE = modernc.org/sqlite/lib modernc.org/libc modernc.org/memory

race: tools
	CGO_ENABLED=1 .ci/postgres.sh $(GO) test -race $(SQLITE:%=-gcflags=%=-race=false) -timeout 45m ./...

bench: tools
	.ci/postgres.sh $(GO) test -run '^$$' -bench . -benchmem -timeout 90m ./...

crash: tools
	BROADSHEET_CRASH_KILLS=$(KILLS) BROADSHEET_CRASH_SEED=$(SEED) \
		.ci/postgres.sh $(GO) test -count=1 -timeout 60m -v -run '^TestCrash$$' ./cmd/broadsheet

check:
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "these files want gofmt"; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) mod tidy -diff

tools:
	@.ci/install.sh

clean:
	rm -rf broadsheet broadsheet-demo
