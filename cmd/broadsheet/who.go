package main

import (
	"cmp"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// byFlag adds the flag that says who makes a change.
func byFlag(cmd *cobra.Command, by *string) {
	cmd.Flags().StringVar(by, "by", "", "`NAME` of who makes the change, for the record (default: the login's)")
}

// who is the name under which a change is put on record: what --by says, else
// the login's name and the host's, such as "maria@desk1".
func (e *env) who(by string) (string, error) {
	if by != "" {
		if strings.ContainsFunc(by, unicode.IsControl) || utf8.RuneCountInString(by) > 100 {
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
