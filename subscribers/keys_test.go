package subscribers_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/subscribers"
)

// keyPath is a key file with one key.
func keyPath(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "broadsheet.keys")
	if err := os.WriteFile(path, []byte("# ours\n"+oldKey+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func openKeys(t *testing.T, path string, clock func() time.Time) *subscribers.Keys {
	t.Helper()
	k, err := subscribers.OpenKeys(path, clock)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestRotateKeys goes through a rotation as processes see it that run meanwhile.
func TestRotateKeys(t *testing.T) {
	path, now := keyPath(t), issued
	clock := func() time.Time { return now }
	here, there := openKeys(t, path, clock), openKeys(t, path, clock)
	token := subscribers.Token{Purpose: subscribers.PurposeUnsubscribe, Subscriber: 7, Digest: 2}
	old := here.Sign(token)

	list, err := subscribers.RotateKeys(path, now.Add(time.Hour), clock)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 2 || list[0].Signs || !list[0].From.Equal(now.Add(time.Hour)) || list[1].ID != "00a1" || !list[1].Signs {
		t.Errorf("after a rotation the keys are %+v", list)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v, %v, want 0600", info.Mode(), err)
	}
	text, err := os.ReadFile(path)
	if err != nil || !strings.HasSuffix(string(text), "# ours\n"+oldKey+"\n") {
		t.Errorf("the file is %q, want the old text at its end", text)
	}

	if changed, err := here.Refresh(); !changed || err != nil {
		t.Fatalf("Refresh = %v, %v, want a change", changed, err)
	}
	if got := here.Sign(token); got != old {
		t.Error("the new key signs before its time")
	}
	verp := here.Derive("verp")
	now = now.Add(time.Hour)
	fresh := here.Sign(token)
	if fresh == old || slices.Equal(verp, here.Derive("verp")) {
		t.Error("the new key does not sign once its time has come")
	}
	if !slices.Equal(verp, here.DeriveAsOf("verp", now.Add(-time.Second))) {
		t.Error("what was derived before is not what it was")
	}
	// The other process has not looked into the file, and finds the key all the same.
	for _, text := range []string{old, fresh} {
		if got, err := there.Verify(token.Purpose, text, now); err != nil || got != token {
			t.Errorf("Verify = %+v, %v", got, err)
		}
	}
	if got := there.DeriveAll("form"); len(got) != 2 {
		t.Errorf("%d derived keys after a rotation, want 2", len(got))
	}
	if changed, err := there.Refresh(); changed || err != nil {
		t.Errorf("Refresh of what is known = %v, %v", changed, err)
	}
}

// TestLinksStayAcrossARotation: what a message said at its first try it says at
// each later one.
func TestLinksStayAcrossARotation(t *testing.T) {
	path, now := keyPath(t), issued
	clock := func() time.Time { return now }
	k := openKeys(t, path, clock)
	links := subscribers.NewLinks("https://courier.example/mail", k)
	unsubscribe, preferences := links.Unsubscribe(5, 2), links.Preferences(5)
	if _, err := subscribers.RotateKeys(path, now.Add(time.Minute), clock); err != nil {
		t.Fatal(err)
	}
	first := now
	now = now.Add(2 * time.Minute)
	if _, err := k.Refresh(); err != nil {
		t.Fatal(err)
	}
	if links.Unsubscribe(5, 2) == unsubscribe || links.Preferences(5) == preferences {
		t.Error("the new key signs nothing")
	}
	if links.UnsubscribeAsOf(first, 5, 2) != unsubscribe || links.PreferencesAsOf(first, 5) != preferences {
		t.Error("another try has other links than the first")
	}
}

// TestForgedKeyIDs: who makes ids up does not make the file be read each time.
func TestForgedKeyIDs(t *testing.T) {
	path, now := keyPath(t), issued
	k := openKeys(t, path, func() time.Time { return now })
	token := subscribers.Token{Purpose: subscribers.PurposePreferences, Subscriber: 7}
	foreign := keys(t, newKey).Sign(token)
	verify := func(want error) {
		t.Helper()
		if _, err := k.Verify(token.Purpose, foreign, now); !errors.Is(err, want) {
			t.Errorf("Verify = %v, want %v", err, want)
		}
	}
	verify(subscribers.ErrBadToken)
	if err := os.WriteFile(path, []byte(newKey+"\n"+oldKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Second - time.Millisecond)
	verify(subscribers.ErrBadToken)
	now = now.Add(time.Millisecond)
	verify(nil)
}

func TestKeysThatCannotBeRead(t *testing.T) {
	path, clock := keyPath(t), func() time.Time { return issued }
	k := openKeys(t, path, clock)
	before := k.List()
	for name, text := range map[string]string{"broken": "nonsense", "empty": ""} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := k.Refresh(); err == nil || !strings.Contains(err.Error(), "broadsheet.keys") {
			t.Errorf("%s: Refresh = %v, want an error that names the file", name, err)
		}
		if _, err := subscribers.RotateKeys(path, issued, clock); err == nil {
			t.Errorf("%s: a file that is broken was rotated", name)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("%s: the file became %q, %v", name, got, err)
		}
	}
	if !slices.Equal(k.List(), before) {
		t.Errorf("the keys became %+v", k.List())
	}
	if _, err := os.Stat(path + ".new"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a draft was left behind: %v", err)
	}
	if _, err := subscribers.OpenKeys(path+".nowhere", clock); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("OpenKeys of no file = %v", err)
	}
}

// TestRotatingSideBySide: no rotation gets lost in another, and readers always
// find a whole file.
func TestRotatingSideBySide(t *testing.T) {
	path, clock := keyPath(t), func() time.Time { return issued }
	var all sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for range 8 {
		all.Go(func() {
			for range 5 {
				_, err := subscribers.RotateKeys(path, issued, clock)
				if err != nil && !errors.Is(err, subscribers.ErrRotating) {
					t.Error(err)
				}
				if _, err := subscribers.OpenKeys(path, clock); err != nil {
					t.Error(err)
				}
				if err == nil {
					mu.Lock()
					done++
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	if got := len(openKeys(t, path, clock).List()); done == 0 || got != done+1 {
		t.Errorf("%d keys after %d rotations", got, done)
	}
}

// TestRotateBehindALink: a key file that is a symbolic link stays one.
func TestRotateBehindALink(t *testing.T) {
	path, clock := keyPath(t), func() time.Time { return issued }
	link := filepath.Join(t.TempDir(), "link.keys")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if _, err := subscribers.RotateKeys(link, issued, clock); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link became %v, %v", info.Mode(), err)
	}
	if got := openKeys(t, path, clock).List(); len(got) != 2 || !got[0].Signs {
		t.Errorf("the keys are %+v", got)
	}
}
