package phrase

import (
	"iter"
	"unicode"
	"unicode/utf8"
)

// maxWord is how many bytes a word may have: longer ones are none.
const maxWord = 192

// span is the bytes of a word in a text.
type span struct{ start, end int }

// kind is what a character is to words.
type kind uint8

const (
	separator kind = iota
	letter         // or digit: part of a word
	single         // a word by itself, with the marks that follow
	mark           // part of the word before
	ignored        // invisible within a word
)

// each yields the words of a text.
func each(text string) iter.Seq[span] {
	return func(yield func(span) bool) {
		for i := 0; i < len(text); {
			start := i
			for i < len(text) && isPlain(text[i]) {
				i++
			}
			word := span{start, i}
			if i == len(text) || text[i] < utf8.RuneSelf {
				if i++; word.start == word.end {
					continue
				}
			} else if word, i = other(text, start); word.start == word.end {
				continue
			}
			if !yield(word) {
				return
			}
		}
	}
}

// other returns the word that begins at i, none unless one does, and where to
// go on. It is each for all characters.
func other(text string, i int) (word span, next int) {
	k, size := kindAt(text, i)
	word.start, word.end, next = i, i, i+size
	if k == separator || k == ignored {
		return word, next
	}
	word.end = next
	for ; next < len(text); next += size {
		var after kind
		if after, size = kindAt(text, next); after == separator || after == single || after == letter && k == single {
			break
		}
		if after != ignored {
			word.end = next + size
		}
	}
	return word, next
}

// isPlain reports whether a byte is a letter or digit of ASCII.
func isPlain(c byte) bool {
	lower := c | 0x20
	return lower >= 'a' && lower <= 'z' || c >= '0' && c <= '9'
}

// kindAt returns the kind and size of the character at i.
func kindAt(text string, i int) (kind, int) {
	c := text[i]
	if c < utf8.RuneSelf {
		if isPlain(c) {
			return letter, 1
		}
		return separator, 1
	}
	r, size := utf8.DecodeRuneInString(text[i:])
	return kindOf(r), size
}

// Characters that are not what Unicode's categories say.
const (
	softHyphen    = '\u00AD'
	modApostrophe = '\u02BC' // a letter, but written for an apostrophe
	zeroWidth     = '\u200B' // invisible, but ends a word
	longVowel     = 'ー'      // of no script, but among kana
)

func kindOf(r rune) kind {
	switch {
	case r < 0x250: // Latin
		if unicode.IsLetter(r) {
			return letter
		}
		if r == softHyphen {
			return ignored
		}
		return separator
	case r == modApostrophe || r == zeroWidth:
		return separator
	case unicode.IsMark(r):
		return mark
	case unicode.IsLetter(r):
		if r >= 0xE00 && (r == longVowel || unicode.In(r, unicode.Thai, unicode.Lao, unicode.Myanmar, unicode.Khmer,
			unicode.Hangul, unicode.Hiragana, unicode.Katakana, unicode.Han)) {
			return single
		}
		return letter
	case unicode.IsDigit(r):
		return letter
	case unicode.Is(unicode.Cf, r):
		return ignored
	}
	return separator
}
