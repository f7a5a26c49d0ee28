package main_test

import (
	"testing"

	"broadsheet/mail/sink"
)

// TestListsHoldNoFormulas: names are what strangers type, and a list may be opened
// by a spreadsheet.
func TestListsHoldNoFormulas(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t, settings{}, sink.Options{})
	n.write("readers.csv", "email,name\na@reader.example,'=1+1\nb@reader.example,＝cmd\nc@reader.example,Ann\n")
	n.steps([]step{
		{args: "subscriber import readers.csv --confirmed --consent asked", stdout: `3 added`},
		{args: "subscriber list --output csv", stdout: `(?s)\n\d+,a@reader.example,'=1\+1,.*\n\d+,b@reader.example,'＝cmd,.*\n\d+,c@reader.example,Ann,`},
		{args: "subscriber list --output json", stdout: `"=1\+1"`},
	})
}
