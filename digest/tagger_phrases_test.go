package digest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"broadsheet/digest"
	"broadsheet/templates"
)

// phraseTagger tags in a French paper; the topics have the ids 1, 2, 3...
func phraseTagger() *digest.Tagger {
	set := &digest.Setup{Site: templates.Site{Language: "fr"}, Topics: []digest.Topic{
		{Slug: "world", Keywords: []string{"traité", "alliance"}, Phrases: []digest.TopicPhrase{
			{Text: "sommet", Weight: 0.5}, {Text: "frontière", Weight: 2, In: []digest.StoryPart{digest.PartBody}},
			{Text: "ministre", In: []digest.StoryPart{digest.PartTitle, digest.PartLead}},
		}, Exclude: []string{"mots croisés"}},
		{Slug: "sport", Phrases: []digest.TopicPhrase{{Text: "cup", Weight: 0.1}, {Text: "match"}}, Needs: 0.3, Languages: []string{"en", "de"}},
		{Slug: "forms", Keywords: []string{"élection", "élections", "urne"}, Phrases: []digest.TopicPhrase{
			{Text: "urnes", Weight: 2}, {Text: "Urne", Weight: 3, In: []digest.StoryPart{digest.PartTitle}}, {Text: "les urnes"}}},
		{Slug: "strict", Keywords: []string{"alliance"}, Needs: 6, Categories: []string{"monde"}},
	}}
	for i := range set.Topics {
		set.Topics[i].ID = int64(i + 1)
	}
	return digest.NewTagger(set)
}

// findings writes one topic a line, those alone of which something hit.
func findings(all []digest.TopicFinding) string {
	var lines []string
	for i := range all {
		f := &all[i]
		if len(f.Rules) == 0 {
			continue
		}
		line := fmt.Sprintf("%d given=%t near=%t excluded=%t:", f.TopicID, f.Given, f.Near(), f.Excluded)
		for _, r := range f.Rules {
			line += " [" + r.String() + "]"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func TestTaggerPhrases(t *testing.T) {
	tests := []struct {
		name string
		in   digest.Incoming
		want string
	}{
		{"once in the body is not enough", digest.Incoming{Summary: "Rien.", Body: "Une alliance."},
			"1 given=false near=true excluded=false: [phrases:1 of 2] [phrase:alliance (body 1)]\n" +
				"4 given=false near=true excluded=false: [phrases:1 of 6] [phrase:alliance (body 1)]"},
		{"twice in the body counts once", digest.Incoming{Summary: "Rien.", Body: "Un traité, des traités, ce traité."},
			"1 given=false near=true excluded=false: [phrases:1 of 2] [phrase:traité (body 1)]"},
		{"two in the body are enough", digest.Incoming{Summary: "Rien.", Body: "Un traité. SOMMET, et FRONTIERES."},
			"1 given=true near=false excluded=false: [phrases:3.5 of 2] [phrase:frontière (body 2)] [phrase:traité (body 1)] [phrase:sommet (body 0.5)]"},
		{"each part counts", digest.Incoming{Title: "L'alliance", Summary: "Des alliances.", Body: "Alliance"},
			"1 given=true near=false excluded=false: [phrases:6 of 2] [phrase:alliance (title 3, lead 2, body 1)]\n" +
				"4 given=true near=false excluded=false: [phrases:6 of 6] [phrase:alliance (title 3, lead 2, body 1)]"},
		{"parts that a phrase has", digest.Incoming{Title: "Frontière", Summary: "Le ministre.", Body: "Ministre, frontière"},
			"1 given=true near=false excluded=false: [phrases:4 of 2] [phrase:frontière (body 2)] [phrase:ministre (lead 2)]"},
		{"the first paragraph is the lead without a summary", digest.Incoming{Body: "Le ministre, une\nfrontière.\n\nUn sommet."},
			"1 given=true near=false excluded=false: [phrases:2.5 of 2] [phrase:ministre (lead 2)] [phrase:sommet (body 0.5)]"},
		{"no phrase over two parts", digest.Incoming{Title: "Mots", Summary: "Croisés, alliance", Body: "x"},
			"1 given=true near=false excluded=false: [phrases:2 of 2] [phrase:alliance (lead 2)]\n" +
				"4 given=false near=true excluded=false: [phrases:2 of 6] [phrase:alliance (lead 2)]"},
		{"an exclusion anywhere", digest.Incoming{Title: "Traité", Summary: "Rien.", Body: "Les mots croisés du jour"},
			"1 given=false near=true excluded=true: [phrases:3 of 2] [phrase:traité (title 3)] [excluded:mots croisés (body)]"},
		{"an exclusion speaks against phrases alone", digest.Incoming{Title: "Traité: mots croisés", Topics: []string{"world"}},
			"1 given=true near=false excluded=true: [given] [phrases:3 of 2] [phrase:traité (title 3)] [excluded:mots croisés (title)]"},
		{"another rule gives it", digest.Incoming{Title: "Alliance", Categories: []string{"MONDE"}},
			"1 given=true near=false excluded=false: [phrases:3 of 2] [phrase:alliance (title 3)]\n" +
				"4 given=true near=false excluded=false: [category:monde] [phrases:3 of 6] [phrase:alliance (title 3)]"},
		{"two forms of the same words are one", digest.Incoming{Title: "Élection", Summary: "Une élection, des élections.", Body: "Élections."},
			"3 given=true near=false excluded=false: [phrases:6 of 2] [phrase:élection (title 3, lead 2, body 1)]"},
		{"one of them in passing", digest.Incoming{Summary: "Rien.", Body: "Élections."},
			"3 given=false near=true excluded=false: [phrases:1 of 2] [phrase:élection (body 1)]"},
		{"the heaviest form counts", digest.Incoming{Title: "Urne", Summary: "Urne, urnes", Body: "Urne"},
			"3 given=true near=false excluded=false: [phrases:15 of 2] [phrase:Urne (title 9)] [phrase:urnes (lead 4, body 2)]"},
		{"a longer phrase counts, too", digest.Incoming{Summary: "Rien.", Body: "Les urnes"},
			"3 given=true near=false excluded=false: [phrases:3 of 2] [phrase:urnes (body 2)] [phrase:les urnes (body 1)]"},
		{"the language of the site", digest.Incoming{Title: "Cup match"}, ""},
		{"a language of the topic", digest.Incoming{Title: "Cups", Language: "en-GB"},
			"2 given=true near=false excluded=false: [phrases:0.3 of 0.3] [phrase:cup (title 0.3)]"},
		{"the other language of the topic", digest.Incoming{Title: "Rien", Summary: "Cup", Language: "de"},
			"2 given=false near=true excluded=false: [phrases:0.2 of 0.3] [phrase:cup (lead 0.2)]"},
		{"stems of the story's language", digest.Incoming{Title: "Alliances", Language: "xx"}, ""},
	}
	tagger := phraseTagger()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := findings(tagger.Explain(&test.in, nil)); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

// BenchmarkTaggerMatch tags stories of 4 KB by 5,000 phrases of 200 topics.
func BenchmarkTaggerMatch(b *testing.B) {
	set := &digest.Setup{Site: templates.Site{Language: "en"}}
	for i := range 200 {
		topic := digest.Topic{ID: int64(i + 1), Slug: fmt.Sprintf("topic-%d", i), Categories: []string{fmt.Sprintf("category %d*", i)}}
		for n := range 25 {
			topic.Keywords = append(topic.Keywords, fmt.Sprintf("subject%d matter%d", i, n))
		}
		set.Topics = append(set.Topics, topic)
	}
	in := digest.Incoming{Title: "The subject3 matter4 of today", Summary: "It was told before.", Categories: []string{"Category 7"}, URL: "https://courier.example/a"}
	for n := range 400 {
		in.Body += fmt.Sprintf("word%d subject%d ", n, n%30)
	}
	tagger := digest.NewTagger(set)
	b.ReportAllocs()
	b.SetBytes(int64(len(in.Body)))
	for b.Loop() {
		if got := tagger.Match(&in, nil); len(got) != 2 {
			b.Fatalf("got %v", got)
		}
	}
}

func TestReasonsAreBounded(t *testing.T) {
	set := &digest.Setup{Topics: []digest.Topic{{ID: 1, Slug: "world", Categories: []string{"*"}}}}
	in := digest.Incoming{Topics: []string{"world"}, Categories: []string{strings.Repeat("é|", 300), "a\nb"}}
	for i := range 40 {
		word := fmt.Sprintf("word%d", i)
		set.Topics[0].Keywords = append(set.Topics[0].Keywords, word)
		in.Title += word + " "
	}
	matches := digest.NewTagger(set).Match(&in, nil)
	if len(matches) != 1 {
		t.Fatalf("got %v", matches)
	}
	reason := digest.FoldReason + matches[0].Reason
	if len(reason) > 500 || len(reason) < 450 || !utf8.ValidString(reason) || strings.ContainsAny(reason, "\n") {
		t.Errorf("got %d bytes: %q", len(reason), reason)
	}
	rules, folded := digest.ParseReason(reason)
	last := rules[len(rules)-1]
	if !folded || rules[0].Kind != digest.TagGiven || last.Kind != digest.TagMore || last.Value != fmt.Sprint(44-len(rules)+1) {
		t.Errorf("got %v, want 44 rules in all", rules) // given, two categories, phrases and 40 of them
	}
	if c := rules[1]; c.Kind != digest.TagCategory || !strings.HasPrefix(c.Value, "e/e/") || !strings.HasSuffix(c.Value, "…") {
		t.Errorf("got %v", c)
	}
	if c := rules[2]; c.Value != "a b" {
		t.Errorf("got %v", c)
	}
}

// TestReasonsOfAnyLengthAreBounded moves the place where a reason is full.
func TestReasonsOfAnyLengthAreBounded(t *testing.T) {
	longest := 0
	for pad := range 100 {
		set := &digest.Setup{Topics: []digest.Topic{{ID: 1, Slug: "world"}}}
		in := digest.Incoming{}
		for i := range 12 {
			word := fmt.Sprintf("w%d%s", i, strings.Repeat("x", (pad+i%3*pad)/2))
			set.Topics[0].Keywords = append(set.Topics[0].Keywords, word)
			in.Title += word + " "
		}
		reason := digest.NewTagger(set).Match(&in, nil)[0].Reason
		longest = max(longest, len(digest.FoldReason+reason))
		rules, _ := digest.ParseReason(reason)
		if last := rules[len(rules)-1]; last.Kind == digest.TagMore && last.Value != fmt.Sprint(13-len(rules)+1) || last.Kind != digest.TagMore && len(rules) != 13 {
			t.Errorf("pad %d: %d rules in %q, want 13 in all", pad, len(rules), reason)
		}
	}
	if longest > 500 || longest < 490 {
		t.Errorf("the longest has %d bytes, want nearly 500", longest)
	}
}

func TestParseReason(t *testing.T) {
	tests := []struct {
		reason string
		folded bool
		want   []digest.TagRule
	}{
		{"given", false, []digest.TagRule{{Kind: "given"}}},
		{"source", false, []digest.TagRule{{Kind: "source"}}},
		{"category:sport (us): cup", false, []digest.TagRule{{Kind: "category", Value: "sport (us): cup"}}},
		{"folded, path:/x", true, []digest.TagRule{{Kind: "path", Value: "/x"}}},
		{"folded, folded, keyword:treaty", true, []digest.TagRule{{Kind: "keyword", Value: "treaty"}}},
		{"phrases:5 of 2 | phrase:the (new) deal: a: b (title 3, body 1) | excluded:c (lead)", false, []digest.TagRule{
			{Kind: "phrases", Value: "5 of 2"}, {Kind: "phrase", Value: "the (new) deal: a: b", Where: "title 3, body 1"}, {Kind: "excluded", Value: "c", Where: "lead"}}},
		{"gone", false, []digest.TagRule{{Kind: "gone"}}},
	}
	for _, test := range tests {
		rules, folded := digest.ParseReason(test.reason)
		if folded != test.folded || !slices.Equal(rules, test.want) {
			t.Errorf("%q: got %v, %t", test.reason, rules, folded)
		}
		var texts []string
		for _, r := range rules {
			texts = append(texts, r.String())
		}
		if back := strings.Join(texts, " | "); !strings.HasSuffix(test.reason, back) {
			t.Errorf("%q: written again it is %q", test.reason, back)
		}
	}
}
