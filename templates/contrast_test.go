package templates_test

import (
	"io/fs"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"broadsheet/templates"
)

// leastContrast is what WCAG 2.2 asks of text of ordinary size at level AA.
const leastContrast = 4.5

var (
	darkBlock = regexp.MustCompile(`(?s)@media \(prefers-color-scheme:dark\)\{\n(.*?)\n\}\n`)
	darkRule  = regexp.MustCompile(`(?m)^\.([a-z]+)\{(background-color|color):(#[0-9a-f]{6})!important\}$`)
)

// colours is what an element draws with: text and what is behind it.
type colours struct{ text, behind string }

// mailColours follows the colours down a mail and calls back for each text,
// those that stand in for pictures included.
func mailColours(n *html.Node, c colours, dark map[string]string, each func(string, colours)) {
	if n.Type == html.TextNode && strings.TrimSpace(n.Data) != "" {
		each(strings.TrimSpace(n.Data), c)
	}
	if n.Type == html.ElementNode {
		if n.Data == "style" || n.Data == "title" || strings.Contains(attr(n, "style"), "display:none") {
			return
		}
		for declaration := range strings.SplitSeq(attr(n, "style"), ";") {
			switch name, value, _ := strings.Cut(declaration, ":"); name {
			case "color":
				c.text = value
			case "background-color":
				c.behind = value
			}
		}
		for class := range strings.FieldsSeq(attr(n, "class")) {
			if v, ok := dark[class+" color"]; ok {
				c.text = v
			}
			if v, ok := dark[class+" background-color"]; ok {
				c.behind = v
			}
		}
	}
	if alt := attr(n, "alt"); alt != "" {
		each(alt, c)
	}
	for child := range n.ChildNodes() {
		mailColours(child, c, dark, each)
	}
}

// darkRules reads the colours that a mail's style gives its classes in the dark.
func darkRules(t *testing.T, src string) map[string]string {
	t.Helper()
	block := darkBlock.FindStringSubmatch(src)
	if block == nil {
		t.Fatal("the mail has no rules for the dark")
	}
	rules := map[string]string{}
	for _, m := range darkRule.FindAllStringSubmatch(block[1], -1) {
		rules[m[1]+" "+m[2]] = m[3]
	}
	return rules
}

func TestMailsHaveContrastInLightAndDark(t *testing.T) {
	for name, src := range map[string]string{"digest": drawHTML(t, daily(9)), "confirm": confirmMail(t).HTML} {
		root := parseHTML(t, src).root
		for scheme, rules := range map[string]map[string]string{"light": nil, "dark": darkRules(t, src)} {
			texts := 0
			mailColours(root, colours{}, rules, func(words string, c colours) {
				texts++
				if got := contrast(t, c.text, c.behind); got < leastContrast {
					t.Errorf("%s, %s: %q has %.2f of %s on %s, want %.1f", name, scheme, words, got, c.text, c.behind, leastContrast)
				}
				if name == "digest" && (luminance(t, c.behind) < 0.2) != (scheme == "dark") {
					t.Errorf("%s, %s: %q stands on %s", name, scheme, words, c.behind)
				}
			})
			if texts < 8 {
				t.Errorf("%s, %s: only %d texts were looked at", name, scheme, texts)
			}
		}
	}
}

var property = regexp.MustCompile(`--([a-z-]+):\s*(#[0-9a-f]{6});`)

func TestPagesHaveContrastInLightAndDark(t *testing.T) {
	css, err := fs.ReadFile(templates.Assets(), "pages.css")
	if err != nil {
		t.Fatal(err)
	}
	light, rest, found := strings.Cut(string(css), "@media (prefers-color-scheme: dark)")
	if !found {
		t.Fatal("the pages have no rules for the dark")
	}
	dark, _, _ := strings.Cut(rest, "}\n}")
	for scheme, block := range map[string]string{"light": light, "dark": dark} {
		p := map[string]string{}
		for _, m := range property.FindAllStringSubmatch(block, -1) {
			p[m[1]] = m[2]
		}
		for _, pair := range []struct {
			text, behind string
			least        float64
		}{
			{"ink", "paper", leastContrast}, {"muted", "paper", leastContrast}, {"muted", "page", leastContrast},
			{"accent", "paper", leastContrast}, {"accent-deep", "paper", leastContrast},
			{"label", "accent", leastContrast}, {"label", "accent-deep", leastContrast},
			{"wrong", "paper", leastContrast}, {"wrong", "wrong-paper", leastContrast}, {"ink", "wrong-paper", leastContrast},
			{"done", "done-paper", leastContrast}, {"edge", "paper", 3}, {"focus", "paper", 3},
		} {
			if got := contrast(t, p[pair.text], p[pair.behind]); got < pair.least {
				t.Errorf("%s: got %.2f of %s on %s, want %.1f", scheme, got, pair.text, pair.behind, pair.least)
			}
		}
	}
}

// contrast is the ratio of WCAG 2.2 between two colours, from 1 to 21.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	la, lb := luminance(t, a), luminance(t, b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	v, err := strconv.ParseUint(strings.TrimPrefix(colour, "#"), 16, 32)
	if err != nil || len(colour) != 7 {
		t.Fatalf("colour %q: %v", colour, err)
	}
	sum := 0.0
	for shift, weight := range map[int]float64{16: 0.2126, 8: 0.7152, 0: 0.0722} {
		c := float64(v>>shift&0xFF) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

func TestContrastKnowsTheReferenceValues(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want float64
	}{{"#000000", "#ffffff", 21}, {"#777777", "#ffffff", 4.48}} {
		if got := contrast(t, tc.a, tc.b); math.Abs(got-tc.want) > 0.01 {
			t.Errorf("%s on %s: got %.3f, want %.2f", tc.a, tc.b, got, tc.want)
		}
	}
}
