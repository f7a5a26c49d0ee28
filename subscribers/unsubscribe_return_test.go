package subscribers_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/subscribers"
)

// leave leaves a digest, 0 for all, and returns what ended.
func (k *desk) leave(id, digest int64, origin string) subscribers.Left {
	k.t.Helper()
	left, err := k.Leave(k.t.Context(), id, digest, origin, "192.0.2.7")
	k.must(err)
	return left
}

func returnToken(id int64, left subscribers.Left) subscribers.Token {
	return subscribers.Token{Purpose: subscribers.PurposeReturn, Subscriber: id, Change: left.At}
}

// both signs an address up to both digests and confirms it.
func (k *desk) both(address string) int64 {
	k.t.Helper()
	in := form(address)
	in.Topics, in.Digests = []string{"sport", "world"}, []string{"daily", "weekly"}
	k.signUp(in)
	return k.confirm(address)
}

// rows are the subscriptions of a reader without what their order of time says.
func (k *desk) rows(address string) string {
	k.t.Helper()
	var out []string
	d := k.detail(address)
	out = append(out, string(d.State), d.EndedAt.String(), d.ConfirmedAt.String())
	for _, s := range d.Subscriptions {
		out = append(out, s.Digest, string(s.State), string(s.Topics), s.Zone, s.Hour, s.EndedAt.String(), s.PausedUntil.String())
	}
	return strings.Join(out, " ")
}

func TestReturnAsIfNeverGone(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		for name, c := range map[string]struct {
			digest int64
			want   []string
		}{"one digest": {1, []string{"daily"}}, "all": {0, []string{"daily", "weekly"}}} {
			address := strings.ReplaceAll(name, " ", "") + "@example.com"
			id := k.both(address)
			k.wait(time.Hour)
			k.must(k.Pause(k.t.Context(), id, 1, k.now().Add(48*time.Hour), "form", ""))
			joined := k.count(`SELECT coalesce(sum(joined_seq * 1000 + joined_runs), 0) FROM subscriptions WHERE subscriber_id = $1`, id)
			before := k.rows(address)
			k.wait(time.Minute)
			left := k.leave(id, c.digest, subscribers.OriginPage)
			if !slices.Equal(left.Digests, c.want) || left.At != k.now().UnixMilli() {
				t.Errorf("%s: left %+v", name, left)
			}
			if k.rows(address) == before {
				t.Fatalf("%s: nothing ended", name)
			}
			k.wait(10 * time.Minute)
			back, err := k.Return(t.Context(), k.catalog, returnToken(id, left), "192.0.2.8")
			if err != nil || !slices.Equal(back, c.want) {
				t.Fatalf("%s: back %v, %v", name, back, err)
			}
			if got := k.rows(address); got != before {
				t.Errorf("%s: came back as\n%s, want\n%s", name, got, before)
			}
			if got := k.count(`SELECT coalesce(sum(joined_seq * 1000 + joined_runs), 0) FROM subscriptions WHERE subscriber_id = $1`, id); got != joined {
				t.Errorf("%s: the windows begin elsewhere", name)
			}
			last := k.last(address)
			if last.Event != subscribers.EventReturned || last.By() != subscribers.ActorReader || last.Client != "192.0.2.8" || last.Detail != "digests="+strings.Join(c.want, ";") {
				t.Errorf("%s: on record is %+v", name, last)
			}
			if _, err := k.Return(t.Context(), k.catalog, returnToken(id, left), ""); !errors.Is(err, subscribers.ErrNotReturnable) {
				t.Errorf("%s: once more = %v", name, err)
			}
		}
	})
}

// last is the newest entry of an address's record of consent.
func (k *desk) last(address string) subscribers.Consent {
	k.t.Helper()
	all := k.detail(address).Consents
	return all[len(all)-1]
}

// TestReturnOnlyWhatStillStands: a return token undoes its own leaving, and
// nothing that came after.
func TestReturnOnlyWhatStillStands(t *testing.T) {
	for name, c := range map[string]struct {
		since func(k *desk, id int64)
		want  error
	}{
		"came back, left again": {func(k *desk, id int64) {
			k.signUp(form("ann@example.com"))
			k.wait(time.Second)
			k.confirm("ann@example.com")
			k.wait(time.Second)
			k.leave(id, 0, subscribers.OriginOneClick)
		}, subscribers.ErrNotReturnable},
		"signed up and left again": {func(k *desk, id int64) {
			k.signUp(form("ann@example.com"))
			k.wait(time.Second)
			k.leave(id, 0, subscribers.OriginOneClick)
		}, subscribers.ErrNotReturnable},
		"erased": {func(k *desk, id int64) {
			_, err := k.Erase(k.t.Context(), "ann@example.com", "command")
			k.must(err)
		}, subscribers.ErrUnknown},
		"suppressed": {func(k *desk, id int64) {
			k.must(k.Suppress(k.t.Context(), "ann@example.com", subscribers.ReasonComplaint, "", "report"))
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			eachDesk(t, func(t *testing.T, k *desk) {
				id := k.activate("ann@example.com")
				k.wait(time.Minute)
				left := k.leave(id, 0, subscribers.OriginPage)
				k.wait(time.Minute)
				c.since(k, id)
				k.wait(time.Minute)
				if _, err := k.Return(t.Context(), k.catalog, returnToken(id, left), ""); !errors.Is(err, c.want) {
					t.Errorf("Return = %v, want %v", err, c.want)
				}
				if got := k.count(`SELECT COUNT(*) FROM subscriptions WHERE state = 'active'`); got != 0 {
					t.Errorf("%d active subscriptions", got)
				}
			})
		})
	}
}

func TestReturnTakesNoOtherToken(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		id := k.activate("ann@example.com")
		left := k.leave(id, 0, subscribers.OriginPage)
		other := returnToken(id, left)
		other.Purpose = subscribers.PurposePreferences
		if _, err := k.Return(t.Context(), k.catalog, other, ""); !errors.Is(err, subscribers.ErrBadToken) {
			t.Errorf("Return = %v", err)
		}
		if err := k.GiveReason(t.Context(), other, subscribers.WhyOther, "", ""); !errors.Is(err, subscribers.ErrBadToken) {
			t.Errorf("GiveReason = %v", err)
		}
	})
}

func TestReasons(t *testing.T) {
	for name, c := range map[string]struct {
		why  subscribers.Why
		text string
		want string
		err  error
	}{
		"chosen":       {subscribers.WhyTooMany, "", "why=too-many", nil},
		"both":         {subscribers.WhyNotRelevant, " a\r\nb\x00\u202ec ", "why=not-relevant text=a b··c", nil},
		"own words":    {"", "because", "why=other text=because", nil},
		"unknown":      {"evil", "", "", subscribers.ErrNoReason},
		"white space":  {"", " \n ", "", subscribers.ErrNoReason},
		"broken bytes": {subscribers.WhyOther, "\xff", "why=other text=·", nil},
		"long":         {"", strings.Repeat("é", 600), "why=other text=" + strings.Repeat("é", subscribers.MaxWhyText-1) + "…", nil},
	} {
		t.Run(name, func(t *testing.T) {
			eachDesk(t, func(t *testing.T, k *desk) {
				id := k.activate("ann@example.com")
				k.wait(time.Minute)
				token := returnToken(id, k.leave(id, 0, subscribers.OriginPage))
				k.wait(time.Minute)
				if err := k.GiveReason(t.Context(), token, c.why, c.text, "192.0.2.1"); !errors.Is(err, c.err) {
					t.Fatalf("GiveReason = %v, want %v", err, c.err)
				}
				want := subscribers.EventReason
				if c.err != nil {
					want = subscribers.EventUnsubscribed
				}
				if last := k.last("ann@example.com"); last.Event != want || c.err == nil && last.Detail != c.want {
					t.Errorf("on record is %+v, want %q", last, c.want)
				}
				n := len(k.detail("ann@example.com").Consents)
				_ = k.GiveReason(t.Context(), token, subscribers.WhyOther, "more and more", "")
				if got := len(k.detail("ann@example.com").Consents); c.err == nil && got != n {
					t.Error("a second reason was kept")
				}
			})
		})
	}
}

// The same holds for what was left from the settings: a one-click that came later
// stands.
func TestReturnFromSettingsAfterLeavingAgain(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		id := k.both("ann@example.com")
		k.wait(time.Minute)
		left := k.leave(id, 0, subscribers.OriginForm)
		k.wait(5 * time.Minute)
		k.leave(id, 1, subscribers.OriginOneClick)
		back, err := k.Return(t.Context(), k.catalog, returnToken(id, left), "")
		if err != nil || !slices.Equal(back, []string{"weekly"}) {
			t.Errorf("Return = %v, %v, want the weekly alone", back, err)
		}
	})
}

// An undo must not win over what the reader, or a mailbox provider for them, asked for later.
func TestReturnAfterLeavingAgain(t *testing.T) {
	for name, c := range map[string]struct {
		both   bool // digests; the page ends the first
		digest int64
		origin string
	}{
		"the same by one click":   {false, 1, subscribers.OriginOneClick},
		"one of two by one click": {true, 1, subscribers.OriginOneClick},
		"all by one click":        {true, 0, subscribers.OriginOneClick},
		"all in the settings":     {true, 0, subscribers.OriginForm},
		"all by mail":             {true, 0, subscribers.OriginMail},
		"all by an operator":      {true, 0, "command"},
	} {
		t.Run(name, func(t *testing.T) {
			eachDesk(t, func(t *testing.T, k *desk) {
				id := int64(0)
				if c.both {
					id = k.both("ann@example.com")
				} else {
					id = k.activate("ann@example.com")
				}
				k.wait(time.Minute)
				left := k.leave(id, 1, subscribers.OriginPage)
				k.wait(5 * time.Minute)
				k.leave(id, c.digest, c.origin)
				before := k.picture("ann@example.com")
				if _, err := k.Returnable(t.Context(), returnToken(id, left)); !errors.Is(err, subscribers.ErrNotReturnable) {
					t.Errorf("Returnable = %v, want ErrNotReturnable", err)
				}
				if back, err := k.Return(t.Context(), k.catalog, returnToken(id, left), "198.51.100.66"); !errors.Is(err, subscribers.ErrNotReturnable) {
					t.Errorf("Return = %v, %v, want ErrNotReturnable", back, err)
				}
				k.wantPicture("ann@example.com", before)
			})
		})
	}
}
