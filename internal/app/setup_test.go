package app_test

import (
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
