package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// FileName is what the file is called where nothing else is said.
const FileName = "broadsheet.toml"

const (
	maxFile   = 256 << 10 // bytes of broadsheet.toml; the TOML package takes seconds for a hostile one of this size
	maxSecret = 64 << 10  // bytes of any file it names
)

// Find returns the file to load: the one of --config if flag is not empty,
// else that of BROADSHEET_CONFIG, else broadsheet.toml in dir. Only the last is
// looked for; if it is not there the error is fs.ErrNotExist.
func Find(flag string, environ []string, dir string) (path string, err error) {
	if flag != "" {
		return flag, nil
	}
	for _, pair := range environ {
		if value, ok := strings.CutPrefix(pair, envConfig+"="); ok {
			path = value
		}
	}
	if path != "" {
		return path, nil
	}
	path = filepath.Join(dir, FileName)
	if _, err := os.Stat(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf(`find configuration: %w: there is no %s in %s; write one with "broadsheet init", or name one with --config or %s`,
				fs.ErrNotExist, FileName, dir, envConfig)
		}
		return "", fmt.Errorf("find configuration: %w", err)
	}
	return path, nil
}

// Load reads and checks the file at path. Variables of environ (as of
// os.Environ) named BROADSHEET_SECTION_KEY override what the file says; empty
// ones do not. If the content is wrong the error is Problems, all of them; if
// there is no such file it is fs.ErrNotExist.
func Load(path string, environ []string, checks Checks) (*Config, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf(`read configuration: %w: there is no %s; write one with "broadsheet init"`, fs.ErrNotExist, path)
	}
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	return Parse(path, text, environ, checks)
}

// Parse is Load for a file that was read already. The files that it names are
// read from disk.
func Parse(path string, text []byte, environ []string, checks Checks) (*Config, error) {
	return parse(path, text, environ, checks, readSecret)
}

func parse(path string, text []byte, environ []string, checks Checks, read func(string) ([]byte, error)) (*Config, error) {
	if len(text) > maxFile {
		return nil, Problems{{File: path, Text: fmt.Sprintf("is larger than %d bytes: is this the right file?", maxFile)}}
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	tree, syntax := parseTree(text)
	if syntax != nil {
		syntax.File = path
		return nil, Problems{*syntax}
	}
	l := &loader{file: path, dir: filepath.Dir(full), env: newEnvironment(environ), checks: checks.orPlain(), read: read, topics: map[string]bool{}}
	c := l.config(tree)
	c.Path = full
	l.problems = append(l.problems, l.env.unknown()...)
	if len(l.problems) > 0 {
		l.problems.sort(path)
		return nil, l.problems
	}
	return c, nil
}

// loader turns a tree into a Config and collects what is wrong with it.
type loader struct {
	file     string // as problems name it
	dir      string // where relative paths begin
	env      *environment
	checks   Checks
	read     func(path string) ([]byte, error)
	topics   map[string]bool // slugs that may be referred to
	problems Problems
}

func (l *loader) config(tree *node) *Config {
	root := &table{l: l, node: tree, env: strings.TrimSuffix(envPrefix, "_")}
	c := &Config{Attributes: readAttributes(root.list("attribute"))}
	c.Site = readSite(root.sub("site"), c)
	c.Web = readWeb(root.sub("web"))
	c.Security = readSecurity(root.sub("security"))
	c.Database = readDatabase(root.sub("database"))
	c.Mail = readMail(root.sub("mail"))
	c.Metrics = readMetrics(root.sub("metrics"))
	c.Alerts = readAlerts(root.sub("alerts"))
	c.Privacy = readPrivacy(root.sub("privacy"))
	c.SignUp = readSignUp(root.sub("signup"))
	c.Leaving = readLeaving(root.sub("leaving"))
	c.Articles = readArticles(root.sub("articles"))
	c.Links = readLinks(root.sub("links"), c.Site)
	c.Theme = readTheme(root.sub("theme"), c.Site)
	c.Topics = readTopics(root.list("topic"))
	c.Sources = readSources(root.list("source"), c.Site)
	c.Webhooks = readWebhooks(root.list("webhook"))
	c.WebhooksOut = readWebhooksOut(root.list("webhook_out"))
	c.Digests = readDigests(root.list("digest"), c)
	c.Archive = readArchive(root.sub("archive"), c.Digests)
	c.Slots = readSlots(root.list("slot"), c)
	l.checkColours(root, c)
	root.done()
	return c
}

// suggest is nearest, but for those who make many mistakes at once: they have
// something else to think about.
func (l *loader) suggest(name string, candidates iter.Seq[string]) string {
	const enough = 50
	if len(l.problems) > enough {
		return ""
	}
	return nearest(name, slices.Sorted(candidates))
}

func (l *loader) complain(line int, format string, args ...any) {
	l.problems = append(l.problems, Problem{File: l.file, Line: line, Text: fmt.Sprintf(format, args...)})
}

// readSecret reads a small regular file: a device or a pipe could keep us for ever.
func readSecret(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	if info.Size() > maxSecret {
		return nil, fmt.Errorf("it is larger than %d bytes", maxSecret)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxSecret))
}
