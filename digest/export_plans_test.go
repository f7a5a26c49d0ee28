package digest

import "fmt"

// LedgerQueries are those by which planning and readers' pages look at deliveries,
// by their names.
func LedgerQueries() map[string]string {
	dense := []subscription{{SubscriberID: 1}, {SubscriberID: 2}}
	apart := []subscription{{SubscriberID: 1}, {SubscriberID: 1000}}
	out := map[string]string{"moved": movedQuery, "had": hadQuery, "shrink": shrinkQuery, "lately": latelyQuery, "others": othersQuery}
	for name, page := range map[string][]subscription{"dense": dense, "apart": apart} {
		where, _ := readers(page, 3)
		out["brought, "+name] = broughtQuery(composedText, where)
		out["made up, "+name] = madeUpQuery(where)
		where, _ = readers(page, 4)
		out["today, "+name] = todayQuery(where)
	}
	return out
}

// NextSeatQuery finds the next reader of cohorts.
func NextSeatQuery() string { return fmt.Sprintf(nextSeatQuery, "") }
