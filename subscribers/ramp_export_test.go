package subscribers

import (
	"context"
	"time"
)

// AdmitOnly admits those of the given readers of a group, each with one mail a day, for whom there is room on a day.
func (s *Store) AdmitOnly(ctx context.Context, day int64, group string, ids ...int64) error {
	a := admission{day: day, at: s.now(), began: s.now().Add(-time.Hour)}
	for _, id := range ids {
		a.readers = append(a.readers, activeReader{ID: id, Mails: 1, group: group})
	}
	_, err := s.admitReaders(ctx, a)
	return err
}
