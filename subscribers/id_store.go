package subscribers

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"broadsheet/internal/db"
)

// A subscriber's id tells at which hour the clocks were in the reader's zone when
// the id was given, those first where a day begins first. Readers who are due
// together so lie together in whatever is in the order of subscribers, and the zones
// of a digest are written there one after the other as their hour comes. An id stays
// when its reader moves. Those up to idsBefore were given before ids told anything.
const (
	idsBefore = 2 << hourBits
	hourBits  = 26 // ids of an hour, as long as these last: ids are then numbers of four bytes
	wideBits  = 40 // and from then on
)

// clockHour is how many hours the clocks of a reader's zone are ahead of UTC in
// standard time, rounded down.
type clockHour int

// The first and the last hour that clocks have.
const (
	firstHour clockHour = 14
	lastHour  clockHour = -12
)

// id is the id with the number n, from 1 on, of those of an hour.
func (h clockHour) id(n int64) int64 {
	place := idsBefore>>hourBits + int64(firstHour-h)
	if n < 1<<hourBits {
		return place<<hourBits + n
	}
	return place<<wideBits + n
}

// counter is the name of the counter of an hour's ids.
func (h clockHour) counter() string { return fmt.Sprintf("subscriber%+03d", int(h)) }

// withIDs gives new records their ids and returns all in the order of these, so that
// also tables that are in the order of writing have readers of one zone together.
// Where there are new ones, lockNew must have been called.
func withIDs(ctx context.Context, tx *db.Tx, recs []*record) ([]*record, error) {
	if fresh := freshOf(recs); len(fresh) > 0 {
		if err := giveIDs(ctx, tx, fresh); err != nil {
			return nil, err
		}
	}
	return slices.SortedFunc(slices.Values(recs), func(a, b *record) int { return cmp.Compare(a.ID, b.ID) }), nil
}

func freshOf(recs []*record) []*record {
	var fresh []*record
	for _, r := range recs {
		if r.fresh {
			fresh = append(fresh, r)
		}
	}
	return fresh
}

func giveIDs(ctx context.Context, tx *db.Tx, fresh []*record) error {
	hours := clockHours(fresh)
	given, err := givenIDs(ctx, tx, slices.Collect(maps.Values(hours)))
	if err != nil {
		return err
	}
	for _, r := range fresh {
		hour := hours[r.clock()]
		given[hour.counter()]++
		r.ID = hour.id(given[hour.counter()])
	}
	names := slices.Collect(maps.Keys(given))
	_, err = tx.ExecRows(ctx, `UPDATE counters SET value = v.value FROM {rows} WHERE counters.name = v.name`, []db.Column{
		texts("name", names, func(name string) string { return name }),
		ints("value", names, func(name string) int64 { return given[name] }),
	})
	return err
}

// givenIDs reads how many ids of hours were given, by the names of their counters.
func givenIDs(ctx context.Context, tx *db.Tx, hours []clockHour) (map[string]int64, error) {
	var names []string
	for _, h := range hours {
		names = append(names, h.counter())
	}
	given := map[string]int64{}
	err := tx.Each(ctx, func(scan func(dest ...any) error) error {
		var name string
		var n int64
		err := scan(&name, &n)
		given[name] = n
		return err
	}, `SELECT name, value FROM counters WHERE name {in 1}`, names)
	return given, err
}

// clock is the zone of the reader or, of one who has said none, of the reader's
// digests; "" for one who has neither.
func (r *record) clock() string {
	if r.Zone == "" && len(r.seats) > 0 {
		return r.seats[0].Zone
	}
	return r.Zone
}

// clockHours returns the hours of the zones of records. Those without a zone, and
// of one that is not known, have that of UTC.
func clockHours(recs []*record) map[string]clockHour {
	hours := map[string]clockHour{}
	for _, r := range recs {
		zone := r.clock()
		if _, ok := hours[zone]; ok {
			continue
		}
		hours[zone] = 0
		if loc, err := time.LoadLocation(zone); err == nil {
			hours[zone] = hourOf(loc, r.CreatedAt.Year())
		}
	}
	return hours
}

// hourOf is the hour of a zone in a year: in the part of it in which clocks are set
// back.
func hourOf(loc *time.Location, year int) clockHour {
	_, winter := time.Date(year, time.January, 1, 0, 0, 0, 0, time.UTC).In(loc).Zone()
	_, summer := time.Date(year, time.July, 1, 0, 0, 0, 0, time.UTC).In(loc).Zone()
	const day = 24 * 3600 // so that the quotient is rounded down
	return max(lastHour, min(firstHour, clockHour((min(winter, summer)+day)/3600-24)))
}
