package config

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// location returns the file or folder of key as an absolute path, "" if neither it
// nor fallback is given.
func (t *table) location(key, fallback string) string {
	return t.l.absolute(t.text(key, fallback, line(4096)))
}

func (l *loader) absolute(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(l.dir, path)
}

// file is location for a file that must be there; remedy says how to get one. Its
// content is nil if it cannot be read.
func (t *table) file(key, fallback, remedy string) (path string, content []byte) {
	shown := t.text(key, fallback, line(4096))
	if shown == "" {
		return "", nil
	}
	path = t.l.absolute(shown)
	content, err := t.l.read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && strings.HasSuffix(key, "password_file"):
		t.complain(key, "names a file that is not there; %s", remedy) // people put the password itself there
		return path, nil
	case errors.Is(err, fs.ErrNotExist):
		t.complain(key, "names %s, which is not there; %s", quote(shown), remedy)
		return path, nil
	case err != nil:
		t.complain(key, "names %s, which cannot be read: %v", quote(shown), plainError(err))
		return path, nil
	case len(strings.TrimSpace(string(content))) == 0:
		t.complain(key, "names %s, which is empty; %s", quote(shown), remedy)
		return path, nil
	}
	return path, content
}

// plainError drops the operation and path from an error, which says both already.
func plainError(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// secret is a value that may stand in a file of its own.
type secret struct {
	value string
	file  string // absolute, "" if the value was given directly
	key   string // that gave the value, for complaints about it
}

// secret returns the text of key or the content of the file that key_file
// names. What the environment says, either way, overrides the file's both.
func (t *table) secret(key, fallback string) secret {
	direct, inFile := t.lookup(key), t.lookup(key+"_file")
	switch {
	case !given(inFile):
		return secret{value: t.text(key, fallback), key: key}
	case !given(direct) || (inFile.env != "" && direct.env == ""):
		return t.secretFile(key + "_file")
	case direct.env != "" && inFile.env == "":
		return secret{value: t.text(key, fallback), key: key}
	default:
		t.complain(key+"_file", "and %s are both given: keep one of them", key)
		return secret{key: key}
	}
}

// given says whether s has a value; an empty string is none.
func given(s setting) bool {
	return s.node != nil && (s.node.kind != unstable.String || s.node.text != "")
}

func (t *table) secretFile(key string) secret {
	path, content := t.file(key, "", "write the secret into it, or name another file")
	value := strings.TrimRight(string(content), "\r\n")
	if strings.ContainsAny(value, "\r\n\x00") {
		t.complain(key, "names a file that holds more than one line")
		value = ""
	}
	return secret{value: value, file: path, key: key}
}
