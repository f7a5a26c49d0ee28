package subscribers

import (
	"maps"
	"slices"
	"strings"

	"broadsheet/templates"
)

// hours are those that a reader asks for, by digest id; "" is the digest's own.
type hours map[int64]string

// hoursOf reads hours as files and commands give them: "06:30" for all of the
// digests that offer it, which must be one at least, "daily=06:30" for one
// digest, and "daily=" for the time of the digest itself.
func (c *Catalog) hoursOf(texts []string, digests []*Digest) (hours, error) {
	asked := hours{}
	for _, text := range texts {
		slug, hour, one := strings.Cut(text, "=")
		if !one {
			if err := asked.forAll(text, digests); err != nil {
				return nil, err
			}
			continue
		}
		of, err := c.digestsOf([]string{slug})
		if err != nil {
			return nil, err
		}
		for _, d := range of {
			if !slices.Contains(digests, d) {
				return nil, flawed(templates.ProblemHourUnknown, "an hour for %s, which is not among the chosen digests", d.Name)
			}
			if hour != "" && d.hourFor(hour) == "" {
				return nil, noSuchHour(hour, []*Digest{d})
			}
			asked[d.ID] = hour
		}
	}
	return asked, nil
}

// forAll asks for an hour of each digest that offers it.
func (h hours) forAll(hour string, digests []*Digest) error {
	found := false
	for _, d := range digests {
		if own := d.hourFor(hour); own != "" {
			h[d.ID], found = own, true
		}
	}
	if !found {
		return noSuchHour(hour, digests)
	}
	return nil
}

// noSuchHour says which hours there are.
func noSuchHour(hour string, digests []*Digest) error {
	var offers []string
	for _, d := range digests {
		if len(d.Hours) > 0 {
			offers = append(offers, d.Name+" at "+strings.Join(d.Hours, ", "))
		}
	}
	if len(offers) == 0 {
		return flawed(templates.ProblemHourUnknown, "no hour %q: none of the digests has hours to choose from", shorten(hour))
	}
	return flawed(templates.ProblemHourUnknown, "no hour %q: there is %s", shorten(hour), strings.Join(offers, "; "))
}

// describeHours lists what readers asked for that is not the digest's own.
func (c *Catalog) describeHours(w choices) []string {
	var own []string
	for _, d := range w.digests {
		if hour := w.hours[d.ID]; hour != "" {
			own = append(own, d.Slug+"="+hour)
		}
	}
	return own
}

// and returns h with what more says, which wins.
func (h hours) and(more hours) hours {
	both := maps.Clone(h)
	if both == nil {
		both = hours{}
	}
	maps.Copy(both, more)
	return both
}

func (c *Catalog) hasHours() bool {
	return slices.ContainsFunc(c.Digests, func(d Digest) bool { return len(d.Hours) > 0 })
}
