package subscribers

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Export writes the subscribers that o picks as comma-separated values with
// the columns that Import reads, or those that another tool does, and returns
// how many it wrote. A Limit of 0
// means all. Without a State only active readers are written for a tool that
// would mail everybody in its file. Topics and digests are those of live subscriptions. A value that a
// spreadsheet would take for a formula gets a ' before it, which Import takes
// off again. A pause that is over is none. The hour has a column if a digest of the catalog offers hours, and
// so has each attribute that it declares. It reads a page at a time, each as it is then.
func (s *Store) Export(ctx context.Context, c *Catalog, w io.Writer, o ExportOptions) (int64, error) {
	f := o.Filter
	if o.For != "" && o.For != "ghost" && f.State == "" {
		f.State = StateActive
	}
	as, err := layoutFor(o.For, c, s.now)
	if err != nil {
		return 0, fmt.Errorf("export: %w", err)
	}
	out := csv.NewWriter(w)
	if err := out.Write(as.columns); err != nil {
		return 0, fmt.Errorf("export: %w", err)
	}
	var n int64
	left := f.Limit
	for {
		f.Limit = pageSize
		if left > 0 {
			f.Limit = min(left, pageSize)
		}
		rows, err := s.List(ctx, f)
		if err != nil {
			return n, fmt.Errorf("export: %w", err)
		}
		for i := range rows {
			if err := out.Write(as.record(&rows[i])); err != nil {
				return n, fmt.Errorf("export: %w", err)
			}
			n++
		}
		if out.Flush(); out.Error() != nil {
			return n, fmt.Errorf("export: %w", out.Error())
		}
		if left -= len(rows); len(rows) < f.Limit || left == 0 {
			return n, nil
		}
		f.After = rows[len(rows)-1].ID
	}
}

// exported are the names of the columns that are written.
func (c *Catalog) exported() []string {
	names := columnNames()
	if !c.hasHours() {
		names = slices.Delete(names, columnHour, columnHour+1)
	}
	return append(names, c.attributeNames()...)
}

func (r *Row) record(c *Catalog, now time.Time) []string {
	record := make([]string, columnHour)
	record[columnEmail] = arm(r.Address)
	record[columnName] = arm(r.Name)
	record[columnStatus] = string(r.Shown())
	record[columnTopics] = arm(strings.Join(r.Topics, ";"))
	record[columnDigests] = arm(strings.Join(r.Digests, ";"))
	record[columnZone] = arm(r.Zone)
	record[columnLanguage] = arm(r.Language)
	if r.Format != FormatHTML {
		record[columnFormat] = r.Format.String()
	}
	if c.hasHours() {
		record = append(record, arm(strings.Join(r.Hours, ";")))
	}
	var paused []string
	for _, p := range r.Pauses {
		if p.Until.After(now) {
			paused = append(paused, pauseText(p.Digest, p.Until))
		}
	}
	record = append(record, arm(strings.Join(paused, ";")))
	for i := range c.Attributes {
		record = append(record, arm(c.Attributes[i].known(r.Attributes)))
	}
	return record
}
