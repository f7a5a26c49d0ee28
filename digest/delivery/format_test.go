package delivery_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/mail"
)

// TestFormatsOfReaders: of the same selection each reader gets what they chose.
func TestFormatsOfReaders(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, 6, 1)
		w.exec(`UPDATE subscribers SET format = 'text' WHERE id IN (2, 5)`)
		var mu sync.Mutex
		got := map[string]string{}
		w.relay.set(func(_ context.Context, to string, _ int, msg []byte, _ func() error) *mail.Outcome {
			mu.Lock()
			defer mu.Unlock()
			head, _, _ := bytes.Cut(msg, []byte("\r\n\r\n"))
			_, kind, _ := strings.Cut(string(head), "Content-Type: ")
			got[to], _, _ = strings.Cut(kind, ";")
			return nil
		})
		if b := w.mustSend(); b.Sent != 6 {
			t.Errorf("%+v, want six sent", b)
		}
		want := map[string]string{}
		for reader := 1; reader <= 6; reader++ {
			want[address(reader)] = "multipart/alternative"
		}
		want[address(2)], want[address(5)] = "text/plain", "text/plain"
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("sent are %v, want %v", got, want)
		}
	})
}
