package subscribers

import (
	"fmt"
	"slices"
	"strings"
)

// Narrow returns what the catalog has of the given topics and digests by their
// slugs, for a form that offers nothing else: of topics alone the digests that
// have one of them, of digests alone the topics that one of them has. What is not
// configured says nothing, and of no slugs everything is left.
func (c *Catalog) Narrow(topics, digests []string) *Catalog {
	out := *c
	if some := slices.DeleteFunc(slices.Clone(c.Digests), func(d Digest) bool { return !slices.Contains(digests, d.Slug) }); len(some) > 0 {
		out.Digests = some
	}
	if some := slices.DeleteFunc(slices.Clone(c.Topics), func(t Topic) bool { return !slices.Contains(topics, t.Slug) }); len(some) > 0 {
		out.Topics = some
	}
	if len(out.Digests) < len(c.Digests) {
		out.Topics = slices.DeleteFunc(slices.Clone(out.Topics), func(t Topic) bool {
			return !slices.ContainsFunc(out.Digests, func(d Digest) bool { return slices.Contains(d.Topics, t.ID) })
		})
	} else if len(out.Topics) < len(c.Topics) {
		out.Digests = slices.DeleteFunc(slices.Clone(out.Digests), func(d Digest) bool {
			return !slices.ContainsFunc(out.Topics, func(t Topic) bool { return slices.Contains(d.Topics, t.ID) })
		})
	}
	if len(out.Topics) == 0 || len(out.Digests) == 0 { // they do not go together
		return c
	}
	return &out
}

// CheckNarrow refuses slugs for Narrow that are not configured, and names those
// that are.
func (c *Catalog) CheckNarrow(topics, digests []string) error {
	for _, kind := range []struct {
		name        string
		asked, have []string
	}{{"digest", digests, c.digestSlugs()}, {"topic", topics, c.topicSlugs()}} {
		for _, slug := range kind.asked {
			if !slices.Contains(kind.have, slug) {
				return fmt.Errorf("unknown %s %q: the configuration has %s%s", kind.name, shorten(slug), strings.Join(kind.have, ", "), DidYouMean(slug, kind.have))
			}
		}
	}
	return nil
}
