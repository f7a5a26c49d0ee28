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
	files        []string           // the file that draws it is the last
	pieces       map[string][]piece // of each file
	reached      map[string]bool    // the templates that the mail comes to
	in           inliner
	rest         []cssRule // for the style elements
	conditionals []htmltemplate.HTML
	sheetText    htmltemplate.HTML
	hasProse     bool
	needsSheet   bool // no template says where the style elements go
	prose        proseLooks
	tmpl         *htmltemplate.Template // nil where something is wrong
}

// html compiles the HTML template of a mail; the faults of the source tell
// what is wrong.
func (s *source) html(mail string) *htmlMail {
	m := &htmlMail{source: s, files: append(s.parts(".html"), s.fileOf(mail, ".html")), pieces: map[string][]piece{}}
	check := newTypeCheck(s, themeFuncs(m.funcs()))
	var rules []cssRule
	for _, file := range m.files {
		var checked string
		m.pieces[file], checked = scan(s.files[file], file, &m.faults)
		check.add(file, checked)
		for _, p := range m.pieces[file] {
			if p.kind == stylePiece {
				rules = append(rules, readCSS(p.text, file, p.line, &m.faults)...)
			}
		}
	}
	m.sortRules(rules)
	m.reached = check.run(m.name(), dataOf(mail))
	m.hasProse, m.needsSheet = check.calls["prose"], !check.calls["sheet"]
	sources := m.rewriteAll()
	if len(m.faults) > 0 {
		return m
	}
	m.tmpl = m.parse(sources)
	m.try(mail, sources)
	return m
}

// rewriteAll puts the styles in their places.
func (m *htmlMail) rewriteAll() map[string]*rewritten {
	sources := map[string]*rewritten{}
	for _, file := range m.files {
		sources[file] = m.rewrite(file)
	}
	if m.hasProse {
		m.prose = m.in.proseLooks()
	}
	m.sheetText = htmltemplate.HTML(strings.TrimSpace(m.in.sheet(m.rest)))
	return sources
}

// name is that of the template that draws the mail.
func (m *htmlMail) name() string { return baseName(m.files[len(m.files)-1]) }

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

// rewritten is the source of a file with its styles in place, and the line of
// the original that each of its lines came from.
type rewritten struct {
	strings.Builder
	lines []int
	fresh bool // the next text begins a line
}

func (r *rewritten) add(text string, line int) {
	if r.fresh || len(r.lines) == 0 {
		r.lines = append(r.lines, line)
	}
	r.WriteString(text)
	for i := strings.Count(text, "\n"); i > 1; i-- {
		r.lines = append(r.lines, line)
	}
	r.fresh = strings.HasSuffix(text, "\n")
	if strings.Contains(text, "\n") && !r.fresh {
		r.lines = append(r.lines, line)
	}
}

var blankLines = regexp.MustCompile(`\n\s+`)

// rewrite writes a file as html/template is to read it.
func (m *htmlMail) rewrite(file string) *rewritten {
	out := &rewritten{}
	text, line := "", 1
	flush := func() {
		out.add(blankLines.ReplaceAllString(text, "\n"), line)
		text = ""
	}
	for _, p := range m.pieces[file] {
		if p.kind == stylePiece {
			if m.needsSheet && file == m.files[len(m.files)-1] {
				m.needsSheet = false
				text += "{{sheet}}"
			}
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
		case p.kind == tagPiece:
			m.checkTag(file, &p)
			if !m.reached[define] {
				out.add(p.text, p.line)
				continue
			}
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

// themeFuncs are the functions that a theme may call by itself.
func themeFuncs(all htmltemplate.FuncMap) htmltemplate.FuncMap {
	delete(all, "conditional") // stands where a comment did
	return all
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
	tmpl := htmltemplate.New(m.name()).Funcs(m.funcs())
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
	return tmpl.Lookup(m.name())
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

var parseError = regexp.MustCompile(`^(?:html/)?template: ?([^:]*):(\d+)(?::\d+)?: (?s:(.*))$`)

// parseFault notes what Go's templates say at the line that they mean.
func (s *source) parseFault(file string, err error, lines []int) {
	m := parseError.FindStringSubmatch(err.Error())
	if m == nil {
		s.faults.add(file, 0, "%v", err)
		return
	}
	line, _ := strconv.Atoi(m[2])
	if 0 < line && line <= len(lines) {
		line = lines[line-1]
	}
	s.faults.add(file, line, "%s", m[3])
}

// try draws mails with everything in them and with nothing, so that what only
// drawing shows is found now.
func (m *htmlMail) try(mail string, sources map[string]*rewritten) {
	if m.tmpl == nil {
		return
	}
	for _, data := range samples(mail) {
		err := m.tmpl.Execute(&limitedText{}, data)
		if err == nil {
			continue
		}
		file := m.files[len(m.files)-1]
		if match := parseError.FindStringSubmatch(err.Error()); match != nil && sources[match[1]] != nil {
			file = match[1]
		}
		m.parseFault(file, err, sources[file].lines)
		return
	}
}
