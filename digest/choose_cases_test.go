package digest_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
)

// TestChooseSections is about stories of which the first ones rank highest.
func TestChooseSections(t *testing.T) {
	s := func(id, source int64, topics ...int64) digest.Story {
		story := digest.Story{ID: id, Source: source, Fresh: (1000 - id) * hour, Topics: map[int64]int64{}}
		for _, topic := range topics {
			story.Topics[topic] = 5
		}
		return story
	}
	with := func(s digest.Story, change func(*digest.Story)) digest.Story { change(&s); return s }
	pinned := func(s digest.Story) digest.Story { return with(s, func(s *digest.Story) { s.Pinned = true }) }
	placed := func(s digest.Story) digest.Story { return with(s, func(s *digest.Story) { s.Place = 1 }) }
	two, six := digest.Digest{MaxItems: 20, PerTopic: 2}, digest.Digest{MaxItems: 6, PerTopic: 2, Top: 2, Latest: 2}
	paid := with(s(1, 1, 1), func(s *digest.Story) { s.Paid = true })
	payer := []string{"region=north", "tier=paid"}
	tests := []struct {
		name    string
		digest  digest.Digest
		wish    digest.Wish
		stories []digest.Story
		want    string
	}{
		{"one story is no section of the best", six, digest.Wish{}, []digest.Story{s(1, 1, 1)}, "1:1 +0"},
		{"nor are the best worth one where they are most of it", six, digest.Wish{}, []digest.Story{s(1, 1, 1), s(2, 1, 1), s(3, 1, 2)}, "1:1 2:1 3:2 +0"},
		{"the best, the topics, the latest", six, digest.Wish{},
			[]digest.Story{s(1, 1, 1), s(2, 1, 2), s(3, 1, 1), s(4, 1, 1), s(5, 1, 1), s(6, 1, 1), s(7, 1, 1)}, "1:top,1 2:top,2 3:1 4:1 5:latest,1 6:latest,1 +1"},
		{"the latest are the newest of those without room", digest.Digest{MaxItems: 9, PerTopic: 1, Latest: 1}, digest.Wish{},
			[]digest.Story{s(1, 1, 1), with(s(3, 1, 1), func(s *digest.Story) { s.Priority = 1 }), with(s(4, 1, 1), func(s *digest.Story) { s.Priority = 2 })},
			"4:1 1:latest,1 +1"},
		{"editors' order comes before pins", two, digest.Wish{}, []digest.Story{pinned(s(1, 1, 1)), placed(s(9, 1, 1))}, "9:1 1:1! +0"},
		{"many sources make up for hours", two, digest.Wish{}, []digest.Story{s(1, 1, 1), with(s(6, 1, 1), func(s *digest.Story) { s.Sources = 2 })}, "6:1 1:1 +0"},
		{"and no more than that", two, digest.Wish{}, []digest.Story{s(1, 1, 1), with(s(8, 1, 1), func(s *digest.Story) { s.Sources = 2 })}, "1:1 8:1 +0"},
		{"the reader's first topic makes up for an hour", two, digest.Wish{Topics: []int64{2, 1}}, []digest.Story{s(1, 1, 1), s(2, 1, 2), s(3, 1, 1)}, "1:1 2:2 3:1 +0 /2,1"},
		{"a section of one source lets another in", two, digest.Wish{}, []digest.Story{s(1, 1, 1), s(2, 1, 1), s(3, 2, 1)}, "1:1 3:1 +1"},
		{"for which no pinned story gives way", two, digest.Wish{}, []digest.Story{pinned(s(1, 1, 1)), pinned(s(2, 1, 1)), s(3, 2, 1)}, "1:1! 2:1! +1"},
		{"nor one in the editors' order", two, digest.Wish{}, []digest.Story{placed(s(1, 1, 1)), s(2, 1, 1), s(3, 2, 1)}, "1:1 3:1 +1"},
		{"one of two pinned does not", two, digest.Wish{}, []digest.Story{s(1, 1, 1), pinned(s(2, 1, 1)), s(3, 2, 1)}, "2:1! 3:1 +1"},
		{"what gives way finds room elsewhere", two, digest.Wish{}, []digest.Story{s(1, 1, 1), s(2, 1, 1, 2), s(3, 2, 1)}, "1:1 2:2,1 3:1 +0"},
		{"and may let another section have two sources", two, digest.Wish{},
			[]digest.Story{s(1, 2, 1), s(2, 2, 1), s(3, 1, 2), s(4, 1, 1, 2), s(5, 2, 2)}, "1:1 3:2 4:1,2 5:2 +1"},
		{"the best are of two sources", six, digest.Wish{}, []digest.Story{s(1, 1, 1), s(2, 1, 2), s(3, 1, 3), s(4, 2, 1)}, "1:top,1 4:top,1 2:2 3:3 +0"},
		{"unless they are pinned", six, digest.Wish{}, []digest.Story{pinned(s(1, 1, 1)), pinned(s(2, 1, 2)), s(3, 1, 3), s(4, 2, 1)}, "1:top,1! 2:top,2! 3:3 4:1 +0"},
		{"breaking news, whatever its topics, its window and its age", digest.Digest{MaxItems: 9, MaxAge: time.Hour}, digest.Wish{Article: 7, Topics: []int64{2}, From: 8},
			[]digest.Story{s(1, 1, 2), s(7, 1, 1)}, "7:top,1 +0"},
		{"breaking news under a topic of the reader's", two, digest.Wish{Article: 7, Topics: []int64{3, 2}}, []digest.Story{s(7, 1, 1, 2, 3)}, "7:3,1,2 +0"},
		{"breaking news that the reader has", two, digest.Wish{Article: 7, Exclude: []int64{7}}, []digest.Story{s(7, 1, 1)}, "+0"},
		{"max_age", digest.Digest{MaxItems: 9, MaxAge: 3 * time.Hour}, digest.Wish{}, []digest.Story{s(3, 1, 1), s(4, 1, 1)}, "3:1 +0"},
		{"a body for everybody", digest.Digest{MaxItems: 9, FullText: true}, digest.Wish{}, []digest.Story{s(1, 1, 1)}, "1:1= +0"},
		{"a paid body for nobody else", digest.Digest{MaxItems: 9, FullText: true}, digest.Wish{Attributes: []string{"tier=free"}}, []digest.Story{paid, s(2, 1, 1)}, "1:1 2:1= +0"},
		{"a paid body for who pays", digest.Digest{MaxItems: 9, FullText: true}, digest.Wish{Attributes: payer}, []digest.Story{paid, s(2, 1, 1)}, "1:1= 2:1= +0"},
		{"no bodies without full_text", two, digest.Wish{Attributes: payer}, []digest.Story{paid}, "1:1 +0"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.wish.To, test.wish.At = 10, 1000*hour
			if got := digest.Choose(test.digest, []int64{1, 2, 3}, test.stories, test.wish); got.String() != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestChooseFor(t *testing.T) {
	for _, test := range []struct {
		audience, reader string
		want             bool
	}{
		{"", "", true},
		{"", "tier=paid", true},
		{"tier=paid", "", false},
		{"tier=paid", "tier=paid", true},
		{"tier=paid", "tier=free", false},
		{"tier=paid", "tier=paidtoo", false},
		{"tier=paid", "frontier=paid", false},
		{"tier=paid tier=trial", "tier=trial", true},
		{"region=north tier=paid", "tier=paid", false},
		{"region=north tier=paid", "region=south tier=paid", false},
		{"region=north tier=paid", "region=north tier=free", false},
		{"region=north region=south tier=paid", "region=south tier=paid", true},
	} {
		story := digest.Story{ID: 1, Audience: strings.Fields(test.audience), Topics: map[int64]int64{1: 5}}
		got := digest.Choose(digest.Digest{MaxItems: 1}, []int64{1}, []digest.Story{story}, digest.Wish{To: 9, Attributes: strings.Fields(test.reader)})
		if (len(got.Stories) == 1) != test.want {
			t.Errorf("%q for %q: got %t, want %t", test.audience, test.reader, !test.want, test.want)
		}
	}
}

func TestChooseInTheReadersLanguage(t *testing.T) {
	for _, test := range []struct {
		story, reader string // the site's is English
		want          bool
	}{
		{"en", "en", true}, {"en-GB", "en-us", true}, {"EN", "en", true}, {"", "en", true}, {"en", "", true}, {"", "", true},
		{"de", "", false}, {"", "de", false}, {"de", "en", false}, {"de-AT", "de", true}, {"den", "de", false},
	} {
		story := digest.Story{ID: 1, Language: test.story, Topics: map[int64]int64{1: 5}}
		for _, asked := range []bool{true, false} {
			got := digest.Choose(digest.Digest{MaxItems: 1, ReaderLanguage: asked}, []int64{1}, []digest.Story{story}, digest.Wish{To: 9, Language: test.reader})
			if want := test.want || !asked; (len(got.Stories) == 1) != want {
				t.Errorf("%q for a reader of %q: got %t, want %t", test.story, test.reader, !want, want)
			}
		}
	}
}

func TestChooseFromNoneOneAndManyStories(t *testing.T) {
	for n, want := range map[int]int{0: 0, 1: 1, 500: 20} {
		var stories []digest.Story
		for i := range n {
			stories = append(stories, digest.Story{ID: int64(i + 1), Fresh: int64(i) * hour, Topics: map[int64]int64{1 + int64(i%5): 5}})
		}
		got := digest.Choose(digest.Digest{MaxItems: 20, PerTopic: 6, Top: 3, Latest: 3}, []int64{1, 2, 3, 4, 5}, stories, digest.Wish{To: 9, At: 600 * hour})
		if len(got.Stories) != want || got.More != n-want {
			t.Errorf("%d stories: %d chosen and %d more, want %d", n, len(got.Stories), got.More, want)
		}
	}
}

// TestVerdicts names the rule that decided, and its values, in one digest that
// has all of them.
func TestVerdicts(t *testing.T) {
	story := func(id, source, seq int64, change func(*digest.Story)) digest.Story {
		s := digest.Story{ID: id, Source: source, Fresh: (1000 - id) * hour, Topics: map[int64]int64{1: seq}}
		change(&s)
		return s
	}
	none := func(*digest.Story) {}
	under := func(topic int64) func(*digest.Story) {
		return func(s *digest.Story) { s.Topics = map[int64]int64{topic: 20} }
	}
	stories := []digest.Story{
		story(1, 1, 20, func(s *digest.Story) { s.Place, s.Pinned, s.Priority, s.Sources = 2, true, 4, 3 }),
		story(2, 1, 20, none), story(3, 1, 20, none), story(4, 1, 20, none), story(5, 2, 20, none), story(6, 1, 20, none), story(7, 1, 20, under(2)), story(8, 1, 20, none), story(9, 1, 20, under(2)),
		story(20, 1, 9, none), story(21, 1, 31, none), story(22, 1, 0, under(3)), story(23, 1, 20, none), story(240, 1, 20, none),
		story(25, 1, 20, func(s *digest.Story) { s.Audience = []string{"tier=paid"} }), story(26, 1, 20, func(s *digest.Story) { s.Language = "de" }),
	}
	d := digest.Digest{MaxItems: 5, PerTopic: 2, Top: 2, Latest: 1, MaxAge: 7 * 24 * time.Hour, ReaderLanguage: true}
	wish := digest.Wish{Topics: []int64{1, 2}, From: 10, To: 30, At: 1000 * hour, Exclude: []int64{23}, Attributes: []string{"tier=free"}}
	told := func(d digest.Digest) (got []string) {
		digest.NewPool(d, []int64{1, 2, 3}, stories).Choose(wish, func(v digest.Verdict) {
			got = append(got, strings.Join([]string{string(v.Rule), sectionText(v.Section), v.Detail}, "|"))
		})
		return got
	}
	got := told(d)
	want := []string{
		"top|top|among the best 2 over all topics; rank 1 of 9: number 2 in the editors' order, pinned, priority 4, score 17, 1 hour old, 3 sources, topic 1 of the reader",
		"section|1|under the first of its topics that has room; rank 2 of 9: score 4, 2 hours old, topic 1 of the reader",
		"section|1|under the first of its topics that has room; rank 3 of 9: score 3, 3 hours old, topic 1 of the reader",
		"per-topic|0|the sections of its topics have their 2 stories, per_topic; rank 4 of 9: score 2, 4 hours old, topic 1 of the reader",
		"diversity|top|a story of the source that has all others of the section gave way to it; rank 5 of 9: score 1, 5 hours old, topic 1 of the reader",
		"per-topic|0|the sections of its topics have their 2 stories, per_topic; rank 6 of 9: score 0, 6 hours old, topic 1 of the reader",
		"section|2|under the first of its topics that has room; rank 7 of 9: score -2, 7 hours old, topic 2 of the reader",
		"per-topic|0|the sections of its topics have their 2 stories, per_topic; rank 8 of 9: score -2, 8 hours old, topic 1 of the reader",
		"max-items|0|the digest has its 5 stories, max_items; rank 9 of 9: score -4, 9 hours old, topic 2 of the reader",
		"offered|0|it came as number 9, the window begins after 10",
		"window|0|it came as number 31, the window ends at 30",
		"topic|0|the reader chose none of its topics",
		"had|0|an earlier mail brought it to the reader",
		"audience|0|it is for tier=paid, the reader has tier=free",
		`language|0|it is in "de", the reader reads "en"`,
		"max-age|0|10 days old, max_age is 7 days",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	d.MaxItems = 7
	latest := "latest|latest|found no room under its topics, among the newest 1 of those; rank 4 of 9: score 2, 4 hours old, topic 1 of the reader"
	if got := told(d); got[3] != latest {
		t.Errorf("got %q, want %q", got[3], latest)
	}
}
