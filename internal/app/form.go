package app

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"broadsheet/internal/config"
	"broadsheet/subscribers"
	"broadsheet/templates"
)

// PastedForm says which form is to be pasted into a page.
type PastedForm struct {
	Kind            string   // html, component or iframe
	Digests, Topics []string // slugs; none offers all
	Language        string   // one of the site's; "" for its first
	Name            bool     // ask for a name, too; a frame always does
}

// Draw writes the form of a configuration, without its database. An error is
// about what f asks for.
func (f *PastedForm) Draw(cfg *config.Config) (string, error) {
	site := templates.Site{Name: cfg.Site.Name, URL: cfg.Site.URL, Language: cfg.Site.Language, Languages: cfg.Site.Languages}
	set, err := newSetup(cfg, site)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrConfig, err)
	}
	for i := range set.Topics {
		set.Topics[i].ID = int64(i + 1)
	}
	c := newCatalog(set)
	if err := f.check(c, &site); err != nil {
		return "", err
	}
	e := &templates.EmbedForm{Site: site, PublicURL: cfg.Web.PublicURL, Query: f.query(), Name: f.Name}
	if f.Language != "" {
		e.Site = site.In(f.Language)
	}
	c = c.In(e.Site.Language).Narrow(f.Topics, f.Digests)
	for _, t := range c.Topics {
		e.Topics = append(e.Topics, templates.Choice{Slug: t.Slug, Name: t.Name, Description: t.Description})
	}
	for _, d := range c.Digests {
		e.Digests = append(e.Digests, templates.Choice{Slug: d.Slug, Name: d.Name, Often: d.Often})
		e.Zones = e.Zones || d.LocalTime
		if len(d.Hours) > 0 {
			e.Hours = append(e.Hours, templates.HourChoice{Slug: d.Slug, Digest: d.Name, Hours: d.Hours})
		}
	}
	return e.Draw(templates.EmbedKind(f.Kind))
}

// check refuses what is not configured, and topics that none of the digests has.
func (f *PastedForm) check(c *subscribers.Catalog, site *templates.Site) error {
	if err := c.CheckNarrow(f.Topics, f.Digests); err != nil {
		return err
	}
	if len(f.Topics)+len(f.Digests) > 0 && c.Narrow(f.Topics, f.Digests) == c {
		return fmt.Errorf("%s has none of the topics %s", strings.Join(f.Digests, " or "), strings.Join(f.Topics, ", "))
	}
	if f.Language != "" && !slices.Contains(site.Offered(), f.Language) {
		return fmt.Errorf("the site does not offer the language %q, only %s: see site.languages", f.Language, strings.Join(site.Offered(), ", "))
	}
	return nil
}

// query is what narrows the page that a frame shows.
func (f *PastedForm) query() string {
	q := url.Values{}
	for name, values := range map[string][]string{"digest": f.Digests, "topic": f.Topics} {
		if len(values) > 0 {
			q[name] = values
		}
	}
	if f.Language != "" {
		q.Set(templates.FieldLang, f.Language)
	}
	return q.Encode()
}
