package digest_test

import (
	"slices"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// TestPutByIsOnRecord: who changed what of a story by the API or a file is on
// record once for each change, and what feeds bring is not.
func TestPutByIsOnRecord(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, twoFeeds)
		until := w.clock.Now().Add(time.Hour).UTC()
		steps := []struct {
			name string
			in   func(in *digest.Incoming)
			want string // what is added, "" for nothing
		}{
			{"new", func(*digest.Incoming) {}, "api:cms add: "},
			{"the same again", func(*digest.Incoming) {}, ""},
			{"text", func(in *digest.Incoming) { in.Title, in.Body = "Another one", "Another body." }, "api:cms change: version 2 (title, body)"},
			{"picture", func(in *digest.Incoming) { in.ImageURL = "https://courier.example/1.jpg" }, "api:cms change: version 3 (image)"},
			{"topics", func(in *digest.Incoming) { in.Topics = []string{"sport"} }, "api:cms change: topic +sport, topic -world"},
			{"topics back", func(in *digest.Incoming) { in.Topics = []string{"world"} }, "api:cms change: topic +world, topic -sport"},
			{"marks", func(in *digest.Incoming) {
				in.Access, in.Audience, in.Priority, in.EmbargoUntil = digest.AccessPaid, []string{"tier=paid"}, 5, until
			}, "api:cms change: priority 5, access paid, audience tier=paid, embargo until " + until.Format(time.RFC3339)},
		}
		in := story(1, "world")
		var want []string
		for _, step := range steps {
			step.in(&in)
			if _, err := w.store.PutBy(t.Context(), w.tagger, "api:cms", []digest.Incoming{in}); err != nil {
				t.Fatal(err)
			}
			if step.want != "" {
				want = append(want, step.want)
			}
			if got := w.changes(1); !slices.Equal(got, want) {
				t.Fatalf("%s: on record is %q, want %q", step.name, got, want)
			}
		}
		in.GUID, in.Topics = "of-a-feed", []string{"sport"}
		w.putFrom(0, in)
		if got := w.changes(1); !slices.Equal(got, want) {
			t.Errorf("after a feed brought it on record is %q, want %q", got, want)
		}
	})
}

// TestMarksStay: a mark that a story is sent without stays, and one that is
// cleared goes.
func TestMarksStay(t *testing.T) {
	all := digest.Marks{Priority: true, Access: true, Audience: true, Embargo: true}
	tests := []struct {
		name   string
		source int // -1: the API
		in     digest.Incoming
		want   digest.Incoming
	}{
		{"nothing said", -1, digest.Incoming{}, digest.Incoming{Priority: 5, Access: digest.AccessPaid, Audience: []string{"tier=paid"}}},
		{"by its feed", 0, digest.Incoming{}, digest.Incoming{Priority: 5, Access: digest.AccessPaid, Audience: []string{"tier=paid"}}},
		{"another audience", -1, digest.Incoming{Audience: []string{"tier=free"}}, digest.Incoming{Priority: 5, Access: digest.AccessPaid, Audience: []string{"tier=free"}}},
		{"free", -1, digest.Incoming{Clears: digest.Marks{Access: true}}, digest.Incoming{Priority: 5, Audience: []string{"tier=paid"}}},
		{"for everybody", -1, digest.Incoming{Clears: digest.Marks{Audience: true}}, digest.Incoming{Priority: 5, Access: digest.AccessPaid}},
		{"no priority", -1, digest.Incoming{Clears: digest.Marks{Priority: true}}, digest.Incoming{Access: digest.AccessPaid, Audience: []string{"tier=paid"}}},
		{"all cleared", -1, digest.Incoming{Clears: all}, digest.Incoming{}},
		{"all cleared by its feed", 0, digest.Incoming{Clears: all}, digest.Incoming{Priority: 5, Access: digest.AccessPaid, Audience: []string{"tier=paid"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d, twoFeeds)
				first := story(1, "world")
				first.GUID = "1"
				w.putFrom(0, first)
				first.Priority, first.Access, first.Audience = 5, digest.AccessPaid, []string{"tier=paid"}
				w.put(first)
				again := test.in
				again.URL, again.GUID, again.Title, again.Topics = first.URL, "1", first.Title, first.Topics
				if test.source < 0 {
					w.put(again)
				} else {
					w.putFrom(test.source, again)
				}
				a := w.article(first.URL)
				if a.Priority != test.want.Priority || a.Access != test.want.Access || !slices.Equal(a.Audience, test.want.Audience) {
					t.Errorf("priority %d, access %q, audience %q, want %+v", a.Priority, a.Access, a.Audience, test.want)
				}
			})
		})
	}
}
