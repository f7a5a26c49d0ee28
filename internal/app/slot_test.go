package app_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"broadsheet/internal/app"
	"broadsheet/internal/config"
)

// TestUnsafeCreativesAreRefused as the configuration is read, with their place.
func TestUnsafeCreativesAreRefused(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "bank.html")
	if err := os.WriteFile(path, []byte("<p>Save.</p>\n<p onclick=\"x()\">Now.</p>\n<script>alert(1)</script>"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := config.Parse(filepath.Join(dir, "broadsheet.toml"), []byte("[[slot]]\nslug = \"bank\"\nhtml_file = \"bank.html\"\n"), nil, app.Checks())
	var problems config.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("got %v, want problems", err)
	}
	got := strings.ReplaceAll(problems.Error(), dir+"/", "")
	for _, want := range []string{"bank.html:2: onclick cannot be in <p> of a creative: remove it", "bank.html:3: <script> cannot be in a creative: remove it"} {
		if !strings.Contains(got, want+"\n") && !strings.HasSuffix(got, want) {
			t.Errorf("got\n%s\nwant %s", got, want)
		}
	}
}
