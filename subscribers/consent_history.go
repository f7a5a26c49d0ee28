package subscribers

import (
	"context"
	"fmt"

	"broadsheet/internal/db"
	"broadsheet/mail"
)

// History is the record of consent of one address.
type History struct {
	ID      int64     // of the subscriber that is or was
	Erased  bool      // the reader was erased: what was personal is gone
	Entries []Consent // oldest first
}

// History returns the record of consent of an address, written in any way: also
// of one that was erased, or that its reader gave up for another, of which the
// salted hash tells whose entries they are.
// An address that was never a reader's is ErrUnknown.
func (s *Store) History(ctx context.Context, address string) (*History, error) {
	address, err := mail.Canonical(address)
	if err != nil {
		return nil, err
	}
	var h *History
	err = s.db.View(ctx, func(tx *db.Tx) error {
		if h, err = historyOf(ctx, tx, address); err == nil {
			h.Entries, err = consentsOf(ctx, tx, h.ID)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the history of a reader: %w", err)
	}
	return h, nil
}

// historyOf finds out whose entries are those of an address.
func historyOf(ctx context.Context, tx *db.Tx, address string) (*History, error) {
	recs, err := load(ctx, tx, byAddresses, []string{address}, "")
	if err != nil {
		return nil, err
	}
	if len(recs) == 1 {
		return &History{ID: recs[0].ID}, nil
	}
	erased, err := erasuresOf(ctx, tx, []string{address})
	if err != nil {
		return nil, err
	}
	was, ok := erased[address]
	if !ok || was.subscriber == 0 {
		return nil, ErrUnknown
	}
	recs, err = load(ctx, tx, byIDs, []int64{was.subscriber}, "")
	return &History{ID: was.subscriber, Erased: len(recs) == 0}, err // or one who has another address since
}
