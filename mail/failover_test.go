package mail_test

import (
	"strings"
	"testing"
	"time"

	"broadsheet/mail"
	"broadsheet/mail/sink"
)

// A relay that only somebody can repair stops nothing while another one is just left alone for a while.
func TestPoolPausesForRepairOnlyWhereNoRelayMayRecover(t *testing.T) {
	const repair, busy = "530 5.7.0 authentication required", "451 4.3.0 busy"
	for name, c := range map[string]struct {
		other string
		want  mail.Class
		says  string
	}{
		"the other is busy":        {busy, mail.ClassTemporaryPath, busy},
		"the other is broken, too": {repair, mail.ClassPermanentPath, repair},
	} {
		t.Run(name, func(t *testing.T) {
			var a, b answer
			_, first := newServer(t, sink.Options{Hook: a.hook})
			_, second := newServer(t, sink.Options{Hook: b.hook})
			clock := newClock()
			pool := newPool(t, clock, first, second)
			b.set(sink.PhaseMail, sink.Action{Reply: c.other})
			wantClass(t, send(t, pool), mail.ClassAccepted)
			wantClass(t, send(t, pool), mail.ClassAccepted) // by the first relay, after the other
			a.set(sink.PhaseMail, sink.Action{Reply: repair})
			got := send(t, pool)
			wantClass(t, got, c.want)
			if !strings.Contains(got.Reason(), c.says) {
				t.Errorf("got the reason %q, want %q", got.Reason(), c.says)
			}
			b.set("", sink.Action{})
			clock.advance(time.Second)
			wantClass(t, send(t, pool), mail.ClassAccepted)
		})
	}
}
