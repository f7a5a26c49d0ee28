package subscribers

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Rehome moves live subscriptions to the cohorts that the catalog asks for and
// returns how many readers moved. It is for the start of a service whose
// configuration may have given a digest another zone, taken local time up or
// back, or given up an hour: who chose that one gets the digest at its own. A
// thousand readers move in a transaction, and it may be interrupted and called
// again. Where nothing has changed since it last came to the end it reads no
// subscription.
func (s *Store) Rehome(ctx context.Context, c *Catalog) (int64, error) {
	var moved int64
	for i := range c.Digests {
		n, err := s.rehomeDigest(ctx, c, &c.Digests[i])
		if moved += n; err != nil {
			return moved, fmt.Errorf("move readers of %s to other cohorts: %w", c.Digests[i].Slug, err)
		}
	}
	return moved, nil
}

func (s *Store) rehomeDigest(ctx context.Context, c *Catalog, d *Digest) (moved int64, err error) {
	claim, err := s.claimHomes(ctx, d)
	if err != nil || claim == "" {
		return 0, err
	}
	for after := int64(0); ; {
		ids, err := s.misplaced(ctx, d, after)
		if err != nil {
			return moved, fmt.Errorf("find them: %w", err)
		}
		if len(ids) == 0 {
			return moved, s.noteHomed(ctx, d, claim)
		}
		if err := s.rehome(ctx, c, ids); err != nil {
			return moved, err
		}
		moved += int64(len(ids))
		after = ids[len(ids)-1]
	}
}

// homes is what it depends on which cohorts the live subscriptions of a digest
// belong in, as it stands in digests.homed: "Europe/Berlin local 06:30 18:00".
// While they are being moved there is a claim before it, which no other mover has;
// "" is true of all.
type homes string

const (
	byReader = "local"  // each in the reader's own zone
	byDigest = "digest" // all in the digest's zone
)

func homesOf(d *Digest) homes {
	by := byDigest
	if d.LocalTime {
		by = byReader
	}
	hours := slices.Sorted(slices.Values(d.Hours))
	return homes(strings.Join(append([]string{d.Zone, by}, hours...), " "))
}

// claimOf is what begins with a claim.
const claimOf = "moving:"

func (h homes) claimed(by string) homes { return homes(claimOf+by+" ") + h }

// digest has what h says of one, nil for nothing.
func (h homes) digest() *Digest {
	words := strings.Split(string(h), " ")
	if strings.HasPrefix(words[0], claimOf) {
		words = words[1:]
	}
	if len(words) < 2 {
		return nil
	}
	return &Digest{Zone: words[0], LocalTime: words[1] == byReader, Hours: words[2:]}
}

// touched returns the digests whose live subscriptions may have gone astray by
// what changed in records.
func touched(recs []*record) []int64 {
	var digests []int64
	for _, r := range recs {
		for _, s := range r.seats {
			if s.isLive() && (r.changed || s.changed) && !slices.Contains(digests, s.DigestID) {
				digests = append(digests, s.DigestID)
			}
		}
	}
	return digests
}

// astray returns those of the known digests of which a record has a live
// subscription that is not where it belongs.
func astray(recs []*record, known map[int64]homes) []int64 {
	var digests []int64
	for id, h := range known {
		d := h.digest()
		if d == nil {
			continue
		}
		lost := slices.ContainsFunc(recs, func(r *record) bool {
			s := r.seat(id)
			return s != nil && s.isLive() && (s.Zone != d.zoneFor(r.Zone) || s.Hour != d.hourFor(s.Hour))
		})
		if lost {
			digests = append(digests, id)
		}
	}
	return digests
}
