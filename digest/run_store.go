package digest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/schedule"
)

// startRun is what begins a run.
type startRun struct {
	digest     *Digest
	cohort     cohort
	turn       turn
	firstFrom  time.Time // a cohort's first window begins with what arrived after this
	kind       EditionKind
	partial    bool
	topicID    int64
	articleID  int64
	recipients []int64
	letter     *letter // whose text the edition gets, nil for none
}

// slot is the slot of the edition.
func (r *startRun) slot() schedule.Local {
	if r.kind == Scheduled {
		return r.digest.editionSlot(r.turn.slot)
	}
	return r.turn.slot
}

// edition is the one that the run belongs to, as it is if the run is its first.
func (r *startRun) edition() *Edition {
	slot := r.slot()
	state, reason, approval := r.digest.initial(r.kind)
	return &Edition{
		DigestID: r.digest.ID, Slot: slot, Key: editionKey(r.digest, slot, r.kind), Kind: r.kind,
		State: state, Reason: reason, Approval: approval,
		Partial: r.partial, TopicID: r.topicID, ArticleID: r.articleID, Recipients: r.recipients,
	}
}

// errSlotTaken says that another send by hand has the second.
var errSlotTaken = errors.New("another edition has this slot")

// startRun writes the edition, if it is the first of its runs, and the run, and
// moves the cohort and its cut-off, all or nothing. It reports false if there
// is no run: another planner was first, the slot passes, nobody subscribes, the
// edition was cancelled, or the cohort has had it. Only a run or an empty
// cohort closes the window.
func (s *Store) startRun(ctx context.Context, r startRun) (began bool, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		began = false
		w, err := runWindow(ctx, tx, &r)
		if err != nil {
			return err
		}
		if moved, err := moveCohort(ctx, tx, r.cohort, r.turn.next, r.turn.nextDue); err != nil || !moved {
			return err
		}
		cutOff, runs := w.from, r.cohort.Runs
		anyone, err := hasSubscribers(ctx, tx, r.cohort.ID)
		switch {
		case err != nil:
			return err
		case !anyone:
			cutOff = w.to
		case !r.turn.pass:
			if began, err = s.insertRun(ctx, tx, &r, w); err != nil {
				return err
			}
			if began {
				cutOff, runs = w.to, runs+1
			}
		}
		if r.partial {
			return nil
		}
		return setCutOff(ctx, tx, r.cohort.ID, cutOff, runs)
	})
	return began && err == nil, err
}

func (s *Store) insertRun(ctx context.Context, tx *db.Tx, r *startRun, w window) (bool, error) {
	e, err := s.ensureEdition(ctx, tx, r)
	if err != nil {
		return false, err
	}
	state, err := lockEdition(ctx, tx, e.ID)
	if err != nil || state == EditionCancelled {
		return false, err
	}
	id, err := tx.NextIDs(ctx, "run", 1)
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(ctx, `INSERT INTO runs (id, edition_id, cohort_id, due_at, expires_at, from_seq, to_seq, number)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (edition_id, cohort_id) DO NOTHING`,
		id, e.ID, r.cohort.ID, db.Millis(r.turn.due), db.Millis(r.turn.expires), w.from, w.to, r.cohort.Runs)
	if err != nil || n == 0 {
		return false, err
	}
	if state == EditionDone { // with an earlier zone
		_, err = tx.Exec(ctx, `UPDATE editions SET state = 'sending' WHERE id = $1`, e.ID)
	}
	return true, err
}

// lockEdition reads the state of an edition that nobody changes until the
// transaction ends: who cancels it then sees the run, and who is before is seen
// here. An update takes a weaker lock than FOR UPDATE, as in lockRuns. An edition
// whose deliveries were dropped counts as cancelled: its day must not come back.
func lockEdition(ctx context.Context, tx *db.Tx, id int64) (state EditionState, err error) {
	err = tx.Get(ctx, &state, `UPDATE editions SET state = state WHERE id = $1
		RETURNING CASE WHEN archived_at > 0 THEN 'cancelled' ELSE state END`, id)
	return state, err
}

// runWindow is (the cohort's last cut-off, what has arrived]. The counter's
// committed value is the highest number whose articles are all committed.
func runWindow(ctx context.Context, tx *db.Tx, r *startRun) (w window, err error) {
	if r.turn.asOf.IsZero() {
		w.to, err = lastSeq(ctx, tx)
	} else {
		w.to, err = seqAt(ctx, tx, r.turn.asOf)
	}
	if err != nil {
		return w, err
	}
	if w.from = r.cohort.LastSeq; w.from < 0 {
		if w.from, err = seqAt(ctx, tx, r.firstFrom); err != nil {
			return w, err
		}
	}
	w.to = max(w.to, w.from)
	return w, nil
}

func lastSeq(ctx context.Context, tx *db.Tx) (seq int64, err error) {
	err = tx.Get(ctx, &seq, `SELECT value FROM counters WHERE name = 'article_seq'`)
	return seq, err
}

// seqAt is the last number before those of the articles that arrived after t.
// An article from before t may have got a topic, and with it a number, since.
func seqAt(ctx context.Context, tx *db.Tx, t time.Time) (seq int64, err error) {
	err = tx.Get(ctx, &seq, `SELECT COALESCE(
		(SELECT MIN(t.seq) - 1 FROM articles a JOIN article_topics t ON t.article_id = a.id WHERE a.arrived_at > $1 AND t.seq > 0),
		(SELECT value FROM counters WHERE name = 'article_seq'))`, db.Millis(t))
	return seq, err
}

// ensureEdition returns the edition of the slot, writing it if it is not there.
// An edition keeps its date when the configuration moves the digest's time of
// day: the key then finds it for the zones that have yet to run.
func (s *Store) ensureEdition(ctx context.Context, tx *db.Tx, r *startRun) (*Edition, error) {
	const find = `SELECT ` + editionColumns + ` FROM editions WHERE digest_id = $1 AND (slot = $2 OR key = $3)
		ORDER BY CASE WHEN slot = $2 THEN 0 ELSE 1 END LIMIT 1`
	want := r.edition()
	e, err := getEdition(ctx, tx, "edition "+want.Key, find, want.DigestID, want.Slot.String(), want.Key)
	if errors.Is(err, ErrNotFound) {
		if err := s.insertEdition(ctx, tx, r.digest, want); err != nil {
			return nil, fmt.Errorf("edition %s: %w", want.Key, err)
		}
		e, err = getEdition(ctx, tx, "edition "+want.Key, find, want.DigestID, want.Slot.String(), want.Key)
	}
	if err != nil {
		return nil, err
	}
	if e.Kind != want.Kind || e.Partial != want.Partial || e.TopicID != want.TopicID || e.ArticleID != want.ArticleID ||
		!slices.Equal(e.Recipients, want.Recipients) {
		return nil, fmt.Errorf("edition %s: %w", want.Key, errSlotTaken)
	}
	if r.letter != nil {
		return e, s.writeLetter(ctx, tx, e, r.letter)
	}
	return e, nil
}

// insertEdition writes an edition, unless there is one of its slot or key.
func (s *Store) insertEdition(ctx context.Context, tx *db.Tx, d *Digest, e *Edition) error {
	if err := tx.EnsureDay(ctx, e.Slot.DayNumber()); err != nil {
		return err
	}
	id, err := tx.NextIDs(ctx, "edition", 1)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO editions (id, digest_id, slot, key, kind, partial, topic_id, article_id, recipients, day,
			state, reason, approval, created_at, urgent)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING`,
		id, e.DigestID, e.Slot.String(), e.Key, string(e.Kind), number(e.Partial), e.TopicID, e.ArticleID, joinIDs(e.Recipients),
		e.Slot.DayNumber(), string(e.State), e.Reason, string(e.Approval), db.Millis(s.now()), number(d.Urgent))
	return err
}

// number is how the database spells a bool.
func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Runs returns the runs of an edition, the earliest first.
func (s *Store) Runs(ctx context.Context, editionID int64) ([]Run, error) {
	var out []Run
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		out, err = selectRuns(ctx, tx, `WHERE r.edition_id = $1 ORDER BY r.due_at, r.id`, editionID)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list runs of edition %d: %w", editionID, err)
	}
	return out, nil
}

// unplannedRuns returns runs whose planning is not complete, the earliest due
// first: of one edition or, if editionID is 0, of all editions of the digests.
// A cohort's runs are planned in the order of their ids, for each needs to know
// what the one before left or carried; so of a cohort it returns the first one
// only, also where that belongs to another edition and holds up the given one, and
// not where it is one of those to leave out.
func (s *Store) unplannedRuns(ctx context.Context, editionID int64, digests, without []int64) ([]Run, error) {
	var out []Run
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		out, err = selectRuns(ctx, tx, `JOIN editions e ON e.id = r.edition_id
			WHERE r.planned_at = 0 AND e.digest_id {in 2} AND NOT r.id {in 3}
			AND NOT EXISTS (SELECT 1 FROM runs b WHERE b.cohort_id = r.cohort_id AND b.planned_at = 0 AND b.id < r.id)
			AND (CAST($1 AS BIGINT) = 0 OR EXISTS (
				SELECT 1 FROM runs w WHERE w.cohort_id = r.cohort_id AND w.planned_at = 0 AND w.edition_id = $1))
			ORDER BY e.urgent DESC, r.due_at, r.id LIMIT 200`, editionID, digests, without)
		return err
	})
	return out, err
}

func selectRuns(ctx context.Context, tx *db.Tx, where string, args ...any) ([]Run, error) {
	var out []Run
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		var r Run
		var due, expires, planned, urgent int64
		if err := scan(&r.ID, &r.EditionID, &r.CohortID, &r.Zone, &r.Hour, &due, &expires, &r.FromSeq, &r.ToSeq, &r.Number, &r.PlanCursor, &planned, &r.Due, &urgent); err != nil {
			return err
		}
		r.DueAt, r.ExpiresAt, r.PlannedAt = db.Time(due), db.Time(expires), db.Time(planned)
		r.urgent = urgent != 0
		out = append(out, r)
		return nil
	}, `SELECT r.id, r.edition_id, r.cohort_id, c.zone, c.rule, r.due_at, r.expires_at, r.from_seq, r.to_seq, r.number, r.plan_cursor, r.planned_at, r.due,
		(SELECT u.urgent FROM editions u WHERE u.id = r.edition_id)
		FROM runs r JOIN cohorts c ON c.id = r.cohort_id `+where, args...)
	return out, err
}

// isSmall reports whether one page has all readers of a run that are not planned
// yet.
func isSmall(ctx context.Context, tx *db.Tx, r *Run) (bool, error) {
	var n int64
	err := tx.Get(ctx, &n, `SELECT COUNT(*) FROM (SELECT 1 FROM subscriptions s
		WHERE s.cohort_id = $1 AND s.state = 'active' AND s.subscriber_id > $2 LIMIT $3) AS few`, r.CohortID, r.PlanCursor, pageSize)
	if err != nil {
		return false, fmt.Errorf("count readers of run %d: %w", r.ID, err)
	}
	return n < pageSize, nil
}

// lockRuns locks the runs of choosers until the transaction ends, in one order,
// so that two planners, or one and who moves readers, never wait for each other.
// It reads how far they are planned and when they expire, which may have changed,
// and returns those that are not planned to the end. The lock is weaker than FOR UPDATE, so that batches of the runs can be
// written meanwhile.
func lockRuns(ctx context.Context, tx *db.Tx, choosers []*chooser) (open []*chooser, err error) {
	of := make(map[int64]*chooser, len(choosers))
	ids := make([]int64, len(choosers))
	for i, c := range choosers {
		of[c.run.ID], ids[i] = c, c.run.ID
	}
	err = tx.Each(ctx, func(scan func(dest ...any) error) error {
		var id, cursor, expires int64
		if err := scan(&id, &cursor, &expires); err != nil {
			return err
		}
		c := of[id]
		c.run.PlanCursor, c.run.ExpiresAt = cursor, db.Time(expires)
		open = append(open, c)
		return nil
	}, `SELECT id, plan_cursor, expires_at FROM runs WHERE id {in 1} AND planned_at = 0 ORDER BY id {for no key update}`, ids)
	return open, err
}
