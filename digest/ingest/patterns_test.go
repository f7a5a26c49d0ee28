package ingest_test

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestPatternsAreExpressions: a pattern is compiled when it is first needed, so a
// bad one would not be noticed at the start of the program.
func TestPatternsAreExpressions(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files := token.NewFileSet()
	var sources []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, source)
	}
	info := types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	lenient := types.Config{Error: func(error) {}} // nothing is imported: constants are all that is asked for
	_, _ = lenient.Check("ingest", files, sources, &info)
	found := 0
	for _, source := range sources {
		for n := range ast.Preorder(source) {
			call, ok := n.(*ast.CallExpr)
			if !ok || types.ExprString(call.Fun) != "pattern.New" {
				continue
			}
			found++
			value := info.Types[call.Args[0]].Value
			if value == nil {
				t.Errorf("%s: its expression is no constant", files.Position(call.Pos()))
			} else if _, err := regexp.Compile(constant.StringVal(value)); err != nil {
				t.Errorf("%s: %v", files.Position(call.Pos()), err)
			}
		}
	}
	if found < 100 {
		t.Errorf("found %d patterns, want all of more than a hundred", found)
	}
}
