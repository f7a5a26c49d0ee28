package digest_test

import (
	"slices"
	"testing"

	"broadsheet/digest"
)

// newTagger tags with rules of every kind; the topics have the ids 1, 2, 3...
func newTagger() *digest.Tagger {
	set := &digest.Setup{Topics: []digest.Topic{
		{Slug: "world", Keywords: []string{"United Nations", "Élysée", "  ", "G7"}, Categories: []string{"international*", "Welt/?sien"}, URLPaths: []string{"/world/"}},
		{Slug: "sport", Keywords: []string{"cup"}, Categories: []string{"[a-c]thletics", "[broken"}, URLPaths: []string{"/sport"}},
		{Slug: "local"},
	}}
	for i := range set.Topics {
		set.Topics[i].ID = int64(i + 1)
	}
	return digest.NewTagger(set)
}

func TestTaggerMatch(t *testing.T) {
	feed := &digest.Source{Topics: []string{"local"}}
	tests := []struct {
		name   string
		in     digest.Incoming
		source *digest.Source
		want   []digest.TopicMatch
	}{
		{"nothing", digest.Incoming{Title: "Rain"}, nil, nil},
		{"given", digest.Incoming{Topics: []string{"sport"}}, nil, []digest.TopicMatch{{2, "given"}}},
		{"given in capitals and with blanks", digest.Incoming{Topics: []string{" SPORT "}}, nil, []digest.TopicMatch{{2, "given"}}},
		{"given but unknown", digest.Incoming{Topics: []string{"sports"}}, nil, nil},
		{"given twice", digest.Incoming{Topics: []string{"sport", "Sport"}}, nil, []digest.TopicMatch{{2, "given"}}},
		{"source", digest.Incoming{Title: "Rain"}, feed, []digest.TopicMatch{{3, "source"}}},
		{"category", digest.Incoming{Categories: []string{"International News"}}, nil, []digest.TopicMatch{{1, "category:international news"}}},
		{"a glob matches the whole category", digest.Incoming{Categories: []string{"not international"}}, nil, nil},
		{"a glob goes over a slash", digest.Incoming{Categories: []string{"International/Asia"}}, nil, []digest.TopicMatch{{1, "category:international/asia"}}},
		{"a slash in a glob", digest.Incoming{Categories: []string{"welt/Asien"}}, nil, []digest.TopicMatch{{1, "category:welt/asien"}}},
		{"a class in a glob", digest.Incoming{Categories: []string{"Athletics"}}, nil, []digest.TopicMatch{{2, "category:athletics"}}},
		{"a broken glob matches nothing", digest.Incoming{Categories: []string{"[broken", "broken"}}, nil, nil},
		{"path", digest.Incoming{URL: "https://courier.example/world/2026/1"}, nil, []digest.TopicMatch{{1, "path:/world/"}}},
		{"a path is no part of another", digest.Incoming{URL: "https://courier.example/about/world/"}, nil, nil},
		{"keyword in the title", digest.Incoming{Title: "The United Nations meet"}, nil, []digest.TopicMatch{{1, "phrases:3 of 2 | phrase:United Nations (title 3)"}}},
		{"keyword in the summary", digest.Incoming{Summary: "Who wins the CUP?"}, nil, []digest.TopicMatch{{2, "phrases:2 of 2 | phrase:cup (lead 2)"}}},
		{"a keyword is a whole word", digest.Incoming{Title: "Cupboards, hiccup"}, nil, nil},
		{"a phrase over punctuation and line ends", digest.Incoming{Title: "“United\n Nations”: a report"}, nil, []digest.TopicMatch{{1, "phrases:3 of 2 | phrase:United Nations (title 3)"}}},
		{"the words of a phrase in another order", digest.Incoming{Title: "Nations united"}, nil, nil},
		{"no phrase over title and body", digest.Incoming{Title: "United", Body: "Nations"}, nil, nil},
		{"accents fold, composed", digest.Incoming{Title: "Inside the Elysee"}, nil, []digest.TopicMatch{{1, "phrases:3 of 2 | phrase:Élysée (title 3)"}}},
		{"accents fold, decomposed", digest.Incoming{Title: "E\u0301lyse\u0301e"}, nil, []digest.TopicMatch{{1, "phrases:3 of 2 | phrase:Élysée (title 3)"}}},
		{"digits", digest.Incoming{Title: "G7 summit"}, nil, []digest.TopicMatch{{1, "phrases:3 of 2 | phrase:G7 (title 3)"}}},
		{"the first rule decides, the others follow", digest.Incoming{Topics: []string{"sport"}, Categories: []string{"Athletics", "ATHLETICS", "Bthletics"},
			URL: "https://courier.example/sport/1", Title: "Cup"}, &digest.Source{Topics: []string{"sport"}}, []digest.TopicMatch{{2,
			"given | source | category:athletics | category:bthletics | path:/sport | phrases:3 of 2 | phrase:cup (title 3)"}}},
		{"in the order of the configuration", digest.Incoming{Topics: []string{"local", "sport"}, Title: "G7 cup"}, feed,
			[]digest.TopicMatch{{1, "phrases:3 of 2 | phrase:G7 (title 3)"}, {2, "given | phrases:3 of 2 | phrase:cup (title 3)"}, {3, "given | source"}}},
	}
	tagger := newTagger()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := tagger.Match(&test.in, test.source); !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
