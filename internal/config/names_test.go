package config_test

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"broadsheet/internal/config"
)

func TestNamesInOtherLanguages(t *testing.T) {
	c := mustParse(t, folder(t), minimal+`
[[topic]]
slug = "culture"
name = "Culture"
[topic.names]
de = "Kultur"
pt-BR = "Cultura"
[[digest]]
slug = "daily"
schedule = "0 7 * * *"
names = {de = "Der Tag"}
`)
	topic, digest := c.Topics[len(c.Topics)-1], c.Digests[len(c.Digests)-1]
	if want := map[string]string{"de": "Kultur", "pt-BR": "Cultura"}; !maps.Equal(topic.Names, want) || topic.Name != "Culture" {
		t.Errorf("got %q and %q, want %q", topic.Name, topic.Names, want)
	}
	if want := map[string]string{"de": "Der Tag"}; !maps.Equal(digest.Names, want) {
		t.Errorf("got %q, want %q", digest.Names, want)
	}
}

func TestWrongNamesAreTold(t *testing.T) {
	checks := config.Checks{Language: func(tag string) error {
		if tag != "de" {
			return errors.New("there are no words in it")
		}
		return nil
	}}
	for text, want := range map[string]string{
		`names = {xx = "Welt"}`:          `xx in [topic.names] is of no use: there are no words in it`,
		`names = {de = "a\nb"}`:          `de in [topic.names]`,
		`names = {de = 7}`:               `de in [topic.names]`,
		`names = "Welt"`:                 `names must be a table`,
		"[topic.names]\nde = [\"Welt\"]": `de in [topic.names]`,
	} {
		_, err := config.Parse("broadsheet.toml", []byte(minimal+"\n[[topic]]\nslug = \"culture\"\n"+text+"\n"), nil, checks)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}
