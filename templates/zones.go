package templates

import (
	htmltemplate "html/template"
	"strings"
)

// ZoneOptions are the time zones to choose from. They are some 400 on most
// pages, which a template takes a millisecond for.
func (f *frame) ZoneOptions() htmltemplate.HTML {
	var zones []string
	var chosen string
	switch p := f.Page.(type) {
	case *SubscribePage:
		zones, chosen = p.Zones, p.Zone
	case *PersonalPage:
		zones, chosen = p.Zones, p.Zone
	}
	var b strings.Builder
	for _, zone := range zones {
		b.WriteString("\n\t\t<option")
		if zone == chosen {
			b.WriteString(" selected")
		}
		b.WriteByte('>')
		b.WriteString(htmltemplate.HTMLEscapeString(zone))
		b.WriteString("</option>")
	}
	return htmltemplate.HTML(b.String())
}
