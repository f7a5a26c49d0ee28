package templates

import (
	"strings"

	"golang.org/x/net/html"
)

// mailCheck looks at one drawn mail.
type mailCheck struct {
	*findings
	trace      *trace
	html       string
	root, body *html.Node
	text       []tracedLine
	htmlFile   place // that draws the mail
	textFile   place
	want       wanted
}

// wanted is what a mail must have.
type wanted struct {
	language, direction string
	preheader           string
	address             string
	links               []neededLink
}

// neededLink is a link of a reader that both parts must have.
type neededLink struct{ field, url string }

// run looks at everything.
func (m *mailCheck) run() {
	root, err := html.Parse(strings.NewReader(m.html))
	if err != nil {
		m.error(RuleBroken, m.htmlFile, "the HTML cannot be read: %v", err)
		return
	}
	m.root = root
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && n.Data == "body" {
			m.body = n
		}
	}
	m.contrast()
	m.addresses()
	m.pictures()
	m.language()
	m.headings()
	m.preheader()
	m.footer()
	m.remote()
	m.clients()
	m.columns()
}

// placeOf is where in the theme an element comes from: where it was drawn by a
// function, where that is called.
func (m *mailCheck) placeOf(n *html.Node) place {
	for ; n != nil; n = n.Parent {
		if number := attribute(n, tracedAttribute); number != "" {
			return m.trace.at(number)
		}
	}
	return m.htmlFile
}

// elements calls back for each element in the body.
func (m *mailCheck) elements(each func(n *html.Node)) {
	for n := range m.body.Descendants() {
		if n.Type == html.ElementNode {
			each(n)
		}
	}
}

func (m *mailCheck) pictures() {
	m.elements(func(n *html.Node) {
		if n.Data == "img" && !has(n, "alt") {
			m.error(RuleAlt, m.placeOf(n), `<img> has no alt: write what the picture shows, or alt="" for decoration`)
		}
	})
}

func has(n *html.Node, key string) bool {
	for _, a := range n.Attr {
		if a.Key == key {
			return true
		}
	}
	return false
}

func (m *mailCheck) language() {
	top := m.htmlFile
	var lang, dir string
	for n := range m.root.ChildNodes() {
		if n.Type == html.ElementNode {
			lang, dir, top = attribute(n, "lang"), attribute(n, "dir"), m.placeOf(n)
		}
	}
	m.says(top, "<html>", "lang", lang, m.want.language)
	m.says(top, "<html>", "dir", dir, m.want.direction)
	for n := range m.body.ChildNodes() {
		if n.Type != html.ElementNode {
			continue
		}
		if !has(n, "lang") || !has(n, "dir") {
			m.warn(RuleLanguage, m.placeOf(n), `the first <%s> of the body lacks lang="{{.Lang}}" dir="{{.Dir}}": many mail programs leave <html> out`, n.Data)
		}
		return
	}
}

func (m *mailCheck) says(at place, where, key, got, want string) {
	field := map[string]string{"lang": "{{.Lang}}", "dir": "{{.Dir}}"}[key]
	switch {
	case got == "":
		m.error(RuleLanguage, at, "%s lacks %s=%q", where, key, field)
	case got != want:
		m.error(RuleLanguage, at, "%s says %s=%q in a mail of %q: write %q", where, key, got, want, field)
	}
}

// headings holds the outline to one h1 and no level left out.
func (m *mailCheck) headings() {
	tops, last := 0, 0
	m.elements(func(n *html.Node) {
		level := headingLevel(n.Data)
		if level == 0 {
			return
		}
		if level == 1 {
			if tops++; tops == 2 {
				m.warn(RuleHeading, m.placeOf(n), "a second <h1>: the name of the digest is the only one")
			}
		}
		if level > last+1 && last > 0 {
			m.warn(RuleHeading, m.placeOf(n), "<h%d> follows <h%d>, and a level is left out", level, last)
		}
		last = level
	})
	if tops == 0 {
		m.warn(RuleHeading, m.htmlFile, "there is no <h1>: the name of the digest should be one")
	}
}

func headingLevel(tag string) int {
	if len(tag) == 2 && tag[0] == 'h' && '1' <= tag[1] && tag[1] <= '6' {
		return int(tag[1] - '0')
	}
	return 0
}

// preheader holds the first words of the body to be those for the inbox.
func (m *mailCheck) preheader() {
	if m.want.preheader != "" && !strings.HasPrefix(wordsOf(m.body), m.want.preheader) {
		m.warn(RulePreheader, m.htmlFile, "the body does not begin with {{.Preheader}}, which inboxes show beside the subject")
	}
}

// wordsOf are the words of an element in one line.
func wordsOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode && (d.Parent == nil || d.Parent.Data != "style") {
			b.WriteString(d.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// footer looks for what law and readers ask of both parts.
func (m *mailCheck) footer() {
	hrefs := map[string]bool{}
	m.elements(func(n *html.Node) { hrefs[attribute(n, "href")] = true })
	var plain strings.Builder
	for _, l := range m.text {
		plain.WriteString(l.text + " ")
	}
	for _, needed := range m.want.links {
		if !hrefs[needed.url] {
			m.error(RuleFooter, m.htmlFile, "there is no link to {{.Foot.%s}}", needed.field)
		}
		if !strings.Contains(plain.String(), needed.url) {
			m.error(RuleFooter, m.textFile, "{{.Foot.%s}} is missing", needed.field)
		}
	}
	if !strings.Contains(wordsOf(m.body), m.want.address) {
		m.error(RuleFooter, m.htmlFile, "the postal address {{.Address}} is missing")
	}
	if !strings.Contains(strings.Join(strings.Fields(plain.String()), " "), m.want.address) {
		m.error(RuleFooter, m.textFile, "the postal address {{.Address}} is missing")
	}
}

// columns looks for lines that are too wide. One with a link may be.
func (m *mailCheck) columns() {
	for _, l := range m.text {
		if textWidth(l.text) > columns && !strings.Contains(l.text, "://") {
			at := l.at
			if at.file == "" {
				at = m.textFile
			}
			m.warn(RuleColumns, at, "a line of the text is wider than %d columns: is wrap missing?", columns)
		}
	}
}

// mostNamed is how many mail programs a finding names.
const mostNamed = 5

// clients tells what not every mail program knows, but for what only betters
// the styles of attributes.
func (m *mailCheck) clients() {
	for _, u := range CheckClients(m.html) {
		names := u.HarmfulTo()
		if u.Extra || len(names) == 0 {
			continue
		}
		at := m.trace.at(u.at)
		if at.file == "" {
			at = m.htmlFile
		}
		more := ""
		if n := len(names) - mostNamed; n > 0 {
			names, more = names[:mostNamed], " and "+counted(n, "more")
		}
		what := u.Title
		if u.Example != u.Title {
			what += " (" + cut(u.Example, 60) + ")"
		}
		m.warn(RuleClient, at, "%s is not known by %s%s", what, strings.Join(names, ", "), more)
	}
}
