package templates

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// attributeRule judges the value of an attribute. Its error goes on after "KEY
// of <ELEMENT> ".
type attributeRule func(value string) error

// creativeElement is an element that creatives may have.
type creativeElement struct {
	void       bool // it has no end
	attributes map[string]attributeRule
	needs      []string // attributes
	why        string   // it needs them
	ours       []string // attributes that it always gets
	styles     []slotStyle
}

// slotStyle is a declaration.
type slotStyle struct{ name, value string }

// creativeElements are all that a creative may have. None of them runs, loads or
// sends anything but an image.
var creativeElements = map[string]creativeElement{
	"a": {attributes: map[string]attributeRule{"href": slotURL},
		styles: []slotStyle{{"color", "inherit"}, {"text-decoration", "underline"}}},
	"img": {void: true, attributes: map[string]attributeRule{"src": slotURL, "alt": slotAlt, "width": number(leastSlotImage, 576), "height": number(leastSlotImage, 1200)},
		needs: []string{"src", "alt", "width", "height"}, why: "mails are read with images blocked, too",
		styles: []slotStyle{{"max-width", "100%"}, {"height", "auto"}, {"border", "0"}}},
	"table": {attributes: map[string]attributeRule{"width": narrow, "align": among("left", "center", "right"), "cellpadding": zero, "cellspacing": zero, "border": zero, "role": among("presentation")},
		ours: []string{`role="presentation"`}, styles: []slotStyle{{"border-collapse", "collapse"}, {"max-width", "100%"}}},
	"tbody": {},
	"tr":    {},
	"td": {attributes: map[string]attributeRule{"width": narrow, "colspan": number(1, 12), "align": among("left", "center", "right"), "valign": among("top", "middle", "bottom")},
		styles: []slotStyle{{"padding", "0"}}},
	"br": {void: true}, "hr": {void: true},
	"p":   {styles: []slotStyle{{"margin", "0 0 12px"}}},
	"div": {}, "span": {}, "b": {}, "em": {}, "i": {}, "small": {}, "strong": {}, "sub": {}, "sup": {}, "u": {},
	"ul": {}, "ol": {}, "li": {},
}

// everyAttribute may be in every element, and style, too.
var everyAttribute = map[string]attributeRule{"dir": among("ltr", "rtl", "auto"), "lang": slotLanguage}

func creativeNames() []string { return slices.Sorted(maps.Keys(creativeElements)) }

// style is what an element has anyway and what it was given, which goes first.
func (e *creativeElement) style(given []slotStyle) string {
	var all []string
	for _, own := range e.styles {
		other := func(s slotStyle) bool { return s.name == own.name || strings.HasPrefix(s.name, own.name+"-") }
		if !slices.ContainsFunc(given, other) {
			all = append(all, own.name+":"+own.value)
		}
	}
	for _, s := range given {
		all = append(all, s.name+":"+s.value)
	}
	return strings.Join(all, ";")
}

// stylesOf are the styles that say what an attribute of older HTML says: validators
// no longer know it, and it is what agencies write.
func stylesOf(element, key, value string) []slotStyle {
	switch key {
	case "cellpadding", "cellspacing", "border":
		return []slotStyle{}
	case "valign":
		return []slotStyle{{"vertical-align", value}}
	case "width":
		if element == "img" {
			return nil
		}
		if !strings.HasSuffix(value, "%") {
			value += "px"
		}
		return []slotStyle{{"width", value}}
	case "align":
		switch {
		case element != "table":
			return []slotStyle{{"text-align", value}}
		case value == "center":
			return []slotStyle{{"margin", "0 auto"}}
		}
		return []slotStyle{}
	}
	return nil
}

// olderThan puts those of the older styles that are not given anyway before
// those that are.
func olderThan(given, older []slotStyle) []slotStyle {
	var out []slotStyle
	for _, o := range older {
		if !slices.ContainsFunc(given, func(s slotStyle) bool { return s.name == o.name || strings.HasPrefix(s.name, o.name+"-") }) {
			out = append(out, o)
		}
	}
	return append(out, given...)
}

func slotURL(value string) error {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "https" || webURL(value) != value || strings.ContainsAny(value, "\"'<>`\\") {
		return fmt.Errorf("must be an absolute https address without a login, written as links carry it, not %q", cut(oneLine(value), 80))
	}
	return nil
}

func slotAlt(value string) error {
	if strings.TrimSpace(value) == "" {
		return errors.New("is empty: say in words what the image says")
	}
	if oneLine(value) != value || len(value) > 500 {
		return errors.New("must be one line of at most 500 octets")
	}
	return nil
}

func slotLanguage(value string) error {
	if !languageName.MatchString(value) {
		return errors.New(`must be a language such as "en"`)
	}
	return nil
}

func number(least, most int) attributeRule {
	return func(value string) error {
		if n, err := strconv.Atoi(value); err != nil || n < least || n > most || strconv.Itoa(n) != value {
			return fmt.Errorf("must be a number from %d to %d, not %q", least, most, cut(oneLine(value), 40))
		}
		return nil
	}
}

func zero(value string) error {
	if value != "0" {
		return errors.New("must be 0: give padding in the style of its cells")
	}
	return nil
}

// narrow wants a width that a small screen has.
func narrow(value string) error {
	if !isLength(value+"px", 1, mostSlotWidth) && !isPercent(value) {
		return fmt.Errorf("must be at most %d or a percentage, for narrow screens, not %q", mostSlotWidth, cut(oneLine(value), 40))
	}
	return nil
}

func among(allowed ...string) attributeRule {
	return func(value string) error {
		if !slices.Contains(allowed, value) {
			return fmt.Errorf("must be %s, not %q", strings.Join(allowed, " or "), cut(oneLine(value), 40))
		}
		return nil
	}
}

// styleRule says which values a property may have.
type styleRule struct {
	want string
	ok   func(value string) bool
}

const (
	leastSlotImage    = 16  // pixels: what is smaller is there to count who reads
	mostSlotWidth     = 280 // of the 320 pixels of a small screen
	mostSlotPadding   = 48
	leastSlotContrast = 4.5
)

var (
	hexColour    = regexp.MustCompile(`^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$`)
	fontNames    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9 ,'-]{0,99}$`)
	borderValue  = regexp.MustCompile(`^(0|none|[1-9]px (solid|dashed|dotted|double) #([0-9a-fA-F]{3}|[0-9a-fA-F]{6}))$`)
	languageName = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}$`)
	lineHeight   = regexp.MustCompile(`^(normal|[12](\.[0-9]{1,2})?|1[0-9][0-9]%)$`)
)

// styleRules are the properties that creatives may have. Nothing in them loads,
// hides or moves anything.
var styleRules = map[string]styleRule{
	"color": colourRule, "background-color": colourRule,
	"font-family":     {"names of fonts", fontNames.MatchString},
	"font-size":       {"12px to 48px", func(v string) bool { return isLength(v, 12, 48) }},
	"font-style":      wordsRule("normal", "italic"),
	"font-weight":     wordsRule("normal", "bold", "400", "500", "600", "700", "800", "900"),
	"letter-spacing":  {"0 to 4px", func(v string) bool { return v == "0" || isLength(v, 1, 4) }},
	"line-height":     {"normal, a number such as 1.5, or pixels", func(v string) bool { return lineHeight.MatchString(v) || isLength(v, 14, 72) }},
	"text-align":      wordsRule("left", "center", "right", "start", "end"),
	"text-decoration": wordsRule("none", "underline", "line-through"),
	"text-transform":  wordsRule("none", "uppercase", "capitalize"),
	"vertical-align":  wordsRule("top", "middle", "bottom", "baseline"),
	"display":         wordsRule("block", "inline", "inline-block"),
	"border-collapse": wordsRule("collapse", "separate"),
	"width":           {"280px at most or a percentage, for narrow screens", func(v string) bool { return isLength(v, 1, mostSlotWidth) || isPercent(v) }},
	"max-width":       {"576px at most or a percentage", func(v string) bool { return isLength(v, 1, 576) || isPercent(v) }},
	"height":          {"auto, or 600px at most", func(v string) bool { return v == "auto" || isLength(v, 1, 600) }},
	"border-radius":   {"48px at most", func(v string) bool { return isLengths(v, false) }},
	"margin":          marginRule, "margin-top": marginRule, "margin-right": marginRule, "margin-bottom": marginRule, "margin-left": marginRule,
	"padding": paddingRule, "padding-top": paddingRule, "padding-right": paddingRule, "padding-bottom": paddingRule, "padding-left": paddingRule,
	"border": borderRule, "border-top": borderRule, "border-right": borderRule, "border-bottom": borderRule, "border-left": borderRule,
}

var (
	colourRule  = styleRule{"a colour such as #1d4ed8", hexColour.MatchString}
	marginRule  = styleRule{"auto or lengths up to 48px", func(v string) bool { return isLengths(v, true) }}
	paddingRule = styleRule{"lengths up to 48px", func(v string) bool { return isLengths(v, false) }}
	borderRule  = styleRule{"like 1px solid #1d4ed8, or none", borderValue.MatchString}
)

func wordsRule(words ...string) styleRule {
	return styleRule{strings.Join(words, ", "), func(v string) bool { return slices.Contains(words, v) || v == "inherit" }}
}

// parseSlotStyle reads the declarations that are allowed, and says what is wrong
// with the others.
func parseSlotStyle(text string) (out []slotStyle, wrong []string) {
	for declaration := range strings.SplitSeq(text, ";") {
		if strings.TrimSpace(declaration) == "" {
			continue
		}
		name, value, _ := strings.Cut(declaration, ":")
		name = strings.ToLower(strings.TrimSpace(name))
		value = strings.Join(strings.Fields(value), " ")
		rule, ok := styleRules[name]
		switch {
		case !ok:
			wrong = append(wrong, fmt.Sprintf("%q cannot be in a creative: it holds %s", cut(oneLine(name), 40), strings.Join(slices.Sorted(maps.Keys(styleRules)), ", ")))
		case name == "color" && value == "inherit":
			out = append(out, slotStyle{name, value})
		case !rule.ok(value):
			wrong = append(wrong, fmt.Sprintf("%s must be %s, not %q", name, rule.want, cut(oneLine(value), 80)))
		default:
			out = append(out, slotStyle{name, value})
		}
	}
	return out, wrong
}

func isLength(value string, least, most int) bool {
	number, ok := strings.CutSuffix(value, "px")
	n, err := strconv.Atoi(number)
	return ok && err == nil && n >= least && n <= most && strconv.Itoa(n) == number
}

func isPercent(value string) bool {
	number, ok := strings.CutSuffix(value, "%")
	n, err := strconv.Atoi(number)
	return ok && err == nil && n >= 1 && n <= 100 && strconv.Itoa(n) == number
}

// isLengths reports whether a value is one to four lengths.
func isLengths(value string, auto bool) bool {
	fields := strings.Fields(value)
	for _, f := range fields {
		if f != "0" && !isLength(f, 0, mostSlotPadding) && !(auto && f == "auto") {
			return false
		}
	}
	return len(fields) >= 1 && len(fields) <= 4
}

// slotContrast is the contrast of two colours as WCAG 2.2 defines it, from 1 to
// 21.
func slotContrast(a, b string) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(colour string) float64 {
	hex := strings.TrimPrefix(colour, "#")
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			return 0
		}
		v := float64(n) / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		sum += weight * v
	}
	return sum
}
