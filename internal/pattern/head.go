package pattern

import (
	"regexp/syntax"
	"slices"
	"unicode"
)

// The most that is kept of what a pattern can begin with.
const (
	headRunes = 4   // of each beginning
	mostHeads = 100 // more beginnings are no help
	mostRunes = 4   // that a class stands for one by one
)

// head is one beginning of all that a pattern matches, with its runes folded.
type head struct {
	runes []rune
	class []rune // pairs of the runes that may come then, not folded; nil for any and for none
	whole bool   // what comes after the runes is open, so more may be added; else they are all that is known
}

// start is the beginning of a text.
type start struct {
	runes  [headRunes + 1]rune
	folded [headRunes + 1]rune
	n      int
}

func folded(text string) start {
	var s start
	for _, r := range text {
		if s.n == len(s.runes) {
			break
		}
		s.runes[s.n], s.folded[s.n] = r, foldRune(r)
		s.n++
	}
	return s
}

// foldRune returns the least of the runes that differ in case alone.
func foldRune(r rune) rune {
	if 'a' <= r && r <= 'z' {
		return r - 'a' + 'A'
	}
	if r < unicode.MaxASCII {
		return r
	}
	least := r
	for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
		least = min(least, other)
	}
	return least
}

// begins reports whether a text begins so.
func (h *head) begins(s start) bool {
	if s.n < len(h.runes) || !slices.Equal(s.folded[:len(h.runes)], h.runes) {
		return false
	}
	return h.class == nil || s.n > len(h.runes) && inClass(h.class, s.runes[len(h.runes)])
}

func inClass(class []rune, r rune) bool {
	for i := 0; i+1 < len(class); i += 2 {
		if class[i] <= r && r <= class[i+1] {
			return true
		}
	}
	return false
}

// headsOf returns the beginnings of all that an expression matches, none where
// they tell nothing: it may match anywhere in a text, or begin with anything.
func headsOf(expression string) []head {
	parsed, err := syntax.Parse(expression, syntax.Perl)
	if err != nil || !isAnchored(parsed) {
		return nil
	}
	heads := beginnings(parsed)
	open := func(h head) bool { return len(h.runes) == 0 && h.class == nil }
	if len(heads) > mostHeads || slices.ContainsFunc(heads, open) {
		return nil
	}
	return heads
}

func isAnchored(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpBeginText:
		return true
	case syntax.OpConcat, syntax.OpCapture:
		return isAnchored(re.Sub[0])
	case syntax.OpAlternate:
		return !slices.ContainsFunc(re.Sub, func(sub *syntax.Regexp) bool { return !isAnchored(sub) })
	}
	return false
}

// beginnings returns the beginnings of what a part of an expression matches.
func beginnings(re *syntax.Regexp) []head {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginText, syntax.OpBeginLine, syntax.OpEndText, syntax.OpEndLine, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return []head{{whole: true}}
	case syntax.OpLiteral:
		h := head{whole: len(re.Rune) <= headRunes}
		for _, r := range re.Rune[:min(len(re.Rune), headRunes)] {
			h.runes = append(h.runes, foldRune(r))
		}
		return []head{h}
	case syntax.OpCharClass:
		return classHeads(re.Rune)
	case syntax.OpCapture:
		return beginnings(re.Sub[0])
	case syntax.OpPlus:
		return unfinished(beginnings(re.Sub[0]))
	case syntax.OpStar:
		return append(unfinished(beginnings(re.Sub[0])), head{whole: true})
	case syntax.OpQuest:
		return append(beginnings(re.Sub[0]), head{whole: true})
	case syntax.OpRepeat:
		heads := unfinished(beginnings(re.Sub[0]))
		if re.Min == 0 {
			heads = append(heads, head{whole: true})
		}
		return heads
	case syntax.OpConcat:
		return concatHeads(re.Sub)
	case syntax.OpAlternate:
		var heads []head
		for _, sub := range re.Sub {
			heads = append(heads, beginnings(sub)...)
		}
		return heads
	}
	return []head{{}} // any rune, or what cannot match
}

func classHeads(class []rune) []head {
	var heads []head
	for i := 0; i+1 < len(class); i += 2 {
		for r := class[i]; r <= class[i+1]; r++ {
			one := []rune{foldRune(r)}
			if !slices.ContainsFunc(heads, func(h head) bool { return slices.Equal(h.runes, one) }) {
				heads = append(heads, head{runes: one, whole: true})
			}
			if len(heads) > mostRunes {
				return []head{{class: class}}
			}
		}
	}
	return heads
}

func unfinished(heads []head) []head {
	for i := range heads {
		heads[i].whole = false
	}
	return heads
}

// concatHeads puts the beginnings of parts that follow each other together.
func concatHeads(parts []*syntax.Regexp) []head {
	heads := []head{{whole: true}}
	for _, part := range parts {
		if !slices.ContainsFunc(heads, func(h head) bool { return h.whole }) {
			break
		}
		var longer []head
		next := beginnings(part)
		for _, h := range heads {
			if !h.whole {
				longer = append(longer, h)
				continue
			}
			for _, n := range next {
				longer = append(longer, h.then(n))
			}
		}
		if heads = longer; len(heads) > mostHeads {
			return []head{{}}
		}
	}
	return heads
}

// then is a beginning with the next one after it.
func (h *head) then(next head) head {
	runes := slices.Concat(h.runes, next.runes)
	if len(runes) > headRunes || len(runes) == headRunes && next.class != nil {
		return head{runes: runes[:min(len(runes), headRunes)]}
	}
	return head{runes: runes, class: next.class, whole: next.whole}
}
