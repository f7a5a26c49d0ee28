package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"broadsheet/digest"
	"broadsheet/digest/ingest"
	"broadsheet/internal/app"
)

func (e *env) articleImportCommand() *cobra.Command {
	var dryRun bool
	var format, by string
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Import articles from a JSON, JSON lines, CSV, HTML or text file; - reads standard input",
		Long: "Import articles from a JSON array, JSON lines or CSV file, or one from an HTML page or plain text;\n" +
			"- reads standard input.\n" +
			"Fields: id, url, title, summary, body, author, site_name, image, image_alt, image_credit, image_width,\n" +
			"image_height, no_image, topics, published_at, modified_at, language, priority, access (free or paid),\n" +
			"audience (such as tier=paid), embargo_until.\n" +
			"Of a known story the last four stay as they are where a row has nothing; 0, free and none take them off.\n" +
			"The good rows are stored; each bad one is reported with its line, and the exit code is 4.",
		Args: exactly("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			who, err := e.who(by)
			if err != nil {
				return err
			}
			in, name, err := e.open(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			defer in.Close()
			return e.writing(cmd.Context(), dryRun, func(a *app.App) error {
				i := &articleImport{env: e, app: a, cmd: cmd, name: name, who: who, dryRun: dryRun}
				return i.run(in, format)
			})
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "check the file and store nothing")
	cmd.Flags().StringVar(&format, "format", "", "`FORMAT`: json, csv, html or text (default: by the file's name or content)")
	byFlag(cmd, &by)
	return cmd
}

// open opens a file, or standard input for "-", whose reading ends with ctx.
func (e *env) open(ctx context.Context, path string) (io.ReadCloser, string, error) {
	if path == "-" {
		return interruptible(ctx, e.stdin), "standard input", nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, "", err
	}
	return f, filepath.Base(path), nil
}

// interruptible reads from r until ctx ends. A read from a terminal or a pipe
// that gets nothing could not be interrupted otherwise.
func interruptible(ctx context.Context, r io.Reader) io.ReadCloser {
	out, in := io.Pipe()
	context.AfterFunc(ctx, func() { in.CloseWithError(ctx.Err()) })
	go func() {
		_, err := io.Copy(in, r)
		in.CloseWithError(err)
	}()
	return out
}

// articleImport streams a file of articles into the store.
type articleImport struct {
	env    *env
	app    *app.App
	cmd    *cobra.Command
	name   string
	who    string
	dryRun bool
	chunk  []digest.Incoming
	rows   int
	bad    int
	result digest.PutResult
}

func (i *articleImport) run(in io.Reader, format string) error {
	r := bufio.NewReaderSize(in, 64<<10)
	if format == "" {
		head, err := r.Peek(512)
		if err != nil && err != io.EOF {
			return fmt.Errorf("%s: %w", i.name, err)
		}
		format = string(ingest.GuessFormat(i.name, head))
	}
	var err error
	switch ingest.StoryFormat(format) {
	case ingest.FormatCSV:
		err = ingest.ReadCSV(r, i.each, i.reject)
	case ingest.FormatJSON, "jsonl":
		err = ingest.ReadJSON(r, i.each, i.reject)
	case ingest.FormatHTML, ingest.FormatText:
		err = i.one(r, ingest.StoryFormat(format))
	default:
		return usagef("--format %q is unknown: it is json, csv, html or text", format)
	}
	if err == nil {
		err = i.flush()
	}
	if err != nil {
		return fmt.Errorf("%s: %w (stored before: %s)", i.name, err, count(i.result.New+i.result.Updated+i.result.Unchanged, "row"))
	}
	if i.dryRun {
		fmt.Fprintf(i.env.stdout, "%s, nothing was stored\n", count(i.rows, "good row"))
	} else {
		i.env.printPut(i.result)
	}
	if i.bad > 0 {
		return partly("%d of %s of %s are bad and were left out", i.bad, count(i.bad+i.rows, "row"), i.name)
	}
	return nil
}

// one reads a file with a single story.
func (i *articleImport) one(r io.Reader, format ingest.StoryFormat) error {
	reader, err := app.NewStoryReader(i.app.Config)
	if err != nil {
		return err
	}
	content, err := readAtMost(r, i.name)
	if err != nil {
		return err
	}
	read := reader.HTML
	if format == ingest.FormatText {
		read = reader.Text
	}
	in, taken, err := read(content, "")
	if i.dryRun {
		err = errors.Join(err, i.env.showTaken(taken))
	}
	if err != nil {
		i.reject(ingest.BadRow{Line: 1, Reason: err.Error()})
		return nil
	}
	return i.each(1, in)
}

func (i *articleImport) each(line int, in digest.Incoming) error {
	if err := ingest.CheckSetup(&in, i.app.Setup, i.app.Now()); err != nil {
		i.reject(ingest.BadRow{Line: line, Reason: err.Error()})
		return nil
	}
	i.rows++
	i.chunk = append(i.chunk, in)
	if len(i.chunk) < 200 {
		return nil
	}
	return i.flush()
}

func (i *articleImport) flush() error {
	defer func() { i.chunk = i.chunk[:0] }()
	if i.dryRun || len(i.chunk) == 0 {
		return nil
	}
	r, err := i.app.Digests.PutBy(i.cmd.Context(), i.app.Tagger, i.who, i.chunk)
	i.result.Add(r)
	return err
}

func (i *articleImport) reject(b ingest.BadRow) {
	i.bad++
	fmt.Fprintf(i.env.stderr, "%s:%d: %s\n", i.name, b.Line, printable(b.Reason))
}
