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
			{args: "subscriber export", stdout: `language,mail_format,hour,paused_until,tier\nada@inbox.example,.*,local=06:30,,paid\n`},
			{args: "subscriber pause ada@inbox.example", code: 2, stderr: `--until DATE`},
			{args: "subscriber pause ada@inbox.example --until 2020-01-01", code: 2, stderr: `has passed`},
			{args: "subscriber pause ada@inbox.example --until 2020-01-01 --dry-run", code: 2, stderr: `has passed`},
			{args: "subscriber pause ada@inbox.example --until 2099-01-01 --digest daily", code: 1, stderr: `daily: the reader has no such subscription`},
			{args: "subscriber pause bo@inbox.example --until 2099-01-01", code: 1, stderr: `unknown subscriber`},
			{args: "subscriber pause ada@inbox.example --until 2099-01-01 --dry-run", stdout: `would be paused until 2098-12-31T15:00:00Z: all digests`},
			{args: "subscriber pause ada@inbox.example --until 2099-01-01 --digest local", stdout: `is paused until 2098-12-31T15:00:00Z: local`},
			{args: "subscriber show ada@inbox.example", stdout: `(?s)hour 06:30, paused until 2098-12-31.*paused by command`},
			{args: "subscriber export", stdout: `,local=06:30,local=2098-12-31T15:00:00Z,paid\n`},
			{args: "subscriber resume ada@inbox.example", stdout: `is not paused: all digests`},
			{args: "subscriber show ada@inbox.example", stdout: `(?s)hour 06:30\n.*resumed by command`},
		})
	})
}

// TestChangingAReader changes what an operator may change of a reader.
func TestChangingAReader(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		more := "\n[[attribute]]\nname = \"tier\"\nvalues = [\"free\", \"paid\"]\n\n[[digest]]\nslug = \"local\"\nschedule = \"0 7 * * *\"\nlocal_time = true\nhours = [\"06:30\", \"18:00\"]\n"
		n := newNewsroom(t, settings{database: url, more: more}, sink.Options{})
		n.steps([]step{
			{args: "subscriber add ada@inbox.example --digest local --confirmed --consent asked", stdout: `is active`},
			{args: "subscriber change ada@inbox.example", code: 2, stderr: `say what to change, with --hour, --attribute, --timezone, --language or --format`},
			{args: "subscriber change ada@inbox.example --format pdf", code: 2, stderr: `unknown format "pdf", want html or text`},
			{args: "subscriber change ada@inbox.example --format text --dry-run", stdout: `would be changed: format=text`},
			{args: "subscriber change ada@inbox.example --timezone UTC --digest local", code: 2, stderr: `--digest goes with --hour`},
			{args: "subscriber change ada@inbox.example --hour 06:31", code: 2, stderr: `hour: no hour "06:31": there is local at 06:30, 18:00`},
			{args: "subscriber change ada@inbox.example --hour 06:30 --digest daily", code: 2, stderr: `not among the chosen digests`},
			{args: "subscriber change ada@inbox.example --hour 06:30 --digest nope", code: 2, stderr: `unknown digest "nope"`},
			{args: "subscriber change ada@inbox.example --attribute tier=gold", code: 2, stderr: `unknown tier "gold", want one of free, paid`},
			{args: "subscriber change ada@inbox.example --attribute tear=paid", code: 2, stderr: `unknown attribute "tear", did you mean "tier"`},
			{args: "subscriber change ada@inbox.example --timezone Mars/Olympus", code: 2, stderr: `unknown time zone "Mars/Olympus"`},
			{args: "subscriber change ada@inbox.example --language 'no tag'", code: 2, stderr: `language`},
			{args: "subscriber change bo@inbox.example --language de", code: 1, stderr: `bo@inbox.example: unknown subscriber`},
			{args: "subscriber change 'ada @ inbox' --language de", code: 1, stderr: `ada @ inbox: `},
			{args: "subscriber change ada@inbox.example --hour 06:30 --digest local --attribute tier=paid --timezone Asia/Tokyo --language de --dry-run",
				stdout: `^ada@inbox.example would be changed: timezone=Asia/Tokyo language=de attributes=tier=paid hours=local=06:30\n$`},
			{args: "subscriber show ada@inbox.example", stdout: `(?s)zone UTC\n`},
			{args: "subscriber change ada@inbox.example --hour 06:30 --digest local --attribute tier=paid --timezone Asia/Tokyo --language de",
				stdout: `^ada@inbox.example changed: timezone=Asia/Tokyo language=de attributes=tier=paid hours=local=06:30\n$`},
			{args: "subscriber change ada@inbox.example --hour 06:30 --attribute tier=paid", stdout: `is so already: nothing to change\n$`},
			{args: "subscriber show ada@inbox.example", stdout: `(?s)language +de\n.*tier=paid.*zone Asia/Tokyo, hour 06:30.*changed by command, timezone=Asia/Tokyo language=de attributes=tier=paid hours=local=06:30\n`},
			{args: "subscriber change ada@inbox.example --hour ''", stdout: `changed: hours=local=\n$`},
			{args: "subscriber change ada@inbox.example --timezone ''", stdout: `changed: timezone=\n$`},
			{args: "subscriber show ada@inbox.example", stdout: `(?s)local: active, topics \S+, zone UTC\n`},
			{args: "--yes subscriber unsubscribe ada@inbox.example", stdout: `unsubscribed`},
			{args: "subscriber change ada@inbox.example --language en", code: 1, stderr: `unsubscribed`},
		})
	})
}
