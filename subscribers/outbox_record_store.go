package subscribers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

// How long a system is told again what it did not take, and how much trouble
// it may have before it gets one event at a time.
const (
	// GiveUpTellingAfter is how old an event may become.
	GiveUpTellingAfter = 3 * 24 * time.Hour
	// KeepGivenUp is how long an event is kept for "webhook retry" after that.
	KeepGivenUp = 30 * 24 * time.Hour

	toleratedFailures = 5 // in a row
	firstWait         = 30 * time.Second
	longestWait       = 15 * time.Minute
	longestRetryAfter = 6 * time.Hour
)

// tellAgainAfter is the time between a try that failed and the next.
func tellAgainAfter(attempts int) time.Duration {
	delays := [...]time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour}
	return delays[min(max(attempts, 1), len(delays))-1]
}

// Told is what became of a try to tell an event.
type Told struct {
	Event      OutboxEvent
	Taken      bool          // or nothing was to be told any more
	Cut        bool          // the service ended before it was begun or answered: it waits as if it had not been claimed
	Answer     string        // otherwise: what went wrong, without anything of the reader's
	RetryAfter time.Duration // that the system asked for, 0 for none
}

// Health is how a system takes what it is told.
type Health struct {
	Failures     int64     // tries in a row that failed
	FailingSince time.Time // zero while none did
}

// Failing reports whether the system gets one event at a time.
func (h Health) Failing() bool { return h.Failures >= toleratedFailures }

// RecordTold stores what became of claimed events, in the order in which the
// system answered, and returns how it takes them, before and now. Of an event
// that another worker has taken over nothing is stored.
func (s *Store) RecordTold(ctx context.Context, hook string, tries []Told) (before, after Health, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		var state hookState
		err := tx.Get(ctx, &state, `SELECT failures, failing_since, wait_until, last_error FROM outgoing_webhooks WHERE slug = $1 {for update}`, hook)
		if errors.Is(err, db.ErrNoRows) {
			return nil // no longer configured
		}
		if err != nil {
			return err
		}
		before = Health{state.Failures, db.Time(state.FailingSince)}
		if err := s.recordTries(ctx, tx, tries); err != nil {
			return err
		}
		taken := state.judge(tries, db.Millis(s.now()))
		after = Health{state.Failures, db.Time(state.FailingSince)}
		_, err = tx.Exec(ctx, `UPDATE outgoing_webhooks SET failures = $1, failing_since = $2, wait_until = $3, last_error = $4, told = told + $5,
			told_at = CASE WHEN $5 > 0 THEN $6 ELSE told_at END WHERE slug = $7`,
			state.Failures, state.FailingSince, state.WaitUntil, cut(state.LastError, 300), taken, db.Millis(s.now()), hook)
		return err
	})
	if err != nil {
		return before, after, fmt.Errorf("record what %s was told: %w", hook, err)
	}
	return before, after, nil
}

// judge counts tries for or against a system, and returns how many it took.
func (h *hookState) judge(tries []Told, now int64) (taken int64) {
	for i := range tries {
		switch {
		case tries[i].Event.Body == "" || tries[i].Cut: // it was not asked, or had no time
		case tries[i].Taken:
			taken++
			h.Failures, h.FailingSince, h.WaitUntil = 0, 0, 0
		default:
			if h.Failures++; h.Failures == 1 {
				h.FailingSince = now
			}
			h.LastError = tries[i].Answer
			if h.Failures >= toleratedFailures {
				wait := firstWait << min(h.Failures-toleratedFailures, 10)
				h.WaitUntil = now + min(wait, longestWait).Milliseconds()
			}
		}
	}
	return taken
}

func (s *Store) recordTries(ctx context.Context, tx *db.Tx, tries []Told) error {
	var taken, failed, back []Told
	for _, t := range tries {
		switch {
		case t.Taken || t.Event.Body == "":
			taken = append(taken, t)
		case t.Cut:
			back = append(back, t)
		default:
			failed = append(failed, t)
		}
	}
	if err := giveBack(ctx, tx, back); err != nil {
		return err
	}
	_, err := tx.ExecRows(ctx, `DELETE FROM outbox WHERE (subscriber_id, hook, at, attempts) IN
		(SELECT v.subscriber, v.hook, v.at, v.attempts FROM {rows})`, triedColumns(taken))
	if err != nil {
		return err
	}
	if err := dropOvertaken(ctx, tx, taken); err != nil {
		return err
	}
	now := s.now()
	_, err = tx.ExecRows(ctx, `UPDATE outbox SET next_try_at = v.next, answer = v.answer, lease_until = 0 FROM {rows}
		WHERE outbox.subscriber_id = v.subscriber AND outbox.hook = v.hook AND outbox.at = v.at AND outbox.attempts = v.attempts`,
		append(triedColumns(failed),
			ints("next", failed, func(t Told) int64 { return db.Millis(t.next(now)) }),
			texts("answer", failed, func(t Told) string { return cut(t.Answer, 300) })))
	return err
}

// dropOvertaken drops what was to be told of a reader before an event that was
// taken: it was given up, the later event has the whole reader, and told after
// that it would undo it.
func dropOvertaken(ctx context.Context, tx *db.Tx, taken []Told) error {
	_, err := tx.ExecRows(ctx, `DELETE FROM outbox WHERE (subscriber_id, hook, at) IN
		(SELECT o.subscriber_id, o.hook, o.at FROM {rows} JOIN outbox o ON o.subscriber_id = v.subscriber AND o.hook = v.hook AND o.at < v.at)`,
		triedColumns(taken))
	return err
}

// giveBack ends the leases of events that anybody may take at once.
func giveBack(ctx context.Context, tx *db.Tx, back []Told) error {
	_, err := tx.ExecRows(ctx, `UPDATE outbox SET lease_until = 0, attempts = outbox.attempts - 1 FROM {rows}
		WHERE outbox.subscriber_id = v.subscriber AND outbox.hook = v.hook AND outbox.at = v.at AND outbox.attempts = v.attempts`, triedColumns(back))
	return err
}

func triedColumns(tries []Told) []db.Column {
	return []db.Column{
		ints("subscriber", tries, func(t Told) int64 { return t.Event.Subscriber }),
		texts("hook", tries, func(t Told) string { return t.Event.Hook }),
		ints("at", tries, func(t Told) int64 { return db.Millis(t.Event.At) }),
		ints("attempts", tries, func(t Told) int64 { return int64(t.Event.Attempts) }),
	}
}

// next is when an event that was not taken is told again, zero for not any more.
func (t *Told) next(now time.Time) time.Time {
	at := now.Add(max(tellAgainAfter(t.Event.Attempts), min(t.RetryAfter, longestRetryAfter)))
	if at.Sub(t.Event.queuedAt) > GiveUpTellingAfter {
		return time.Time{}
	}
	return at
}

// SweepEvents gives up what has become too old without being told, drops what
// was given up long ago, some thousand rows a call, and reports whether there may
// be more.
func (s *Store) SweepEvents(ctx context.Context, hook string) (more bool, err error) {
	const page = 5000
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		clock, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		now := s.now()
		given, err := tx.Exec(ctx, `UPDATE outbox SET next_try_at = 0 WHERE (subscriber_id, hook, at) IN
			(SELECT subscriber_id, hook, at FROM outbox WHERE hook = $1 AND next_try_at > 0 AND queued_at < $2 AND lease_until < $3 LIMIT $4 {skip locked})`,
			hook, db.Millis(now.Add(-GiveUpTellingAfter)), db.Millis(clock), page)
		if err != nil {
			return err
		}
		dropped, err := tx.Exec(ctx, `DELETE FROM outbox WHERE (subscriber_id, hook, at) IN
			(SELECT subscriber_id, hook, at FROM outbox WHERE hook = $1 AND next_try_at = 0 AND queued_at < $2 LIMIT $3)`,
			hook, db.Millis(now.Add(-GiveUpTellingAfter-KeepGivenUp)), page)
		more = given == page || dropped == page
		return err
	})
	if err != nil {
		return false, fmt.Errorf("sweep the outbox of %s: %w", hook, err)
	}
	return more, nil
}
