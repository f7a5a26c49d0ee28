package subscribers

import (
	"fmt"
	"slices"
	"strings"
)

// labels give the lists, tags and plans of another tool a meaning here. Those
// that are called like a topic or a digest need none.
type labels struct {
	catalog *Catalog
	given   map[string]labelMeaning // by folded label
	unknown map[string]int64        // labels without a meaning, and in how many rows
}

type labelMeaning struct{ topic, digest, attribute, value string }

// mostLabels is how many labels without a meaning are told.
const mostLabels = 1000

// newLabels reads a mapping such as "Politics=topic:world", "Weekend
// list=digest:weekly", "Premium=attribute:tier=paid" or "spring campaign=", which
// means nothing.
func newLabels(c *Catalog, mapping []string) (*labels, error) {
	l := &labels{catalog: c, given: map[string]labelMeaning{}, unknown: map[string]int64{}}
	for _, entry := range mapping {
		label, target, ok := strings.Cut(entry, "=")
		if !ok || strings.TrimSpace(label) == "" {
			return nil, fmt.Errorf("the mapping %q is not LABEL=topic:SLUG, LABEL=digest:SLUG, LABEL=attribute:NAME=VALUE or LABEL=", shorten(entry))
		}
		meaning, err := c.meaning(target)
		if err != nil {
			return nil, fmt.Errorf("the mapping of %q: %w", shorten(label), err)
		}
		l.given[foldLabel(label)] = meaning
	}
	return l, nil
}

func (c *Catalog) meaning(target string) (m labelMeaning, err error) {
	kind, rest, _ := strings.Cut(target, ":")
	switch {
	case target == "":
	case kind == "topic":
		m.topic = rest
		_, err = c.topicsOf([]string{rest})
	case kind == "digest":
		m.digest = rest
		_, err = c.digestsOf([]string{rest})
	case kind == "attribute":
		m.attribute, m.value, _ = strings.Cut(rest, "=")
		_, err = c.attributesOf([]string{rest})
	default:
		err = fmt.Errorf("unknown target %q, want topic:SLUG, digest:SLUG, attribute:NAME=VALUE or nothing", shorten(target))
	}
	return m, err
}

func foldLabel(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// of finds what a label means.
func (l *labels) of(label string) (labelMeaning, bool) {
	folded := foldLabel(label)
	if m, ok := l.given[folded]; ok {
		return m, true
	}
	for _, t := range l.catalog.Topics {
		if folded == strings.ToLower(t.Slug) || folded == strings.ToLower(t.Name) {
			return labelMeaning{topic: t.Slug}, true
		}
	}
	for _, d := range l.catalog.Digests {
		if folded == strings.ToLower(d.Slug) || folded == strings.ToLower(d.Name) {
			return labelMeaning{digest: d.Slug}, true
		}
	}
	return labelMeaning{}, false
}

// translate gives what a row's labels mean together. What has no meaning is
// noted, and no reason to refuse the row.
func (l *labels) translate(tags []string) (topics, digests []string, attributes map[string]string) {
	attributes = map[string]string{}
	for _, tag := range tags {
		m, ok := l.of(tag)
		switch {
		case !ok:
			if _, known := l.unknown[tag]; known || len(l.unknown) < mostLabels {
				l.unknown[strings.Clone(shorten(tag))]++
			}
		case m.topic != "" && !slices.Contains(topics, m.topic):
			topics = append(topics, m.topic)
		case m.digest != "" && !slices.Contains(digests, m.digest):
			digests = append(digests, m.digest)
		case m.attribute != "":
			attributes[m.attribute] = m.value
		}
	}
	return topics, digests, attributes
}
