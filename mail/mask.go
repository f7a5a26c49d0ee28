package mail

import "strings"

// MaskAddresses puts "(address)" in place of whatever in a text may be an address: servers repeat in their replies whom
// a message is for.
func MaskAddresses(text string) string {
	if !mayHoldAddress(text) {
		return text
	}
	var out strings.Builder
	for text != "" {
		end := strings.IndexAny(text, " \t,;:<>()[]{}|")
		if end < 0 {
			end = len(text)
		}
		if word := text[:end]; mayHoldAddress(word) {
			out.WriteString("(address)")
		} else {
			out.WriteString(word)
		}
		if end < len(text) {
			out.WriteByte(text[end])
			end++
		}
		text = text[end:]
	}
	return out.String()
}

func mayHoldAddress(text string) bool {
	return strings.Contains(text, "@") || strings.Contains(text, "%40")
}
