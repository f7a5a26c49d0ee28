package subscribers

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strings"
)

// Export writes the subscribers that f picks as comma-separated values with
// the columns that Import reads, and returns how many it wrote. A Limit of 0
// means all. Topics and digests are those of live subscriptions. A value that a
// spreadsheet would take for a formula gets a ' before it, which Import takes
// off again. It reads a page at a time, each as it is then.
func (s *Store) Export(ctx context.Context, w io.Writer, f Filter) (int64, error) {
	out := csv.NewWriter(w)
	if err := out.Write(columnNames()); err != nil {
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
			if err := out.Write(rows[i].record()); err != nil {
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

func (r *Row) record() []string {
	record := make([]string, columnCount)
	record[columnEmail] = arm(r.Address)
	record[columnName] = arm(r.Name)
	record[columnStatus] = string(r.Shown())
	record[columnTopics] = arm(strings.Join(r.Topics, ";"))
	record[columnDigests] = arm(strings.Join(r.Digests, ";"))
	record[columnZone] = arm(r.Zone)
	record[columnLanguage] = arm(r.Language)
	return record
}
