package templates_test

import (
	"testing"

	"broadsheet/templates"
)

func BenchmarkThemeOpen(b *testing.B) {
	folder, err := templates.BuiltIn("broadsheet")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := templates.Open(folder, templates.Look{}); err != nil {
			b.Fatal(err)
		}
	}
}
