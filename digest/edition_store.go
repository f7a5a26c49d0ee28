package digest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"broadsheet/internal/db"
	"broadsheet/templates"
)

// changeEdition makes the edition if it is to come, locks it, lets fn change it
// and puts on record what fn says, unless its action is "". It returns the
// edition as it then is.
func (s *Store) changeEdition(ctx context.Context, d *Digest, e *Edition, fn func(tx *db.Tx, e *Edition) (action, detail string, err error), who string) (*Edition, error) {
	var out *Edition
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		id := e.ID
		if id == 0 {
			made, err := s.ensureEdition(ctx, tx, &startRun{digest: d, kind: Scheduled, turn: turn{slot: e.Slot}})
			if err != nil {
				return err
			}
			id = made.ID
		}
		state, err := lockEdition(ctx, tx, id)
		if err != nil {
			return err
		}
		if out, err = editionByID(ctx, tx, id); err != nil {
			return err
		}
		out.State = state
		if err := d.mayEdit(out, s.now()); err != nil {
			return err
		}
		action, detail, err := fn(tx, out)
		if err != nil || action == "" {
			return err
		}
		change := Change{At: s.now(), Who: who, Noun: "edition", Key: out.Key, Action: action, Detail: detail}
		if err := recordChange(ctx, tx, change); err != nil {
			return err
		}
		out, err = editionByID(ctx, tx, id)
		return err
	})
	return out, err
}

func setEdition(ctx context.Context, tx *db.Tx, id int64, state EditionState, reason string, approval ApprovalState) error {
	_, err := tx.Exec(ctx, `UPDATE editions SET state = $1, reason = $2, approval = $3 WHERE id = $4`,
		string(state), reason, string(approval), id)
	return err
}

// EditionText returns what editors made of an edition.
func (s *Store) EditionText(ctx context.Context, editionID int64) (*EditionText, error) {
	var text EditionText
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		text, err = editionText(ctx, tx, editionID, time.Time{})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the text of edition %d: %w", editionID, err)
	}
	return &text, nil
}

// editionText is what editors had made of an edition at a time, or have made by
// now if that is zero.
func editionText(ctx context.Context, tx *db.Tx, editionID int64, at time.Time) (EditionText, error) {
	var row struct {
		Version   int    `db:"version"`
		FromAt    int64  `db:"from_at"`
		Subject   string `db:"subject"`
		Preheader string `db:"preheader"`
		Intro     string `db:"intro"`
		Stories   string `db:"stories"`
	}
	err := tx.Get(ctx, &row, `SELECT version, from_at, subject, preheader, intro, stories FROM edition_versions
		WHERE edition_id = $1 AND (CAST($2 AS BIGINT) = 0 OR from_at <= $2) ORDER BY version DESC LIMIT 1`, editionID, db.Millis(at))
	if errors.Is(err, db.ErrNoRows) {
		return EditionText{}, nil
	} else if err != nil {
		return EditionText{}, err
	}
	text := EditionText{Version: row.Version, CountsAt: db.Time(row.FromAt), Subject: row.Subject, Preheader: row.Preheader, Intro: row.Intro}
	text.Stories, err = parseStories(row.Stories)
	return text, err
}

// editionID is the id of an edition, 0 if there is none of that key.
func editionID(ctx context.Context, tx *db.Tx, key string) (id int64, err error) {
	err = tx.Get(ctx, &id, `SELECT COALESCE((SELECT id FROM editions WHERE key = $1), 0)`, key)
	return id, err
}

// correctionsAsOf loads corrections in the order in which they were made, with
// the headlines that their stories had at a time, those of withdrawn ones
// included.
func correctionsAsOf(ctx context.Context, tx *db.Tx, ids []int64, at time.Time) ([]templates.Correction, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var out []templates.Correction
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		var c templates.Correction
		var made, withdrawn int64
		if err := scan(&c.Note, &made, &c.Title, &c.URL, &withdrawn); err != nil {
			return err
		}
		if c.At = db.Time(made); withdrawn > 0 && withdrawn <= db.Millis(at) {
			c.URL = ""
		}
		out = append(out, c)
		return nil
	}, `SELECT c.note, c.at, v.title, v.url, a.withdrawn_at FROM corrections c
		JOIN articles a ON a.id = c.article_id
		JOIN article_versions v ON v.article_id = a.id AND v.version = (
			SELECT max(w.version) FROM article_versions w WHERE w.article_id = a.id AND (w.from_at <= $2 OR w.version = 1))
		WHERE c.id {in 1} ORDER BY c.id`, ids, db.Millis(at))
	if err != nil {
		return nil, fmt.Errorf("load corrections: %w", err)
	}
	return out, nil
}

// editSettles is how long after it was made an edit counts: until then it is
// committed, so that no mail is composed without it at a time at which it counts,
// and no retry differs from its first try.
const editSettles = time.Second

// insertEditionText adds a version of the text of a locked edition, which counts
// from the given time on, and never before the version that it follows: another
// host's clock may be ahead.
func (s *Store) insertEditionText(ctx context.Context, tx *db.Tx, editionID int64, text *EditionText, from time.Time) error {
	var last int64
	if err := tx.Get(ctx, &last, `SELECT COALESCE(MAX(from_at), 0) FROM edition_versions WHERE edition_id = $1`, editionID); err != nil {
		return err
	}
	text.Version++
	text.CountsAt = db.Time(max(last, db.Millis(from)))
	if _, err := tx.Exec(ctx, `INSERT INTO edition_versions (edition_id, version, from_at, subject, preheader, intro, stories)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		editionID, text.Version, db.Millis(text.CountsAt), text.Subject, text.Preheader, text.Intro, text.storiesText()); err != nil {
		return err
	}
	return touchContent(ctx, tx)
}
