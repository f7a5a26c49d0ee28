package ingest

import (
	"context"
	"iter"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"strings"
	"sync"
	"time"

	"broadsheet/digest"
)

// Poller fetches the configured sources on their schedules and stores what
// they bring.
type Poller struct {
	store   *digest.Store
	setup   *digest.Setup
	tagger  *digest.Tagger
	fetcher *Fetcher
	log     *slog.Logger
	now     func() time.Time
	wait    time.Duration // between two looks for what is due
	between time.Duration // between two pages of one site
	parse   func(src *digest.Source, r *Response) (*Feed, error)

	jitter   func(time.Duration) time.Duration // a part of it, by chance
	slots    chan struct{}                     // one for each fetch under way
	mu       sync.Mutex
	fetching map[string]bool // hosts that Run or FetchDue is at
	settled  map[string]bool // URLs of pages that need not be read: no stories, or known by another URL
	paces    map[int64]Pace  // by source, as its document asked last
	tries    map[string]int  // of URLs of pages that could not be read for now
}

// sideBySide is how many sources are fetched at once.
const sideBySide = 4

// NewPoller returns a poller of the sources of setup, whose ids must have been
// loaded.
func NewPoller(store *digest.Store, setup *digest.Setup, tagger *digest.Tagger, fetcher *Fetcher, log *slog.Logger, now func() time.Time) *Poller {
	p := &Poller{
		store: store, setup: setup, tagger: tagger, fetcher: fetcher, log: log, now: now, wait: pollEvery, between: time.Second,
		jitter: rand.N[time.Duration], slots: make(chan struct{}, sideBySide), fetching: map[string]bool{}, settled: map[string]bool{}, tries: map[string]int{}, paces: map[int64]Pace{},
	}
	p.parse = p.parseSource
	return p
}

// Fetched is what one fetch of a source came to.
type Fetched struct {
	Source      string
	Kind        string // of the document, one of digest.SourceKinds
	NotModified bool
	Stories     int      // in the document
	Notes       []string // oddities
	Held        string   // why nothing of it was stored, "" if it was
	Missed      int      // stories that it may have dropped before they were seen
	Result      digest.PutResult
}

// pollEvery is how often Run looks for sources that are due.
const pollEvery = 5 * time.Second

// Run fetches what is due until ctx ends, and then waits for the fetches under
// way, which end soon. Four sources are fetched side by side, those of one host
// one after the other; one that fails or takes long never keeps those of other
// hosts from being fetched.
func (p *Poller) Run(ctx context.Context) error {
	var fetches sync.WaitGroup
	defer fetches.Wait()
	ticker := time.NewTicker(p.wait)
	defer ticker.Stop()
	for {
		p.startDue(ctx, &fetches)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// FetchDue fetches each source that is due once, and returns when that is
// done. Errors are logged and stand in the source's state.
func (p *Poller) FetchDue(ctx context.Context) {
	var fetches sync.WaitGroup
	p.startDue(ctx, &fetches)
	fetches.Wait()
}

// startDue begins to fetch what is due as slots come free, but for the sources
// of hosts that are still being asked: their turn comes with the next look.
func (p *Poller) startDue(ctx context.Context, fetches *sync.WaitGroup) {
	for host, sources := range p.byHost() {
		if !p.begin(host) {
			continue
		}
		select {
		case p.slots <- struct{}{}:
		case <-ctx.Done():
			p.end(host)
			return
		}
		fetches.Go(func() {
			for _, src := range sources {
				p.fetchDue(ctx, src)
			}
			p.end(host)
			<-p.slots
		})
	}
}

// byHost yields the sources of each host, in the order of configuration.
func (p *Poller) byHost() iter.Seq2[string, []*digest.Source] {
	var hosts []string
	sources := map[string][]*digest.Source{}
	for i := range p.setup.Sources {
		src := &p.setup.Sources[i]
		host := hostOf(src.URL)
		if sources[host] == nil {
			hosts = append(hosts, host)
		}
		sources[host] = append(sources[host], src)
	}
	return func(yield func(string, []*digest.Source) bool) {
		for _, host := range hosts {
			if !yield(host, sources[host]) {
				return
			}
		}
	}
}

// begin reports whether a host is free to be asked, and marks it.
func (p *Poller) begin(host string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fetching[host] {
		return false
	}
	p.fetching[host] = true
	return true
}

func (p *Poller) end(host string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.fetching, host)
}

// hostOf is the host that is asked for a URL, with its port.
func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	return strings.ToLower(u.Host)
}
