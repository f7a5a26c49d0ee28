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

// checkInbox answers a sign-up that began at start, once its form was read, with
// the page that tells what comes next: the sender must not be able to choose where in a step the work begins. What the
// database has to do differs with what we know of the address; the time of the
// answer must not tell.
func (s *Server) checkInbox(w http.ResponseWriter, r *http.Request, start time.Time, page string) error {
	s.evenOut(r.Context(), start)
	return s.redirect(w, r, s.inLanguage(r, page))
}

// evenOut waits until the time since start tells nothing.
func (s *Server) evenOut(ctx context.Context, start time.Time) {
	took := max(s.Now().Sub(start), 0)
	s.Pause(ctx, answerStep-took%answerStep+rand.N(answerJitter))
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
