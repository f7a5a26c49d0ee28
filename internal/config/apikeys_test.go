package config_test

import (
	"reflect"
	"testing"

	"broadsheet/internal/config"
)

func TestAPIKeys(t *testing.T) {
	got, err := config.APIKeys([]byte("# keys\r\n\r\n cms : 0123456789abcdefghij \r\nbot [ subscribers, articles ]:abcdefghij:0123456789"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]config.APIKey{
		"6bc14bdc4517a7a682c6910de2e2946eb8e1ecd04090728fef6d092a7ceb62c5": {Name: "cms", Scopes: []string{"articles"}},
		"61970744a0146db4ba88e4c08cf15b338d3c6d869eec832bd3c55c4bf55f22a7": {Name: "bot", Scopes: []string{"subscribers", "articles"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAPIKeysProblems(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"no name", "0123456789abcdefghij", `line 1: must be "name:key"`},
		{"empty name", " :0123456789abcdefghij", `line 1: must be "name:key"`},
		{"bad name", "a\x00:0123456789abcdefghij", "line 1: has a name that is longer than 100 characters or not plain text"},
		{"short key", "\ncms:0123456789abcdefghi", "line 2: has a key of 19 characters: it needs at least 20"},
		{"space in key", "cms:0123456789 abcdefghij", "line 1: has a key with a space in it"},
		{"key twice", "a:0123456789abcdefghij\nb:0123456789abcdefghij", "line 2: has the same key as line 1: each name needs its own"},
		{"unknown scope", "crm[subscriber]:0123456789abcdefghij", `line 1: has the unknown scope "subscriber": there are articles and subscribers`},
		{"open bracket", "crm[subscribers:0123456789abcdefghij", `line 1: has a "[" without its "]": write "name[subscribers]:key"`},
		{"scopes alone", "[articles]:0123456789abcdefghij", `line 1: must be "name:key"`},
		{"all at once", "x\ny\n", "line 1: must be \"name:key\"\nline 2: must be \"name:key\""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			keys, err := config.APIKeys([]byte(tc.text))
			if keys != nil || err == nil || err.Error() != tc.want {
				t.Errorf("got %v, %v, want %s", keys, err, tc.want)
			}
		})
	}
}
