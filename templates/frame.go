package templates

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// frame is what every page is drawn from: the words, what surrounds the page,
// and the page's own data.
type frame struct {
	T       *catalogue
	Dir     string
	Site    Site
	SiteURL string
	Title   string
	Script  string // an asset, empty where the page has none
	Listed  bool   // search engines may list the page
	Wide    bool
	Bare    bool // it stands in a frame of another page, which has a head and a foot
	Page    any

	errors map[string]Problem
	assets func(name string) string
}

func newFrame(site Site, page any) *frame {
	c := words(site.Language)
	return &frame{T: c, Dir: languageDirection(c.language), Site: site, SiteURL: webURL(site.URL), Page: page}
}

// DocumentTitle is the title of the browser's window: what went wrong first.
func (f *frame) DocumentTitle() string {
	title := f.Title + " · " + f.Site.Name
	if len(f.errors) > 0 {
		return f.T.Label(f.T.ErrorPrefix) + " " + title
	}
	return title
}

// Isolate keeps a name from turning around the sentence that it stands in.
func (f *frame) Isolate(name string) string {
	return isolate(name, f.Dir)
}

// Asset is the URL of a file that Assets holds.
func (f *frame) Asset(name string) string {
	return f.assets(name)
}

// LookURL is that of the site's own colours and fonts, "" if it has none.
func (f *frame) LookURL() string {
	css := f.Site.PageStyle()
	if css == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(css))
	return f.assets(LookAsset) + hex.EncodeToString(sum[:4])
}

// Problem is the text that stands beside a field, empty where it is right.
func (f *frame) Problem(field string) string {
	return f.T.problem(f.errors[field])
}

// fieldProblem is one problem beside its field, or in the summary above.
type fieldProblem struct{ Field, Anchor, Text string }

// Field gives the problem of one field.
func (f *frame) Field(field string) fieldProblem {
	return fieldProblem{Field: field, Text: f.Problem(field)}
}

// Problems lists what is wrong in the order of the form; what belongs to no
// field that is shown comes first and links nowhere.
func (f *frame) Problems() []fieldProblem {
	order := f.order()
	var above, beside []fieldProblem
	for field := range f.errors {
		if text := f.Problem(field); text != "" && !slices.Contains(order, field) {
			above = append(above, fieldProblem{Field: field, Text: text})
		}
	}
	slices.SortFunc(above, func(a, b fieldProblem) int { return strings.Compare(a.Field, b.Field) })
	for _, field := range order {
		if text := f.Problem(field); text != "" {
			beside = append(beside, fieldProblem{Field: field, Anchor: f.anchor(field), Text: text})
		}
	}
	return append(above, beside...)
}

// order is that of the fields on the page.
func (f *frame) order() []string {
	order := []string{FieldTopics, FieldDigests, FieldLanguage, FieldFormat, FieldZone}
	for _, h := range f.hours() {
		order = append(order, h.Field())
	}
	switch f.Page.(type) {
	case *PreferencesPage:
		return []string{FieldEndDigests, FieldEndTopics}
	case *PersonalPage:
		return append(order, FieldName, FieldPauseUntil, FieldAddress, FieldSure)
	}
	return append([]string{FieldAddress, FieldName}, order...)
}

// hours are those to choose from on the page.
func (f *frame) hours() []HourChoice {
	switch p := f.Page.(type) {
	case *SubscribePage:
		return p.Hours
	case *PersonalPage:
		return p.Hours
	}
	return nil
}

// anchor is the id that a problem links to, empty for a field that the reader
// cannot change here.
func (f *frame) anchor(field string) string {
	if field == FieldDigests && f.OnlyDigest() != nil || field == FieldTopics && f.OnlyTopic() != nil {
		return ""
	}
	return field
}

// DetectZone reports whether the browser may preselect its own time zone:
// only while the reader has not chosen one.
func (f *frame) DetectZone() bool {
	p, ok := f.Page.(*SubscribePage)
	return ok && len(f.errors) == 0 && !p.ZoneChosen
}

// tongue is a language that pages may have.
type tongue struct {
	Tag, Name string // of the language in itself
	Dir       string
	Current   bool
}

// Tongues are the languages to choose from, none where there is no choice.
func (f *frame) Tongues() []tongue {
	if len(f.Site.Languages) < 2 {
		return nil
	}
	out := make([]tongue, len(f.Site.Languages))
	for i, tag := range f.Site.Languages {
		c := words(tag)
		out[i] = tongue{Tag: tag, Name: c.name, Dir: languageDirection(c.language), Current: sameTag(tag, f.Site.Language)}
	}
	return out
}

// OnlyDigest is the digest of a sign-up that leaves nothing to choose.
func (f *frame) OnlyDigest() *Choice {
	if p, ok := f.Page.(*SubscribePage); ok && len(p.Digests) == 1 {
		return &f.T.described(p.Digests)[0]
	}
	return nil
}

// OnlyTopic is the topic of a sign-up that has no other, or of a reader who has
// it and could have no other.
func (f *frame) OnlyTopic() *Choice {
	switch p := f.Page.(type) {
	case *SubscribePage:
		if len(p.Topics) == 1 {
			return &p.Topics[0]
		}
	case *PersonalPage:
		if len(p.Topics) == 1 && p.Topics[0].Checked {
			return &p.Topics[0]
		}
	}
	return nil
}

// choiceGroup is a set of boxes under one legend.
type choiceGroup struct {
	Field, Legend, Hint, Text string
	Choices                   []Choice
}

// Group puts choices under a legend.
func (f *frame) Group(field, legend, hint string, choices []Choice) choiceGroup {
	return choiceGroup{Field: field, Legend: legend, Hint: hint, Text: f.Problem(field), Choices: f.T.described(choices)}
}

// DescribedBy names the elements that explain the group to a screen reader.
func (g choiceGroup) DescribedBy() string {
	var ids []string
	if g.Hint != "" {
		ids = append(ids, g.Field+"-hint")
	}
	if g.Text != "" {
		ids = append(ids, g.Field+"-problem")
	}
	return strings.Join(ids, " ")
}

// sizeInWords tells octets shortly, such as "48 KB".
func sizeInWords(octets int) string {
	switch {
	case octets < 1000:
		return fmt.Sprintf("%d B", octets)
	case octets < 1_000_000:
		return fmt.Sprintf("%d KB", (octets+500)/1000)
	}
	return fmt.Sprintf("%.1f MB", float64(octets)/1e6)
}

func machineTime(t time.Time) string {
	return t.UTC().Format(time.RFC3339)
}
