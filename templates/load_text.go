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
	check := newTypeCheck(s, textFuncs())
	for _, file := range append(s.parts(".txt"), main) {
		check.add(file, s.files[file])
	}
	check.run(baseName(main), dataOf(mail))
	if len(s.faults) > 0 {
		return nil
	}
	tmpl := texttemplate.New(baseName(main)).Funcs(textFuncs())
	for name, tree := range check.trees {
		if _, err := tmpl.AddParseTree(name, tree); err != nil {
			s.faults.add(main, 0, "%v", err)
			return nil
		}
	}
	tmpl = tmpl.Lookup(baseName(main))
	for _, data := range samples(mail) {
		if err := tmpl.Execute(&limitedText{}, data); err != nil {
			s.parseFault(main, err, nil)
			return nil
		}
	}
	return tmpl
}
