package delivery

import (
	"container/list"
	"sync"

	"broadsheet/mail"
)

const (
	// windowSize is how many outcomes a window remembers.
	windowSize = 200
	// mostWindows is how many providers or editions have a window, those that were used last.
	mostWindows = 1000
)

// verdict is what an outcome says, as far as windows count it.
type verdict uint8

const (
	verdictOther     verdict = iota // the recipient's side answered, and not in one of the ways below
	verdictSender                   // it refuses us
	verdictRecipient                // it does not know the recipient
	verdictMessage                  // it refuses what is in the message
	verdicts
)

// verdictOf returns false for outcomes that say nothing but about the way to the relay.
func verdictOf(class mail.Class) (verdict, bool) {
	switch class {
	case mail.ClassAccepted, mail.ClassTemporaryRecipient, mail.ClassSoftRecipient:
		return verdictOther, true
	case mail.ClassPermanentSender:
		return verdictSender, true
	case mail.ClassPermanentRecipient:
		return verdictRecipient, true
	case mail.ClassPermanentMessage:
		return verdictMessage, true
	}
	return 0, false
}

// window remembers the last outcomes of something.
type window struct {
	last   [windowSize]verdict
	size   int // how many there are
	next   int // where the next one goes
	counts [verdicts]int
}

func (w *window) add(v verdict) {
	if w.size == windowSize {
		w.counts[w.last[w.next]]--
	} else {
		w.size++
	}
	w.last[w.next] = v
	w.counts[v]++
	w.next = (w.next + 1) % windowSize
}

// share is how many of the last outcomes said something.
type share struct{ n, of int }

// isOver reports whether it is more than so many per cent, and at least so many.
func (s share) isOver(percent, least int) bool { return s.n >= least && s.n*100 > percent*s.of }

// windows has a window for each of the names used last.
type windows[K comparable] struct {
	mu     sync.Mutex
	byName map[K]*list.Element
	order  *list.List // of named windows, the one used last first
}

type namedWindow[K comparable] struct {
	name K
	window
}

func newWindows[K comparable]() *windows[K] {
	return &windows[K]{byName: map[K]*list.Element{}, order: list.New()}
}

// add notes an outcome and returns the share of its kind.
func (w *windows[K]) add(name K, v verdict) share {
	w.mu.Lock()
	defer w.mu.Unlock()
	place := w.byName[name]
	if place == nil {
		place = w.order.PushFront(&namedWindow[K]{name: name})
		w.byName[name] = place
		if w.order.Len() > mostWindows {
			delete(w.byName, w.order.Remove(w.order.Back()).(*namedWindow[K]).name)
		}
	}
	w.order.MoveToFront(place)
	n := place.Value.(*namedWindow[K])
	n.add(v)
	return share{n.counts[v], n.size}
}

// of returns the share of a verdict in the window of a name.
func (w *windows[K]) of(name K, v verdict) share {
	w.mu.Lock()
	defer w.mu.Unlock()
	place := w.byName[name]
	if place == nil {
		return share{}
	}
	n := place.Value.(*namedWindow[K])
	return share{n.counts[v], n.size}
}

// clear forgets the outcomes of a name.
func (w *windows[K]) clear(name K) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if place := w.byName[name]; place != nil {
		w.order.Remove(place)
		delete(w.byName, name)
	}
}
