package subscribers

import (
	"fmt"
	"strings"
)

// Format is how a reader wants mails.
type Format string

// The formats.
const (
	FormatHTML Format = ""     // in both parts: HTML, and the text for programs that show none
	FormatText Format = "text" // the text alone
)

// String returns the name of the format as forms and files have it.
func (f Format) String() string {
	if f == FormatHTML {
		return "html"
	}
	return string(f)
}

// MarshalText writes the name, for JSON.
func (f Format) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// ParseFormat reads what String writes, in any case; "" is FormatHTML.
func ParseFormat(s string) (Format, error) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "", "html":
		return FormatHTML, nil
	case "text":
		return FormatText, nil
	}
	return "", fmt.Errorf("unknown format %q, want html or text", shorten(s))
}
