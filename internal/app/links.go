package app

import (
	"broadsheet/digest"
	"broadsheet/internal/config"
)

// links are the addresses in mails that belong to no single reader.
func (a *App) links() digest.Links {
	return digest.Links{
		SignUp: a.Links.SignUp(), Public: digest.NewPublicLinks(a.Config.Web.PublicURL, a.Keys),
		CountClicks: a.Config.Links.CountClicks, Pixel: a.Config.Links.Pixel,
	}
}

// archive is what everybody may read, the zero value if that is nothing.
func (a *App) archive() digest.Archive {
	c := &a.Config.Archive
	if !c.Enabled {
		return digest.Archive{}
	}
	return digest.Archive{Digests: c.Digests, Delay: c.Delay, Letters: c.Letters, Partial: c.Partial}
}

// Archivist returns what keeps the public archive.
func (a *App) Archivist() *digest.Archivist {
	return digest.NewArchivist(a.Digests, a.Setup, a.archive(), a.Log)
}

// newLinkTags returns what links to stories get on some hosts, nil for nothing.
func newLinkTags(c *config.LinkTags, hosts []string) (*digest.LinkTags, error) {
	out := &digest.LinkTags{Overwrite: c.Overwrite, Hosts: hosts}
	for _, one := range []struct{ name, value string }{
		{"utm_source", c.Source}, {"utm_medium", c.Medium}, {"utm_campaign", c.Campaign}, {"utm_content", c.Content}, {"utm_term", c.Term},
	} {
		if one.value == "" {
			continue
		}
		tag, err := digest.ParseLinkTag(one.name, one.value)
		if err != nil {
			return nil, err
		}
		out.Tags = append(out.Tags, tag)
	}
	if out.Tags == nil {
		return nil, nil
	}
	return out, nil
}

// checkLinkTag is the rule of a parameter of links.
func checkLinkTag(name, value string) error {
	_, err := digest.ParseLinkTag(name, value)
	return err
}
