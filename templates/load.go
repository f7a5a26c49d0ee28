package templates

import (
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"path"
	"slices"
	"strings"
	texttemplate "text/template"
)

// Look is values for the variables of a theme, by their name without dashes.
// They stand above what the theme's own :root says.
type Look struct {
	Light map[string]string
	Dark  map[string]string // where they are others in the dark
}

// Theme is the compiled looks of a site's mails. It is safe for concurrent use.
type Theme struct {
	mails map[string]*drawing // by the name of the file without its ending
}

// drawing is a mail's two templates.
type drawing struct {
	html  *htmltemplate.Template
	text  *texttemplate.Template
	prose proseLooks
}

// The names of the files that each theme has: what draws a digest, and what
// draws a system mail. A kind of digest may have files of its own, such as
// weekly.html and weekly.txt.
const (
	digestFile = "digest"
	noticeFile = "notice"
)

// source is a theme's files and what it shares with all others.
type source struct {
	files  map[string]string // by name
	own    map[string]bool   // which the theme itself has
	look   Look
	faults Faults
}

// A theme has no need of more than this; what is larger is a mistake.
const (
	mostFiles     = 100
	mostFileBytes = 256 << 10
)

// Open compiles the theme in a folder. What the folder lacks of shared parts
// is taken from those built in. All that is wrong comes as one error of the
// type Faults.
func Open(folder fs.FS, look Look) (*Theme, error) {
	s := &source{files: map[string]string{}, own: map[string]bool{}, look: look}
	for _, shared := range []string{"shared", "system"} {
		sub, err := fs.Sub(mailFiles, shared)
		if err != nil {
			return nil, fmt.Errorf("open the shared parts of themes: %w", err)
		}
		if err := s.read(sub, false); err != nil {
			return nil, fmt.Errorf("read the shared parts of themes: %w", err)
		}
	}
	if err := s.read(folder, true); err != nil {
		return nil, fmt.Errorf("read theme: %w", err)
	}
	return s.compile()
}

// read adds the templates of a folder. Other files in it are left alone.
func (s *source) read(folder fs.FS, own bool) error {
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		if ext := path.Ext(name); e.IsDir() || ext != ".html" && ext != ".txt" || strings.HasPrefix(name, ".") {
			continue
		}
		if len(s.files) == mostFiles {
			s.faults.add(name, 0, "a theme has at most %d files", mostFiles)
			return nil
		}
		text, err := readLimited(folder, name)
		if errors.Is(err, errTooLarge) {
			s.faults.add(name, 0, "a file of a theme has at most %d KB", mostFileBytes>>10)
			continue
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		s.files[name], s.own[name] = text, own
	}
	return nil
}

// compile makes all mails of a theme.
func (s *source) compile() (*Theme, error) {
	if !s.own[digestFile+".html"] || !s.own[digestFile+".txt"] {
		s.faults.add(digestFile+".html", 0, "a theme has this file and %s.txt", digestFile)
		return nil, s.faults
	}
	t := &Theme{mails: map[string]*drawing{}}
	for _, name := range s.mailNames() {
		m := s.html(name)
		t.mails[name] = &drawing{html: m.tmpl, prose: m.prose, text: s.text(name)}
	}
	if len(s.faults) > 0 {
		s.sortFaults()
		return nil, s.faults
	}
	return t, nil
}

// mailNames are the mails that the theme has a template of its own for, and
// the two that each has.
func (s *source) mailNames() []string {
	names := []string{digestFile, noticeFile}
	for _, k := range Kinds() {
		if s.files[string(k)+".html"] != "" || s.files[string(k)+".txt"] != "" {
			names = append(names, string(k))
		}
	}
	return names
}

// isMail reports whether a file draws a whole mail, so that it is no part of
// others.
func isMail(name string) bool {
	base := strings.TrimSuffix(name, path.Ext(name))
	return base == digestFile || base == noticeFile || slices.Contains(Kinds(), Kind(base))
}

// fileOf is the file that draws a mail: a kind that lacks one of the two has
// that of the digest.
func (s *source) fileOf(mail, ext string) string {
	if _, ok := s.files[mail+ext]; ok {
		return mail + ext
	}
	return digestFile + ext
}

// parts are the files with an ending that every mail may use, those built in
// first.
func (s *source) parts(ext string) []string {
	var names []string
	for name := range s.files {
		if path.Ext(name) == ext && !isMail(name) {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		if s.own[a] != s.own[b] {
			if s.own[b] {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	return names
}

func (s *source) sortFaults() {
	slices.SortStableFunc(s.faults, func(a, b Fault) int {
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		return a.Line - b.Line
	})
}
