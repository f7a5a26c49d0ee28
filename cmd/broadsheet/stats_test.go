package main_test

import (
	"strings"
	"testing"

	"broadsheet/internal/db"
)

func TestStats(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		n, d := bookkeeping(t, url)
		for verb, key := range map[string]string{"clicks": "count_clicks", "opens": "pixel"} {
			n.must("stats", verb).want(t, 0, "were counted. They are counted only while "+key+" in \\[links\\] is true.")
			unknown := n.run("stats", verb, "--edition", "daily/2026-11-24")
			unknown.want(t, 1, "")
			unknown.says(t, "there is no edition daily/2026-11-24")
			n.run("stats", verb, "--limit", "0").want(t, 2, "")
		}
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			for _, q := range []string{
				`INSERT INTO click_counts (edition_id, article_id, slot, position, hour, clicks, scanners) VALUES
					(1, 7, '', 1, 1, 3, 9), (1, 7, '', 1, 2, 4, 0), (1, 8, '', 2, 1, 1, 9), (1, 0, 'house-ad', 1, 1, 2, 8), (1, 0, '#more', 1, 1, 5, 0)`,
				`INSERT INTO open_counts (edition_id, hour, opens, scanners) VALUES (1, 1, 10, 2), (1, 2, 5, 0)`,
			} {
				if _, err := tx.Exec(t.Context(), q); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		want := "edition,position,clicks,scanners,slot,article,title,url,place\n" +
			"daily/2026-11-25,1,7,9,,7,,,\ndaily/2026-11-25,2,1,9,,8,,,\ndaily/2026-11-25,1,5,0,,0,,,more\ndaily/2026-11-25,1,2,8,house-ad,0,,,\n"
		if got := n.must("--output", "csv", "stats", "clicks", "--edition", "daily/2026-11-25").stdout; got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
		if got := n.must("--output", "csv", "stats", "opens").stdout; got != "edition,opens_unreliable,scanners\ndaily/2026-11-25,15,2\n" {
			t.Errorf("got\n%s", got)
		}
		if got := n.must("stats", "opens").stdout; !strings.Contains(got, "OPENS UNRELIABLE") {
			t.Errorf("got\n%s", got)
		}
	})
}
