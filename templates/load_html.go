package templates

import (
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"text/template/parse"
)

var errTooLarge = errors.New("too large")

// readLimited reads a file that may not be larger than one of a theme.
func readLimited(folder fs.FS, name string) (string, error) {
	f, err := folder.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, mostFileBytes+1))
	if err != nil {
		return "", err
	}
	if len(text) > mostFileBytes {
		return "", errTooLarge
	}
	return string(text), nil
}

// htmlMail is the HTML of one mail while it is compiled.
type htmlMail struct {
	*source
	files        []string // the file that draws it is the last
	pieces       map[string][]piece
	calls        map[string][]string // which templates a template uses
	in           inliner
	rest         []cssRule // for the style elements
	conditionals []htmltemplate.HTML
	sheetText    htmltemplate.HTML
	prose        proseLooks
	tmpl         *htmltemplate.Template // nil where something is wrong
}

// html compiles the HTML template of a mail; the faults of the source tell
// what is wrong.
func (s *source) html(mail string) *htmlMail {
	m := &htmlMail{source: s, files: append(s.parts(".html"), s.fileOf(mail, ".html")),
		pieces: map[string][]piece{}, calls: map[string][]string{}}
	var rules []cssRule
	for _, file := range m.files {
		rules = append(rules, m.scan(file)...)
	}
	m.sortRules(rules)
	sources := map[string]*rewritten{}
	for _, file := range m.files {
		sources[file] = m.rewrite(file)
	}
	m.prose = m.in.proseLooks()
	m.sheetText = htmltemplate.HTML(strings.TrimSpace(m.in.sheet(m.rest)))
	m.tmpl = m.parse(sources)
	return m
}

// scan cuts a file into pieces and reads its rules.
func (m *htmlMail) scan(file string) []cssRule {
	pieces, calls := scan(m.source.files[file], file, &m.faults)
	m.pieces[file] = pieces
	for from, to := range calls {
		if from == "" {
			from = baseName(file)
		}
		m.calls[from] = append(m.calls[from], to...)
	}
	var rules []cssRule
	for _, p := range pieces {
		if p.kind == stylePiece {
			rules = append(rules, readCSS(p.text, file, p.line, &m.faults)...)
		}
	}
	return rules
}

func baseName(file string) string {
	return strings.TrimSuffix(strings.TrimSuffix(file, ".html"), ".txt")
}

// sortRules parts what style attributes can hold from what they cannot.
func (m *htmlMail) sortRules(rules []cssRule) {
	m.in = inliner{vars: readVariables(rules, m.look), kept: map[string]bool{}, used: map[string]bool{}, faults: &m.faults}
	for _, r := range rules {
		m.checkRule(&r)
		if r.at != "" || r.media != "" {
			m.keep(r)
			continue
		}
		simple, others := r, r
		simple.selectors, others.selectors = nil, nil
		for _, s := range r.selectors {
			if s.simple {
				simple.selectors = append(simple.selectors, s)
			} else {
				others.selectors = append(others.selectors, s)
			}
		}
		if len(simple.selectors) > 0 {
			m.in.rules = append(m.in.rules, simple)
		}
		if len(others.selectors) > 0 {
			m.keep(others)
		}
	}
}

func (m *htmlMail) keep(r cssRule) {
	m.rest = append(m.rest, r)
	for _, s := range r.selectors {
		for _, c := range s.classes {
			m.in.kept[c] = true
		}
	}
}

// reachable are the templates that a mail comes to.
func (m *htmlMail) reachable() map[string]bool {
	reached := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		if !reached[name] {
			reached[name] = true
			for _, next := range m.calls[name] {
				visit(next)
			}
		}
	}
	visit(baseName(m.files[len(m.files)-1]))
	return reached
}

// rewritten is the source of a file with its styles in place, and the line of
// the original that each of its lines came from.
type rewritten struct {
	strings.Builder
	lines []int
}

func (r *rewritten) add(text string, line int) {
	for len(r.lines) <= strings.Count(r.String()+text, "\n") {
		r.lines = append(r.lines, line)
	}
	r.WriteString(text)
}

var blankLines = regexp.MustCompile(`\n\s+`)

// rewrite writes a file as html/template is to read it.
func (m *htmlMail) rewrite(file string) *rewritten {
	out, reached := &rewritten{}, m.reachable()
	text, line := "", 1
	flush := func() {
		out.add(blankLines.ReplaceAllString(text, "\n"), line)
		text = ""
	}
	for _, p := range m.pieces[file] {
		if p.kind == stylePiece {
			continue
		}
		if p.kind == textPiece {
			text += p.text
			continue
		}
		flush()
		line = p.line
		define := p.define
		if define == "" {
			define = baseName(file)
		}
		switch {
		case p.kind == conditionalPiece:
			m.conditionals = append(m.conditionals, htmltemplate.HTML(p.text))
			out.add(fmt.Sprintf("{{conditional %d}}", len(m.conditionals)-1), p.line)
		case p.kind == tagPiece && reached[define]:
			out.add(m.in.tag(p.text, file, p.line), p.line)
		default:
			out.add(p.text, p.line)
		}
	}
	flush()
	return out
}

// funcs are what the templates of HTML may call.
func (m *htmlMail) funcs() htmltemplate.FuncMap {
	return htmltemplate.FuncMap{
		"sheet":       func() htmltemplate.HTML { return m.sheetText },
		"conditional": func(i int) htmltemplate.HTML { return m.conditionals[i] },
		"prose":       func(p *Prose, dir string) htmltemplate.HTML { return drawProse(p, dir, m.prose) },
		"value":       m.value,
	}
}

// value is what a variable of the theme is in the light, for attributes that
// style sheets do not reach.
func (m *htmlMail) value(name string) (string, error) {
	var err error
	v := m.in.vars.resolve("var(--"+name+")", false, func(missing string) {
		err = errors.New(m.in.vars.missing(missing))
	})
	return v, err
}

// parse compiles the sources; the last file is where the mail begins.
func (m *htmlMail) parse(sources map[string]*rewritten) *htmltemplate.Template {
	tmpl := htmltemplate.New(baseName(m.files[len(m.files)-1])).Funcs(m.funcs())
	for _, file := range m.files {
		trees := m.trees(file, sources[file].String(), sources[file].lines)
		for name, tree := range trees {
			if _, err := tmpl.AddParseTree(name, tree); err != nil {
				m.faults.add(file, 0, "%v", err)
			}
		}
	}
	if len(m.faults) > 0 {
		return nil
	}
	return tmpl.Lookup(baseName(m.files[len(m.files)-1]))
}

// trees parses a file into its templates. The one that the file itself is has
// the file's name without its ending.
func (s *source) trees(file, text string, lines []int) map[string]*parse.Tree {
	trees := map[string]*parse.Tree{}
	main := parse.New(file)
	main.Mode = parse.SkipFuncCheck
	if _, err := main.Parse(text, "", "", trees); err != nil {
		s.parseFault(file, err, lines)
		return nil
	}
	if tree, ok := trees[file]; ok {
		delete(trees, file)
		trees[baseName(file)] = tree
	}
	return trees
}

var parseError = regexp.MustCompile(`^(?:html/)?template: ?[^:]*:(\d+)(?::\d+)?: (.*)$`)

// parseFault notes what a parser says at the line that it means.
func (s *source) parseFault(file string, err error, lines []int) {
	m := parseError.FindStringSubmatch(err.Error())
	if m == nil {
		s.faults.add(file, 0, "%v", err)
		return
	}
	line, _ := strconv.Atoi(m[1])
	if 0 < line && line <= len(lines) {
		line = lines[line-1]
	}
	s.faults.add(file, line, "%s", m[2])
}

// checkRule refuses what no mail may have.
func (m *htmlMail) checkRule(r *cssRule) {
	for _, d := range r.declarations {
		if strings.HasPrefix(d.name, "--") && !r.isRoot() {
			m.faults.add(r.file, d.line, "the variable %s is declared for %q: variables are for :root alone", d.name, r.selectors[0].text)
		}
	}
}
