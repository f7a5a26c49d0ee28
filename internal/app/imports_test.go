package app_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// order says which of our packages each may import: one way only. A star stands
// for the folders below.
func order() map[string][]string {
	base := []string{"mail", "templates", "internal/db"}
	digest := append([]string{"subscribers", "internal/schedule", "internal/phrase"}, base...)
	below := append([]string{"digest", "internal/pattern"}, digest...)
	parts := append([]string{"digest/delivery", "digest/ingest", "internal/config", "internal/metrics", "internal/preview", "internal/web"}, below...)
	return map[string][]string{
		"templates": {}, "mail": {}, "mail/sink": {}, "internal/db": {}, "internal/schedule": {}, "internal/config": {}, "internal/phrase": {}, "internal/pattern": {},
		"mail/mailtest":       {"mail", "mail/sink"},
		"internal/db/dbtest":  {"internal/db"},
		"subscribers":         base,
		"digest":              digest,
		"digest/*":            below,
		"internal/metrics":    {"digest", "digest/delivery", "mail", "subscribers"},
		"internal/preview":    {"internal/demo/paper", "mail", "templates"},
		"internal/web":        {"digest", "digest/ingest", "subscribers", "templates"},
		"internal/app":        parts,
		"internal/demo":       append([]string{"internal/app", "internal/demo/paper", "mail/sink"}, parts...),
		"internal/demo/paper": {},
		"cmd/*":               {"internal/app", "internal/config", "internal/demo", "digest", "digest/delivery", "digest/ingest", "subscribers", "mail"},
	}
}

// errorsOnly are the packages that may name what another exports if it begins
// with Err, to tell what went wrong, and nothing else of it.
func errorsOnly() map[string]string {
	return map[string]string{"internal/web": "internal/db", "cmd/*": "internal/db"}
}

// homes says where what comes from outside may be used.
func homes() map[string]func(dir, file string) bool {
	in := func(home string) func(dir, file string) bool {
		return func(dir, _ string) bool { return dir == home }
	}
	store := func(dir, file string) bool {
		return dir == "internal/db" || file == "store.go" || strings.HasSuffix(file, "_store.go")
	}
	cmd := func(dir, _ string) bool { return strings.HasPrefix(dir, "cmd/") }
	return map[string]func(dir, file string) bool{
		"github.com/wneessen/go-mail": in("mail"),
		"github.com/robfig/cron":      in("internal/schedule"),
		"github.com/jmoiron/sqlx":     store,
		"github.com/lib/pq":           store,
		"modernc.org/sqlite":          store,
		"database/sql":                store,
		"github.com/prometheus":       in("internal/metrics"),
		"html/template":               in("templates"),
		"github.com/yuin/goldmark":    in("templates"),
		"flag":                        cmd,
		"github.com/spf13":            cmd,
		"os/signal":                   cmd,
	}
}

// source is a file of the module that is no test.
type source struct {
	dir, name string
	syntax    *ast.File
}

func sources(t *testing.T) []source {
	t.Helper()
	root := filepath.Join("..", "..")
	var out []source
	set := token.NewFileSet()
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && p != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") {
			return nil
		}
		syntax, err := parser.ParseFile(set, p, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(p))
		if err != nil {
			return err
		}
		out = append(out, source{filepath.ToSlash(dir), d.Name(), syntax})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 100 {
		t.Fatalf("only %d files were found", len(out))
	}
	return out
}

// entry finds what a table says of a folder.
func entry[V any](table map[string]V, dir string) (V, bool) {
	if v, ok := table[dir]; ok {
		return v, true
	}
	v, ok := table[path.Dir(dir)+"/*"]
	return v, ok
}

func (s *source) imports() []string {
	var out []string
	for _, spec := range s.syntax.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			out = append(out, p)
		}
	}
	return out
}

// uses returns the names that a file uses of a package imported under name.
func (s *source) uses(name string) []string {
	var out []string
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok && id.Name == name {
				out = append(out, sel.Sel.Name)
			}
		}
		return true
	})
	return out
}

func TestImportsRunOneWay(t *testing.T) {
	for _, s := range sources(t) {
		allowed, ok := entry(order(), s.dir)
		if !ok {
			t.Errorf("%s/%s: the folder has no place in the order of imports", s.dir, s.name)
			continue
		}
		for _, p := range s.imports() {
			ours, ok := strings.CutPrefix(p, "broadsheet/")
			if !ok || slices.Contains(allowed, ours) {
				continue
			}
			if only, ok := entry(errorsOnly(), s.dir); !ok || only != ours {
				t.Errorf("%s/%s imports %s", s.dir, s.name, ours)
				continue
			}
			for _, name := range s.uses(path.Base(ours)) {
				if !strings.HasPrefix(name, "Err") {
					t.Errorf("%s/%s uses %s of %s, of which it may name the errors only", s.dir, s.name, name, ours)
				}
			}
		}
	}
}

func TestOutsidersHaveOneHome(t *testing.T) {
	for _, s := range sources(t) {
		for _, p := range s.imports() {
			for outsider, home := range homes() {
				if (p == outsider || strings.HasPrefix(p, outsider+"/")) && !home(s.dir, s.name) {
					t.Errorf("%s/%s imports %s", s.dir, s.name, p)
				}
			}
		}
	}
}

// TestOnlyCommandsTouchTheProcess looks for the environment, the arguments and
// the end of the process.
func TestOnlyCommandsTouchTheProcess(t *testing.T) {
	touching := []string{"Getenv", "LookupEnv", "Environ", "Setenv", "ExpandEnv", "Args", "Exit", "Stdin", "Stdout", "Stderr"}
	for _, s := range sources(t) {
		if strings.HasPrefix(s.dir, "cmd/") || !slices.Contains(s.imports(), "os") {
			continue
		}
		for _, name := range s.uses("os") {
			if slices.Contains(touching, name) && !(s.dir == "internal/db/dbtest" && name == "Getenv") {
				t.Errorf("%s/%s uses os.%s", s.dir, s.name, name)
			}
		}
	}
}

// TestOrderHasNoCircle holds the table itself to its word, and to folders that
// exist.
func TestOrderHasNoCircle(t *testing.T) {
	table := order()
	var visit func(dir string, above []string)
	visit = func(dir string, above []string) {
		if slices.Contains(above, dir) {
			t.Fatalf("%v leads back to %s", above, dir)
		}
		allowed, _ := entry(table, dir)
		for _, next := range allowed {
			visit(next, append(slices.Clone(above), dir))
		}
	}
	for dir := range table {
		visit(dir, nil)
		if _, err := os.Stat(filepath.Join("..", "..", filepath.FromSlash(strings.TrimSuffix(dir, "/*")))); err != nil {
			t.Errorf("%s is in the table and not there", dir)
		}
	}
}
