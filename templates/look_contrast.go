package templates

import (
	"maps"
	"slices"
)

// Unreadable is a colour of a look with which some text of a theme cannot be read.
type Unreadable struct {
	Key, Value string // of the look, such as "accent" and "#ff8888"
	Dark       bool   // it is one for the dark
	Other      string // the variable that it stands on, or that stands on it, such as "paper"
	OtherValue string
	Contrast   float64 // of the two, rounded down to a tenth
	Needed     float64
	Nearest    string // the nearest shade of Value that can be read with all others, "" for none
}

// readable are the variables that text is drawn with, and what is behind it.
var readable = map[string][]string{
	"ink": {"paper", "page"}, "muted": {"paper", "page"}, "accent": {"paper", "page"}, "label": {"button"},
}

// Unreadable lists the colours of the look that make text of the theme unreadable,
// each once: with the other that it goes worst with. Colours of the theme itself are
// not looked at, for who wrote it knows what stands where.
func (t *Source) Unreadable() []Unreadable {
	v := t.variables()
	var out []Unreadable
	for _, dark := range []bool{false, true} {
		given := t.Look.Light
		if dark {
			given = t.Look.Dark
		}
		j := lookJudge{vars: v, dark: dark, given: given}
		for _, key := range slices.Sorted(maps.Keys(given)) {
			if u := j.judge(key); u != nil {
				out = append(out, *u)
			}
		}
	}
	return out
}

// variables are those of the theme with the values of its look.
func (t *Source) variables() variables {
	s := &source{files: map[string]string{}, own: map[string]bool{}, look: t.Look.full()}
	maps.Copy(s.files, t.Shared)
	for name, text := range t.Own {
		s.files[name], s.own[name] = text, true
	}
	var rules []cssRule
	var faults Faults // the compiler tells of them
	for _, file := range append(s.parts(".html"), digestFile+".html") {
		pieces, _ := scan(s.files[file], file, &faults)
		for _, p := range pieces {
			if p.kind == stylePiece {
				rules = append(rules, readCSS(p.text, file, p.line, &faults)...)
			}
		}
	}
	return readVariables(rules, s.look)
}

// lookJudge looks at the colours of a look in the light or in the dark.
type lookJudge struct {
	vars  variables
	dark  bool
	given map[string]string
}

func (j *lookJudge) colour(key string) (colour, bool) {
	value, ok := j.vars.get(key, j.dark)
	if !ok {
		return colour{}, false
	}
	return readColour(j.vars.resolve(value, j.dark, func(string) {}))
}

// judge finds what a given colour cannot be read with, nil for nothing. Where the
// look has both, the text is to be changed.
func (j *lookJudge) judge(key string) *Unreadable {
	others := readable[key]
	if others == nil {
		for _, text := range slices.Sorted(maps.Keys(readable)) {
			if slices.Contains(readable[text], key) && j.given[text] == "" {
				others = append(others, text)
			}
		}
	}
	own, ok := j.colour(key)
	if !ok {
		return nil
	}
	var worst *Unreadable
	var against []colour
	for _, other := range others {
		c, ok := j.colour(other)
		if !ok {
			continue
		}
		against = append(against, c)
		if got := contrastOf(own, c); got < leastContrast && (worst == nil || got < worst.Contrast) {
			worst = &Unreadable{
				Key: key, Value: j.given[key], Dark: j.dark, Other: other, OtherValue: c.String(),
				Contrast: got, Needed: leastContrast,
			}
		}
	}
	if worst != nil {
		worst.Contrast, worst.Nearest = floorTenth(worst.Contrast), nearestShade(own, against)
	}
	return worst
}

// nearestShade darkens or lightens a colour as little as it takes to be read with
// all others, "" if nothing helps.
func nearestShade(own colour, others []colour) string {
	const steps = 256
	for step := 1; step <= steps; step++ {
		share := float64(step) / steps
		for _, end := range []colour{{0, 0, 0, share}, {255, 255, 255, share}} {
			shade, ok := readColour(end.over(own).String()) // what is written, not what was meant
			if ok && !slices.ContainsFunc(others, func(other colour) bool { return contrastOf(shade, other) < leastContrast }) {
				return shade.String()
			}
		}
	}
	return ""
}
