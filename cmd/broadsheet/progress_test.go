package main_test

import (
	"strings"
	"testing"
	"time"

	main "broadsheet/cmd/broadsheet"
	"broadsheet/digest/delivery"
)

func TestProgressText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		p      delivery.Progress
		second float64
		want   string
	}{
		{"at the start", delivery.Progress{Balance: delivery.Balance{Due: 100, Pending: 90, Skipped: 10}}, 0,
			"daily/x: 0 of 90 sent"},
		{"on the way", delivery.Progress{Balance: delivery.Balance{Due: 100_000, Sent: 12_300, Failed: 3, Pending: 87_697}, Waiting: 40}, 4811.6,
			"daily/x: 12,300 of 100,000 sent, 4,812/s, 18 s left, 3 failed, 40 waiting"},
		{"slow", delivery.Progress{Balance: delivery.Balance{Due: 1000, Sent: 400, Pending: 600}}, 0.5,
			"daily/x: 400 of 1,000 sent, 0.5/s, 20 min left"},
		{"slower", delivery.Progress{Balance: delivery.Balance{Due: 1_000_000, Expired: 1, Uncertain: 2_000, Pending: 997_999}}, 12.6,
			"daily/x: 0 of 1,000,000 sent, 13/s, 22 h 0 min left, 1 expired, 2,000 uncertain"},
		{"only waiting", delivery.Progress{Balance: delivery.Balance{Due: 9, Sent: 2, Pending: 7}, Waiting: 7}, 1,
			"daily/x: 2 of 9 sent, 1.0/s, 7 waiting"},
		{"almost done", delivery.Progress{Balance: delivery.Balance{Due: 9, Sent: 8, Pending: 1}}, 100,
			"daily/x: 8 of 9 sent, 100/s, 1 s left"},
	} {
		if got := main.ProgressText("daily/x", c.p, c.second); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, c.want)
		}
	}
}

// TestSpeedIsOfLate has 100 a second for a minute, then 10.
func TestSpeedIsOfLate(t *testing.T) {
	t.Parallel()
	counts := map[time.Duration]int64{}
	var at []time.Duration
	done := int64(5000) // an edition that goes on
	for s := range 100 {
		d := time.Duration(s) * time.Second
		counts[d], at = done, append(at, d)
		if done += 100; s >= 60 {
			done -= 90
		}
	}
	got := main.Speeds(counts, at...)
	for s, want := range map[int]float64{0: 0, 1: 100, 5: 100, 60: 100, 65: 55, 70: 10, 99: 10} {
		if got[s] != want {
			t.Errorf("after %d s: %v a second, want %v", s, got[s], want)
		}
	}
}

// screen is a terminal of one line: it knows the carriage return and the line feed.
type screen struct {
	cells  []rune
	column int
	above  []string
	widest int
}

func (s *screen) Write(p []byte) (int, error) {
	for _, r := range string(p) {
		switch r {
		case '\r':
			s.column = 0
		case '\n':
			s.above = append(s.above, s.text())
			s.cells, s.column = nil, 0
		default:
			for len(s.cells) <= s.column {
				s.cells = append(s.cells, ' ')
			}
			s.cells[s.column] = r
			s.column++
			s.widest = max(s.widest, s.column)
		}
	}
	return len(p), nil
}

func (s *screen) text() string { return strings.TrimRight(string(s.cells), " ") }

func TestStatusLine(t *testing.T) {
	t.Parallel()
	width := 40
	s := &screen{}
	line := main.NewStatusLine(s, func() int { return width })
	shows := func(want string) {
		t.Helper()
		if got := s.text(); got != want {
			t.Errorf("the line is %q, want %q", got, want)
		}
	}
	line.Draw("daily: 1,000 of 2,000 sent")
	shows("daily: 1,000 of 2,000 sent")
	s.Write([]byte("^C"))
	line.Draw("daily: 9 sent")
	shows("daily: 9 sent")
	line.Write([]byte("level=WARN msg=something\n"))
	shows("")
	if len(s.above) != 1 || s.above[0] != "level=WARN msg=something" {
		t.Errorf("written %q", s.above)
	}
	line.Draw(strings.Repeat("é", 50))
	shows(strings.Repeat("é", 36) + "…")
	if s.widest > 37 {
		t.Errorf("drawn over %d columns of 40", s.widest)
	}
	width = 20
	s.widest = 0
	line.Draw("a\x1b[2Jb " + strings.Repeat("x", 30))
	if got := string(s.cells[:17]); got != "a\uFFFD[2Jb "+strings.Repeat("x", 9)+"…" {
		t.Errorf("the line is %q", got)
	}
	line.Draw("")
	if s.column != 0 || strings.Trim(string(s.cells[:19]), " ") != "" {
		t.Errorf("%q is left, the cursor in column %d", s.text(), s.column)
	}
	if s.widest > 19 {
		t.Errorf("drawn over %d columns of 20", s.widest)
	}
	width, s.cells = 0, nil
	line.Draw(strings.Repeat("x", 100))
	shows(strings.Repeat("x", 74) + "…")
}
