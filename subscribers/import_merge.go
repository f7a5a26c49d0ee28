package subscribers

import (
	"context"
	"slices"
	"strings"
	"time"

	"broadsheet/internal/db"
)

// merger brings the rows of one transaction together with what is known.
type merger struct {
	*importer
	known     map[string]*record
	barred    map[string]time.Time // addresses that were suppressed or erased, whether subscribers or not
	confirmed map[int64]time.Time  // when readers themselves last confirmed, for Delta
	now       time.Time
	order     []*record // those that rows changed, in the order of the file
	suppress  []string  // addresses to suppress
	refused   []BadRow  // rows that do not go with what is known
}

// merge applies one row and counts it.
func (m *merger) merge(row *importRow) Report {
	r := m.known[row.address]
	if r == nil {
		if !m.barred[row.address].IsZero() {
			return Report{Unchanged: 1}
		}
		r = newRecord(row.address, m.now)
		m.known[row.address] = r
		m.create(r, row)
		m.changed(r, row)
		return Report{Added: 1}
	}
	before, seats := r.Subscriber, r.subscriptions()
	if err := m.update(r, row); err != nil {
		m.refused = append(m.refused, BadRow{Line: row.line, Reason: err.Error(), Value: shorten(row.address)})
		return Report{Bad: 1}
	}
	if r.Subscriber == before && slices.Equal(seats, r.subscriptions()) {
		return Report{Unchanged: 1}
	}
	m.changed(r, row)
	return Report{Updated: 1}
}

func (r *record) subscriptions() []Subscription {
	all := make([]Subscription, len(r.seats))
	for i, s := range r.seats {
		all[i] = s.Subscription
	}
	return all
}

func (m *merger) create(r *record, row *importRow) {
	r.setName(row.name)
	r.setZone(row.zone)
	r.setLanguage(row.language)
	if row.format != nil {
		r.setFormat(*row.format)
	}
	r.setAttributes(row.attributes)
	r.CreatedAt, r.activeAt = m.past(row.dates.asked), row.dates.active
	if row.status == statusUnsubscribed {
		r.settle(m.past(row.dates.ended))
		return
	}
	if m.confirms(row) {
		r.activate(m.now)
		r.ConfirmedAt = m.past(firstTime(row.dates.confirmed, row.dates.asked))
	}
	r.choose(m.reader.catalog, row.choices, m.now)
	r.pauseAs(row.pauses, m.now)
	if row.status == statusSuppressed {
		m.suppressNow(r)
	}
}

// past is a time that the file gives, if it is one in the past, else now.
func (m *merger) past(at time.Time) time.Time {
	if at.IsZero() || at.After(m.now) {
		return m.now
	}
	return at
}

// firstTime is the first of the times that is known.
func firstTime(times ...time.Time) time.Time {
	for _, at := range times {
		if !at.IsZero() {
			return at
		}
	}
	return time.Time{}
}

// update changes r, or nothing if it returns an error.
func (m *merger) update(r *record, row *importRow) error {
	switch {
	case m.options.Delta && row.status == statusUnsubscribed && !row.dates.ended.IsZero() && m.confirmed[r.ID].After(row.dates.ended):
		return nil // and signed up here since
	case m.options.Delta && row.status == statusUnsubscribed && r.asked != nil && db.Millis(row.dates.ended) <= r.asked.At:
		return nil // and was asked to confirm since
	case row.status == statusUnsubscribed:
		r.end(0, m.now)
		return nil
	case row.status == statusSuppressed && !r.Suppressed():
		m.suppressNow(r)
		return nil
	case r.HasLeft() || r.Suppressed() || m.options.Delta:
		return nil
	}
	w := r.chosen(m.reader.catalog)
	if row.hasTopics {
		w.topics = row.choices.topics
	}
	if row.hasDigests {
		w.digests = row.choices.digests
	}
	if row.hasTopics || row.hasDigests {
		if err := m.reader.catalog.check(w); err != nil {
			return err
		}
	}
	w.hours = w.hours.and(row.hours)
	m.amend(r, row)
	if r.State == StatePending && m.confirms(row) {
		r.activate(m.now)
	}
	if len(w.digests) > 0 {
		r.choose(m.reader.catalog, w, m.now)
	}
	r.pauseAs(row.pauses, m.now)
	return nil
}

// amend gives r what the row says of the reader, and not what it leaves open.
func (m *merger) amend(r *record, row *importRow) {
	if row.name != "" {
		r.setName(row.name)
	}
	if row.zone != "" {
		r.setZone(row.zone)
	}
	if row.language != "" {
		r.setLanguage(row.language)
	}
	if row.format != nil {
		r.setFormat(*row.format)
	}
	r.setAttributes(row.attributes)
}

// confirms reports whether the row's reader is active by the operator's word.
func (m *merger) confirms(row *importRow) bool {
	return m.options.Confirmed && row.status != statusPending
}

func (m *merger) suppressNow(r *record) {
	r.suppress(m.now)
	m.suppress = append(m.suppress, r.Address)
}

// changed notes what a row did. Of several rows about one reader the last
// counts.
func (m *merger) changed(r *record, row *importRow) {
	if len(r.notes) == 0 {
		m.order = append(m.order, r)
	}
	n := note{quiet: !m.options.Tell, Consent: Consent{At: m.now, Event: EventImported, Origin: m.options.Origin, Client: row.client}}
	switch row.status {
	case statusUnsubscribed:
		n.Event, n.Detail = EventUnsubscribed, endedAll
	case statusSuppressed:
		n.Event, n.Detail = EventSuppressed, "reason="+ReasonImport
	default:
		n.Detail = m.reader.catalog.describe(r.chosen(m.reader.catalog), r.Zone)
		if paused := r.pausedNow(m.now); len(paused) > 0 {
			n.Detail += " paused_until=" + strings.Join(paused, ";")
		}
		if m.confirms(row) {
			n.hash = m.text.hash
		}
	}
	if row.evidence != "" {
		n.Detail = strings.TrimSpace(n.Detail + " " + row.evidence)
	}
	r.notes = append(r.notes[:0], n)
}

func (m *merger) write(ctx context.Context, tx *db.Tx) error {
	if len(m.order) == 0 {
		return nil
	}
	if err := saveText(ctx, tx, m.text, m.now); err != nil {
		return err
	}
	if _, err := insertSuppressions(ctx, tx, m.suppress, Suppression{Reason: ReasonImport, CreatedAt: m.now}); err != nil {
		return err
	}
	return m.store.save(ctx, tx, m.order)
}
