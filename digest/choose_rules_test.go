package digest_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
)

// rules are those of choosing, written down once more the plain way.
type rules struct {
	digest  digest.Digest
	offered []int64
	wish    digest.Wish
}

// order is the reader's order of topics.
func (r *rules) order() []int64 {
	if r.wish.Topics == nil {
		return r.offered
	}
	return r.wish.Topics
}

// brings are the topics that can bring a story to the reader, in the reader's
// order.
func (r *rules) brings(s *digest.Story) []int64 {
	return slices.DeleteFunc(slices.Clone(r.order()), func(topic int64) bool { return s.Topics[topic] <= 0 })
}

// eligible reports whether a story is the reader's.
func (r *rules) eligible(s *digest.Story) bool {
	came := false
	for _, topic := range r.order() {
		seq := s.Topics[topic]
		if s.Unproven {
			seq = max(seq, -seq)
		}
		if seq <= 0 {
			continue
		}
		if seq <= r.wish.From {
			return false
		}
		came = came || s.Topics[topic] > 0 && seq <= r.wish.To
	}
	return came && len(r.brings(s)) > 0 && !slices.Contains(r.wish.Exclude, s.ID) &&
		(r.digest.MaxAge == 0 || s.Fresh >= r.wish.At-r.digest.MaxAge.Milliseconds()) &&
		(s.Audience == nil || slices.Equal(s.Audience, r.wish.Attributes)) &&
		(!r.digest.ReaderLanguage || s.Language == r.wish.Language)
}

func (r *rules) score(s *digest.Story) int64 {
	score := -(r.wish.At-s.Fresh)/hour + 6*int64(min(s.Sources-1, 4))
	if r.wish.Topics != nil {
		score += int64(max(0, 6-slices.Index(r.order(), r.brings(s)[0])))
	}
	return score
}

// ranked are the reader's stories, the best first.
func (r *rules) ranked(stories []digest.Story) []digest.Story {
	out := slices.DeleteFunc(slices.Clone(stories), func(s digest.Story) bool { return !r.eligible(&s) })
	place := func(s digest.Story) int { return (s.Place + 99) % 100 } // none comes last
	pin := func(s digest.Story) string { return map[bool]string{true: "a", false: "b"}[s.Pinned] }
	slices.SortFunc(out, func(a, b digest.Story) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(pin(a), pin(b)), cmp.Compare(b.Priority, a.Priority),
			cmp.Compare(r.score(&b), r.score(&a)), youngest(a, b))
	})
	return out
}

func youngest(a, b digest.Story) int {
	return cmp.Or(cmp.Compare(b.Fresh, a.Fresh), cmp.Compare(b.ID, a.ID))
}

// laid is the digest as it would be if sources did not matter.
func (r *rules) laid(ranked []digest.Story, top int) (out []string) {
	var below, left []digest.Story
	taken := map[int64]int{}
	add := func(s digest.Story, section string) { out = append(out, fmt.Sprintf("%d:%s", s.ID, section)) }
	for n, s := range ranked {
		if n < top {
			add(s, "top")
		} else {
			below = append(below, s)
		}
	}
	for _, s := range below {
		room := slices.IndexFunc(r.brings(&s), func(topic int64) bool { return taken[topic] < r.digest.PerTopic })
		if room < 0 || len(out) == r.digest.MaxItems {
			left = append(left, s)
			continue
		}
		topic := r.brings(&s)[room]
		taken[topic]++
		add(s, fmt.Sprint(topic))
	}
	slices.SortFunc(left, youngest)
	for _, s := range left[:max(0, min(len(left), r.digest.Latest, r.digest.MaxItems-len(out)))] {
		add(s, "latest")
	}
	if top > 0 && len(out) < 2*top {
		return r.laid(ranked, 0)
	}
	return out
}

func TestChooseByTheRules(t *testing.T) {
	mixed := 0
	for seed := range seeds(3000) {
		random := rand.New(rand.NewPCG(seed, 7))
		r, stories := randomRules(random)
		got := digest.Choose(r.digest, r.offered, stories, r.wish)
		ranked := r.ranked(stories)
		if one := slices.IndexFunc(stories, func(s digest.Story) bool { return s.Source != stories[0].Source }) < 0; one {
			top := r.digest.Top
			if 2*top > min(len(ranked), r.digest.MaxItems) {
				top = 0
			}
			if want := r.laid(ranked, top); !slices.Equal(sections(got), want) {
				t.Fatalf("seed %d: got %q, want %q", seed, sections(got), want)
			}
		} else if r.check(t, got, ranked) {
			mixed++
		}
		if want := r.sectionOrder(got); !slices.Equal(got.Order, want) {
			t.Errorf("sections in order %v, want %v", got.Order, want)
		}
		if t.Failed() {
			t.Fatalf("seed %d: %s", seed, got)
		}
		random.Shuffle(len(stories), func(i, j int) { stories[i], stories[j] = stories[j], stories[i] })
		if again := digest.Choose(r.digest, r.offered, stories, r.wish); again.String() != got.String() {
			t.Fatalf("seed %d: got %q, and %q in another order of arrival", seed, got, again)
		}
		r.checkVerdicts(t, seed, stories, got)
	}
	if mixed < int(seeds(500)) {
		t.Errorf("%d digests had stories of several sources and some left out, want a test with many", mixed)
	}
}

// randomRules makes a digest, a reader and up to 60 stories, of one source in
// every third case.
func randomRules(random *rand.Rand) (*rules, []digest.Story) {
	r := &rules{offered: []int64{4, 2, 5, 1, 3}, wish: digest.Wish{From: 10, To: 40, At: 1000 * hour, Attributes: []string{"tier=paid"}, Language: "en"}}
	r.digest = digest.Digest{
		MaxItems: 1 + random.IntN(25), PerTopic: 1 + random.IntN(6), Top: random.IntN(4), Latest: random.IntN(4), ReaderLanguage: random.IntN(2) == 0,
	}
	if random.IntN(2) == 0 {
		r.digest.MaxAge = 48 * time.Hour
	}
	if random.IntN(3) > 0 {
		for _, n := range random.Perm(5)[:1+random.IntN(5)] {
			r.wish.Topics = append(r.wish.Topics, int64(n+1))
		}
	}
	sources := 1 + random.Int64N(3)
	stories := make([]digest.Story, random.IntN(60))
	for i := range stories {
		s := &stories[i]
		*s = digest.Story{
			ID: int64(i + 1), Fresh: 1000*hour - random.Int64N(60*hour), Source: random.Int64N(sources), Sources: 1 + random.IntN(7),
			Pinned: random.IntN(9) == 0, Topics: map[int64]int64{}, Language: []string{"en", "en", "de"}[random.IntN(3)],
			Unproven: random.IntN(3) == 0,
		}
		if random.IntN(4) == 0 {
			s.Priority = random.IntN(3) - 1
		}
		if random.IntN(12) == 0 {
			s.Place = i + 1
		}
		if random.IntN(6) == 0 {
			s.Audience = []string{[]string{"tier=paid", "tier=free"}[random.IntN(2)]}
		}
		for range 1 + random.IntN(3) {
			s.Topics[1+random.Int64N(5)] = []int64{20, 25, 30, 30, 30, 35, -20, 5, 45}[random.IntN(9)]
		}
		if random.IntN(8) == 0 {
			r.wish.Exclude = append(r.wish.Exclude, s.ID)
		}
	}
	return r, stories
}

func sections(s digest.Selection) (out []string) {
	for _, p := range s.Stories {
		out = append(out, fmt.Sprintf("%d:%s", p.ArticleID, sectionText(p.TopicID)))
	}
	return out
}

func sectionText(id int64) string {
	switch id {
	case digest.SectionTop:
		return "top"
	case digest.SectionLatest:
		return "latest"
	}
	return fmt.Sprint(id)
}

// check holds a selection of stories of several sources to the rules. It reports
// whether some were left out.
func (r *rules) check(t *testing.T, got digest.Selection, ranked []digest.Story) bool {
	rank := map[int64]int{}
	for i, s := range ranked {
		rank[s.ID] = i
	}
	in, at := map[int64][]digest.Story{}, map[int64]int64{}
	last := map[bool]int{true: -1, false: -1} // of the best, of all below
	for _, p := range got.Stories {
		n, ok := rank[p.ArticleID]
		if !ok || at[p.ArticleID] != 0 {
			t.Errorf("story %d is not the reader's, or stands twice", p.ArticleID)
			return false
		}
		at[p.ArticleID] = p.TopicID
		if p.TopicID > 0 && !slices.Contains(r.brings(&ranked[n]), p.TopicID) {
			t.Errorf("story %d stands under topic %d", p.ArticleID, p.TopicID)
		}
		if best := p.TopicID == digest.SectionTop; p.TopicID != digest.SectionLatest {
			if n < last[best] || best && last[false] >= 0 {
				t.Errorf("story %d stands behind one that ranks lower", p.ArticleID)
			}
			last[best] = n
		}
		in[p.TopicID] = append(in[p.TopicID], ranked[n])
	}
	r.checkLimits(t, got, in, len(ranked))
	for section, stories := range in {
		if section != digest.SectionLatest {
			r.checkSources(t, section, stories, ranked, at)
		}
	}
	for _, s := range ranked {
		full := !slices.ContainsFunc(r.brings(&s), func(topic int64) bool { return len(in[topic]) < r.digest.PerTopic })
		if at[s.ID] == 0 && len(got.Stories) < r.digest.MaxItems && (!full || len(in[digest.SectionLatest]) < r.digest.Latest) {
			t.Errorf("story %d was left out, and there is room", s.ID)
		}
	}
	return got.More > 0
}

// sectionOrder is that of the sections of topics, as the reader has them, or nil where
// the digest has them so.
func (r *rules) sectionOrder(got digest.Selection) []int64 {
	under := func(topics []int64) []int64 {
		return slices.DeleteFunc(slices.Clone(topics), func(topic int64) bool {
			return !slices.ContainsFunc(got.Stories, func(p digest.Pick) bool { return p.TopicID == topic })
		})
	}
	if own := under(r.wish.Topics); !slices.Equal(own, under(r.offered)) {
		return own
	}
	return nil
}

func (r *rules) checkLimits(t *testing.T, got digest.Selection, in map[int64][]digest.Story, all int) {
	top := len(in[digest.SectionTop])
	if len(got.Stories) > r.digest.MaxItems || got.More != all-len(got.Stories) || len(in[digest.SectionLatest]) > r.digest.Latest ||
		top != 0 && (top != r.digest.Top || len(got.Stories) < 2*top) {
		t.Errorf("limits of %+v and %d stories are broken", r.digest, all)
	}
	for section, stories := range in {
		if section > 0 && len(stories) > r.digest.PerTopic {
			t.Errorf("section %d has %d stories, want at most %d", section, len(stories), r.digest.PerTopic)
		}
	}
	if !slices.IsSortedFunc(in[digest.SectionLatest], youngest) {
		t.Error("the latest are not in order")
	}
}

// checkSources tells of a section with stories of one source only while one of
// another that could stand there does not stand above it.
func (r *rules) checkSources(t *testing.T, section int64, stories, ranked []digest.Story, at map[int64]int64) {
	same := func(s digest.Story) bool { return s.Source == stories[0].Source }
	others := func(s digest.Story) bool { return !same(s) }
	movable := func(s digest.Story) bool { return !s.Pinned && s.Place == 0 }
	if len(stories) < 2 || slices.ContainsFunc(stories, others) || !slices.ContainsFunc(stories, movable) {
		return
	}
	for _, s := range ranked {
		left := at[s.ID] == 0 || at[s.ID] == digest.SectionLatest
		if others(s) && (section == digest.SectionTop || left && slices.Contains(r.brings(&s), section)) {
			t.Errorf("section %d is of source %d only, and story %d of source %d could stand there", section, stories[0].Source, s.ID, s.Source)
		}
	}
}

// TestChooseFromOnePool holds what readers get whose windows differ, one after the
// other from the same candidates, against what each gets from candidates of their
// own.
func TestChooseFromOnePool(t *testing.T) {
	different := map[string]bool{}
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 7))
		r, stories := randomRules(random)
		pool := digest.NewPool(r.digest, r.offered, stories)
		for range 100 {
			wish := r.wish
			wish.From = random.Int64N(50)
			wish.To = wish.From + random.Int64N(50)
			want := digest.Choose(r.digest, r.offered, stories, wish).String()
			if got := pool.Choose(wish, nil).String(); got != want {
				t.Fatalf("seed %d: window (%d, %d]: got %q, want %q", seed, wish.From, wish.To, got, want)
			}
			different[want] = true
		}
	}
	if len(different) < 500 {
		t.Errorf("%d different digests: the windows make no difference", len(different))
	}
}

// checkVerdicts holds what the trace says against what was chosen.
func (r *rules) checkVerdicts(t *testing.T, seed uint64, stories []digest.Story, want digest.Selection) {
	t.Helper()
	var told, chosen []string
	got := digest.NewPool(r.digest, r.offered, stories).Choose(r.wish, func(v digest.Verdict) {
		told = append(told, fmt.Sprint(v.ArticleID))
		if v.Chosen {
			chosen = append(chosen, fmt.Sprintf("%d:%s", v.ArticleID, sectionText(v.Section)))
		}
		if v.Rule == "" || v.Detail == "" || v.Chosen != (v.Section != 0) || strings.Contains(v.Detail, "%!") {
			t.Errorf("verdict %+v", v)
		}
	})
	slices.Sort(told)
	picked := sections(want)
	slices.Sort(picked)
	slices.Sort(chosen)
	if got.String() != want.String() || !slices.Equal(chosen, picked) || len(slices.Compact(told)) != len(stories) {
		t.Fatalf("seed %d: chosen %q and told %q of %d stories, want %q", seed, chosen, told, len(stories), picked)
	}
}
