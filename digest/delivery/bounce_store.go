package delivery

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"broadsheet/internal/db"
	"broadsheet/subscribers"
)

// bouncedQuery finds out of some readers those with bounces, by an index of all of these.
const bouncedQuery = `SELECT id FROM subscribers WHERE id {in 1} AND hard_bounced_at + soft_bounces > 0`

// splitTelling divides changes into those that may touch their reader and the others. A success touches only a reader
// with bounces, which few have.
func splitTelling(ctx context.Context, tx *db.Tx, changes []change) (telling, others []change, err error) {
	var accepted []int64
	touched := map[int64]bool{}
	for i := range changes {
		c := &changes[i]
		if c.bounce() != bounceNone {
			touched[c.subscriber] = true
		} else if c.isAccepted() {
			accepted = append(accepted, c.subscriber)
		}
	}
	if len(accepted) > 0 {
		err := tx.Each(ctx, func(scan func(dest ...any) error) error {
			var id int64
			err := scan(&id)
			touched[id] = true
			return err
		}, bouncedQuery, accepted)
		if err != nil {
			return nil, nil, fmt.Errorf("read who has bounced: %w", err)
		}
	}
	if len(touched) == 0 {
		return nil, changes, nil
	}
	for _, c := range changes {
		if c.bounce() != bounceNone || c.isAccepted() && touched[c.subscriber] {
			telling = append(telling, c)
		} else {
			others = append(others, c)
		}
	}
	return telling, others, nil
}

// touchReaders counts changes against their readers, or in their favour, and suppresses those for whom it is enough.
func (r recorder) touchReaders(ctx context.Context, tx *db.Tx, changes []change) error {
	if len(changes) == 0 {
		return nil
	}
	mailboxes, err := lockMailboxes(ctx, tx, changes)
	if err != nil {
		return fmt.Errorf("read bounces: %w", err)
	}
	sentences := judgeReaders(mailboxes, changes, r.bounces, r.now)
	if err := saveMailboxes(ctx, tx, mailboxes); err != nil {
		return fmt.Errorf("count bounces: %w", err)
	}
	for _, id := range slices.Sorted(maps.Keys(sentences)) {
		s := subscribers.Suppression{Reason: sentences[id].reason, Detail: sentences[id].by.verdict(), CreatedAt: r.now}
		if err := subscribers.SuppressTx(ctx, tx, []int64{id}, s, origin); err != nil {
			return err
		}
	}
	return nil
}

// lockMailboxes reads and locks the readers of changes in the order of their ids, as all who lock several do.
func lockMailboxes(ctx context.Context, tx *db.Tx, changes []change) (map[int64]*mailbox, error) {
	var ids []int64
	for i := range changes {
		ids = append(ids, changes[i].subscriber)
	}
	var rows []mailbox
	err := tx.Select(ctx, &rows, `SELECT id, hard_bounced_at, soft_bounces FROM subscribers WHERE id {in 1} ORDER BY id {for update}`, ids)
	out := map[int64]*mailbox{}
	for i := range rows {
		out[rows[i].ID] = &rows[i]
	}
	return out, err
}

func saveMailboxes(ctx context.Context, tx *db.Tx, mailboxes map[int64]*mailbox) error {
	var ids, hard, soft []int64
	for _, id := range slices.Sorted(maps.Keys(mailboxes)) {
		if m := mailboxes[id]; m.changed {
			ids, hard, soft = append(ids, id), append(hard, m.Hard), append(soft, m.Soft)
		}
	}
	_, err := tx.ExecRows(ctx, `UPDATE subscribers SET hard_bounced_at = v.hard, soft_bounces = v.soft FROM {rows}
		WHERE subscribers.id = v.id`, []db.Column{db.Ints("id", ids), db.Ints("hard", hard), db.Ints("soft", soft)})
	return err
}
