package subscribers

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"broadsheet/internal/db"
	"broadsheet/mail"
)

// Held is whose confirmations wait, by what they have in common.
type Held struct {
	Domains  []HeldCount // of the addresses
	Networks []HeldCount // from which they were signed up, as far as that is recorded
}

// HeldCount is how many have something in common.
type HeldCount struct {
	Name string
	N    int
}

// Held returns whose confirmations wait, the most frequent first, at most most of
// each.
func (s *Store) Held(ctx context.Context, most int) (Held, error) {
	domains, networks := map[string]int{}, map[string]int{}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Each(ctx, func(scan func(...any) error) error {
			var address, client string
			err := scan(&address, &client)
			domains[mail.Domain(address)]++
			networks[ClientNetwork.of(client)]++
			return err
		}, `SELECT s.address, coalesce((SELECT c.client FROM consents c WHERE c.subscriber_id = m.subscriber_id AND c.event = $1 ORDER BY c.at DESC LIMIT 1), '')
			FROM system_mails m JOIN subscribers s ON s.id = m.subscriber_id WHERE m.state = 'held'`, string(EventSignedUp))
	})
	if err != nil {
		return Held{}, fmt.Errorf("read who waits: %w", err)
	}
	delete(networks, "")
	return Held{mostOf(domains, most), mostOf(networks, most)}, nil
}

func mostOf(counts map[string]int, most int) []HeldCount {
	var out []HeldCount
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, HeldCount{name, counts[name]})
	}
	slices.SortStableFunc(out, func(a, b HeldCount) int { return cmp.Compare(b.N, a.N) })
	return out[:min(len(out), most)]
}
