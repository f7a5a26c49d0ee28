package preview

import (
	"regexp"

	"broadsheet/templates"
)

var (
	darkCondition  = regexp.MustCompile(`\(\s*prefers-color-scheme\s*:\s*dark\s*\)`)
	lightCondition = regexp.MustCompile(`\(\s*prefers-color-scheme\s*:\s*light\s*\)`)
	bothSchemes    = regexp.MustCompile(`((?:content="|color-scheme\s*:\s*))light dark`)
	head           = regexp.MustCompile(`(?i)<head[^>]*>`)
	anyPicture     = regexp.MustCompile(`(?i)(<img\s[^>]*?\bsrc=")[^"]*`)
	samplePicture  = regexp.MustCompile(regexp.QuoteMeta(templates.SamplePictures))
)

// Conditions that always hold, and never.
const (
	always = "(min-width:0)"
	never  = "(max-width:0)"
)

// additions let links open in another tab, and keep the mail as wide as its
// frame where that cannot show all of it.
const additions = `<base target="_blank"><style>html{scrollbar-width:none}</style>`

// seen is the HTML of a mail as somebody sees it whose mail program is light or
// dark, whatever the browser here is, and may block pictures.
func seen(html string, dark, blocked bool) string {
	scheme, inDark, inLight := "light", never, always
	if dark {
		scheme, inDark, inLight = "dark", always, never
	}
	html = darkCondition.ReplaceAllLiteralString(html, inDark)
	html = lightCondition.ReplaceAllLiteralString(html, inLight)
	html = bothSchemes.ReplaceAllString(html, "${1}"+scheme)
	html = head.ReplaceAllString(html, `${0}`+additions)
	if blocked {
		return anyPicture.ReplaceAllString(html, "${1}/nothing")
	}
	return samplePicture.ReplaceAllLiteralString(html, "/picture/")
}
