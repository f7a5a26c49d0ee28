package subscribers_test

import (
	"fmt"
	"testing"
	"time"

	"broadsheet/internal/db"
)

// eachGmail is a ramp with a ceiling of two that doubles, and 40 readers.
func eachGmail(t *testing.T, days int, fn func(t *testing.T, s *slope)) {
	eachSlope(t, 2, 2, days, func(t *testing.T, s *slope) {
		for id := range 40 {
			s.read(id+1, "gmail.com", id, 1)
		}
		s.on(0)
		s.wantCeilings("google 2 2")
		fn(t, s)
	})
}

// TestRampRisesByMail lets days pass with mail and without.
func TestRampRisesByMail(t *testing.T) {
	eachGmail(t, 30, func(t *testing.T, s *slope) {
		s.on(1)
		s.wantCeilings("google 2 2") // no mail yet
		s.delivered(1, "gmail.com", 9, 0)
		s.on(10)
		s.wantCeilings("google 4 4") // one step for one day with mail, after nine days down
		s.on(11)
		s.on(17)
		s.wantCeilings("google 4 4") // a weekly digest
		s.delivered(17, "gmail.com", 9, 0)
		s.on(17)
		s.wantCeilings("google 4 4") // once a day
		s.on(18)
		s.wantCeilings("google 8 8")
		s.delivered(19, "gmail.com", 9, 0)
		s.on(19) // of this day's mail, as of another zone's, more may come
		s.wantCeilings("google 8 8")
		s.on(20)
		s.wantCeilings("google 16 16")
	})
}

// TestRampOfAWeekly has an edition a week, the first with many bounces.
func TestRampOfAWeekly(t *testing.T) {
	eachGmail(t, 30, func(t *testing.T, s *slope) {
		s.delivered(0, "gmail.com", 1000, 200)
		for day := 1; day <= 7; day++ {
			s.on(day)
			s.wantCeilings("google 2 2")
		}
		s.delivered(7, "gmail.com", 1000, 0)
		s.on(8)
		s.wantCeilings("google 2 2") // 200 of 2000
		s.delivered(14, "gmail.com", 1000, 0)
		s.on(15)
		s.wantCeilings("google 4 4")
		s.delivered(15, "gmail.com", 1000, 200)
		s.on(16)
		s.wantCeilings("google 4 4")
	})
}

// TestFewMailsDoNotThaw sends hardly any mail after a day with many bounces.
func TestFewMailsDoNotThaw(t *testing.T) {
	eachGmail(t, 30, func(t *testing.T, s *slope) {
		s.delivered(0, "gmail.com", 1000, 200)
		for day := 1; day <= 4; day++ {
			s.delivered(day, "gmail.com", 12, 0)
			s.on(day + 1)
			s.wantCeilings("google 2 2")
		}
		s.delivered(5, "gmail.com", 2, 0) // with these 50 since
		s.on(6)
		s.wantCeilings("google 4 4")
	})
}

// TestRampBeginsForAGroup begins where a group is seen first, whatever the day.
func TestRampBeginsForAGroup(t *testing.T) {
	eachGmail(t, 3, func(t *testing.T, s *slope) {
		for day := range 3 {
			s.delivered(day, "gmail.com", 9, 0)
			s.on(day + 1)
		}
		s.wantWaiting(false)
		s.Ramp.Days = 4
		for id := range 5 {
			s.read(101+id, "yahoo.com", id, 1)
		}
		s.on(4)
		s.wantCeilings("google 16 16, yahoo 2 2")
		s.wantWaiting(true)
		s.delivered(4, "yahoo.com", 1, 0)
		s.on(5)
		s.wantCeilings("google 16 16, yahoo 4 4")
	})
}

// TestOneReaderFitsIntoAnEmptyGroup has only readers who get more mails than the ceiling allows.
func TestOneReaderFitsIntoAnEmptyGroup(t *testing.T) {
	eachSlope(t, 1, 2, 9, func(t *testing.T, s *slope) {
		s.read(1, "gmail.com", 1, 2)
		s.read(2, "gmail.com", 2, 2)
		s.want(0, "1")
		s.delivered(0, "gmail.com", 2, 0)
		s.want(1, "1")
		s.delivered(1, "gmail.com", 2, 0)
		s.want(2, "1 2")
	})
}

// TestRampIsNotOverBeforeItBegan configures a ramp whose days have passed.
func TestRampIsNotOverBeforeItBegan(t *testing.T) {
	eachSlope(t, 1, 2, 3, func(t *testing.T, s *slope) {
		s.to(20)
		s.wantWaiting(true)
		s.read(1, "gmail.com", 1, 1)
		s.read(2, "gmail.com", 2, 1)
		s.want(20, "1")
		s.wantWaiting(true)
	})
}

// delivered records mails of a day to a domain, so many of which bounced.
func (s *slope) delivered(day int, domain string, mails, bounced int) {
	s.t.Helper()
	number := int(time.Date(2026, 11, 23+day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
	first := 10_000 + s.count(`SELECT COUNT(*) FROM deliveries`)
	var ids []int64
	var addresses, states []string
	for i := range mails {
		ids, addresses = append(ids, int64(first+i)), append(addresses, fmt.Sprintf("d%d@%s", first+i, domain))
		states = append(states, map[bool]string{true: "failed", false: "sent"}[i < bounced])
	}
	s.must(s.db.Write(s.t.Context(), func(tx *db.Tx) error {
		if err := tx.EnsureDay(s.t.Context(), number); err != nil {
			return err
		}
		_, err := tx.Exec(s.t.Context(), `INSERT INTO editions (id, digest_id, slot, key, kind, day, state, created_at)
			VALUES ($1, 1, $2, $2, 'scheduled', $3, 'done', 1) ON CONFLICT (id) DO NOTHING`, number, fmt.Sprint(number), number)
		if err != nil {
			return err
		}
		_, err = tx.ExecRows(s.t.Context(), `INSERT INTO subscribers (id, address, state, created_at) SELECT v.id, v.address, 'unsubscribed', 1 FROM {rows}`,
			[]db.Column{db.Ints("id", ids), db.Texts("address", addresses)})
		if err != nil {
			return err
		}
		_, err = tx.ExecRows(s.t.Context(), `INSERT INTO deliveries (day, edition_id, subscriber_id, run_id, selection_id, batch_id, changed_at, state, reason)
			SELECT $1, $2, v.id, 1, 1, 1, 1, v.state, 'permanent-recipient' FROM {rows}`, []db.Column{db.Ints("id", ids), db.Texts("state", states)}, number, number)
		return err
	}))
}

// mailed records a mail of a day to each of two groups.
func (s *slope) mailed(day int) {
	s.t.Helper()
	s.delivered(day, "gmail.com", 1, 0)
	s.delivered(day, "paper.example", 1, 0)
}
