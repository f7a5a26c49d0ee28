package subscribers

import (
	"context"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

// The record of a group's last days with mail freezes its ceiling from these
// marks on. Of few mails nothing can be told.
const (
	recordDays      = 2
	worstBounces    = 0.02
	fewestBounced   = 50 // mails
	worstComplaints = 0.001
	fewestRead      = 1000 // mails
)

// rampRecord is what came of the mails to a group on its last two days with
// mail, and on more of the days since its last step where those had few mails.
type rampRecord struct {
	rampCounts
	sinceStep bool // mail of a day that has ended went out since the last step

	today, risen int64
	days         int   // with mail
	last         int64 // of these, the earliest
	open         bool  // to the day that is being read
}

type rampCounts struct {
	mails      int64 // sent or failed
	bounced    int64 // hard
	complaints int64
}

// bad says why the ceiling should not grow, "" if it may.
func (r *rampRecord) bad() string {
	share := func(n int64) float64 { return float64(n) / float64(r.mails) }
	switch {
	case r.mails >= fewestBounced && share(r.bounced) > worstBounces:
		return fmt.Sprintf("hard bounces: %d of %d mails, in %d days with mail", r.bounced, r.mails, r.days)
	case r.mails >= fewestRead && share(r.complaints) > worstComplaints:
		return fmt.Sprintf("complaints: %d about %d mails, in %d days with mail", r.complaints, r.mails, r.days)
	}
	return ""
}

// wants reports whether the mails of a day, the next one back, are part of the record.
func (r *rampRecord) wants(day int64) bool {
	if day >= r.risen {
		return !r.sinceStep || r.days < recordDays || r.mails < fewestBounced
	}
	return r.sinceStep && r.days < recordDays
}

func (r *rampRecord) add(day int64, c rampCounts) {
	if r.days == 0 || r.last != day {
		r.days, r.last = r.days+1, day
	}
	r.mails, r.bounced = r.mails+c.mails, r.bounced+c.bounced
	r.sinceStep = r.sinceStep || day >= r.risen && day < r.today
}

// records returns what came of the last mails to each group whose ceiling may
// still grow. It reads one day of the ramp after the other, the latest first,
// until it knows enough of all groups.
func (r *Ramp) records(ctx context.Context, day int64, groups map[string]rampGroup) (map[string]*rampRecord, error) {
	out := map[string]*rampRecord{}
	for name, g := range groups {
		if name != allGroups && g.Day >= r.firstDay() && g.Steps < int64(r.Days) && g.Waiting > 0 {
			out[name] = &rampRecord{today: day, risen: g.RisenDay}
		}
	}
	wants := func(day int64) bool {
		open := false
		for _, record := range out {
			record.open = record.wants(day)
			open = open || record.open
		}
		return open
	}
	err := r.store.eachOutcome(ctx, r.firstDay(), wants, func(day int64, domain string, c rampCounts) {
		if record := out[r.group("@"+domain)]; record != nil && record.open {
			record.add(day, c)
		}
	})
	if err != nil {
		return nil, err
	}
	return out, r.store.eachComplaint(ctx, r.began(), func(domain string, at time.Time) {
		if record := out[r.group("@"+domain)]; record != nil && record.days > 0 && r.dayOf(at) >= record.last {
			record.complaints++
		}
	})
}

// domainOf is SQL for the domain of a column address, which has one @: what is
// left without all up to there. It reads the same on both engines.
const domainOf = `replace(address, rtrim(address, replace(address, '@', '')), '')`

// eachOutcome goes back over the days of editions to the first one, as long as
// the next is wanted, and calls fn with what came of its mails by recipient domain.
func (s *Store) eachOutcome(ctx context.Context, first int64, wants func(day int64) bool, fn func(day int64, domain string, c rampCounts)) error {
	err := s.db.View(ctx, func(tx *db.Tx) error {
		var days []int64
		if err := tx.Select(ctx, &days, `SELECT DISTINCT day FROM editions WHERE day >= $1 ORDER BY day DESC`, first); err != nil {
			return err
		}
		for _, day := range days {
			if !wants(day) {
				return nil
			}
			err := tx.Each(ctx, func(scan func(...any) error) error {
				var domain string
				var c rampCounts
				err := scan(&domain, &c.mails, &c.bounced)
				fn(day, domain, c)
				return err
			}, `SELECT `+domainOf+` AS domain, COUNT(*), COUNT(CASE WHEN d.state = 'failed' AND d.reason = 'permanent-recipient' THEN 1 END)
				FROM deliveries d JOIN subscribers s ON s.id = d.subscriber_id
				WHERE d.day = $1 AND d.state IN ('sent', 'failed') GROUP BY domain`, day)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read what came of the last mails: %w", err)
	}
	return nil
}

// eachComplaint calls fn with the recipient domain of each complaint since an instant.
func (s *Store) eachComplaint(ctx context.Context, since time.Time, fn func(domain string, at time.Time)) error {
	err := s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Each(ctx, func(scan func(...any) error) error {
			var domain string
			var at int64
			err := scan(&domain, &at)
			fn(domain, db.Time(at))
			return err
		}, `SELECT `+domainOf+` AS domain, created_at FROM suppressions WHERE reason = $1 AND created_at >= $2`, ReasonComplaint, db.Millis(since))
	})
	if err != nil {
		return fmt.Errorf("read the last complaints: %w", err)
	}
	return nil
}
