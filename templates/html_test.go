package templates_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"broadsheet/templates"
)

// document is a parsed page or mail.
type document struct{ root *html.Node }

func parseHTML(t testing.TB, src string) document {
	t.Helper()
	root, err := html.Parse(strings.NewReader(src))
	if err != nil {
		t.Fatal(err)
	}
	return document{root}
}

// all gives the elements with one of the tag names, in order.
func (d document) all(tags ...string) []*html.Node {
	var found []*html.Node
	for n := range d.root.Descendants() {
		if n.Type == html.ElementNode && slices.Contains(tags, n.Data) {
			found = append(found, n)
		}
	}
	return found
}

// one gives the only element with a tag name and, where key is given, an attribute.
func (d document) one(t testing.TB, tag, key, value string) *html.Node {
	t.Helper()
	var found []*html.Node
	for _, n := range d.all(tag) {
		if key == "" || attr(n, key) == value {
			found = append(found, n)
		}
	}
	if len(found) != 1 {
		t.Fatalf("got %d <%s %s=%q>, want 1", len(found), tag, key, value)
	}
	return found[0]
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func hasAttr(n *html.Node, key string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == key })
}

func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.TrimSpace(b.String())
}

// checkMail reports what no mail may have or lack.
func checkMail(t *testing.T, src string, markers ...string) {
	t.Helper()
	doc := parseHTML(t, src)
	if got := len(doc.all("h1")); got != 1 {
		t.Errorf("got %d h1, want 1", got)
	}
	for _, n := range doc.all("script", "form", "input", "iframe", "object", "link", "base") {
		t.Errorf("a mail has <%s>", n.Data)
	}
	for _, n := range doc.all("img") {
		inText := n.Parent.Data != "td" // of an editor, who knows no height
		if !hasAttr(n, "alt") || attr(n, "width") == "" || attr(n, "height") == "" && !inText || !isWeb(attr(n, "src")) {
			t.Errorf("picture without alt, width, height or a web address: %v", n.Attr)
		}
	}
	for _, n := range doc.all("a") {
		if href := attr(n, "href"); !isWeb(href) && !strings.HasPrefix(href, "mailto:") && !isPersonal(href, markers) {
			t.Errorf("link to %q", href)
		}
		if text(n) == "" && !slices.ContainsFunc(slices.Collect(n.Descendants()), func(c *html.Node) bool { return c.Data == "img" }) {
			t.Errorf("link without words: %v", n.Attr)
		}
	}
	for _, n := range doc.all("table") {
		if attr(n, "role") != "presentation" {
			t.Errorf("layout table without role: %v", n.Attr)
		}
	}
	for n := range doc.root.Descendants() {
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || strings.Contains(a.Val, "ZgotmplZ") {
				t.Errorf("<%s> has %s=%q", n.Data, a.Key, a.Val)
			}
		}
	}
}

// isPersonal reports whether a link begins with a slot and goes on as the links
// of a reader do.
func isPersonal(href string, markers []string) bool {
	return slices.ContainsFunc(markers, func(marker string) bool {
		rest, ok := strings.CutPrefix(href, marker)
		return ok && (rest == "" || rest == "#"+templates.AnchorPause || rest == "#"+templates.AnchorLeave || strings.HasPrefix(rest, templates.TopicPath))
	})
}

func isWeb(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// checkPage reports what no page may have or lack.
func checkPage(t *testing.T, src string) {
	t.Helper()
	doc := parseHTML(t, src)
	root := doc.one(t, "html", "", "")
	if attr(root, "lang") == "" || attr(root, "dir") == "" {
		t.Error("page without lang or dir")
	}
	for _, tag := range []string{"h1", "main", "title"} {
		if got := len(doc.all(tag)); got != 1 {
			t.Errorf("got %d %s, want 1", got, tag)
		}
	}
	ids := map[string]bool{}
	for n := range doc.root.Descendants() {
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.Contains(a.Val, "ZgotmplZ") {
				t.Errorf("<%s> has %s=%q", n.Data, a.Key, a.Val)
			}
			if a.Key == "id" {
				if ids[a.Val] {
					t.Errorf("two elements have the id %q", a.Val)
				}
				ids[a.Val] = true
			}
		}
	}
	for _, n := range doc.all("script", "style") {
		if text(n) != "" {
			t.Errorf("inline <%s>", n.Data)
		}
	}
	checkReferences(t, doc, ids)
}

// checkReferences follows the ids that elements point to, and finds fields without a label.
func checkReferences(t *testing.T, doc document, ids map[string]bool) {
	t.Helper()
	labelled := map[string]bool{}
	for _, n := range doc.all("label") {
		labelled[attr(n, "for")] = true
	}
	for n := range doc.root.Descendants() {
		for _, key := range []string{"aria-describedby", "aria-labelledby", "for"} {
			for id := range strings.FieldsSeq(attr(n, key)) {
				if !ids[id] {
					t.Errorf("<%s %s> points to no element: %q", n.Data, key, id)
				}
			}
		}
	}
	for _, n := range doc.all("a") {
		if id, ok := strings.CutPrefix(attr(n, "href"), "#"); ok && !ids[id] {
			t.Errorf("link to no element: %q", id)
		}
	}
	for _, n := range doc.all("input", "select") {
		inLabel := n.Parent != nil && n.Parent.Data == "label"
		if attr(n, "type") != "hidden" && !inLabel && !labelled[attr(n, "id")] {
			t.Errorf("field without a label: %v", n.Attr)
		}
	}
}

func TestMailsAreSound(t *testing.T) {
	for _, n := range []int{0, 1, 2, 20, 60} {
		checkMail(t, drawHTML(t, daily(n)), unsubscribeMarker, preferencesMarker)
	}
	checkMail(t, confirmMail(t).HTML)
}

func TestPagesAreSound(t *testing.T) {
	for name := range pageFixtures {
		t.Run(name, func(t *testing.T) { checkPage(t, drawPage(t, name)) })
	}
}

func TestPublicFormsCarryTheGuards(t *testing.T) {
	for _, name := range []string{"subscribe", "expired"} {
		doc := parseHTML(t, drawPage(t, name))
		honeypot := doc.one(t, "input", "name", "website")
		if got, want := attr(honeypot, "tabindex"), "-1"; got != want {
			t.Errorf("%s: tabindex of the honeypot: got %q, want %q", name, got, want)
		}
		if got, want := attr(honeypot, "autocomplete"), "off"; got != want {
			t.Errorf("%s: autocomplete of the honeypot: got %q, want %q", name, got, want)
		}
		if got, want := attr(doc.one(t, "input", "name", "form"), "value"), "1795000000.c2lnbmVk"; got != want {
			t.Errorf("%s: form token: got %q, want %q", name, got, want)
		}
	}
}
