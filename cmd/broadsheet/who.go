package main

import (
	"cmp"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// steers reports whether a character is none to see, but steers a terminal or
// turns letters around.
func steers(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }

// byFlag adds the flag that says who makes a change.
func byFlag(cmd *cobra.Command, by *string) {
	cmd.Flags().StringVar(by, "by", "", "`NAME` of who makes the change, for the record (default: the login's)")
}

// who is the name under which a change is put on record: what --by says, else
// the login's name and the host's, such as "maria@desk1".
func (e *env) who(by string) (string, error) {
	if by = strings.TrimSpace(by); by != "" {
		if strings.ContainsFunc(by, steers) || utf8.RuneCountInString(by) > 100 {
			return "", usagef("--by: a name is one line of at most 100 characters")
		}
		return by, nil
	}
	var user, logname string
	for _, pair := range e.environ {
		switch name, value, _ := strings.Cut(pair, "="); name {
		case "USER":
			user = value
		case "LOGNAME":
			logname = value
		}
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return cmp.Or(user, logname, "operator") + "@" + host, nil
}
