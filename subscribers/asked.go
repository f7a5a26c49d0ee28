package subscribers

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"broadsheet/internal/db"
)

// asking is what somebody asked for in the name of a reader who has left. It
// stands beside the reader's row until the reader confirms: whoever typed the
// address in need not be its owner.
type asking struct {
	At         int64      `db:"asked_at"`
	On         string     `db:"asked_on"` // as in Subscriber
	Name       string     `db:"name"`
	Language   string     `db:"language"`
	Zone       string     `db:"timezone"`
	Format     Format     `db:"format"`
	Attributes Attributes `db:"attributes"` // of those that it names
	Topics     Topics     `db:"topics"`
	Digests    Topics     `db:"digests"` // ids, written as those of topics are
	Hours      string     `db:"hours"`   // of digests by their ids: "1=06:30 2="
}

// newAsking is what a reader would be, with the choices w.
func newAsking(would *Subscriber, attributes Attributes, w choices, now time.Time, site string) *asking {
	a := &asking{At: db.Millis(now), On: site, Name: would.Name, Language: would.Language, Zone: would.Zone, Format: would.Format,
		Attributes: attributes, Topics: w.topics}
	var ids []int64
	var said []string
	for _, d := range w.digests {
		ids = append(ids, d.ID)
		if hour, ok := w.hours[d.ID]; ok {
			said = append(said, strconv.FormatInt(d.ID, 10)+"="+hour)
		}
	}
	a.Digests, a.Hours = TopicsOf(ids), strings.Join(said, " ")
	return a
}

// asking is what a form asks for in the name of who. It has nothing of how mails
// come.
func (q *request) asking(who *Subscriber, now time.Time) *asking {
	would := Subscriber{Name: q.name, Language: q.language, Zone: q.zone, Format: who.Format}
	return newAsking(&would, q.attributes, q.choices, now, q.site)
}

// choices are those that are still configured.
func (a *asking) choices(c *Catalog) choices {
	w := choices{topics: a.Topics, hours: a.hoursByID()}
	for i := range c.Digests {
		if d := &c.Digests[i]; a.Digests.Has(d.ID) {
			w.digests = append(w.digests, d)
		}
	}
	return w
}

func (a *asking) hoursByID() hours {
	asked := hours{}
	for pair := range strings.FieldsSeq(a.Hours) {
		number, hour, _ := strings.Cut(pair, "=")
		if id, err := strconv.ParseInt(number, 10, 64); err == nil {
			asked[id] = hour
		}
	}
	return asked
}

// without returns a without a digest, or nothing of it for digest 0, and false if
// it did not ask for that.
func (a *asking) without(digestID int64) (*asking, bool) {
	if digestID == 0 {
		return nil, true
	}
	if !a.Digests.Has(digestID) {
		return a, false
	}
	var rest []int64
	for _, id := range a.Digests.IDs() {
		if id != digestID {
			rest = append(rest, id)
		}
	}
	if len(rest) == 0 {
		return nil, true
	}
	less := *a
	less.Digests = TopicsOf(rest)
	return &less, true
}

// setAsked keeps what is asked for apart, nil for nothing.
func (r *record) setAsked(a *asking) {
	if a == r.asked || a != nil && r.asked != nil && *a == *r.asked {
		return
	}
	r.asked, r.askedChanged = a, true
}

// waits reports whether somebody asked for something that the reader has not
// confirmed.
func (r *record) waits() bool { return r.State == StatePending || r.asked != nil }

// asAsked is r as it will be with what is asked for, pending, and r itself if
// nothing is kept apart. r stays as it is.
func (r *record) asAsked(c *Catalog, now time.Time) *record {
	a := r.asked
	if a == nil {
		return r
	}
	w := r.copy()
	w.asks(db.Time(a.At), a.On)
	w.setName(a.Name)
	w.setLanguage(a.Language)
	w.setZone(a.Zone)
	w.setFormat(a.Format)
	w.setAttributes(a.Attributes)
	w.choose(c, a.choices(c), now)
	return w
}

// copy is a record that can be changed beside r.
func (r *record) copy() *record {
	w := *r
	w.seats = make([]*seat, len(r.seats))
	for i, s := range r.seats {
		beside := *s
		w.seats[i] = &beside
	}
	return &w
}

// mark stands for all that r would get and be by confirming, so that nobody
// confirms what they have not seen.
func (r *record) mark(c *Catalog) string {
	w := r.chosen(c)
	sum := sha256.New()
	fmt.Fprintf(sum, "%q %q %q %q %q %q", r.Name, r.Language, r.Zone, r.Format, r.Attributes, w.topics)
	for _, d := range w.digests {
		fmt.Fprintf(sum, " %d=%q", d.ID, d.hourFor(w.hours[d.ID]))
	}
	return base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:16])
}

// Asked is what somebody asked for in the name of a reader who has left, as
// operators and the reader's own copy of data show it.
type Asked struct {
	At             time.Time
	On             string // the site whose page had the form, an origin; "" for our own
	Name           string
	Zone, Language string
	Format         Format
	Attributes     Attributes
	Topics         Topics
	Digests        []string // slugs
	Hours          []string // such as "daily=06:30"
}

// shown is a with the names of digests.
func (a *asking) shown(slugs map[int64]string) *Asked {
	out := &Asked{At: db.Time(a.At), On: a.On, Name: a.Name, Zone: a.Zone, Language: a.Language, Format: a.Format, Attributes: a.Attributes, Topics: a.Topics}
	said := a.hoursByID()
	for _, id := range a.Digests.IDs() {
		out.Digests = append(out.Digests, slugs[id])
		if hour := said[id]; hour != "" {
			out.Hours = append(out.Hours, slugs[id]+"="+hour)
		}
	}
	return out
}
