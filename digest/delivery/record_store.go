package delivery

import (
	"context"
	"fmt"
	"slices"
	"time"

	"broadsheet/internal/db"
)

// recordQuery touches a pending row only as the worker found it, so that recording twice is recording once; that a
// message was sent is true whatever the row says. Day and edition come with each row for the sake of PostgreSQL's plan:
// given once, it would read the edition instead of looking up its rows. The first day leaves out the partitions before it.
const recordQuery = `
	UPDATE deliveries SET state = v.state, reason = v.reason, attempts = v.attempts, next_try_at = v.next_try, changed_at = $1
	FROM {rows}
	WHERE deliveries.day = v.day AND deliveries.edition_id = v.edition AND deliveries.subscriber_id = v.subscriber
		AND deliveries.day >= $2 AND (v.state = 'sent' AND deliveries.state IN ('pending', 'uncertain')
			OR deliveries.attempts = v.found AND (deliveries.state = 'pending' AND v.corrects = 0
				OR deliveries.state = 'uncertain' AND deliveries.reason = 'worker-lost' AND deliveries.batch_id = v.corrects))`

// attemptQuery lets the answer that came after all take the place of "uncertain". The delivery may be gone, with its whole
// day, when an old journal is read; that of a correction has the attempts of a correction that was made.
const attemptQuery = `
	INSERT INTO attempts (day, edition_id, subscriber_id, n, at, composed_at, relay, class, phase, code, enhanced, reply)
	SELECT v.day, v.edition, v.subscriber, v.n, v.at, v.composed, v.relay, v.class, v.phase, v.code, v.enhanced, v.reply
	FROM {rows} JOIN deliveries d ON d.day = v.day AND d.edition_id = v.edition AND d.subscriber_id = v.subscriber
	WHERE d.day >= $1 AND (v.corrects = 0 OR d.attempts = v.n)
	ON CONFLICT (day, edition_id, subscriber_id, n) DO UPDATE SET at = excluded.at, relay = excluded.relay,
		class = excluded.class, phase = excluded.phase, code = excluded.code, enhanced = excluded.enhanced,
		reply = excluded.reply
	WHERE attempts.class = 'uncertain'`

// refusal is what the database did not take of a change.
type refusal struct {
	change change
	err    error
	whole  bool // and not only its attempt
}

// recorder writes what became of deliveries.
type recorder struct {
	bounces Bounces
	now     time.Time
	// careful keeps what the database refuses of a change from the others, for the price of savepoints. Without it the
	// first refusal fails the transaction.
	careful bool
	written counts // of the deliveries that came to a state, which others may have been before
}

// record writes changes, their attempts and what they say of their readers. One that the database refuses for what is
// in it does not keep the others.
func (r recorder) record(ctx context.Context, tx *db.Tx, changes []change) ([]refusal, error) {
	if len(changes) == 0 {
		return nil, nil
	}
	if !r.careful {
		return nil, r.recordPlain(ctx, tx, changes)
	}
	if err := r.recordAll(ctx, tx, changes); !db.IsRefused(err) {
		return nil, err
	}
	var out []refusal
	for _, c := range changes {
		refused, err := r.recordOne(ctx, tx, c)
		if err != nil {
			return nil, err
		}
		if refused != nil {
			out = append(out, *refused)
		}
	}
	return out, nil
}

// recordOne writes a change without its attempt if only that is refused. A change that cannot be recorded at all pauses
// its edition, lest it is sent again and again.
func (r recorder) recordOne(ctx context.Context, tx *db.Tx, c change) (*refusal, error) {
	err := r.recordAll(ctx, tx, []change{c})
	if !db.IsRefused(err) {
		return nil, err
	}
	out := &refusal{change: c, err: err}
	c.attempt = nil
	if err = r.recordAll(ctx, tx, []change{c}); !db.IsRefused(err) {
		return out, err
	}
	out.whole, out.err = true, err
	_, err = pauseTx(ctx, tx, c.edition, fmt.Sprintf("the delivery to subscriber %d cannot be recorded: %v", c.subscriber, err))
	return out, err
}

// recordAll writes all of the changes or, with an error, none of them; the transaction can go on.
func (r recorder) recordAll(ctx context.Context, tx *db.Tx, changes []change) error {
	return tx.Try(ctx, func() error { return r.recordPlain(ctx, tx, changes) })
}

func (r recorder) recordPlain(ctx context.Context, tx *db.Tx, changes []change) error {
	written := counts{}
	told, err := r.recordStates(ctx, tx, changes, written)
	if err != nil {
		return fmt.Errorf("record deliveries: %w", err)
	}
	if err := r.touchReaders(ctx, tx, told); err != nil {
		return err
	}
	if err := recordAttempts(ctx, tx, changes); err != nil {
		return fmt.Errorf("record attempts: %w", err)
	}
	r.written.add(written)
	return nil
}

// recordStates counts what was recorded, and not before, and returns what of it says something of its reader.
func (r recorder) recordStates(ctx context.Context, tx *db.Tx, changes []change, written counts) ([]change, error) {
	telling, others, err := splitTelling(ctx, tx, changes)
	if err != nil {
		return nil, err
	}
	for len(others) > 0 {
		var same []change
		same, others = ofOneState(others)
		n, err := recordRows(ctx, tx, same, r.now)
		if err != nil {
			return nil, err
		}
		written[same[0].state] += int(n)
	}
	var told []change
	for i := range telling {
		n, err := recordRows(ctx, tx, telling[i:i+1], r.now)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			written[telling[i].state]++
			told = append(told, telling[i])
		}
	}
	return told, reopen(ctx, tx, changes)
}

// ofOneState divides changes into those that have the state of the first one, which mostly all have, and the others.
func ofOneState(changes []change) (same, others []change) {
	differs := func(c change) bool { return c.state != changes[0].state }
	if !slices.ContainsFunc(changes, differs) {
		return changes, nil
	}
	for _, c := range changes {
		if differs(c) {
			others = append(others, c)
		} else {
			same = append(same, c)
		}
	}
	return same, others
}

// recordRows returns how many rows of deliveries it changed.
func recordRows(ctx context.Context, tx *db.Tx, changes []change, now time.Time) (int64, error) {
	if len(changes) == 0 {
		return 0, nil
	}
	var states []State
	var reasons []string
	var days, editions, subscribers, attempts, found, next, corrects []int64
	for i := range changes {
		c := &changes[i]
		days, editions, subscribers = append(days, c.day), append(editions, c.edition), append(subscribers, c.subscriber)
		states, reasons, next = append(states, c.state), append(reasons, c.reason), append(next, db.Millis(c.nextTry))
		attempts, found = append(attempts, int64(c.attempts)), append(found, int64(c.before))
		corrects = append(corrects, c.corrects)
	}
	return tx.ExecRows(ctx, recordQuery, []db.Column{
		db.Ints("day", days), db.Ints("edition", editions), db.Ints("subscriber", subscribers),
		db.Texts("state", states), db.Texts("reason", reasons),
		db.Ints("attempts", attempts), db.Ints("found", found), db.Ints("next_try", next),
		db.Ints("corrects", corrects),
	}, db.Millis(now), slices.Min(days))
}

// reopen lets editions go on of which something is to be sent after all.
func reopen(ctx context.Context, tx *db.Tx, changes []change) error {
	var ids []int64
	for i := range changes {
		if c := &changes[i]; c.corrects != 0 && c.state == Pending && !slices.Contains(ids, c.edition) {
			ids = append(ids, c.edition)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return reopenEditions(ctx, tx, ids)
}

// reopenEditions lets editions go on that may be done, because deliveries of them have become pending. It also writes to
// those that are not done: that locks them, so that who settles them waits for us and sees the deliveries.
func reopenEditions(ctx context.Context, tx *db.Tx, ids []int64) error {
	_, err := tx.Exec(ctx, `UPDATE editions SET state = CASE state WHEN 'done' THEN 'sending' ELSE state END WHERE id {in 1}`, ids)
	return err
}

func recordAttempts(ctx context.Context, tx *db.Tx, changes []change) error {
	var day, edition, subscriber, n, at, composed, code, corrects []int64
	var relay, class, phase, enhanced, reply []string
	for i := range changes {
		c := &changes[i]
		if c.attempt == nil {
			continue
		}
		a := &c.attempt.answer
		day, edition, subscriber = append(day, c.day), append(edition, c.edition), append(subscriber, c.subscriber)
		n, code, corrects = append(n, int64(c.attempts)), append(code, int64(a.Code)), append(corrects, c.corrects)
		at, composed = append(at, db.Millis(c.attempt.at)), append(composed, db.Millis(c.attempt.composedAt))
		relay, class, phase = append(relay, a.Relay), append(class, string(a.Class)), append(phase, string(a.Phase))
		enhanced, reply = append(enhanced, a.Enhanced), append(reply, a.Text)
	}
	if len(day) == 0 {
		return nil
	}
	_, err := tx.ExecRows(ctx, attemptQuery, []db.Column{
		db.Ints("day", day), db.Ints("edition", edition), db.Ints("subscriber", subscriber), db.Ints("n", n),
		db.Ints("at", at), db.Ints("composed", composed), db.Texts("relay", relay), db.Texts("class", class),
		db.Texts("phase", phase), db.Ints("code", code), db.Texts("enhanced", enhanced), db.Texts("reply", reply),
		db.Ints("corrects", corrects),
	}, slices.Min(day))
	return err
}

// leaseState says whose a batch is.
type leaseState int

const (
	leaseLost leaseState = iota // it has changed hands, perhaps more than once
	leaseNext                   // one other worker had it after us, none since
	leaseOurs
)

// leaseStates reads whether batches are still leased under our fence, and locks them.
func leaseStates(ctx context.Context, tx *db.Tx, tallies []*tally) (map[int64]leaseState, error) {
	ids := make([]int64, len(tallies))
	fences := map[int64]int64{}
	for i, t := range tallies {
		ids[i], fences[t.batch.id] = t.batch.id, t.batch.fence
	}
	out := map[int64]leaseState{}
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		var id, fence int64
		if err := scan(&id, &fence); err != nil {
			return err
		}
		switch fence {
		case fences[id]:
			out[id] = leaseOurs
		case fences[id] + 1:
			out[id] = leaseNext
		}
		return nil
	}, `SELECT id, fence FROM batches WHERE id {in 1} ORDER BY id {for update}`, ids)
	return out, err
}

// renew makes the leases of batches last from now on.
func renew(ctx context.Context, tx *db.Tx, ids []int64, lease time.Duration) error {
	if len(ids) == 0 {
		return nil
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE batches SET lease_until = $1 WHERE id {in 2}`, db.Millis(now.Add(lease)), ids)
	return err
}

const finishQuery = `
	UPDATE batches SET lease_until = 0, worker = '',
		done_at = CASE WHEN EXISTS (SELECT 1 FROM deliveries d
			WHERE d.day = $2 AND d.edition_id = $5 AND d.batch_id = $3 AND d.state = 'pending' AND d.next_try_at = 0) THEN 0 ELSE CAST($1 AS BIGINT) END
	WHERE id = $3 AND fence = $4`

// finish gives a batch back: done if nothing of it is pending, else free for anyone.
func finish(ctx context.Context, tx *db.Tx, b *batch, now time.Time) error {
	_, err := tx.Exec(ctx, finishQuery, db.Millis(now), b.day, b.id, b.fence, b.edition)
	return err
}

// releaseQuery says batch_id <= and >= so that PostgreSQL cannot turn the subquery into a list of all that is pending.
const releaseQuery = `
	UPDATE batches SET lease_until = 0, worker = '',
		done_at = CASE WHEN EXISTS (SELECT 1 FROM deliveries d WHERE d.day = batches.day AND d.edition_id = batches.edition_id
			AND d.batch_id >= batches.id AND d.batch_id <= batches.id AND d.state = 'pending' AND d.next_try_at = 0)
			THEN 0 ELSE CAST($1 AS BIGINT) END
	WHERE worker = $2 AND done_at = 0`

// release gives back all batches of a worker that has ended. Those of which nothing is pending become done.
func release(ctx context.Context, tx *db.Tx, worker string, now time.Time) error {
	_, err := tx.Exec(ctx, releaseQuery, db.Millis(now), worker)
	return err
}
