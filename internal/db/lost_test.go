package db_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/lib/pq"

	"broadsheet/internal/db"
)

func TestLost(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	_, timedOut := net.DialTimeout("tcp", "127.0.0.1:1", time.Nanosecond)
	_, refused := net.DialTimeout("tcp", "127.0.0.1:1", time.Minute)
	_, givenUp := new(net.Dialer).DialContext(cancelled, "tcp", "127.0.0.1:1")
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"a dial that timed out":        {timedOut, true},
		"a refused dial":               {refused, true},
		"a closed connection":          {io.ErrUnexpectedEOF, true},
		"a server that shuts down":     {&pq.Error{Code: "57P01"}, true},
		"a dial the caller gave up":    {givenUp, false},
		"the caller's deadline":        {context.DeadlineExceeded, false},
		"the caller's end":             {context.Canceled, false},
		"a statement that timed out":   {&pq.Error{Code: "57014"}, false},
		"a row that must not be there": {&pq.Error{Code: "23514"}, false},
	} {
		if c.err == nil {
			t.Fatalf("%s: no error to look at", name)
		}
		if got := db.IsLost(fmt.Errorf("begin: %w", c.err)); got != c.want {
			t.Errorf("%s (%v): lost = %v, want %v", name, c.err, got, c.want)
		}
	}
}
