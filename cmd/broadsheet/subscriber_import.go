package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"broadsheet/internal/app"
	"broadsheet/subscribers"
)

func (e *env) subscriberImportCommand() *cobra.Command {
	o := subscribers.ImportOptions{Origin: "import"}
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Import readers from a CSV file of any size; - reads standard input",
		Long: "Import readers from a CSV file with the columns email, name, status, topics, digests, timezone, language, mail_format,\n" +
			"hour, paused_until and one for each [[attribute]], in any order; topics and digests are separated by\n" +
			"semicolons. A pause is a date, or daily=2026-12-24 of one digest. The exports of " + toolNames() + "\n" +
			"are known by their columns: say with --map what their lists, tags and plans mean here. No mail is sent.\n" +
			"The good rows are imported; each bad one is reported with its line, and the exit code is 4. Who has left\n" +
			"or is suppressed here stays so.",
		Example: "  broadsheet subscriber import members.csv --dry-run --map 'Politics=topic:world' --map 'Premium=attribute:tier=paid'",
		Args:    exactly("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.Confirmed && o.Consent == "" {
				return usagef(`subscriber import: --confirmed needs --consent "how consent was given"`)
			}
			return e.writing(cmd.Context(), o.DryRun, func(a *app.App) error { return e.importSubscribers(cmd, a, args[0], o) })
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.Confirmed, "confirmed", false, "the readers have agreed already: active at once")
	f.StringVar(&o.Consent, "consent", "", "how consent was given, for --confirmed")
	f.StringVar(&o.From, "from", "", "the `TOOL` that wrote the file (default: known by its columns): "+toolNames())
	f.StringArrayVar(&o.Mapping, "map", nil, "`LABEL=TARGET`: a list, tag or plan of the tool is topic:SLUG, digest:SLUG, attribute:NAME=VALUE, or nothing; may be given several times")
	f.StringSliceVar(&o.Topics, "topic", nil, "`SLUG` of a topic for rows that name none; may be given several times (default: all)")
	f.StringSliceVar(&o.Digests, "digest", nil, "`SLUG` of a digest for rows that name none; may be given several times (default: those with one of the topics)")
	f.BoolVar(&o.Delta, "delta", false, "the tool still runs: take over new readers and who left, and change nobody else")
	f.BoolVar(&o.Tell, "tell", false, "tell each [[webhook_out]] of every reader that becomes different; without it none is told of a file")
	f.BoolVar(&o.DryRun, "dry-run", false, "check the file and change nothing")
	return cmd
}

func (e *env) importSubscribers(cmd *cobra.Command, a *app.App, path string, o subscribers.ImportOptions) error {
	in, name, err := e.open(cmd.Context(), path)
	if err != nil {
		return err
	}
	defer in.Close()
	ticker := e.newTicker()
	bad := e.badRows(name, ticker)
	report, err := a.Subscribers.Import(cmd.Context(), a.Catalog, in, o, bad.tell, func(r subscribers.Report) {
		ticker.show("%s", count(r.Rows, "row"))
	})
	ticker.clear()
	bad.end()
	if err != nil && report.Rows == 0 {
		return fmt.Errorf("%s: %w", name, err)
	}
	verb := ""
	if o.DryRun {
		verb = " (nothing was stored)"
	}
	e.tellTool(&report)
	fmt.Fprintf(e.stdout, "%s: %d added, %d updated, %d unchanged, %d bad%s\n", count(report.Rows, "row"), report.Added, report.Updated, report.Unchanged, report.Bad, verb)
	if err != nil && cmd.Context().Err() != nil { // of which a database tells in words of its own
		return fmt.Errorf("%s: interrupted after %s; what was counted is stored: import the file again, and the rest comes in", name, count(report.Rows, "row"))
	}
	if err != nil {
		return fmt.Errorf("%s: %w; what was counted is stored, and the file can be imported again", name, err)
	}
	if report.Bad > 0 {
		return partly("%d of %s of %s are bad and were left out", report.Bad, count(report.Rows, "row"), name)
	}
	return nil
}

// badOnScreen is how many bad rows a terminal is told of: a file of another kind
// has nothing else.
const badOnScreen = 100

// badRows tells of bad rows as they come, and on a terminal of the first ones.
type badRows struct {
	env    *env
	name   string
	ticker *ticker
	told   int64
}

func (e *env) badRows(name string, t *ticker) *badRows {
	return &badRows{env: e, name: name, ticker: t}
}

func (b *badRows) tell(row subscribers.BadRow) {
	if b.told++; b.env.line != nil && b.told > badOnScreen {
		return
	}
	b.ticker.clear()
	fmt.Fprintf(b.env.stderr, "%s:%d: %s\n", b.name, row.Line, printable(row.Reason+": "+row.Value))
}

func (b *badRows) end() {
	if more := b.told - badOnScreen; b.env.line != nil && more > 0 {
		fmt.Fprintf(b.env.stderr, "and %s: add 2> bad.txt to have all in a file\n", count(more, "more bad row"))
	}
}

// tellTool says whose file it was, and which of its labels mean nothing here.
func (e *env) tellTool(r *subscribers.Report) {
	if r.Tool == "" {
		return
	}
	fmt.Fprintf(e.stdout, "an export of %s\n", r.Tool)
	names := slices.Collect(maps.Keys(r.Labels))
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(r.Labels[b], r.Labels[a]), strings.Compare(a, b))
	})
	const most = 20
	for i, name := range names {
		if i == most {
			fmt.Fprintf(e.stdout, "  and %s\n", count(len(names)-most, "more label"))
			break
		}
		fmt.Fprintf(e.stdout, "  %q in %s means nothing here: say what with --map %q\n", printable(name), count(r.Labels[name], "row"), printable(name)+"=...")
	}
}

func toolNames() string {
	names := subscribers.ForeignTools()
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
