package digest

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"broadsheet/internal/db"
)

// mostPages is how many pages of a run are planned before it is the turn of
// another one.
const mostPages = 16

// PlanRuns plans the runs that are not planned to the end, of one edition or,
// if editionID is 0, of all editions of the planner's digests. Before a run come
// the earlier ones of its cohort, whatever their edition; where one fails the
// later ones wait.
func (p *Planner) PlanRuns(ctx context.Context, editionID int64) error {
	return p.planRuns(ctx, editionID, p.digestIDs())
}

func (p *Planner) planRuns(ctx context.Context, editionID int64, digests []int64) error {
	r := p.newRounds(editionID, digests)
	for {
		if more, err := r.next(ctx); err != nil || !more {
			return errors.Join(append(r.errs, err)...)
		}
	}
}

// rounds plans runs in turns, so that the readers of a small one do not wait for
// the millions of another. The large runs of a digest have their turn together, and
// so have the small ones. Turns grow: at the start of each the candidates are
// loaded anew, so that only those of its runs are in memory. What was chosen from
// equal ones is remembered for all runs.
type rounds struct {
	planner       *Planner
	edition       int64 // 0: all
	digests       []int64
	admittedSince int64
	begun         bool
	pages         map[int64]int  // of the last turn of each run
	small         map[int64]bool // whether a run was small when it was first seen
	editions      map[int64]*Edition
	made          *choices
	failed        []int64 // runs
	errs          []error // of those
}

func (p *Planner) newRounds(editionID int64, digests []int64) *rounds {
	return &rounds{
		planner: p, edition: editionID, digests: digests,
		pages: map[int64]int{}, small: map[int64]bool{}, editions: map[int64]*Edition{}, made: newChoices(), failed: []int64{},
	}
}

// next gives the open runs their turns, or only the urgent ones if there are any.
// It reports false if no run is left. A run that fails is noted and keeps none
// but its followers from being planned.
func (r *rounds) next(ctx context.Context) (more bool, err error) {
	if !r.begun {
		if r.admittedSince, err = r.planner.admittedSince(ctx); err != nil {
			return false, err
		}
		r.begun = true
	}
	runs, err := r.planner.store.unplannedRuns(ctx, r.edition, r.digests, r.failed)
	if err != nil {
		return false, fmt.Errorf("find unplanned runs: %w", err)
	}
	turns := r.turns(ctx, runs)
	for _, turn := range turns {
		if stop(ctx, r.errs) {
			return false, nil
		}
		r.plan(ctx, turn, len(turns) == 1)
	}
	if stop(ctx, r.errs) {
		return false, nil
	}
	return len(runs) > 0, nil
}

// turns puts together the runs that have their turn at once: of a digest, or of an
// edition that is not for all of its readers. Of digests that share no story, the
// run that comes first gives it.
func (r *rounds) turns(ctx context.Context, runs []Run) (turns [][]openRun) {
	type kind struct {
		digest, edition int64
		small           bool
	}
	open := map[kind]int{}
	var sharer int64 // whose runs were the last of those of digests that share no story
	for _, run := range runs {
		if runs[0].urgent && !run.urgent {
			break
		}
		e, d, err := r.look(ctx, &run)
		if err != nil {
			if r.fail(run, err); stop(ctx, r.errs) {
				return nil
			}
			continue
		}
		k := kind{digest: d.ID, small: r.small[run.ID]}
		if e.Partial {
			k.edition = e.ID
		}
		if d.OnceAcross && d.ID != sharer { // no run goes before those of others
			sharer = d.ID
			maps.DeleteFunc(open, func(k kind, _ int) bool { return k.digest == sharer })
		}
		at, ok := open[k]
		if !ok || len(turns[at]) == mostTogether {
			at = len(turns)
			open[k], turns = at, append(turns, nil)
		}
		turns[at] = append(turns[at], openRun{run, e, k.small})
	}
	return turns
}

// look returns the edition and the digest of a run, and counts its readers once.
func (r *rounds) look(ctx context.Context, run *Run) (*Edition, *Digest, error) {
	e := r.editions[run.EditionID]
	_, seen := r.small[run.ID]
	if e == nil || !seen {
		err := r.planner.store.db.View(ctx, func(tx *db.Tx) (err error) {
			if e, err = editionByID(ctx, tx, run.EditionID); err != nil {
				return err
			}
			r.small[run.ID], err = isSmall(ctx, tx, run)
			return err
		})
		if err != nil {
			delete(r.small, run.ID)
			return nil, nil, err
		}
		r.editions[run.EditionID] = e
	}
	d, err := r.planner.setup.digestByID(e.DigestID)
	return e, d, err
}

// fail notes that a run cannot be planned.
func (r *rounds) fail(run Run, err error) {
	r.failed = append(r.failed, run.ID)
	r.errs = append(r.errs, fmt.Errorf("plan run %d: %w", run.ID, err))
}

// plan plans the next pages of runs of a digest, as many as it may at once if no
// others wait. If that fails, each run is planned alone.
func (r *rounds) plan(ctx context.Context, runs []openRun, alone bool) {
	pages := 0
	for _, run := range runs {
		pages = max(pages, r.pages[run.ID])
	}
	if pages = min(max(1, 4*pages), mostPages); alone {
		pages = mostPages
	}
	for _, run := range runs {
		r.pages[run.ID] = pages
	}
	err := r.planner.planTogether(ctx, runs, r.admittedSince, pages*len(runs), r.made)
	switch {
	case err == nil:
	case len(runs) == 1 || stop(ctx, []error{err}):
		r.fail(runs[0].Run, err)
	default:
		for _, run := range runs {
			if r.plan(ctx, []openRun{run}, false); stop(ctx, r.errs) {
				return
			}
		}
	}
}
