package templates

import (
	"regexp"
	"slices"
	"strings"
)

// refusedTags are the elements that no mail may have: mail programs and spam
// filters throw the whole mail out for some of them.
var refusedTags = []string{"script", "form", "input", "button", "select", "textarea", "iframe", "frame", "object", "embed", "applet", "link", "base", "video", "audio", "svg", "math"}

var (
	handlerName = regexp.MustCompile(`^on[a-z]+$`)
	scriptURL   = regexp.MustCompile(`(?i)^[\s\x00-\x1f]*(?:javascript|vbscript|data):`)
	refusedCSS  = regexp.MustCompile(`(?i)expression\s*\(|javascript:|-moz-binding|</`)
	addressCSS  = regexp.MustCompile(`(?i)url\(\s*['"]?([^'")]*)`)
)

// checkTag refuses what no mail may have.
func (m *htmlMail) checkTag(file string, p *piece) {
	t := splitTag(p.text)
	if slices.Contains(refusedTags, t.name) {
		m.faults.add(file, p.line, "<%s> is not for mails", t.name)
	}
	for i := range t.parts {
		a := &t.parts[i]
		switch {
		case handlerName.MatchString(a.name):
			m.faults.add(file, p.line, "<%s %s>: mails run no scripts", t.name, a.name)
		case scriptURL.MatchString(a.value):
			m.faults.add(file, p.line, "<%s %s>: %q is not an address for mails", t.name, a.name, cut(a.value, 40))
		case a.name == "http-equiv" && strings.EqualFold(a.value, "refresh"):
			m.faults.add(file, p.line, "<meta http-equiv=%q> is not for mails", a.value)
		}
	}
}

// checkRule checks the declarations of a rule.
func (m *htmlMail) checkRule(r *cssRule) {
	for _, d := range r.declarations {
		if strings.HasPrefix(d.name, "--") && !r.isRoot() {
			m.faults.add(r.file, d.line, "the variable %s is declared within a rule: variables are for :root alone", d.name)
			continue
		}
		m.in.check(r.file, &d)
	}
}

// check finds variables that nothing declares, and what no mail may have.
func (in *inliner) check(file string, d *declaration) {
	missing := func(name string) { in.faults.add(file, d.line, "%s", in.vars.missing(name)) }
	for _, dark := range []bool{false, true} {
		value := in.vars.resolve(d.value, dark, missing)
		if refusedCSS.MatchString(value) || d.name == "behavior" {
			in.faults.add(file, d.line, "%s: %s is not for mails", d.name, cut(value, 40))
		}
		for _, address := range addressCSS.FindAllStringSubmatch(value, -1) {
			if !strings.HasPrefix(address[1], "https://") {
				in.faults.add(file, d.line, "%s: %q is no https address", d.name, cut(address[1], 40))
			}
		}
	}
}
