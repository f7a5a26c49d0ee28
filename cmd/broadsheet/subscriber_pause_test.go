package main_test

import (
	"testing"

	"broadsheet/mail/sink"
)

// TestReadersRhythmThroughCommands gives a reader attributes and an hour, and
// pauses and resumes.
func TestReadersRhythmThroughCommands(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		more := "\n[[attribute]]\nname = \"tier\"\nvalues = [\"free\", \"paid\"]\n\n[[digest]]\nslug = \"local\"\nschedule = \"0 7 * * *\"\nlocal_time = true\nhours = [\"06:30\", \"18:00\"]\n"
		n := newNewsroom(t, settings{database: url, more: more}, sink.Options{})
		n.steps([]step{
			{args: "subscriber add ada@inbox.example --digest local --hour 06:31 --confirmed --consent asked", code: 2, stderr: `no hour "06:31": there is local at 06:30, 18:00`},
			{args: "subscriber add ada@inbox.example --digest local --attribute tier=gold", code: 2, stderr: `unknown tier "gold", want one of free, paid`},
			{args: "subscriber add ada@inbox.example --digest local --timezone Asia/Tokyo --hour 06:30 --attribute tier=paid --confirmed --consent asked", stdout: `is active`},
			{args: "subscriber show ada@inbox.example", stdout: `(?s)tier=paid.*zone Asia/Tokyo, hour 06:30`},
			{args: "subscriber list", stdout: `tier=paid`},
			{args: "subscriber export", stdout: `language,hour,tier\nada@inbox.example,.*,local=06:30,paid\n`},
			{args: "subscriber pause ada@inbox.example", code: 2, stderr: `--until DATE`},
			{args: "subscriber pause ada@inbox.example --until 2020-01-01", code: 2, stderr: `has passed`},
			{args: "subscriber pause ada@inbox.example --until 2020-01-01 --dry-run", code: 2, stderr: `has passed`},
			{args: "subscriber pause ada@inbox.example --until 2099-01-01 --digest daily", code: 1, stderr: `daily: the reader has no such subscription`},
			{args: "subscriber pause bo@inbox.example --until 2099-01-01", code: 1, stderr: `unknown subscriber`},
			{args: "subscriber pause ada@inbox.example --until 2099-01-01 --dry-run", stdout: `would be paused until 2098-12-31T15:00:00Z: all digests`},
			{args: "subscriber pause ada@inbox.example --until 2099-01-01 --digest local", stdout: `is paused until 2098-12-31T15:00:00Z: local`},
			{args: "subscriber show ada@inbox.example", stdout: `(?s)hour 06:30, paused until 2098-12-31.*paused by command`},
			{args: "subscriber resume ada@inbox.example", stdout: `is not paused: all digests`},
			{args: "subscriber show ada@inbox.example", stdout: `(?s)hour 06:30\n.*resumed by command`},
		})
	})
}
