package subscribers

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"broadsheet/internal/db"
)

// Limits on the mails of one kind that an address can get because somebody asks
// in its name, by whichever way and however it is written: plus-tags and the dots
// of Gmail do not count. For confirmations the second one begins anew with one
// that was followed, and once nobody has asked for capQuiet: an address is not to
// blame for strangers who type it. For other kinds it is one of capQuiet.
const (
	MailsADay  = 3 // in 24 hours
	MailsInAll = 5
	// FreshADay is how many fresh links a mailbox gets in 24 hours. There is no
	// limit in all: a stranger with a forwarded mail could keep the reader out of
	// the settings by it.
	FreshADay = 5
)

// capQuiet is how long nobody must have asked for the mails of before to be
// forgotten.
const capQuiet = 30 * 24 * time.Hour

// mailCap is what an address got of one kind.
type mailCap struct {
	sent    []time.Time // the last ones, the oldest first; at most mostCounted
	askedAt time.Time   // before this time
}

// mostCounted is how many mails of a kind any limit looks at.
const mostCounted = max(MailsInAll, FreshADay)

// mailLimit is how many mails of a kind a mailbox gets.
type mailLimit struct {
	day, all int       // all is 0 for no limit
	since    time.Time // what was sent up to then counts for the day alone
}

// admit reports whether another mail is within a limit, and counts it.
func (c *mailCap) admit(now time.Time, most mailLimit) bool {
	if now.Sub(c.askedAt) >= capQuiet {
		c.sent = nil
	}
	day, all := 0, 0
	for _, at := range c.sent {
		if at.After(now.Add(-24 * time.Hour)) {
			day++
		}
		if at.After(most.since) {
			all++
		}
	}
	if day >= most.day || most.all > 0 && all >= most.all {
		return false
	}
	c.sent = append(c.sent, now)
	c.sent = slices.Clone(c.sent[max(0, len(c.sent)-mostCounted):])
	return true
}

// parseTimes reads what formatTimes wrote.
func parseTimes(text string) []time.Time {
	var out []time.Time
	for part := range strings.SplitSeq(text, ",") {
		if ms, err := strconv.ParseInt(part, 10, 64); err == nil {
			out = append(out, db.Time(ms))
		}
	}
	return out
}

func formatTimes(times []time.Time) string {
	parts := make([]string, len(times))
	for i, at := range times {
		parts[i] = strconv.FormatInt(db.Millis(at), 10)
	}
	return strings.Join(parts, ",")
}
