package config_test

import (
	"reflect"
	"strings"
	"testing"

	"broadsheet/internal/config"
)

// phraseTopic is a topic with all that phrases can have.
const phraseTopic = minimal + `[[topic]]
slug = "world"
keywords = ["united nations"]
exclude = ["crossword", "war of words"]
needs = 2.5
languages = ["en", "pt-BR"]

[[topic.phrase]]
text = "treaty"
weight = 0.5
in = ["title", "lead"]

[[topic.phrase]]
text = "summit"

[[topic]]
slug = "sport"

[[topic.phrase]]
text = "cup"
weight = 3
`

func TestTopicPhrases(t *testing.T) {
	all := []string{"title", "lead", "body"}
	want := []config.Topic{
		{Slug: "world", Name: "world", Keywords: []string{"united nations"}, Exclude: []string{"crossword", "war of words"}, Needs: 2.5,
			Languages: []string{"en", "pt-BR"}, Phrases: []config.TopicPhrase{
				{Text: "treaty", Weight: 0.5, In: []string{"title", "lead"}}, {Text: "summit", Weight: 1, In: all}}},
		{Slug: "sport", Name: "sport", Needs: 2, Phrases: []config.TopicPhrase{{Text: "cup", Weight: 3, In: all}}},
	}
	if got := mustParse(t, folder(t), phraseTopic).Topics; !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

func TestTopicPhraseProblems(t *testing.T) {
	lines := strings.NewReplacer("L1", "11", "L2", "12", "L3", "13") // of the file, those of the table
	for _, tc := range []struct{ name, table, want string }{
		{"unknown key", "[[topic.phrase]]\ntext = \"a\"\nwieght = 2", `broadsheet.toml:L3: unknown key "wieght" in [[topic.phrase]], did you mean "weight"?`},
		{"unknown table", "[[topic.phrases]]\ntext = \"a\"", `broadsheet.toml:L1: unknown table [[topic.phrases]], did you mean [[topic.phrase]]?`},
		{"single table", "[topic.phrase]\ntext = \"a\"", `broadsheet.toml:L1: there may be several of phrase: write [[topic.phrase]], not [topic.phrase]`},
		{"no text", "[[topic.phrase]]\nweight = 2", `broadsheet.toml:L1: [[topic.phrase]] needs text, such as text = "united nations"`},
		{"no words", "[[topic.phrase]]\ntext = \"—\"", `broadsheet.toml:L2: text in [[topic.phrase]] must hold words, not "—"`},
		{"no weight", "[[topic.phrase]]\ntext = \"a\"\nweight = 0", `broadsheet.toml:L3: weight in [[topic.phrase]] must be 0.01 or more`},
		{"negative weight", "[[topic.phrase]]\ntext = \"a\"\nweight = -1", `broadsheet.toml:L3: weight in [[topic.phrase]] must be between 0 and 100, not -1`},
		{"part that is near one", "[[topic.phrase]]\ntext = \"a\"\nin = [\"title\", \"boddy\"]", `broadsheet.toml:L3: in in [[topic.phrase]] holds "boddy", did you mean "body"?`},
		{"part like none", "[[topic.phrase]]\ntext = \"a\"\nin = [\"summary\"]", `broadsheet.toml:L3: in in [[topic.phrase]] must hold "title", "lead" or "body", not "summary"`},
		{"no part", "[[topic.phrase]]\ntext = \"a\"\nin = []", `broadsheet.toml:L3: in in [[topic.phrase]] is empty: name "title", "lead" or "body", or leave it out for all`},
		{"keyword without words", "keywords = [\"a\", \"...\"]", `broadsheet.toml:L1: keywords in [[topic]] must hold words, not "..."`},
		{"both for and against", "keywords = [\"a\", \"War\"]\nexclude = [\"b\", \"war\"]", `broadsheet.toml:L2: exclude in [[topic]] names "war", which is one of its phrases, too`},
		{"needs nothing", "needs = 0", `broadsheet.toml:L1: needs in [[topic]] must be 0.01 or more`},
		{"language", "languages = [\"en_US\"]", `broadsheet.toml:L1: languages in [[topic]] must be a language tag such as "en" or "pt-BR", not "en_US"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := folder(t)
			_, err := parse(dir, minimal+"[[topic]]\nslug = \"world\"\n"+tc.table+"\n")
			wantProblems(t, err, dir, lines.Replace(tc.want))
		})
	}
}
