package digest

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	texttemplate "text/template"
)

// LinkFields are what the template of a link's parameter may use.
type LinkFields struct {
	Site     struct{ Name string }
	Digest   struct{ Slug, Name string }
	Edition  struct{ Key, Date string } // such as "daily/2026-11-23" and "2026-11-23"
	Position int                        // of the story in the mail, from 1; 0 for a link that is of no story
	Section  string                     // in which it stands: the slug of a topic, "top", "latest", "introduction", "corrections" or "more"
}

// LinkTag is a parameter that links to stories get, such as utm_source.
type LinkTag struct {
	Name string
	tmpl *texttemplate.Template
}

// ParseLinkTag compiles the value of a parameter: plain words or a template over
// LinkFields, such as "{{.Digest.Slug}}-{{.Edition.Date}}".
func ParseLinkTag(name, value string) (LinkTag, error) {
	tmpl, err := texttemplate.New("value").Parse(value)
	if err == nil {
		_, err = LinkTag{tmpl: tmpl}.value(&LinkFields{})
	}
	if err != nil {
		return LinkTag{}, fmt.Errorf("%w; a value can have {{.Digest.Slug}}, {{.Digest.Name}}, {{.Edition.Key}}, {{.Edition.Date}}, {{.Position}}, {{.Section}} and {{.Site.Name}}",
			templateError(err))
	}
	return LinkTag{name, tmpl}, nil
}

// templateError is the error of a template without its name, which says nothing.
func templateError(err error) error {
	return errors.New(strings.TrimPrefix(strings.TrimPrefix(err.Error(), "template: "), "value:"))
}

func (t LinkTag) value(f *LinkFields) (string, error) {
	var b strings.Builder
	err := t.tmpl.Execute(&b, f)
	return strings.Join(strings.Fields(b.String()), " "), err
}

// LinkTags are the parameters that links in the mails of a digest get. The zero
// value has none.
type LinkTags struct {
	Tags      []LinkTag
	Overwrite bool     // a parameter that a link has already gives way
	Hosts     []string // whose links get them, with all below them; "*" for all
}

// apply returns a link with its parameters. All else of it stays as it is, to the
// octet: there are links that are signed. A link to another host or that is none
// is returned as it came.
func (t *LinkTags) apply(link string, f *LinkFields) (string, error) {
	if t == nil || len(t.Tags) == 0 || !t.covers(link) {
		return link, nil
	}
	link, fragment, hasFragment := strings.Cut(link, "#")
	address, query, _ := strings.Cut(link, "?")
	for _, tag := range t.Tags {
		value, err := tag.value(f)
		if err != nil {
			return "", fmt.Errorf("parameter %s of links: %w", tag.Name, err)
		}
		if value == "" || !t.Overwrite && hasParameter(query, tag.Name) {
			continue
		}
		query = appendParameter(withoutParameter(query, tag.Name), tag.Name, value)
	}
	if query != "" {
		address += "?" + query
	}
	if hasFragment {
		address += "#" + fragment
	}
	return address, nil
}

// covers reports whether a link leads to a host whose links get parameters.
func (t *LinkTags) covers(link string) bool {
	u := webAddress(link)
	if u == nil {
		return false
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	return slices.ContainsFunc(t.Hosts, func(own string) bool {
		return own == "*" || host == own || strings.HasSuffix(host, "."+own)
	})
}

// webAddress is an absolute http or https address, nil for anything else.
func webAddress(link string) *url.URL {
	u, err := url.Parse(link)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil
	}
	return u
}

func hasParameter(query, name string) bool {
	for pair := range strings.SplitSeq(query, "&") {
		if isParameter(pair, name) {
			return true
		}
	}
	return false
}

func isParameter(pair, name string) bool {
	key, _, _ := strings.Cut(pair, "=")
	plain, err := url.QueryUnescape(key)
	return err == nil && strings.EqualFold(plain, name)
}

func withoutParameter(query, name string) string {
	if !hasParameter(query, name) {
		return query
	}
	var kept []string
	for pair := range strings.SplitSeq(query, "&") {
		if !isParameter(pair, name) {
			kept = append(kept, pair)
		}
	}
	return strings.Join(kept, "&")
}

// appendParameter adds a parameter with %20 for a space: "+" would be written
// as an entity in HTML.
func appendParameter(query, name, value string) string {
	if query != "" && !strings.HasSuffix(query, "&") {
		query += "&"
	}
	return query + url.QueryEscape(name) + "=" + strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
}
