package subscribers_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/subscribers"
)

// bounce suppresses subscribers as a relay's answers do.
func (k *desk) bounce(ids ...int64) {
	k.t.Helper()
	k.must(k.db.Write(context.Background(), func(tx *db.Tx) error {
		why := subscribers.Suppression{Reason: subscribers.ReasonHardBounce, Detail: "550 5.1.1", CreatedAt: k.now()}
		return subscribers.SuppressTx(context.Background(), tx, ids, why, "relay")
	}))
}

func TestSuppressTx(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		ann, bob := k.activate("ann@example.com"), k.activate("bob@example.com")
		k.must(k.Suppress(t.Context(), "bob@example.com", subscribers.ReasonComplaint, "", "report"))
		k.bounce(ann, bob, 999)
		k.bounce(ann)
		k.wantPicture("ann@example.com", "active+suppressed | daily=suppressed Europe/Paris ,1,")
		k.wantEvents("ann@example.com", subscribers.EventSignedUp, subscribers.EventConfirmed, subscribers.EventSuppressed)
		if got := k.detail("ann@example.com").Suppression; got.Reason != subscribers.ReasonHardBounce || got.Detail != "550 5.1.1" {
			t.Errorf("suppression %+v, want the bounce", got)
		}
		if got := k.detail("bob@example.com").Suppression; got.Reason != subscribers.ReasonComplaint {
			t.Errorf("suppression %+v, want the complaint", got)
		}
		k.checkStates()
	})
}

// TestAPersonsReasonWins lets somebody complain whose mailbox had bounced: lifting what bounces caused must not bring
// that reader back.
func TestAPersonsReasonWins(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.bounce(k.activate("ann@example.com"))
		k.wait(time.Minute)
		k.must(k.Suppress(t.Context(), "ann@example.com", subscribers.ReasonSoftBounces, "", "report"))
		if got := k.detail("ann@example.com").Suppression.Reason; got != subscribers.ReasonHardBounce {
			t.Errorf("reason %s, want the first bounce", got)
		}
		for range 2 {
			k.must(k.Suppress(t.Context(), "ann@example.com", subscribers.ReasonComplaint, "", "report"))
		}
		k.must(k.Suppress(t.Context(), "ann@example.com", subscribers.ReasonHardBounce, "", "report"))
		if got := k.detail("ann@example.com").Suppression.Reason; got != subscribers.ReasonComplaint {
			t.Errorf("reason %s, want the complaint", got)
		}
		k.wantEvents("ann@example.com", subscribers.EventSignedUp, subscribers.EventConfirmed, subscribers.EventSuppressed, subscribers.EventSuppressed)
		n, err := k.UnsuppressAll(t.Context(), subscribers.Revert{Reason: subscribers.ReasonHardBounce}, "command", nil)
		if err != nil || n != 0 {
			t.Errorf("%d lifted, %v, want none", n, err)
		}
		k.checkStates()
	})
}

func TestUnsuppressAll(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		early, late, other := k.activate("early@one.example"), k.activate("late@one.example"), k.activate("late@two.example")
		left := k.activate("left@one.example")
		k.bounce(early)
		k.wait(time.Hour)
		since := k.now()
		k.bounce(late, other, left)
		k.must(k.Unsubscribe(t.Context(), left, 0, "one-click", ""))
		k.must(k.Suppress(t.Context(), "byhand@one.example", subscribers.ReasonManual, "", "command"))
		k.must(k.Suppress(t.Context(), "nobody@one.example", subscribers.ReasonHardBounce, "", "report"))
		k.exec(`UPDATE subscribers SET hard_bounced_at = 5, soft_bounces = 3`)
		r := subscribers.Revert{Reason: subscribers.ReasonHardBounce, Since: since, Picks: func(address string) bool {
			return strings.HasSuffix(address, "@one.example")
		}}
		if n, err := k.CountReverted(t.Context(), r); err != nil || n != 3 {
			t.Errorf("%d would be lifted, %v, want 3", n, err)
		}
		k.wait(time.Hour)
		for _, want := range []int64{3, 0} {
			if n, err := k.UnsuppressAll(t.Context(), r, "command", nil); err != nil || n != want {
				t.Errorf("%d lifted, %v, want %d", n, err, want)
			}
		}
		k.wantPicture("late@one.example", "active | daily=active Europe/Paris ,1,")
		k.wantPicture("left@one.example", "unsubscribed | daily=ended Europe/Paris ,1,")
		for _, address := range []string{"early@one.example", "late@two.example"} {
			k.wantPicture(address, "active+suppressed | daily=suppressed Europe/Paris ,1,")
		}
		if d := k.detail("late@one.example"); !d.HardBouncedAt.IsZero() || d.SoftBounces != 0 || d.Suppression != nil {
			t.Errorf("%+v, want its bounces forgotten", d.Subscriber)
		}
		if d := k.detail("early@one.example"); d.HardBouncedAt.IsZero() || d.SoftBounces != 3 {
			t.Errorf("%+v, want its bounces kept", d.Subscriber)
		}
		k.wantEvents("late@one.example", subscribers.EventSignedUp, subscribers.EventConfirmed, subscribers.EventSuppressed, subscribers.EventUnsuppressed)
		if c := k.detail("late@one.example").Consents[3]; c.Detail != "reason=hard-bounce" || c.Origin != "command" {
			t.Errorf("record %+v, want the reason", c)
		}
		if n := k.count(`SELECT count(*) FROM suppressions`); n != 3 {
			t.Errorf("%d suppressions are left, want 3", n)
		}
		k.checkStates()
	})
}

// TestUnsuppressAllOfManyPages meets pages of which nothing is picked.
func TestUnsuppressAllOfManyPages(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		const n = 2500
		addresses := make([]string, n)
		for i := range addresses {
			addresses[i] = fmt.Sprintf("r%04d@x.example", i)
		}
		k.must(k.db.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.ExecRows(t.Context(), `INSERT INTO suppressions (address, reason, detail, created_at)
				SELECT v.address, 'soft-bounces', '', 7 FROM {rows}`, []db.Column{db.Texts("address", addresses)})
			return err
		}))
		r := subscribers.Revert{Reason: subscribers.ReasonSoftBounces, Picks: func(address string) bool {
			return address < "r0010" || address >= "r2400"
		}}
		var told []int64
		done, err := k.UnsuppressAll(t.Context(), r, "command", func(done int64) { told = append(told, done) })
		if err != nil || done != 110 || fmt.Sprint(told) != "[10 10 110]" {
			t.Errorf("%d lifted in pages %v, %v, want 110 in three", done, told, err)
		}
		if left := k.count(`SELECT count(*) FROM suppressions`); left != n-110 {
			t.Errorf("%d suppressions are left, want %d", left, n-110)
		}
	})
}
