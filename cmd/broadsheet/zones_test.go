package main_test

import (
	"fmt"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/mail/sink"
)

// TestSendWithLaterZones: what is not due yet is no failure, and is said; what
// failed is one all the same.
func TestSendWithLaterZones(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		slot := time.Now().UTC().Truncate(time.Minute)
		more := fmt.Sprintf("\n[[digest]]\nslug = \"zones\"\nschedule = \"%d %d * * *\"\nlocal_time = true\ncutoff = \"90m\"\nexpire_after = \"24h\"\n", slot.Minute(), slot.Hour())
		n := newNewsroom(t, settings{database: url, more: more}, sink.Options{Hook: func(e sink.Event) sink.Action {
			if e.Phase == sink.PhaseRcpt && e.To == "gone@inbox.example" {
				return sink.Action{Reply: "550 5.1.1 no such user"}
			}
			return sink.Action{}
		}})
		n.write("readers.csv", "email,digests,timezone\n"+
			"now@inbox.example,zones,UTC\nsoon@inbox.example,zones,Etc/GMT+1\nsoon2@inbox.example,zones,Etc/GMT+1\nlate@inbox.example,zones,Etc/GMT+5\n")
		n.must(split("subscriber import readers.csv --confirmed --consent list")...)
		n.must(split("article add --url https://courier.example/topic-0/1 --title One")...)
		n.must("digest", "plan", "zones")
		n.due("zones", "UTC", slot)
		next := slot.Add(time.Hour).Format("2006-01-02T15:04") + ":00Z"
		key := "zones/" + slot.Format(time.DateOnly)
		n.steps([]step{
			{args: "digest send zones", stdout: `^` + key + `: due 3 = sent 1 .* pending 2\n  2 runs wait for their hour, next at ` + next +
				`: broadsheet serve sends then, or broadsheet digest send zones\n$`, stderr: `^[^!]*$`},
			{args: "digest send zones", stdout: `: due 3 = sent 1 .* pending 2\n  2 runs wait`},
		})
		n.must(split("subscriber add gone@inbox.example --digest zones --timezone Africa/Abidjan --confirmed --consent desk")...)
		n.must("digest", "plan", "zones")
		n.due("zones", "Africa/Abidjan", slot)
		n.steps([]step{
			{args: "digest send zones", code: 4, stdout: `: due 4 = sent 1 \+ failed 1 .* pending 2\n(.|\n)*  2 runs wait`,
				stderr: `1 failed, 0 expired, 0 uncertain, 0 pending: see broadsheet delivery list --edition ` + key},
		})
	})
}

// due makes a cohort due at a slot.
func (n *newsroom) due(digest, zone string, slot time.Time) {
	n.t.Helper()
	err := n.open().Write(n.t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(n.t.Context(), `UPDATE cohorts SET next_slot = $1, next_due_at = $2 WHERE zone = $3 AND digest_id = (SELECT id FROM digests WHERE slug = $4)`,
			slot.Format("2006-01-02T15:04"), slot.UnixMilli(), zone, digest)
		return err
	})
	if err != nil {
		n.t.Fatal(err)
	}
}
