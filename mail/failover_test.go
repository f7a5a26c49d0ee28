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

// A message that is too large for one relay is not so for all.
func TestPoolTriesOtherRelaysForSize(t *testing.T) {
	says := func(reply string) sink.Options {
		return sink.Options{Hook: at(sink.PhaseMail, sink.Action{Reply: reply})}
	}
	small, large := sink.Options{MaxSize: len(aMessage) - 1}, sink.Options{MaxSize: len(aMessage)}
	down := sink.Options{Hook: at(sink.PhaseBanner, sink.Action{Reply: "421 4.3.2 busy", Close: true})}
	for name, c := range map[string]struct {
		one, two sink.Options
		want     mail.Class
	}{
		"announced":                 {small, large, mail.ClassAccepted},
		"said to MAIL":              {says("552 5.3.4 too big"), large, mail.ClassAccepted},
		"too large for both":        {small, small, mail.ClassPermanentMessage},
		"the other is down":         {small, down, mail.ClassTemporaryPath},
		"the other needs repair":    {small, says("530 5.7.0 authenticate"), mail.ClassPermanentPath},
		"another word about a size": {says("552 5.3.4 too big"), says("500 5.3.4 too big"), mail.ClassPermanentMessage},
	} {
		for order, options := range map[string][2]sink.Options{"": {c.one, c.two}, ", the other way round": {c.two, c.one}} {
			t.Run(name+order, func(t *testing.T) {
				_, first := newServer(t, options[0])
				_, second := newServer(t, options[1])
				wantClass(t, send(t, newPool(t, newClock(), first, second)), c.want)
				_, first = newServer(t, options[0])
				_, second = newServer(t, options[1])
				wantClass(t, mail.SendOne(t.Context(), []*mail.Relay{first, second}, envelope, []byte(aMessage)), c.want)
			})
		}
	}
}

// A message that is too large for a relay waits for one that is left alone for a while.
func TestPoolKeepsForAnotherRelayWhatIsTooLarge(t *testing.T) {
	for _, banner := range []string{"421 4.3.2 busy", "554 5.3.2 no service here"} {
		t.Run(banner, func(t *testing.T) {
			var a answer
			small, one := newServer(t, sink.Options{MaxSize: len(aMessage)})
			_, two := newServer(t, sink.Options{Hook: a.hook})
			clock := newClock()
			pool := newPool(t, clock, one, two)
			a.set(sink.PhaseBanner, sink.Action{Reply: banner, Close: true})
			for range 2 {
				wantClass(t, send(t, pool), mail.ClassAccepted)
			}
			large := &mail.Message{Envelope: envelope, Data: []byte(aMessage + "more\r\n")}
			wantClass(t, pool.Send(t.Context(), large), mail.ClassTemporaryPath)
			a.set("", sink.Action{})
			clock.advance(time.Second)
			wantClass(t, pool.Send(t.Context(), large), mail.ClassAccepted)
			if got := small.Accepted(); got != 2 {
				t.Errorf("the small relay took %d messages, want 2", got)
			}
		})
	}
}
