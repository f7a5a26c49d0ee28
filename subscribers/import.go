package subscribers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"broadsheet/internal/db"
)

// ImportOptions say how a file is imported.
type ImportOptions struct {
	Confirmed bool   // readers become active at once; needs Consent
	Consent   string // how consent was given
	DryRun    bool   // only report; an address twice in a file may count as added twice
	Origin    string // by which way: command, api ...

	From            string   // one of ForeignTools, "" to find out by the columns
	Mapping         []string // of the lists and tags of another tool, such as "Politics=topic:world"
	Topics, Digests []string // slugs, of rows that name none
	// Delta takes from the file of a tool that still runs what changed there:
	// new readers, and those who left. What a reader of ours chose stays.
	Delta bool
	// Tell puts each row that changes something into the outbox. Without it
	// other systems are told nothing of a file.
	Tell bool
}

// Report counts what became of the rows of a file:
// Rows = Added + Updated + Unchanged + Bad.
type Report struct {
	Rows, Added, Updated, Unchanged, Bad int64

	Tool   string           // whose file it was, "" for our own columns
	Labels map[string]int64 // lists and tags that mean nothing here, and in how many rows
}

func (r *Report) add(d Report) {
	r.Added, r.Updated, r.Unchanged = r.Added+d.Added, r.Updated+d.Updated, r.Unchanged+d.Unchanged
	r.Rows, r.Bad = r.Rows+d.Rows, r.Bad+d.Bad
}

// BadRow is a row that was not imported.
type BadRow struct {
	Line   int64 // where it begins, from 1
	Reason string
	Value  string // its beginning, made printable
}

// Import reads a file of comma-separated values with the columns email, name,
// status, topics, digests, timezone, language, mail_format, hour and paused_until, and one for
// each declared attribute with its name, in any order; only email must be there. The
// first row names them. Topics and digests are slugs separated by semicolons, "*" for all;
// topics are in the reader's order. An hour is one that a digest offers, as in
// Add; several are separated by semicolons. A pause is a time or a date, of all digests, or of
// one as in "daily=2026-12-24"; "daily=" ends one. An empty value says nothing: a new reader gets all
// topics and every digest that has one of them, a known one keeps what was. A
// row's status is empty, active, confirmed, pending, unsubscribed or suppressed.
//
// New readers become pending and no mail is sent; with Confirmed, those that
// the file does not call pending become active, and so do pending ones that we
// know. Who has left or is suppressed here is never brought back, nor changed
// while a new sign-up waits for its confirmation; a row that says so ends or
// suppresses here too. Importing a file again changes
// nothing.
//
// A file with the columns of one of ForeignTools is read as that tool means it:
// its states, its lists and tags by Mapping, and its dates. With Delta a reader
// who left there leaves here, unless the reader confirmed or signed up here after
// that.
//
// bad is called for each bad row, progress after every thousand rows; both may
// be nil. Memory does not grow with the file. Each thousand rows are one
// transaction: after an error the report counts what was stored, and the file
// can be imported again.
func (s *Store) Import(ctx context.Context, c *Catalog, r io.Reader, o ImportOptions, bad func(BadRow), progress func(Report)) (Report, error) {
	if o.Confirmed && strings.TrimSpace(o.Consent) == "" {
		return Report{}, ErrNoConsent
	}
	reader, err := newRowReader(c, r, &o)
	if err != nil {
		return Report{}, fmt.Errorf("import: %w", err)
	}
	im := &importer{store: s, options: o, text: newConsentText("", o.Consent), reader: reader, bad: bad}
	im.report.Labels = reader.labels.unknown
	for {
		more, err := im.batch(ctx)
		if reader.foreign != nil {
			im.report.Tool = reader.foreign.name
		}
		switch line := im.reader.csv.line; {
		case err != nil && line == 0:
			return im.report, fmt.Errorf("import: %w", err)
		case err != nil:
			return im.report, fmt.Errorf("import, at line %d: %w", line, err)
		}
		if progress != nil && im.report.Rows > 0 {
			progress(im.report)
		}
		if !more {
			return im.report, nil
		}
	}
}

type importer struct {
	store   *Store
	options ImportOptions
	text    consentText
	reader  *rowReader
	bad     func(BadRow)
	report  Report
}

// batch reads and stores up to a thousand rows and reports whether there may
// be more.
func (im *importer) batch(ctx context.Context) (more bool, err error) {
	rows := make([]importRow, 0, pageSize)
	more = true
	for range pageSize {
		row, err := im.reader.next()
		if err == io.EOF {
			more = false
			break
		}
		var wrong *rowError
		if errors.As(err, &wrong) {
			im.report.add(Report{Rows: 1, Bad: 1})
			im.refuse(BadRow{Line: wrong.line, Reason: wrong.reason.Error(), Value: shorten(wrong.text)})
			continue
		}
		if err != nil {
			return false, err
		}
		rows = append(rows, row)
	}
	if err := ctx.Err(); err != nil || len(rows) == 0 {
		return more, err
	}
	return more, im.apply(ctx, rows)
}

func (im *importer) refuse(b BadRow) {
	if im.bad != nil {
		im.bad(b)
	}
}

// apply brings rows into the database, in one transaction.
func (im *importer) apply(ctx context.Context, rows []importRow) error {
	var done Report
	var refused []BadRow
	run, lock := im.store.db.Write, locked
	if im.options.DryRun {
		run, lock = im.store.db.View, ""
	}
	err := run(ctx, func(tx *db.Tx) error {
		done = Report{Rows: int64(len(rows))}
		known, barred, err := im.known(ctx, tx, rows, lock)
		if err != nil {
			return err
		}
		m := merger{importer: im, known: known, barred: barred, now: im.store.now()}
		if im.options.Delta {
			if m.confirmed, err = confirmedBySelf(ctx, tx, known); err != nil {
				return err
			}
		}
		for i := range rows {
			done.add(m.merge(&rows[i]))
		}
		refused = m.refused
		if im.options.DryRun {
			return nil
		}
		return m.write(ctx, tx)
	})
	if err != nil {
		return err
	}
	im.report.add(done)
	for _, b := range refused {
		im.refuse(b)
	}
	return nil
}

// known reads what there is about the addresses of rows: readers, and which
// addresses were suppressed or erased, of readers or not, and when.
func (im *importer) known(ctx context.Context, tx *db.Tx, rows []importRow, lock string) (map[string]*record, map[string]time.Time, error) {
	if lock != "" {
		if err := lockNew(ctx, tx); err != nil {
			return nil, nil, err
		}
	}
	addresses := make([]string, len(rows))
	for i := range rows {
		addresses[i] = rows[i].address
	}
	slices.Sort(addresses)
	recs, err := load(ctx, tx, byAddresses, addresses, lock)
	if err != nil {
		return nil, nil, err
	}
	known := make(map[string]*record, len(rows))
	for _, r := range recs {
		known[r.Address] = r
	}
	barred, err := suppressedAt(ctx, tx, addresses)
	if err != nil {
		return nil, nil, err
	}
	erased, err := erasuresOf(ctx, tx, addresses)
	for address, was := range erased {
		barred[address] = was.at
	}
	return known, barred, err
}
