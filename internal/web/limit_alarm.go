package web

import "time"

// alarm tells an attack from how many sign-ups come in a minute.
type alarm struct {
	above  int // sign-ups in a minute that are an attack; 0 for never
	spans  [alarmSpans]int
	latest int64 // the number of the latest span since 1970
	on     bool
	busyAt time.Time // when there were last more than half of above
	told   bool      // that it is on
}

const (
	alarmSpans  = 6 // in a minute
	alarmSpan   = time.Minute / alarmSpans
	alarmCalmed = 10 * time.Minute // that it rings on when the attack has ended
)

// count notes a sign-up.
func (a *alarm) count(now time.Time) {
	if a.above == 0 {
		return
	}
	a.advance(now)
	a.spans[a.latest%alarmSpans]++
	n := a.inMinute()
	if n > a.above {
		a.on = true
	}
	if n > a.above/2 {
		a.busyAt = now
	}
}

// rings reports whether there is an attack.
func (a *alarm) rings(now time.Time) bool {
	if a.on && (now.Sub(a.busyAt) >= alarmCalmed || now.Before(a.busyAt)) {
		a.on = false
	}
	return a.on
}

// advance empties the spans that began since the latest one, all of them if the
// clock was set back.
func (a *alarm) advance(now time.Time) {
	span := now.UnixNano() / int64(alarmSpan)
	if span < a.latest || span-a.latest >= alarmSpans {
		a.spans = [alarmSpans]int{}
	} else {
		for at := a.latest + 1; at <= span; at++ {
			a.spans[at%alarmSpans] = 0
		}
	}
	a.latest = span
}

func (a *alarm) inMinute() int {
	n := 0
	for _, of := range a.spans {
		n += of
	}
	return n
}
