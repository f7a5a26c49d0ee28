package subscribers_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/subscribers"
)

const lease = time.Minute

// hook has one system alone told of all events, or of those that are given.
func (k *desk) hook(slug string, events ...subscribers.HookEvent) {
	k.t.Helper()
	if len(events) == 0 {
		events = subscribers.HookEvents()
	}
	k.exec(`DELETE FROM outgoing_webhook_events`)
	k.exec(`DELETE FROM outgoing_webhooks`)
	k.must(k.AddHooks(k.t.Context(), []subscribers.Hook{{Slug: slug, Events: events}}))
}

// kinds lists what is in the outbox, in the order in which it happened.
func (k *desk) kinds() []string {
	k.t.Helper()
	events, err := k.Events(k.t.Context(), "crm", 1000)
	k.must(err)
	var out []string
	for _, e := range events {
		out = append(out, string(e.Event))
	}
	return out
}

// claim looks for what is due a second later: of entries at the same time each
// is a moment after the one before.
func (k *desk) claim(most int) []subscribers.OutboxEvent {
	k.t.Helper()
	k.wait(time.Second)
	events, err := k.ClaimEvents(k.t.Context(), "crm", most, lease)
	k.must(err)
	return events
}

func (k *desk) record(taken bool, events ...subscribers.OutboxEvent) subscribers.Health {
	k.t.Helper()
	var tries []subscribers.Told
	for _, e := range events {
		tries = append(tries, subscribers.Told{Event: e, Taken: taken, Answer: map[bool]string{false: "HTTP 500"}[taken]})
	}
	_, after, err := k.RecordTold(k.t.Context(), "crm", tries)
	k.must(err)
	return after
}

// TestEventsOfALife: what becomes of a reader is told once, with the change,
// and nobody who has not confirmed is told of.
func TestEventsOfALife(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.hook("crm")
		k.signUp(form("eve@example.com")) // never confirms
		k.must(k.Suppress(t.Context(), "eve@example.com", subscribers.ReasonComplaint, "", "relay"))
		k.life("ann@example.com")
		_, err := k.Erase(t.Context(), "ann@example.com", "command")
		k.must(err)
		if got, want := k.kinds(), []string{"erased"}; !slices.Equal(got, want) {
			t.Errorf("after the erasure the outbox has %q, want %q", got, want)
		}
		events := k.claim(10)
		if len(events) != 1 || strings.Contains(events[0].Body, "example.com") || !strings.Contains(events[0].Body, `"external_id":"crm-1"`) {
			t.Errorf("the erasure is told as %+v, want no address and the other system's id", events)
		}
	})
}

func TestEventsInOrder(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.hook("crm")
		k.life("ann@example.com")
		want := []string{
			"confirmed", "changed", "changed", "changed", "changed", "changed", // preferences, pause, resume, topic, language
			"suppressed", "confirmed", "changed", "unsubscribed", // lifted, one of two digests, the last one
			"confirmed", "changed", // again, and by the API; not by the file
		}
		if got := k.kinds(); !slices.Equal(got, want) {
			t.Errorf("told\n got %q\nwant %q", got, want)
		}
		var got []string
		for range want {
			events := k.claim(10)
			if len(events) != 1 {
				t.Fatalf("%d events of one reader at once, want one", len(events))
			}
			if more := k.claim(10); len(more) != 0 {
				t.Fatalf("%d more events of a reader of whom one is on its way", len(more))
			}
			got = append(got, string(events[0].Event))
			k.record(true, events...)
		}
		if !slices.Equal(got, want) || len(k.kinds()) != 0 {
			t.Errorf("claimed\n got %q\nwant %q, and nothing left", got, want)
		}
	})
}

// TestEventBody holds what is told: the reader as of then, who did it, and the
// same id for each try.
func TestEventBody(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.hook("crm", subscribers.HookUnsubscribed, subscribers.HookChanged)
		id := k.activate("ann@example.com")
		k.must(k.prefers(id, subscribers.Preferences{Zone: "Asia/Tokyo", Topics: []string{"sport"}, Digests: []string{"daily", "weekly"}}, "form", ""))
		k.must(k.Unsubscribe(t.Context(), id, 0, "one-click", ""))
		first := k.claim(1)[0]
		if want := fmt.Sprintf("reader_%d_%d", id, first.At.UnixMilli()); first.ID() != want || first.Event != subscribers.HookChanged {
			t.Errorf("the event is %s %s, want %s", first.Event, first.ID(), want)
		}
		var body struct {
			Type      string    `json:"type"`
			Timestamp time.Time `json:"timestamp"`
			Data      struct {
				By, Origin string
				Reader     map[string]any
			} `json:"data"`
		}
		k.must(json.Unmarshal([]byte(first.Body), &body))
		r := body.Data.Reader
		if body.Type != "reader.changed" || !body.Timestamp.Equal(first.At) || body.Data.By != "reader" || body.Data.Origin != "form" ||
			r["address"] != "ann@example.com" || r["state"] != "active" || r["timezone"] != "Asia/Tokyo" ||
			fmt.Sprint(r["digests"], r["topics"]) != "[daily weekly] [sport]" || r["id"] != float64(id) {
			t.Errorf("told as %s", first.Body)
		}
		k.record(false, first)
		k.wait(time.Hour)
		if again := k.claim(1)[0]; again.ID() != first.ID() || again.Body != first.Body || again.Attempts != 2 || again.Answer != "HTTP 500" {
			t.Errorf("told again as %+v, first %+v", again, first)
		}
	})
}

// TestEventsAndTheirChangeGoTogether: a change that is not stored is not told.
func TestEventsAndTheirChangeGoTogether(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.hook("crm")
		id := k.activate("ann@example.com")
		k.exec(`DROP TABLE outbox`)
		if err := k.Unsubscribe(t.Context(), id, 0, "one-click", ""); err == nil {
			t.Error("a change was stored without its event")
		}
		k.wantPicture("ann@example.com", "active | daily=active Europe/Paris ,1,")
		k.hook("crm", subscribers.HookErased)
		k.must(k.Unsubscribe(t.Context(), id, 0, "one-click", "")) // which nobody asks for
	})
}

// TestEventsOfAnErasedReaderOnTheirWay: the erasure is told after what was on
// its way, and what was on its way is not told again.
func TestEventsOfAnErasedReaderOnTheirWay(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.hook("crm")
		k.activate("ann@example.com")
		onItsWay := k.claim(1)
		_, err := k.Erase(t.Context(), "ann@example.com", "command")
		k.must(err)
		if n := k.count(`SELECT count(*) FROM outbox WHERE body LIKE '%ann@%'`); n != 0 {
			t.Errorf("%d events have the address of an erased reader", n)
		}
		if early := k.claim(1); len(early) != 0 {
			t.Errorf("the erasure is told before what is on its way: %+v", early)
		}
		k.record(false, onItsWay...)
		k.wait(time.Hour)
		for _, want := range []string{"confirmed ", "erased x"} {
			got := k.claim(1)
			if len(got) != 1 || string(got[0].Event)+" "+strings.Repeat("x", min(1, len(got[0].Body))) != want {
				t.Fatalf("claimed %+v, want %q", got, want)
			}
			k.record(true, got...)
		}
		states, err := k.HookStates(t.Context())
		k.must(err)
		if states[0].Told != 1 || states[0].Waiting != 0 {
			t.Errorf("%d events told and %d waiting, want the erasure alone", states[0].Told, states[0].Waiting)
		}
	})
}

// TestEventsOfFiles: files tell nothing unless asked to.
func TestEventsOfFiles(t *testing.T) {
	const file = "email,status\nann@example.com,\nbob@example.com,unsubscribed\ndan@example.com,\ncyd@example.com,suppressed\n"
	for tell, want := range map[bool][]string{
		false: nil,
		true:  {"changed", "confirmed", "confirmed", "suppressed", "unsubscribed"},
	} {
		eachDesk(t, func(t *testing.T, k *desk) {
			k.hook("crm")
			o := confirmed
			o.Tell = tell
			_, err := k.imports(file, o)
			k.must(err)
			k.wait(time.Second)
			_, err = k.imports("email,name,status\nann@example.com,Ann,\ndan@example.com,,unsubscribed\n", o)
			k.must(err)
			got := k.kinds()
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("a file told %q, want %q", got, want)
			}
		})
	}
}

// TestFailingHook: a system that fails gets one event at a time, and none until
// its wait is over; the first success ends that.
func TestFailingHook(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.hook("crm")
		for i := range 20 {
			k.activate(fmt.Sprintf("r%d@example.com", i))
		}
		since := k.now().Add(time.Second)
		if h := k.record(false, k.claim(4)...); h.Failing() || h.Failures != 4 || !h.FailingSince.Equal(since) {
			t.Errorf("after 4 failures: %+v", h)
		}
		if h := k.record(false, k.claim(1)...); !h.Failing() || !h.FailingSince.Equal(since) {
			t.Errorf("after 5 failures: %+v", h)
		}
		if got := k.claim(10); len(got) != 0 {
			t.Errorf("%d events before the wait is over", len(got))
		}
		k.wait(time.Minute)
		probe := k.claim(10)
		if len(probe) != 1 || len(k.claim(10)) != 0 {
			t.Errorf("%d events after the wait, want one and no other meanwhile", len(probe))
		}
		if h := k.record(true, probe...); h.Failures != 0 || !h.FailingSince.IsZero() {
			t.Errorf("after a success: %+v", h)
		}
		if got := k.claim(100); len(got) != 19 {
			t.Errorf("%d events after a success, want 19", len(got))
		}
	})
}

// TestEventsAreGivenUp: after three days of trying an event is kept for
// "webhook retry", and in the end it is dropped.
func TestEventsAreGivenUp(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.hook("crm")
		k.activate("ann@example.com")
		state := func() subscribers.HookState {
			t.Helper()
			states, err := k.HookStates(t.Context())
			k.must(err)
			return states[0]
		}
		tries, start := 0, k.now()
		for k.now().Sub(start) < 4*24*time.Hour {
			for _, e := range k.claim(10) {
				tries++
				k.record(false, e)
			}
			k.wait(5 * time.Minute)
		}
		if s := state(); s.GivenUp != 1 || s.Waiting != 0 || tries < 10 || tries > 30 || s.LastError != "HTTP 500" {
			t.Errorf("after 4 days and %d tries: %+v", tries, s)
		}
		if n, err := k.RetryEvents(t.Context(), "crm"); n != 1 || err != nil {
			t.Errorf("RetryEvents = %d, %v, want 1", n, err)
		}
		if _, err := k.SweepEvents(t.Context(), "crm"); err != nil || state().Waiting != 1 {
			t.Errorf("a retried event is swept away: %v, %+v", err, state())
		}
		k.wait(subscribers.GiveUpTellingAfter + time.Minute)
		if _, err := k.SweepEvents(t.Context(), "crm"); err != nil || state().GivenUp != 1 {
			t.Errorf("an event that nobody told for days is not given up: %v, %+v", err, state())
		}
		k.wait(subscribers.KeepGivenUp)
		if _, err := k.SweepEvents(t.Context(), "crm"); err != nil || state().GivenUp != 0 {
			t.Errorf("an event of long ago is kept: %v, %+v", err, state())
		}
		if _, err := k.RetryEvents(t.Context(), "nobody"); err == nil {
			t.Error("a retry for a system that is not configured")
		}
	})
}

// TestWorkersShareTheOutbox: several at once claim no event twice, and each
// reader's in order.
func TestWorkersShareTheOutbox(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.hook("crm")
		const readers, changes = 12, 4
		for i := range readers {
			id := k.activate(fmt.Sprintf("r%d@example.com", i))
			for c := range changes - 1 {
				k.wait(time.Second)
				k.must(k.Pause(t.Context(), id, 0, k.now().Add(time.Duration(c+1)*time.Hour), "form", ""))
			}
		}
		k.wait(time.Second)
		var mu sync.Mutex
		told := map[int64][]time.Time{}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for {
					events, err := k.ClaimEvents(t.Context(), "crm", 3, lease)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					done := 0
					for _, e := range events {
						told[e.Subscriber] = append(told[e.Subscriber], e.At)
					}
					for _, times := range told {
						done += len(times)
					}
					mu.Unlock()
					if len(events) == 0 && done == readers*changes {
						return
					}
					var tries []subscribers.Told
					for _, e := range events {
						tries = append(tries, subscribers.Told{Event: e, Taken: true})
					}
					if _, _, err := k.RecordTold(t.Context(), "crm", tries); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		for id, times := range told {
			if len(times) != changes || !slices.IsSortedFunc(times, time.Time.Compare) {
				t.Errorf("reader %d was told of at %v, want %d times in order", id, times, changes)
			}
		}
	})
}

// TestLostLease: who comes back after the lease ended records nothing of what
// another worker has taken over, and the event has the same id there.
func TestLostLease(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.hook("crm")
		k.activate("ann@example.com")
		k.wait(time.Second)
		died, err := k.ClaimEvents(t.Context(), "crm", 1, -time.Second) // over at once
		k.must(err)
		heir := k.claim(1)
		if len(died) != 1 || len(heir) != 1 || died[0].ID() != heir[0].ID() {
			t.Fatalf("claimed %+v and then %+v", died, heir)
		}
		k.record(false, died...)
		if n := k.count(`SELECT count(*) FROM outbox WHERE answer = '' AND lease_until > 0`); n != 1 {
			t.Error("who lost the lease put the event off for the one who has it")
		}
		k.record(true, died...)
		if n := len(k.kinds()); n != 1 {
			t.Errorf("%d events after one without a lease recorded, want 1", n)
		}
		k.record(true, heir...)
		if n := len(k.kinds()); n != 0 {
			t.Errorf("%d events after it was told, want 0", n)
		}
	})
}

// TestOneWorkerTriesAFailingHook: of several that look when the wait is over,
// one gets an event.
func TestOneWorkerTriesAFailingHook(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.hook("crm")
		for i := range 30 {
			k.activate(fmt.Sprintf("r%d@example.com", i))
		}
		k.record(false, k.claim(5)...)
		for round := range 15 {
			k.wait(time.Hour)
			claimed := make(chan []subscribers.OutboxEvent, 6)
			var wg sync.WaitGroup
			for range cap(claimed) {
				wg.Go(func() {
					events, err := k.ClaimEvents(t.Context(), "crm", 10, lease)
					if err != nil {
						t.Error(err)
					}
					claimed <- events
				})
			}
			wg.Wait()
			close(claimed)
			var all []subscribers.OutboxEvent
			for events := range claimed {
				all = append(all, events...)
			}
			if len(all) != 1 {
				t.Fatalf("round %d: %d events are tried at once", round, len(all))
			}
			k.record(false, all...)
		}
	})
}
