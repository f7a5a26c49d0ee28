package config

import "time"

// Leaving is what happens as readers unsubscribe.
type Leaving struct {
	// GoodbyeMail says whether a reader who has unsubscribed gets a mail that
	// says so; false unless given.
	GoodbyeMail bool

	// An edition is paused when BurstShare of those who have it, and at least
	// BurstLeast of them, have left BurstWithin the last minutes.
	BurstShare  float64       // 0.02 unless given; 0 never pauses
	BurstLeast  int           // 25 unless given
	BurstWithin time.Duration // 15 minutes unless given
}

func readLeaving(t *table) Leaving {
	l := Leaving{
		GoodbyeMail: t.flag("goodbye_mail"), BurstShare: t.decimal("burst_share", 0.02, 0, 1, ""),
		BurstLeast: t.number("burst_least", 25, 1, 1_000_000), BurstWithin: t.duration("burst_within", 15*time.Minute, time.Minute, 24*time.Hour),
	}
	t.done()
	return l
}
