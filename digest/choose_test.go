package digest_test

import (
	"math/rand/v2"
	"testing"

	"broadsheet/digest"
)

func TestChoose(t *testing.T) {
	one := func(id, seq int64, topics ...int64) digest.Story {
		s := digest.Story{ID: id, Published: id, Topics: map[int64]int64{}}
		for _, topic := range topics {
			s.Topics[topic] = seq
		}
		return s
	}
	with := func(s digest.Story, change func(*digest.Story)) digest.Story { change(&s); return s }
	limits := digest.Digest{MaxItems: 10}
	tests := []struct {
		name    string
		digest  digest.Digest
		stories []digest.Story
		wish    digest.Wish
		want    string
	}{
		{"nothing", limits, nil, digest.Wish{To: 10}, "+0"},
		{"an article in five topics stands once, with all its topics", limits,
			[]digest.Story{one(1, 5, 1, 2, 3, 4, 5)}, digest.Wish{To: 10}, "1:1,2,3,4,5 +0"},
		{"in the section of the reader's first topic", limits,
			[]digest.Story{one(1, 5, 1, 2, 3)}, digest.Wish{Topics: []int64{3, 2}, To: 10}, "1:3,1,2 +0"},
		{"sections in the reader's order", limits,
			[]digest.Story{one(1, 5, 1), one(2, 5, 2), one(3, 5, 3)}, digest.Wish{Topics: []int64{3, 5, 1}, To: 10}, "3:3 1:1 +0 /3,1"},
		{"in that of the digest, as far as there are stories", limits,
			[]digest.Story{one(1, 5, 1), one(2, 5, 2), one(3, 5, 3)}, digest.Wish{Topics: []int64{4, 2, 3}, To: 10}, "2:2 3:3 +0"},
		{"not of the reader's topics", limits,
			[]digest.Story{one(1, 5, 1)}, digest.Wish{Topics: []int64{2}, To: 10}, "+0"},
		{"a reader of no topic that is offered", limits,
			[]digest.Story{one(1, 5, 1)}, digest.Wish{Topics: []int64{}, To: 10}, "+0"},
		{"newest first", limits,
			[]digest.Story{one(1, 5, 1), one(3, 5, 1), one(2, 5, 1)}, digest.Wish{To: 10}, "3:1 2:1 1:1 +0"},
		{"priority before newest, pin before priority", limits,
			[]digest.Story{
				one(9, 5, 1),
				with(one(1, 5, 1), func(s *digest.Story) { s.Priority = 2 }),
				with(one(2, 5, 1), func(s *digest.Story) { s.Pinned = true; s.Priority = -3 }),
			}, digest.Wish{To: 10}, "2:1! 1:1 9:1 +0"},
		{"the id decides between equals", limits,
			[]digest.Story{
				with(one(1, 5, 1), func(s *digest.Story) { s.Published = 7 }),
				with(one(2, 5, 1), func(s *digest.Story) { s.Published = 7 }),
			}, digest.Wish{To: 10}, "2:1 1:1 +0"},
		{"max_items", digest.Digest{MaxItems: 2},
			[]digest.Story{one(1, 5, 1), one(2, 5, 1), one(3, 5, 2), one(4, 5, 3)}, digest.Wish{To: 10}, "4:3 3:2 +2"},
		{"per_topic", digest.Digest{MaxItems: 9, PerTopic: 1},
			[]digest.Story{one(1, 5, 1), one(2, 5, 1), one(3, 5, 2)}, digest.Wish{To: 10}, "3:2 2:1 +1"},
		{"a full section leaves the story to its next topic", digest.Digest{MaxItems: 9, PerTopic: 1},
			[]digest.Story{one(1, 5, 1, 2), one(2, 5, 1)}, digest.Wish{To: 10}, "2:1 1:2,1 +0"},
		{"more counts only the reader's stories", digest.Digest{MaxItems: 1},
			[]digest.Story{one(1, 5, 1), one(2, 5, 2), one(3, 5, 1)}, digest.Wish{Topics: []int64{1}, To: 10}, "3:1 +1"},
		{"windows are open at the start and closed at the end", limits,
			[]digest.Story{one(1, 3, 1), one(2, 4, 1), one(3, 7, 1), one(4, 8, 1)}, digest.Wish{From: 3, To: 7}, "3:1 2:1 +0"},
		{"excluded", limits,
			[]digest.Story{one(1, 5, 1), one(2, 5, 1)}, digest.Wish{Exclude: []int64{2}, To: 10}, "1:1 +0"},
		{"a topic added later is news to its readers", limits,
			[]digest.Story{{ID: 1, Topics: map[int64]int64{1: 3, 2: 8}}}, digest.Wish{Topics: []int64{2}, From: 5, To: 10}, "1:2,1 +0"},
		{"and not to who reads the first one, too", limits,
			[]digest.Story{{ID: 1, Topics: map[int64]int64{1: 3, 2: 8}}}, digest.Wish{From: 5, To: 10}, "+0"},
		{"a topic that is gone brings nothing", limits,
			[]digest.Story{{ID: 1, Topics: map[int64]int64{1: -3}}}, digest.Wish{To: 10}, "+0"},
		{"it leaves to deliveries whether the reader has the story", limits,
			[]digest.Story{{ID: 1, Topics: map[int64]int64{1: -3, 2: 8}}}, digest.Wish{From: 5, To: 10}, "1:2 +0"},
		{"but tells that the reader was offered it where those are gone", limits,
			[]digest.Story{{ID: 1, Topics: map[int64]int64{1: -3, 2: 8}, Unproven: true}}, digest.Wish{From: 5, To: 10}, "+0"},
		{"if the reader wanted it", limits,
			[]digest.Story{{ID: 1, Topics: map[int64]int64{1: -3, 2: 8}, Unproven: true}}, digest.Wish{Topics: []int64{2}, From: 5, To: 10}, "1:2 +0"},
		{"and is no label", limits,
			[]digest.Story{{ID: 1, Topics: map[int64]int64{1: -6, 2: 8}}}, digest.Wish{From: 5, To: 10}, "1:2 +0"},
		{"one topic only, labelled with the others", limits,
			[]digest.Story{one(1, 5, 1, 2), one(2, 5, 1)}, digest.Wish{Only: 2, To: 10}, "1:2,1 +0"},
		{"one topic only, of which the reader has the story by another", limits,
			[]digest.Story{{ID: 1, Topics: map[int64]int64{1: 3, 2: 8}}}, digest.Wish{Only: 2, From: 5, To: 10}, "+0"},
		{"one topic only, which the reader does not want", limits,
			[]digest.Story{one(1, 5, 1, 2)}, digest.Wish{Topics: []int64{1}, Only: 2, To: 10}, "+0"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := digest.Choose(test.digest, []int64{1, 2, 3, 4, 5}, test.stories, test.wish)
			if got.String() != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestChooseInTheDigestsOrderOfTopics(t *testing.T) {
	stories := []digest.Story{{ID: 1, Topics: map[int64]int64{1: 5, 2: 5, 3: 5}}}
	got := digest.Choose(digest.Digest{MaxItems: 5}, []int64{3, 1, 2}, stories, digest.Wish{To: 10})
	if want := "1:3,1,2 +0"; got.String() != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestChooseIsDeterministic(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	stories := make([]digest.Story, 60)
	for i := range stories {
		stories[i] = digest.Story{ID: int64(i + 1), Published: random.Int64N(5), Priority: random.IntN(2), Pinned: random.IntN(9) == 0, Topics: map[int64]int64{}}
		for range 1 + random.IntN(3) {
			stories[i].Topics[1+random.Int64N(5)] = 5
		}
	}
	limits := digest.Digest{MaxItems: 12, PerTopic: 4}
	want := digest.Choose(limits, []int64{1, 2, 3, 4, 5}, stories, digest.Wish{To: 10})
	for range 50 {
		random.Shuffle(len(stories), func(i, j int) { stories[i], stories[j] = stories[j], stories[i] })
		got := digest.Choose(limits, []int64{1, 2, 3, 4, 5}, stories, digest.Wish{To: 10})
		if got.String() != want.String() || got.ID() != want.ID() {
			t.Fatalf("got %q, want %q whatever the order of arrival", got, want)
		}
	}
}

// TestChooseForOneAfterAnother: what was laid out for a reader leaves no trace in
// what the next one gets.
func TestChooseForOneAfterAnother(t *testing.T) {
	random := rand.New(rand.NewPCG(21, 22))
	offered := []int64{1, 2, 3, 4, 5}
	stories := make([]digest.Story, 40)
	for i := range stories {
		stories[i] = digest.Story{
			ID: int64(i + 1), Published: random.Int64N(1000), Source: 1 + random.Int64N(3), Sources: 1,
			Topics: map[int64]int64{1 + random.Int64N(5): random.Int64N(10), 1 + random.Int64N(5): random.Int64N(10)},
		}
	}
	limits := digest.Digest{MaxItems: 8, PerTopic: 3, Top: 2, Latest: 2}
	pool := digest.NewPool(limits, offered, stories)
	for i := range 2000 {
		wish := digest.Wish{From: random.Int64N(8), To: 10, At: 1000 * hour}
		for _, topic := range random.Perm(5)[:random.IntN(5)] {
			wish.Topics = append(wish.Topics, int64(topic+1))
		}
		if random.IntN(4) == 0 {
			wish.Article = 1 + random.Int64N(40)
		}
		want := digest.Choose(limits, offered, stories, wish).String()
		if got := pool.Choose(wish, nil).String(); got != want {
			t.Fatalf("reader %d got %s after the others, want %s", i, got, want)
		}
	}
}

func TestParseSelection(t *testing.T) {
	for _, text := range []string{"+0", "1:2 +0", "7:2,5! 4:2 +3", "9223372036854775807:1 +2147483647",
		"7:top,2,5!= 4:latest,2= 3:2 +0 ~12 ~14", "+0 ~1", "1:2 3:1 +4 /2,1", "1:2 3:1 +4 /2,1 ~5", "+0 @de", "1:2 +0 /2 ~5 @pt-BR"} {
		got, err := digest.ParseSelection(text)
		if err != nil || got.String() != text {
			t.Errorf("got %q, %v, want %q", got, err, text)
		}
	}
	for _, text := range []string{
		"", " ", "+", "+-1", "+01", "1:2", "1:2 ", "1 +0", "1: +0", ":2 +0", "1:2,+0", "1:2, +0", "1:2!! +0", "1:2x +0", "x1:2 +0",
		"1:2  +0", " 1:2 +0", "1:2 +0 ", "1:2 +0 3:4", "-1:2 +0", "1:2:3 +0", "99999999999999999999:1 +0", "1:2\n+0",
		"1:Top +0", "1:top, +0", "1:2,top +0", "1:2=! +0", "1:2== +0", "+0 ~", "+0 12", "+0  ~1", "+0 ~1 ", "+0~1", "~1 +0", "+0 ~-1", "1:2+0", "+0 +0",
		"1:-1 +0", "1:2 +0 /", "1:2 +0 /1,", "1:2 +0 /,1", "1:2 +0 /1 /2", "1:2 +0 ~1 /2", "1:2 +0 //2", "1:2 +0 /02", "1:2 +0/2", "1:2 +0 / 2",
		"+0 @", "+0 @de @de", "+0 @de ~1", "@de +0", "+0@de", "+0 @de ",
	} {
		if got, err := digest.ParseSelection(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
}

func FuzzParseSelection(f *testing.F) {
	for _, seed := range []string{"+0", "1:2 +0", "7:2,5! 4:2 +3", "1:2", "1:2 +00", "0:0,0! +9", "7:top,2!= +1 ~3 ~4", "1:2 3:1 +4 /2,1 ~5", "+0 ~5 @de"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := digest.ParseSelection(text)
		if err != nil {
			return
		}
		if s.String() != text {
			t.Errorf("%q was read as %q", text, s)
		}
	})
}
