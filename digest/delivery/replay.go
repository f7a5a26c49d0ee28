package delivery

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"broadsheet/internal/db"
)

// journalsHere names the workers whose journals lie in the state folder.
func (e *Engine) journalsHere() ([]string, error) {
	files, err := os.ReadDir(e.o.StateDir)
	if err != nil {
		return nil, fmt.Errorf("look for journals: %w", err)
	}
	workers := []string{}
	for _, f := range files {
		if name, ok := strings.CutSuffix(f.Name(), journalSuffix); ok {
			workers = append(workers, name)
		}
	}
	return workers, nil
}

func (e *Engine) journalPath(worker string) string {
	return filepath.Join(e.o.StateDir, worker+journalSuffix)
}

func (e *Engine) readJournal(worker string) (*Journal, error) {
	return readJournalFile(e.journalPath(worker))
}

// replay takes over from the workers that left their journals behind: what they know is recorded, the batches they had
// are free again, their journals go.
func (e *Engine) replay(ctx context.Context) error {
	workers, err := e.journalsHere()
	if err != nil {
		return err
	}
	for _, worker := range workers {
		if worker == e.worker {
			continue
		}
		if err := e.replayOne(ctx, worker); err != nil {
			return fmt.Errorf("take over from worker %s: %w", worker, err)
		}
	}
	return nil
}

func (e *Engine) replayOne(ctx context.Context, worker string) error {
	path := e.journalPath(worker)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if os.IsNotExist(err) {
		return nil // another process was faster
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if locked, err := tryLock(f); err != nil || !locked || !isAt(f, path) {
		return err
	}
	facts, err := e.readJournal(worker)
	if err != nil {
		return err
	}
	var changes []change
	unknown := 0
	for _, entry := range facts.Entries {
		changes = appendFact(changes, entry, e.o.OnUncertain, e.o.Now())
		if !entry.Replied {
			unknown++
		}
	}
	left := legacy{worker: worker, changes: changes, whole: facts.Boot == bootID()}
	refused, settled, err := e.store.takeOver(ctx, left, e.o.OnUncertain, e.o.Bounces)
	if err != nil {
		return err
	}
	e.reportRefused(refused)
	e.countSettled(settled)
	e.log.Warn("took over from a worker that died", "worker", worker, "entries", len(facts.Entries), "without_reply", unknown,
		"policy", e.o.OnUncertain)
	return removeJournal(path)
}

// legacy is what a dead worker left.
type legacy struct {
	worker  string
	changes []change // as its journal says
	whole   bool     // and not cut short by the end of the machine
}

// takeOver records what a dead worker's journal says and frees its batches. Of a journal that the machine's end may
// have cut short, what is not in it may have been sent all the same. It counts what deliveries came to by that.
func (s *Store) takeOver(ctx context.Context, left legacy, policy Policy, bounces Bounces) ([]refusal, counts, error) {
	var refused []refusal
	var settled counts
	err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
		settled = counts{}
		to := recorder{bounces: bounces, now: s.now(), careful: true, written: settled}
		if refused, err = to.record(ctx, tx, left.changes); err != nil {
			return err
		}
		if !left.whole {
			var batches []batchRow
			err := tx.Select(ctx, &batches, `SELECT id, edition_id, day FROM batches WHERE worker = $1 AND done_at = 0`, left.worker)
			if err != nil {
				return err
			}
			for _, b := range batches {
				more, err := abandon(ctx, tx, b, policy, s.now())
				if err != nil {
					return err
				}
				settled.add(more)
			}
		}
		return release(ctx, tx, left.worker, s.now())
	})
	return refused, settled, err
}
