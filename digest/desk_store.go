package digest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"broadsheet/internal/db"
)

// archivedSlack is by how much clocks of hosts may differ where it is asked
// whether an edition began before an article was held back.
const archivedSlack = 5 * time.Minute

// deskArticleQuery reads an article. Unproven are those of whose readers an
// archived edition knew that was made before they were held back, and planned
// after they arrived: what number they had then is not known any more.
const deskArticleQuery = `SELECT a.id, a.pinned_until, a.held_at, a.embargo_until, a.withdrawn_at, a.arrived_at, a.lead_id, a.again, a.own_topics, a.told_at, ` + heirQuery + ` AS heir,
	COALESCE((SELECT MIN(t.seq) FROM article_topics t WHERE t.article_id = a.id AND t.seq > 0), 0) AS first_seq,
	COALESCE((SELECT c.note FROM corrections c WHERE c.article_id = a.id ORDER BY c.id DESC LIMIT 1), '') AS last_note,
	a.again = 1 AND EXISTS (SELECT 1 FROM editions e JOIN runs r ON r.edition_id = e.id
		WHERE e.archived_at > 0 AND e.created_at <= a.held_at + $2 AND r.planned_at >= a.arrived_at - $2) AS unproven
	FROM articles a WHERE a.id = $1`

func deskArticleByID(ctx context.Context, tx *db.Tx, id int64) (*deskArticle, error) {
	var a deskArticle
	err := tx.Get(ctx, &a, deskArticleQuery, id, archivedSlack.Milliseconds())
	if errors.Is(err, db.ErrNoRows) {
		return nil, ErrNotFound
	}
	return &a, err
}

// Rehearse says what Edit would do, and changes nothing.
func (s *Store) Rehearse(ctx context.Context, id int64, o DeskOrder) (DeskResult, error) {
	var out DeskResult
	err := s.db.View(ctx, func(tx *db.Tx) error {
		a, err := deskArticleByID(ctx, tx, id)
		if err == nil {
			out.Detail, out.Changed, err = a.decide(&o, s.now())
		}
		return err
	})
	if err != nil {
		return DeskResult{}, fmt.Errorf("%s article %d: %w", o.Action, id, err)
	}
	return out, nil
}

// Edit does to an article what an editor wants, and puts on record who that
// was. Doing it again changes nothing. It returns ErrNotFound, or one of the
// errors above for what cannot be.
func (s *Store) Edit(ctx context.Context, id int64, o DeskOrder) (DeskResult, error) {
	var out DeskResult
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		// As in Put: whoever changes what numbers mean comes one after the other.
		if _, err := tx.NextIDs(ctx, "article_seq", 0); err != nil {
			return err
		}
		var err error
		out, err = edit(ctx, tx, id, &o, s.now())
		return err
	})
	if err != nil {
		return DeskResult{}, fmt.Errorf("%s article %d: %w", o.Action, id, err)
	}
	return out, nil
}

// edit is Edit in a transaction that holds the counter of numbers.
func edit(ctx context.Context, tx *db.Tx, id int64, o *DeskOrder, now time.Time) (out DeskResult, err error) {
	a, err := deskArticleByID(ctx, tx, id)
	if err != nil {
		return out, err
	}
	if out.Detail, out.Changed, err = a.decide(o, now); err != nil || !out.Changed {
		return out, err
	}
	if err := a.apply(ctx, tx, o, db.Millis(now)); err != nil {
		return out, err
	}
	return out, recordChange(ctx, tx, Change{At: now, Who: o.Who, Noun: "article", Key: fmt.Sprint(id), Action: string(o.Action), Detail: out.Detail})
}

// apply writes what was decided.
func (a *deskArticle) apply(ctx context.Context, tx *db.Tx, o *DeskOrder, now int64) (err error) {
	switch o.Action {
	case DeskPin, DeskUnpin:
		_, err = tx.Exec(ctx, `UPDATE articles SET pinned_until = $1 WHERE id = $2`, db.Millis(o.Until), a.ID)
	case DeskHold:
		if a.HeldAt != 0 {
			_, err = tx.Exec(ctx, `UPDATE articles SET embargo_until = $1 WHERE id = $2`, db.Millis(o.Until), a.ID)
			return err
		}
		_, err = holdBack(ctx, tx, a.ID, now, db.Millis(o.Until))
	case DeskRelease, deskEmbargoOver:
		if a.LeadID != 0 {
			return a.unfold(ctx, tx, now)
		}
		return a.release(ctx, tx, now)
	case DeskWithdraw:
		return a.withdraw(ctx, tx, now)
	case DeskCorrect:
		err = a.correct(ctx, tx, o.Note, now)
	}
	return err
}

// holdBack keeps an article out of planning and notes whether a run may have
// offered it. A run that is being started holds the counter of runs until it is
// there to be seen; one that starts later finds the article held back.
func holdBack(ctx context.Context, tx *db.Tx, id, now, until int64) (heldAt int64, err error) {
	if _, err := tx.NextIDs(ctx, "run", 0); err != nil {
		return 0, err
	}
	_, err = tx.Exec(ctx, `UPDATE articles SET held_at = $1, embargo_until = $2, again = CASE WHEN EXISTS (
			SELECT 1 FROM runs r WHERE r.to_seq >= (SELECT MIN(t.seq) FROM article_topics t WHERE t.article_id = articles.id AND t.seq > 0))
		THEN 1 ELSE again END WHERE id = $3`, now, until, id)
	return now, err
}

// release lets an article go out again, with new numbers unless nobody can tell
// who had it.
func (a *deskArticle) release(ctx context.Context, tx *db.Tx, now int64) error {
	if _, err := tx.Exec(ctx, `UPDATE articles SET held_at = 0, embargo_until = 0, fresh_at = fresh_at + $1 WHERE id = $2`,
		max(now-a.HeldAt, 0), a.ID); err != nil || a.FirstSeq == 0 || a.Unproven {
		return err
	}
	seq, err := tx.NextIDs(ctx, "article_seq", 1)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE article_topics SET seq = $1 WHERE article_id = $2 AND seq > 0`, seq, a.ID)
	return err
}

// unfold lets a folded article stand for itself, as new.
func (a *deskArticle) unfold(ctx context.Context, tx *db.Tx, now int64) error {
	matches, err := parseOwnTopics(a.OwnTopics)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE articles SET lead_id = 0, unfolded_from = lead_id, unfolded_at = $3, own_topics = '',
		held_at = 0, embargo_until = 0, fresh_at = fresh_at + $1 WHERE id = $2`, max(now-a.ArrivedAt, 0), a.ID, now); err != nil {
		return err
	}
	seq, err := tx.NextIDs(ctx, "article_seq", 1)
	if err != nil {
		return err
	}
	if _, err := tx.ExecRows(ctx, `INSERT INTO article_topics (article_id, topic_id, seq, reason)
		SELECT $1, v.topic_id, $2, v.reason FROM {rows}`, matchColumns(matches), a.ID, seq); err != nil {
		return err
	}
	return countSources(ctx, tx, a.LeadID)
}

func (a *deskArticle) withdraw(ctx context.Context, tx *db.Tx, now int64) error {
	if _, err := tx.Exec(ctx, `UPDATE articles SET withdrawn_at = $1, embargo_until = 0 WHERE id = $2`, now, a.ID); err != nil {
		return err
	}
	if a.LeadID != 0 {
		if err := countSources(ctx, tx, a.LeadID); err != nil {
			return err
		}
	}
	if err := a.inherit(ctx, tx, now); err != nil {
		return err
	}
	return touchContent(ctx, tx)
}

// correct adds a correction under a number of its own, so that it is in the
// next window of each reader.
func (a *deskArticle) correct(ctx context.Context, tx *db.Tx, note string, now int64) error {
	id, err := tx.NextIDs(ctx, "correction", 1)
	if err != nil {
		return err
	}
	seq, err := tx.NextIDs(ctx, "article_seq", 1)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO corrections (id, article_id, seq, at, note) VALUES ($1, $2, $3, $4, $5)`, id, a.ID, seq, now, note)
	return err
}

// ReleaseEmbargoes releases the articles whose embargo is over and returns how
// many they were. Where none is over it asks the database one question.
func (s *Store) ReleaseEmbargoes(ctx context.Context, now time.Time) (int, error) {
	var ids []int64
	if err := s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Select(ctx, &ids, `SELECT id FROM articles WHERE embargo_until > 0 AND embargo_until <= $1 ORDER BY embargo_until, id LIMIT 1000`, db.Millis(now))
	}); err != nil {
		return 0, fmt.Errorf("find embargoes that are over: %w", err)
	}
	released := 0
	for _, id := range ids {
		done, err := s.releaseEmbargo(ctx, id, now)
		if err != nil {
			return released, fmt.Errorf("end the embargo of article %d: %w", id, err)
		}
		released += number(done)
	}
	return released, nil
}

// releaseEmbargo reports false where another process did it, or an editor moved
// the embargo.
func (s *Store) releaseEmbargo(ctx context.Context, id int64, now time.Time) (done bool, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		done = false
		if _, err := tx.NextIDs(ctx, "article_seq", 0); err != nil {
			return err
		}
		a, err := deskArticleByID(ctx, tx, id)
		if err != nil || a.Embargo == 0 || a.Embargo > db.Millis(now) {
			return err
		}
		detail, _ := a.decideRelease()
		if err := a.apply(ctx, tx, &DeskOrder{Action: deskEmbargoOver}, db.Millis(now)); err != nil {
			return err
		}
		done = true
		return recordChange(ctx, tx, Change{
			At: now, Who: "broadsheet", Noun: "article", Key: fmt.Sprint(id), Action: string(deskEmbargoOver), Detail: detail,
		})
	})
	return done && err == nil, err
}
