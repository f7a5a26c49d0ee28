package app

import (
	"bytes"
	"context"
	"sync/atomic"
	"time"

	"broadsheet/mail"
	"broadsheet/subscribers"
)

// keysEvery is how often the key file is read again. Whoever meets a key that is
// not known looks at once.
const keysEvery = 30 * time.Second

// watchKeys follows the rotation of the keys that sign links.
func (a *App) watchKeys(ctx context.Context) error {
	return every(ctx, keysEvery, func() {
		changed, err := a.Keys.Refresh()
		switch {
		case err != nil:
			a.Log.ErrorContext(ctx, "keys not read again, those known go on", "error", err)
		case changed:
			a.Log.InfoContext(ctx, "keys read again", "keys", len(a.Keys.List()))
		}
	})
}

// senders makes envelope senders with the key that signed when a mail was composed.
type senders struct {
	keys   *subscribers.Keys
	domain string
	made   atomic.Pointer[keyedVERP] // the last one
}

type keyedVERP struct {
	key  []byte
	verp *mail.VERP
}

// SenderAsOf returns the envelope sender of a delivery whose mail was composed at
// a time.
func (s *senders) SenderAsOf(at time.Time, edition, subscriber int64) string {
	key := s.keys.DeriveAsOf("verp", at)
	last := s.made.Load()
	if last == nil || !bytes.Equal(last.key, key) {
		last = &keyedVERP{key, mail.NewVERP(key, s.domain)}
		s.made.Store(last)
	}
	return last.verp.Sender(edition, subscriber)
}
