package subscribers_test

import (
	"errors"
	"testing"
	"time"

	"broadsheet/subscribers"
)

// TestPutExternalAsksOnce: what is said again of one who has left changes nothing.
func TestPutExternalAsksOnce(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		id, _ := k.gone(ann)
		say := func(topics ...string) {
			row, err := k.told("p-1", ann, func(in *subscribers.External) { in.Topics, in.Digests = topics, []string{"daily"} })
			k.must(err)
			if row.State != subscribers.StateUnsubscribed || row.WaitsSince.IsZero() {
				t.Errorf("the answer is %+v", row)
			}
		}
		mails := k.mails(subscribers.MailConfirm)
		say("sport")
		before, events := k.row(ann), len(k.events(ann))
		say("sport")
		k.wait(time.Hour)
		say("sport")
		if k.row(ann) != before || len(k.events(ann)) != events || k.mails(subscribers.MailConfirm) != mails+1 {
			t.Errorf("said again: %s, %d entries, %d mails", k.row(ann), len(k.events(ann)), k.mails(subscribers.MailConfirm))
		}
		say("arts")
		k.wantPicture(ann, "unsubscribed | daily=ended Europe/Paris ,1, | asked daily Europe/Paris ,3,")
		if a := k.detail(ann).Asked; a.Name != "Ann" || a.Language != "fr" {
			t.Errorf("what was not said does not stay: %+v", a)
		}
		_, err := k.press(k.token(id), "")
		k.must(err)
		k.wantPicture(ann, "active | daily=active Europe/Paris ,3,")
	})
}

// TestPutExternalTellsAllMistakes, also of what depends on the reader.
func TestPutExternalTellsAllMistakes(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.catalog.Digests[0].Hours = []string{"06:30"}
		_, err := k.told("p-1", ann, func(in *subscribers.External) {
			in.Evidence, in.Digests = k.evidence(k.now()), []string{"weekly"}
		})
		k.must(err)
		var wrong subscribers.FieldErrors
		_, err = k.told("p-1", "ann@new.example", func(in *subscribers.External) {
			in.Topics, in.Hours = []string{"arts"}, []string{"daily=06:30"}
		})
		if !errors.As(err, &wrong) || wrong["consent"].Text == "" || wrong["topics"].Text == "" || wrong["hour"].Text == "" {
			t.Errorf("got %v, want mistakes in consent, topics and hour", err)
		}
		k.wantPicture(ann, "active | weekly=active Europe/Berlin *")
	})
}
