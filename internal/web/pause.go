package web

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"
)

// The answer to a sign-up is given at a whole number of steps after its start,
// and a random moment later.
const (
	answerStep   = 100 * time.Millisecond
	answerJitter = 50 * time.Millisecond
)

// checkInbox answers a sign-up that began at start, once its form was read: the
// sender must not be able to choose where in a step the work begins. What the
// database has to do differs with what we know of the address; the time of the
// answer must not tell.
func (s *Server) checkInbox(w http.ResponseWriter, r *http.Request, start time.Time) error {
	took := max(s.Now().Sub(start), 0)
	s.Pause(r.Context(), answerStep-took%answerStep+rand.N(answerJitter))
	return s.redirect(w, r, s.inLanguage(r, "/subscribed"))
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
