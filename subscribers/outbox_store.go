package subscribers

import (
	"context"
	"fmt"
	"slices"
	"time"

	"broadsheet/internal/db"
)

// outboxRow is an event for one system.
type outboxRow struct {
	happening
	hook, body string
}

// insertEvents puts what the notes of records mean into the outbox, and takes
// readers out of it who were erased. Where nothing of it is for others it reads
// nothing, and where nobody asks for events it reads that and no more.
func insertEvents(ctx context.Context, tx *db.Tx, recs []*record) error {
	for _, r := range recs {
		if slices.ContainsFunc(r.notes, func(n note) bool { return n.Event == EventErased }) {
			if err := scrubEvents(ctx, tx, r.ID); err != nil {
				return err
			}
		}
	}
	events := happenings(recs)
	if len(events) == 0 {
		return nil
	}
	hooks, err := readHooks(ctx, tx)
	if err != nil {
		return fmt.Errorf("read who is told: %w", err)
	}
	if len(hooks) == 0 {
		return nil
	}
	slugs, err := topicSlugs(ctx, tx)
	if err != nil {
		return err
	}
	var rows []outboxRow
	for i := range events {
		body := ""
		for j := range hooks {
			if !hooks[j].wants(events[i].event) {
				continue
			}
			if body == "" {
				if body, err = events[i].body(slugs); err != nil {
					return err
				}
			}
			rows = append(rows, outboxRow{events[i], hooks[j].Slug, body})
		}
	}
	return insertOutbox(ctx, tx, rows)
}

func insertOutbox(ctx context.Context, tx *db.Tx, rows []outboxRow) error {
	err := tx.AddRows(ctx, `INSERT INTO outbox (subscriber_id, hook, at, event, body, queued_at, next_try_at)
		SELECT v.subscriber, v.hook, v.at, v.event, v.body, v.at, v.at FROM {rows}`, []db.Column{
		ints("subscriber", rows, func(r outboxRow) int64 { return r.record.ID }),
		texts("hook", rows, func(r outboxRow) string { return r.hook }),
		ints("at", rows, func(r outboxRow) int64 { return db.Millis(r.by.At) }),
		texts("event", rows, func(r outboxRow) HookEvent { return r.event }),
		texts("body", rows, func(r outboxRow) string { return r.body }),
	})
	if err != nil {
		return fmt.Errorf("put events into the outbox: %w", err)
	}
	return nil
}

// scrubEvents takes an erased reader out of the outbox. What is being told at
// this moment keeps its row, without its body, so that the erasure is told after
// it and not before.
func scrubEvents(ctx context.Context, tx *db.Tx, subscriber int64) error {
	clock, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM outbox WHERE subscriber_id = $1 AND lease_until < $2`, subscriber, db.Millis(clock)); err != nil {
		return fmt.Errorf("erase events of reader %d: %w", subscriber, err)
	}
	if _, err := tx.Exec(ctx, `UPDATE outbox SET body = '' WHERE subscriber_id = $1`, subscriber); err != nil {
		return fmt.Errorf("erase events of reader %d: %w", subscriber, err)
	}
	return nil
}

// hookState is how a system takes what it is told.
type hookState struct {
	Failures     int64  `db:"failures"`
	FailingSince int64  `db:"failing_since"`
	WaitUntil    int64  `db:"wait_until"`
	LastError    string `db:"last_error"`
}

// ClaimEvents leases up to so many events that a system is to be told now, of
// each reader the oldest alone, and none while another of that reader is leased. While the system fails it gets one at a time, and
// none until its wait is over. An empty list says that nothing is to be told.
func (s *Store) ClaimEvents(ctx context.Context, hook string, most int, lease time.Duration) ([]OutboxEvent, error) {
	var events []OutboxEvent
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		events = nil
		clock, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		c := eventClaim{hook: hook, most: most, now: db.Millis(s.now()), clock: db.Millis(clock), until: db.Millis(clock.Add(lease))}
		if ok, err := c.admit(ctx, tx); err != nil || !ok {
			return err
		}
		events, err = c.take(ctx, tx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claim events for %s: %w", hook, err)
	}
	return events, nil
}

// eventClaim is one look for what a system is to be told. Leases go by the
// clock of the database, times of tries by ours.
type eventClaim struct {
	hook              string
	most              int
	now, clock, until int64
}

// admit reports whether the system may be told anything now. One that fails is
// tried by one worker alone, which pushes the wait on. The lock on the system's
// row has workers and RetryEvents see what each other did.
func (c *eventClaim) admit(ctx context.Context, tx *db.Tx) (bool, error) {
	var due bool
	err := tx.Get(ctx, &due, `SELECT EXISTS (SELECT 1 FROM outbox WHERE hook = $1 AND next_try_at > 0 AND next_try_at <= $2)`, c.hook, c.now)
	if err != nil || !due {
		return false, err
	}
	var states []hookState
	err = tx.Select(ctx, &states, `SELECT failures, failing_since, wait_until, last_error FROM outgoing_webhooks WHERE slug = $1 {for update}`, c.hook)
	if err != nil || len(states) == 0 {
		return false, err
	}
	if states[0].Failures < toleratedFailures {
		return true, nil
	}
	c.most = 1
	if states[0].WaitUntil > c.now {
		return false, nil
	}
	n, err := tx.Exec(ctx, `UPDATE outgoing_webhooks SET wait_until = $1 WHERE slug = $2 AND wait_until = $3`,
		c.now+c.until-c.clock, c.hook, states[0].WaitUntil)
	return n == 1, err
}

func (c *eventClaim) take(ctx context.Context, tx *db.Tx) ([]OutboxEvent, error) {
	var rows []outboxEventRow
	err := tx.Select(ctx, &rows, `WITH c AS MATERIALIZED (
			SELECT subscriber_id, hook, at FROM outbox o WHERE hook = $1 AND next_try_at > 0 AND next_try_at <= $2 AND lease_until < $3
				AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.subscriber_id = o.subscriber_id AND e.hook = o.hook
					AND (e.at < o.at AND e.next_try_at > 0 OR e.at > o.at AND e.lease_until >= $3))
			ORDER BY next_try_at LIMIT $4 {skip locked})
		UPDATE outbox SET lease_until = $5, attempts = attempts + 1 WHERE (subscriber_id, hook, at) IN (SELECT subscriber_id, hook, at FROM c)
		RETURNING subscriber_id, hook, at, event, body, queued_at, attempts, next_try_at, answer`, c.hook, c.now, c.clock, c.most, c.until)
	return outboxEvents(rows), err
}

type outboxEventRow struct {
	Subscriber int64     `db:"subscriber_id"`
	Hook       string    `db:"hook"`
	At         int64     `db:"at"`
	Event      HookEvent `db:"event"`
	Body       string    `db:"body"`
	QueuedAt   int64     `db:"queued_at"`
	Attempts   int       `db:"attempts"`
	NextTryAt  int64     `db:"next_try_at"`
	Answer     string    `db:"answer"`
}

func outboxEvents(rows []outboxEventRow) []OutboxEvent {
	events := make([]OutboxEvent, len(rows))
	for i, r := range rows {
		events[i] = OutboxEvent{Hook: r.Hook, Subscriber: r.Subscriber, At: db.Time(r.At), Event: r.Event, Body: r.Body, queuedAt: db.Time(r.QueuedAt),
			Attempts: r.Attempts, NextTryAt: db.Time(r.NextTryAt), Answer: r.Answer}
	}
	return events
}
