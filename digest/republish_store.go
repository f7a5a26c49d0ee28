package digest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"broadsheet/internal/db"
)

// Told is what one of the newsroom's own systems tells of a story, by its URL or
// the id that the system has for it.
type Told struct {
	URL, GUID string
	Who       string // such as "webhook:site"; what it withdraws it may publish again
}

// Unpublish withdraws the story that a system took back or deleted. It returns
// ErrNotFound for one that never came in.
func (s *Store) Unpublish(ctx context.Context, t Told) (DeskResult, error) {
	id, err := s.toldArticle(ctx, t)
	if err != nil {
		return DeskResult{}, err
	}
	return s.Withdraw(ctx, id, t.Who)
}

// Republish lets a story go out again that the same system withdrew before, as
// after a release: who had it does not get it twice. What an editor withdrew
// stays so, and what one held back before is held back again until it is released.
// It returns ErrNotFound for a story that never came in.
func (s *Store) Republish(ctx context.Context, t Told) (DeskResult, error) {
	id, err := s.toldArticle(ctx, t)
	if err != nil {
		return DeskResult{}, err
	}
	var out DeskResult
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		out = DeskResult{}
		if _, err := tx.NextIDs(ctx, "article_seq", 0); err != nil { // as in Edit
			return err
		}
		var by string
		if err := tx.Get(ctx, &by, `SELECT COALESCE((SELECT who FROM changes WHERE noun = 'article' AND key = $1 AND action = $2
			ORDER BY id DESC LIMIT 1), '')`, fmt.Sprint(id), string(DeskWithdraw)); err != nil {
			return err
		}
		a, err := deskArticleByID(ctx, tx, id)
		if err != nil || a.WithdrawnAt == 0 || !strings.EqualFold(by, t.Who) {
			return err
		}
		out.Changed = true
		now := s.now()
		if err := a.republish(ctx, tx, db.Millis(now)); err != nil {
			return err
		}
		return recordChange(ctx, tx, Change{At: now, Who: t.Who, Noun: "article", Key: fmt.Sprint(id), Action: "republish"})
	})
	if err != nil {
		return DeskResult{}, fmt.Errorf("republish article %d: %w", id, err)
	}
	return out, nil
}

// republish ends a withdrawal as the release of a hold that began with it, or goes
// on with the hold that was there before.
func (a *deskArticle) republish(ctx context.Context, tx *db.Tx, now int64) error {
	if a.HeldAt != 0 {
		if _, err := tx.Exec(ctx, `UPDATE articles SET withdrawn_at = 0 WHERE id = $1`, a.ID); err != nil {
			return err
		}
	} else if err := a.releaseWithdrawn(ctx, tx, now); err != nil {
		return err
	}
	if a.LeadID != 0 {
		if err := countSources(ctx, tx, a.LeadID); err != nil {
			return err
		}
	}
	return touchContent(ctx, tx)
}

func (a *deskArticle) releaseWithdrawn(ctx context.Context, tx *db.Tx, now int64) error {
	if _, err := holdBack(ctx, tx, a.ID, now, 0); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE articles SET held_at = withdrawn_at, withdrawn_at = 0 WHERE id = $1`, a.ID); err != nil {
		return err
	}
	held, err := deskArticleByID(ctx, tx, a.ID)
	if err != nil {
		return err
	}
	return held.release(ctx, tx, now)
}

// toldArticle finds a story by its URL, the system's id of it, or the URL as the
// id that a feed has for it: WordPress puts the address that stays there.
func (s *Store) toldArticle(ctx context.Context, t Told) (id int64, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Get(ctx, &id, `SELECT id FROM articles WHERE url <> '' AND url = $1
			UNION ALL SELECT id FROM articles WHERE source_id = 0 AND guid <> '' AND guid = $2
			UNION ALL SELECT id FROM articles WHERE source_id IN (SELECT id FROM sources) AND guid <> '' AND guid = $1 LIMIT 1`, t.URL, t.GUID)
	})
	if errors.Is(err, db.ErrNoRows) {
		return 0, ErrNotFound
	}
	if err != nil {
		return 0, fmt.Errorf("look up article %s: %w", t.URL, err)
	}
	return id, nil
}
