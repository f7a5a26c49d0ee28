package templates

import (
	"unicode"
)

// wordsMinute is how many words people read in a minute, of news on a screen.
const wordsMinute = 230

// charactersWord is how many characters of a script without spaces take as long
// as a word.
const charactersWord = 2

// wordCount is the words of a text; scripts that put no spaces between words
// are counted by their characters.
func wordCount(s string) int {
	words, characters := 0, 0
	inWord := false
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer):
			characters++
			inWord = false
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if !inWord {
				words++
			}
			inWord = true
		case unicode.IsSpace(r):
			inWord = false
		}
	}
	return words + (characters+charactersWord-1)/charactersWord
}

// minutes is how long so many words take to read, at least one minute.
func minutes(words int) int {
	return max((words+wordsMinute-1)/wordsMinute, 1)
}

// wordCount is the words of a text.
func (p *Prose) wordCount() int {
	if p == nil {
		return 0
	}
	return blockWords(p.blocks)
}

func blockWords(blocks []block) int {
	n := 0
	for i := range blocks {
		n += wordCount(blocks[i].plain()) + blockWords(blocks[i].blocks)
	}
	return n
}
