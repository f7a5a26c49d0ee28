package digest

import (
	"context"
	"errors"
	"fmt"
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
// the millions of another. The turns of a run grow: at the start of each its
// candidates are loaded anew, so that only one run has them in memory. What was
// chosen from equal ones is remembered for all runs.
type rounds struct {
	planner       *Planner
	edition       int64 // 0: all
	digests       []int64
	admittedSince int64
	begun         bool
	pages         map[int64]int // of the last turn of each run
	made          *choices
	failed        []int64 // runs
	errs          []error // of those
}

func (p *Planner) newRounds(editionID int64, digests []int64) *rounds {
	return &rounds{planner: p, edition: editionID, digests: digests, pages: map[int64]int{}, made: newChoices(), failed: []int64{}}
}

// next gives each open run its turn, or only the urgent ones if there are any.
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
	for _, run := range runs {
		if runs[0].urgent && !run.urgent {
			break
		}
		r.pages[run.ID] = min(max(1, 4*r.pages[run.ID]), mostPages)
		if err := r.planner.planRun(ctx, run, r.admittedSince, r.pages[run.ID], r.made); err != nil {
			r.failed = append(r.failed, run.ID)
			r.errs = append(r.errs, fmt.Errorf("plan run %d: %w", run.ID, err))
			if stop(ctx, r.errs) {
				return false, nil
			}
		}
	}
	return len(runs) > 0, nil
}
