package subscribers

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// keyFile is where keys came from.
type keyFile struct {
	path string

	mu     sync.Mutex
	text   []byte
	looked time.Time // when somebody last asked for a key that was not there
}

// OpenKeys reads a key file as ParseKeys does, and knows where to look for the
// keys that come into it later. clock says which of them signs.
func OpenKeys(path string, clock func() time.Time) (*Keys, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("signing keys of links: %w", err)
	}
	k, err := ParseKeys(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	k.clock, k.file = clock, &keyFile{path: path, text: text}
	return k, nil
}

// Refresh reads the key file again, and reports whether it had changed. With an
// error the keys stay what they were.
func (k *Keys) Refresh() (changed bool, err error) {
	if k.file == nil {
		return false, nil
	}
	k.file.mu.Lock()
	defer k.file.mu.Unlock()
	return k.refresh()
}

func (k *Keys) refresh() (changed bool, err error) {
	f := k.file
	text, err := os.ReadFile(f.path)
	if err != nil {
		return false, fmt.Errorf("signing keys of links: %w", err)
	}
	if bytes.Equal(text, f.text) {
		return false, nil
	}
	r, err := parseRing(text)
	if err != nil {
		return false, fmt.Errorf("%s: %w", filepath.Base(f.path), err)
	}
	f.text = text
	k.ring.Store(r)
	return true, nil
}

// lookAgain reads the key file again for a key that is not known, and reports
// whether it had changed. Who sends forged ids makes it do so once a second.
func (k *Keys) lookAgain() bool {
	if k.file == nil {
		return false
	}
	k.file.mu.Lock()
	defer k.file.mu.Unlock()
	now := k.clock()
	if since := now.Sub(k.file.looked); since >= 0 && since < time.Second {
		return false
	}
	k.file.looked = now
	changed, err := k.refresh()
	return err == nil && changed
}

// ErrRotating says that another process is changing the key file, or was cut off
// as it did.
var ErrRotating = errors.New("the keys are being rotated already")

// RotateKeys puts a fresh key above those of a key file, which signs from then
// on, and returns the file's keys. The others stay: links in old mails need them.
// The file is there at every moment, either the old or the new one, and only its
// owner may read it.
func RotateKeys(path string, from time.Time, clock func() time.Time) ([]KeyInfo, error) {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, fmt.Errorf("rotate keys: %w", err)
	}
	draft := path + ".new"
	f, err := os.OpenFile(draft, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%w: if no other command does, remove %s", ErrRotating, draft)
	} else if err != nil {
		return nil, fmt.Errorf("rotate keys: %w", err)
	}
	keys, err := rotateInto(f, path, from, clock)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(draft, path)
	}
	if err != nil {
		return nil, fmt.Errorf("rotate keys: %w", errors.Join(err, os.Remove(draft)))
	}
	return keys, syncFolder(filepath.Dir(path))
}

// rotateInto writes what the key file at path becomes.
func rotateInto(f *os.File, path string, from time.Time, clock func() time.Time) ([]KeyInfo, error) {
	before, err := OpenKeys(path, clock)
	if err != nil {
		return nil, err
	}
	fresh := NewKey()
	for before.has(fresh) {
		fresh = NewKey()
	}
	text := append([]byte(fresh+fromMark+from.UTC().Format(time.RFC3339)+"\n"), before.file.text...)
	after, err := ParseKeys(text)
	if err != nil {
		return nil, err
	}
	after.clock = clock
	if err := keepOwner(f, path); err != nil {
		return nil, err
	}
	if _, err := f.Write(text); err != nil {
		return nil, err
	}
	return after.List(), f.Sync()
}

// has reports whether a key has the id of the line.
func (k *Keys) has(line string) bool {
	return slices.ContainsFunc(k.List(), func(one KeyInfo) bool { return strings.HasPrefix(line, one.ID) })
}
