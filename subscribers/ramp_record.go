package subscribers

import (
	"context"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

// The record of a group's last days freezes its ceiling from these marks on. Of
// few mails nothing can be told.
const (
	recordDays      = 2
	worstBounces    = 0.02
	fewestBounced   = 50 // mails
	worstComplaints = 0.001
	fewestRead      = 1000 // mails
)

// rampRecord is what came of the mails to a group.
type rampRecord struct {
	mails      int64 // sent or failed
	bounced    int64 // hard
	complaints int64
}

// bad says why the ceiling should not grow, "" if it may.
func (r rampRecord) bad() string {
	share := func(n int64) float64 { return float64(n) / float64(r.mails) }
	switch {
	case r.mails >= fewestBounced && share(r.bounced) > worstBounces:
		return fmt.Sprintf("hard bounces: %d of %d mails in %d days", r.bounced, r.mails, recordDays)
	case r.mails >= fewestRead && share(r.complaints) > worstComplaints:
		return fmt.Sprintf("complaints: %d about %d mails in %d days", r.complaints, r.mails, recordDays)
	}
	return ""
}

// records returns what came of the last days' mails, by group.
func (r *Ramp) records(ctx context.Context, day int64, now time.Time) (map[string]rampRecord, error) {
	out := map[string]rampRecord{}
	err := r.store.eachDomain(ctx, day-recordDays, now.Add(-recordDays*24*time.Hour), func(domain string, add rampRecord) {
		name := r.group("@" + domain)
		sum := out[name]
		out[name] = rampRecord{sum.mails + add.mails, sum.bounced + add.bounced, sum.complaints + add.complaints}
	})
	return out, err
}

// domainOf is SQL for the domain of a column address, which has one @: what is
// left without all up to there. It reads the same on both engines.
const domainOf = `replace(address, rtrim(address, replace(address, '@', '')), '')`

// eachDomain calls fn with what came of the mails of the days from day on, and
// of complaints since then, by recipient domain.
func (s *Store) eachDomain(ctx context.Context, day int64, since time.Time, fn func(domain string, add rampRecord)) error {
	err := s.db.View(ctx, func(tx *db.Tx) error {
		err := tx.Each(ctx, func(scan func(...any) error) error {
			var domain string
			var add rampRecord
			err := scan(&domain, &add.mails, &add.bounced)
			fn(domain, add)
			return err
		}, `SELECT `+domainOf+` AS domain, COUNT(*), COUNT(CASE WHEN d.state = 'failed' AND d.reason = 'permanent-recipient' THEN 1 END)
			FROM deliveries d JOIN subscribers s ON s.id = d.subscriber_id
			WHERE d.day >= $1 AND d.state IN ('sent', 'failed') GROUP BY domain`, day)
		if err != nil {
			return err
		}
		return tx.Each(ctx, func(scan func(...any) error) error {
			var domain string
			var add rampRecord
			err := scan(&domain, &add.complaints)
			fn(domain, add)
			return err
		}, `SELECT `+domainOf+` AS domain, COUNT(*) FROM suppressions WHERE reason = $1 AND created_at >= $2 GROUP BY domain`,
			ReasonComplaint, db.Millis(since))
	})
	if err != nil {
		return fmt.Errorf("read what came of the last mails: %w", err)
	}
	return nil
}
