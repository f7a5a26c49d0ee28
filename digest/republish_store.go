package digest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"broadsheet/internal/db"
)

// Told is what one of the newsroom's own systems tells of a story, by its URL or
// the id that the system has for it.
type Told struct {
	URL, GUID string
	Who       string    // such as "webhook:site"; what it withdraws it may publish again
	At        time.Time // when the story last changed, by the system's clock; zero where it does not say
}

// Unpublish withdraws the story that a system took back or deleted, unless it told
// of a later change before. It returns ErrNotFound for one that never came in.
func (s *Store) Unpublish(ctx context.Context, t Told) (DeskResult, error) {
	var out DeskResult
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		out = DeskResult{}
		if _, err := tx.NextIDs(ctx, "article_seq", 0); err != nil { // as in Edit
			return err
		}
		id, err := toldArticle(ctx, tx, t)
		if err != nil {
			return err
		}
		at, now := db.Millis(t.At), s.now()
		if at = min(at, db.Millis(now)); at != 0 {
			n, err := tx.Exec(ctx, `UPDATE articles SET told_at = $1 WHERE id = $2 AND told_at <= $1`, at, id)
			if out.Outdated = n == 0; err != nil || out.Outdated {
				return err
			}
		}
		out, err = edit(ctx, tx, id, &DeskOrder{Action: DeskWithdraw, Who: t.Who}, now)
		return err
	})
	if err != nil {
		return DeskResult{}, fmt.Errorf("unpublish article %s: %w", t.URL, err)
	}
	return out, nil
}

// Republish lets a story go out again that the same system withdrew before, as
// after a release: who had it does not get it twice. What an editor withdrew
// stays so, what one held back before is held back again until it is released,
// and so does what the system itself took back later. It returns ErrNotFound for
// a story that never came in.
func (s *Store) Republish(ctx context.Context, t Told) (DeskResult, error) {
	var out DeskResult
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		out = DeskResult{}
		if _, err := tx.NextIDs(ctx, "article_seq", 0); err != nil { // as in Edit
			return err
		}
		id, err := toldArticle(ctx, tx, t)
		if err != nil {
			return err
		}
		key, now := fmt.Sprint(id), s.now()
		var by string
		if err := tx.Get(ctx, &by, `SELECT COALESCE((SELECT who FROM changes WHERE noun = 'article' AND key = $1 AND action = $2
			ORDER BY id DESC LIMIT 1), '')`, key, string(DeskWithdraw)); err != nil {
			return err
		}
		a, err := deskArticleByID(ctx, tx, id)
		if err != nil || a.WithdrawnAt == 0 || !strings.EqualFold(by, t.Who) {
			return err
		}
		if at := min(db.Millis(t.At), db.Millis(now)); at != 0 && at < a.ToldAt {
			out.Outdated = true
			return nil
		}
		out.Changed = true
		if err := a.republish(ctx, tx, db.Millis(now)); err != nil {
			return err
		}
		return recordChange(ctx, tx, Change{At: now, Who: t.Who, Noun: "article", Key: key, Action: "republish"})
	})
	if err != nil {
		return DeskResult{}, fmt.Errorf("republish article %s: %w", t.URL, err)
	}
	return out, nil
}

// republish ends a withdrawal as the release of a hold that began with it, or goes
// on with the hold that was there before.
// What another story took the place of meanwhile becomes part of that.
func (a *deskArticle) republish(ctx context.Context, tx *db.Tx, now int64) error {
	follows := false
	var err error
	if a.LeadID == 0 {
		if follows, err = a.followHeir(ctx, tx); err != nil {
			return err
		}
	}
	if follows {
		return touchContent(ctx, tx)
	}
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

// toldArticle finds a story by the system's id of it, its URL, or the URL as the
// id that a feed has for it: WordPress puts the address that stays there. A URL
// that it had before counts where no id is told.
func toldArticle(ctx context.Context, tx *db.Tx, t Told) (id int64, err error) {
	err = tx.Get(ctx, &id, `SELECT COALESCE(
		(SELECT id FROM articles WHERE source_id = 0 AND guid <> '' AND guid = $1),
		(SELECT article_id FROM article_aliases WHERE kind = 'id' AND source_id = 0 AND name = $1),
		(SELECT id FROM articles WHERE url <> '' AND url = $2),
		(SELECT MIN(id) FROM articles WHERE source_id IN (SELECT id FROM sources) AND guid <> '' AND guid = $2),
		(SELECT MIN(article_id) FROM article_aliases WHERE kind = 'id' AND source_id IN (SELECT id FROM sources) AND name = $2),
		(SELECT article_id FROM article_aliases WHERE kind = 'url' AND source_id = 0 AND name = $2 AND $1 = ''), 0)`, t.GUID, t.URL)
	if err == nil && id == 0 {
		err = ErrNotFound
	}
	return id, err
}
