package web

import (
	"context"
	"errors"
	"hash/maphash"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"broadsheet/subscribers"
)

// Marks watches for scanners that leave by our page: they open every link of a
// mail within seconds. What was opened is kept in memory, for twice marksFor and
// as numbers that mean something in this process only. Nothing of it is stored
// but how many links it was, and that together with a leaving: looking at pages
// changes nothing. It is safe for concurrent use.
type Marks struct {
	keep func(ctx context.Context, subscriber, at int64, m subscribers.Marks) error
	log  *slog.Logger
	now  func() time.Time
	seed maphash.Seed

	mu       sync.Mutex
	readers  map[int64][]opened  // by personal links
	networks map[uint64][]opened // by links that name no reader
	held     int                 // in both
	swept    time.Time
	leavings []watched
}

// opened is that a link was opened.
type opened struct {
	link uint64
	at   time.Time
}

// watched is a leaving whose marks are not complete yet.
type watched struct {
	subscriber, name int64
	network          uint64
	at               time.Time
	machine          bool
}

const (
	// marksFor is how long before and after a leaving links count.
	marksFor = 10 * time.Second
	// mostOpened is how many opened links are kept at most.
	mostOpened = 100_000
)

// NewMarks returns a watch that gives what it saw to keep, such as MarkLeaving of
// a store. Run must be running for that.
func NewMarks(keep func(ctx context.Context, subscriber, at int64, m subscribers.Marks) error, log *slog.Logger, now func() time.Time) *Marks {
	return &Marks{keep: keep, log: log, now: now, seed: maphash.MakeSeed(), readers: map[int64][]opened{}, networks: map[uint64][]opened{}}
}

// Run stores marks as they become complete until ctx ends, and what there is of
// the others then. It returns nil.
func (m *Marks) Run(ctx context.Context) error {
	ticker := time.NewTicker(marksFor / 5)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			m.Store(context.WithoutCancel(ctx), m.now().Add(marksFor))
			return nil
		case <-ticker.C:
			m.Store(ctx, m.now())
		}
	}
}

// Store stores the marks that are complete at a time.
func (m *Marks) Store(ctx context.Context, now time.Time) {
	var errs []error
	for _, l := range m.complete(now) {
		found := subscribers.Marks{Links: m.links(l), Machine: l.machine}
		errs = append(errs, m.keep(ctx, l.subscriber, l.name, found))
	}
	if err := errors.Join(errs...); err != nil {
		m.log.ErrorContext(ctx, "marks of leavings not stored", "error", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sweep(now)
}

// complete takes the leavings that need not be watched any longer.
func (m *Marks) complete(now time.Time) []watched {
	m.mu.Lock()
	defer m.mu.Unlock()
	var done, left []watched
	for _, l := range m.leavings {
		if now.Sub(l.at) >= marksFor {
			done = append(done, l)
		} else {
			left = append(left, l)
		}
	}
	m.leavings = left
	return done
}

// links is how many different links were opened around a leaving: personal ones
// of the reader, and once there are two of these all others from the network.
func (m *Marks) links(l watched) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := map[uint64]bool{}
	count := func(all []opened) {
		for _, o := range all {
			if d := o.at.Sub(l.at).Abs(); d <= marksFor {
				found[o.link] = true
			}
		}
	}
	if count(m.readers[l.subscriber]); len(found) > 1 && l.network != 0 {
		count(m.networks[l.network])
	}
	return len(found)
}

// left begins to watch a leaving by the page.
func (m *Marks) left(subscriber, name int64, network uint64, machine bool) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.leavings) < mostOpened {
		m.leavings = append(m.leavings, watched{subscriber: subscriber, name: name, network: network, at: m.now(), machine: machine})
	}
}

// open notes that a link was opened: of a reader, or with 0 from a network.
func (m *Marks) open(subscriber int64, network uint64, path string) {
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.held >= mostOpened && now.Sub(m.swept) >= time.Second {
		m.sweep(now)
	}
	if m.held >= mostOpened {
		return
	}
	m.held++
	o := opened{maphash.String(m.seed, path), now}
	if subscriber != 0 {
		m.readers[subscriber] = append(m.readers[subscriber], o)
	} else {
		m.networks[network] = append(m.networks[network], o)
	}
}

// sweep forgets what no leaving will ask for any more.
func (m *Marks) sweep(now time.Time) {
	m.held, m.swept = 0, now
	for id, all := range m.readers {
		if all = fresh(all, now); len(all) == 0 {
			delete(m.readers, id)
		} else {
			m.readers[id] = all
		}
		m.held += len(all)
	}
	for id, all := range m.networks {
		if all = fresh(all, now); len(all) == 0 {
			delete(m.networks, id)
		} else {
			m.networks[id] = all
		}
		m.held += len(all)
	}
}

// fresh is what was opened lately. It comes in the order of time.
func fresh(all []opened, now time.Time) []opened {
	for len(all) > 0 && now.Sub(all[0].at) > 2*marksFor {
		all = all[1:]
	}
	return all
}

// watchReader adapts a handler of a page that a personal link opens.
func (s *Server) watchReader(p subscribers.Purpose, h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if s.Marks != nil {
			if token, err := s.Keys.Verify(p, r.PathValue("token"), s.Now()); err == nil {
				s.Marks.open(token.Subscriber, 0, r.URL.Path)
			}
		}
		return h(w, r)
	}
}

// watchNetwork adapts a handler of a page that a link opens which names no reader.
func (s *Server) watchNetwork(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if network := s.network(r); s.Marks != nil && network != 0 {
			s.Marks.open(0, network, r.URL.Path)
		}
		return h(w, r)
	}
}
