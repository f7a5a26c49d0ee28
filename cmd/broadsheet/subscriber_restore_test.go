package main_test

import (
	"testing"
	"time"

	"broadsheet/mail/sink"
	"broadsheet/subscribers"
)

// TestRestoringReaders undoes what a scanner did, and nothing else.
func TestRestoringReaders(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		n := newNewsroom(t, settings{database: url}, sink.Options{})
		n.steps([]step{
			{args: "subscriber add ada@inbox.example --confirmed --consent asked", stdout: `is active`},
			{args: "subscriber add bo@inbox.example --confirmed --consent asked", stdout: `is active`},
			{args: "subscriber add cy@inbox.example --confirmed --consent asked", stdout: `is active`},
		})
		d := n.open()
		store := subscribers.NewStore(d, func() time.Time { return time.Now().Add(-time.Minute) })
		for reader, origin := range map[string]string{"ada@inbox.example": subscribers.OriginPage, "bo@inbox.example": subscribers.OriginOneClick, "cy@inbox.example": subscribers.OriginPage} {
			id := int64(count(t, d, `SELECT id FROM subscribers WHERE address = $1`, reader))
			left, err := store.Leave(t.Context(), id, 0, origin, "")
			if err != nil {
				t.Fatal(err)
			}
			if reader == "cy@inbox.example" { // a person
				continue
			}
			if err := store.MarkLeaving(t.Context(), id, left.At, subscribers.Marks{Links: 4, Machine: true}); err != nil {
				t.Fatal(err)
			}
		}
		n.steps([]step{
			{args: "subscriber restore", code: 2, stderr: `--since is missing`},
			{args: "subscriber restore --since never", code: 2, stderr: `--since: "never" is no time`},
			{args: "subscriber restore --since 2020-01-01 --until 2019-01-01", code: 2, stderr: `is not before`},
			{args: "subscriber restore --since 2020-01-01 --until 2021-01-01", stdout: `^Nobody left with the marks of a scanner, which are known`},
			{args: "subscriber restore --since 2020-01-01 --dry-run --output csv", stdout: `^left_at,address,digest,links_opened,machine\n20\S+Z,ada@inbox.example,daily,4,true\n$`},
			{args: "subscriber show ada@inbox.example", stdout: `unsubscribed`},
			{args: "subscriber restore --since 2020-01-01", code: 2, stderr: `Restore 1 subscription that scanners have ended\?.*Add --yes`},
			{args: "--yes subscriber restore --since 2020-01-01", stdout: `^1 subscription restored\n$`},
			{args: "subscriber show ada@inbox.example", stdout: `(?s)daily: active.*restored by command, digests=daily left=20\S+Z links=4`},
			{args: "subscriber show bo@inbox.example", stdout: `unsubscribed`},
			{args: "subscriber show cy@inbox.example", stdout: `unsubscribed`},
			{args: "--yes subscriber restore --since 2020-01-01", stdout: `^Nobody left with the marks of a scanner, which are known`},
		})
	})
}
