package templates

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	texttemplate "text/template"
)

// Theme is the compiled looks of a site's mails. It is safe for concurrent use.
type Theme struct {
	mails map[string]*drawing // by the name of the file without its ending
	look  Look
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

// Source is all that a theme is made of, its files by name. It can be kept as
// JSON, and compiles to the same theme ever after.
type Source struct {
	Shared map[string]string // what was built in when it was read
	Own    map[string]string // what the theme itself has; it goes first
	Look   Look
}

// source is a theme while it is compiled.
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

// Open compiles the theme in a folder. What the folder and its folder shared
// lack is taken from the parts that are built in. All that is wrong comes as one error of the
// type Faults.
func Open(folder fs.FS, look Look) (*Theme, error) {
	s, err := ReadSource(folder, look)
	if err != nil {
		return nil, err
	}
	return s.Compile()
}

// ReadSource reads the theme in a folder without looking at what it says.
// Files that are no templates are left alone.
func ReadSource(folder fs.FS, look Look) (*Source, error) {
	s := &Source{Shared: map[string]string{}, Own: map[string]string{}, Look: look}
	for _, shared := range []string{sharedFolder, "system"} {
		sub, err := fs.Sub(mailFiles, shared)
		if err == nil {
			err = readFiles(sub, s.Shared)
		}
		if err != nil {
			return nil, fmt.Errorf("read the shared parts of themes: %w", err)
		}
	}
	if err := errors.Join(readFiles(folder, s.Own), s.readShared(folder)); err != nil {
		return nil, fmt.Errorf("read theme: %w", err)
	}
	return s, nil
}

// readFiles reads the templates of a folder. A file that is too large is a
// fault.
func readFiles(folder fs.FS, into map[string]string) error {
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		if ext := path.Ext(name); e.IsDir() || ext != ".html" && ext != ".txt" || strings.HasPrefix(name, ".") {
			continue
		}
		if len(into) == mostFiles {
			return Faults{{File: name, Text: fmt.Sprintf("a theme has at most %d files", mostFiles)}}
		}
		text, err := readLimited(folder, name)
		if errors.Is(err, errTooLarge) {
			return Faults{{File: name, Text: fmt.Sprintf("a file of a theme has at most %d KB", mostFileBytes>>10)}}
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		into[name] = text
	}
	return nil
}

// Compile makes the theme. All that is wrong comes as one error of the type
// Faults.
func (t *Source) Compile() (*Theme, error) {
	s := &source{files: map[string]string{}, own: map[string]bool{}, look: t.Look.full()}
	maps.Copy(s.files, t.Shared)
	for name, text := range t.Own {
		s.files[name], s.own[name] = text, true
	}
	return s.compile()
}

// Hash tells versions of a theme apart.
func (t *Source) Hash() string {
	text, err := json.Marshal(t)
	if err != nil {
		panic(err) // texts can always be written
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// compile makes all mails of a theme.
func (s *source) compile() (*Theme, error) {
	if !s.own[digestFile+".html"] || !s.own[digestFile+".txt"] {
		s.faults.add(digestFile+".html", 0, "a theme has this file and %s.txt", digestFile)
		return nil, s.faults
	}
	t := &Theme{mails: map[string]*drawing{}, look: s.look}
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

// sortFaults puts the faults in the order of the files, and tells which of
// these are not the theme's.
func (s *source) sortFaults() {
	for i := range s.faults {
		if file := s.faults[i].File; s.files[file] != "" && !s.own[file] {
			s.faults[i].File = sharedFolder + "/" + file
		}
	}
	slices.SortStableFunc(s.faults, func(a, b Fault) int {
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		return a.Line - b.Line
	})
}
