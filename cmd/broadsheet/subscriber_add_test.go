package main_test

import (
	"testing"

	"broadsheet/mail/sink"
)

// TestAddOfWhoLeft: an operator changes nothing of somebody who has left, sees what
// waits, and is told which ways lead back.
func TestAddOfWhoLeft(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t, settings{}, sink.Options{})
	const ann, ways = "ann@reader.example", `: without --confirmed the reader gets a mail and confirms.*PUT /api/v1/subscribers/ID`
	n.steps([]step{
		{args: "migrate"},
		{args: "subscriber add " + ann + " --confirmed --consent asked --dry-run", stdout: `^ann@reader.example can be added\n$`},
		{args: "subscriber add " + ann + " --confirmed --consent asked", stdout: `is active`},
		{args: "subscriber add " + ann + " --dry-run", code: 1, stderr: `active subscriber already`},
		{args: "--yes subscriber unsubscribe " + ann, stdout: `is unsubscribed`},
		{args: "subscriber add " + ann + " --confirmed --consent again", code: 1, stderr: `ann@reader.example: unsubscribed: the reader must sign up and confirm anew` + ways},
		{args: "subscriber add " + ann + " --name Eve --topic " + topicSlug(1), stdout: `^ann@reader.example is asked to confirm`},
		{args: "subscriber show " + ann, stdout: `(?s)state +unsubscribed\n.*\nasked +20[^\n]+, not confirmed: [^\n]+, name Eve`},
		{args: "subscriber data " + ann, stdout: `(?s)"asked": \{\s+"asked_at": "20[^}]*"name": "Eve",[^}]*"topics": \[\s+"` + topicSlug(1) + `"`},
		{args: "--yes subscriber erase " + ann, stdout: `^erased: reader`},
		{args: "subscriber add " + ann + " --confirmed --consent again --dry-run", code: 1, stderr: `the address was erased or given up by its reader, on 20\d\d-\d\d-\d\d` + ways},
		{args: "subscriber add " + ann + " --confirmed --consent again", code: 1, stderr: `the address was erased or given up by its reader, on 20\d\d-\d\d-\d\d` + ways},
		{args: "subscriber add " + ann, stdout: `^ann@reader.example is asked to confirm`},
	})
}
