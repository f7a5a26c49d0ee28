package templates

import (
	"strings"
	texttemplate "text/template"
)

// textFuncs are what the templates of text may call.
func textFuncs() texttemplate.FuncMap {
	return texttemplate.FuncMap{
		"wrap":  wrap,
		"hang":  hang,
		"prose": proseText,
		"upper": strings.ToUpper,
		"rule":  func(with string) string { return strings.Repeat(with, columns) },
	}
}

// text compiles the text template of a mail; the faults of the source tell
// what is wrong.
func (s *source) text(mail string) *texttemplate.Template {
	main := s.fileOf(mail, ".txt")
	tmpl := texttemplate.New(baseName(main)).Funcs(textFuncs())
	for _, file := range append(s.parts(".txt"), main) {
		for name, tree := range s.trees(file, s.files[file], nil) {
			if _, err := tmpl.AddParseTree(name, tree); err != nil {
				s.faults.add(file, 0, "%v", err)
			}
		}
	}
	return tmpl.Lookup(baseName(main))
}
