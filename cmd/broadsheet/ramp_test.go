package main_test

import (
	"testing"
	"time"

	"broadsheet/mail/sink"
)

// TestRampThroughCommands warms up a domain: one mail a day to each provider at first.
func TestRampThroughCommands(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		n := newNewsroom(t, settings{database: url, more: "\n[mail.ramp]\nstart = \"" + time.Now().UTC().Format(time.DateOnly) + "\"\nfirst = 1\ngrowth = 1.0\ndays = 300\n"}, sink.Options{})
		n.write("readers.csv", "email\nada@inbox.example\nbo@gmail.com\ncy@paper.example\n")
		n.steps([]step{
			{args: "subscriber import readers.csv --confirmed --consent list", stdout: `3 added`},
			{args: "article add --url https://courier.example/topic-0/1 --title One", stdout: `1 new`},
			{args: "subscriber export --not-admitted", stdout: `(?s)ada@inbox.example.*bo@gmail.com.*cy@paper.example`},
			{args: "digest send daily --now", stdout: `due 3 = sent 2 .* skipped 1 .* pending 0\n  skipped 1: not-admitted`},
			{args: "subscriber export --not-admitted", stdout: `^email,[^\n]*\ncy@paper.example,[^\n]*\n$`},
			{args: "digest preview daily --for cy@paper.example", stdout: `would not be sent to this reader: not-admitted`},
			{args: "digest plan daily --dry-run", stdout: `1 skipped: not-admitted`},
		})
	})
}
