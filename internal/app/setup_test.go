package app_test

import (
	"strings"
	"testing"

	"broadsheet/internal/app"
)

// TestChecksKnowTheColumnsOfFiles: no attribute has the name of a column that
// files of readers have anyway.
func TestChecksKnowTheColumnsOfFiles(t *testing.T) {
	check := app.Checks().Attribute
	if err := check("tier"); err != nil {
		t.Errorf("tier: %v", err)
	}
	for _, name := range []string{"hour", "paused_until"} {
		if check(name) == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestLanguagesWithWords(t *testing.T) {
	check := app.Checks().Language
	for _, tag := range []string{"en", "en-GB", "EN-gb"} {
		if err := check(tag); err != nil {
			t.Errorf("%s: got %v, want no error", tag, err)
		}
	}
	if err := check("tlh"); err == nil || !strings.Contains(err.Error(), `no words in "tlh"`) || !strings.Contains(err.Error(), "en") {
		t.Errorf("got %v, want the languages that there are", err)
	}
}
