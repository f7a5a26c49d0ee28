package main_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"broadsheet/mail/sink"
)

// pseudoTerminal returns both ends of a terminal of so many columns.
func pseudoTerminal(t *testing.T, columns uint16) (outer, inner *os.File) {
	t.Helper()
	outer, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { outer.Close() })
	fd := int(outer.Fd())
	n, numberErr := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	unlockErr := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	sizeErr := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns})
	inner, openErr := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err := errors.Join(numberErr, unlockErr, sizeErr, openErr); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { inner.Close() })
	return outer, inner
}

// TestSendOnTerminal sends on a terminal of 70 columns, and presses Ctrl-C in the middle.
func TestSendOnTerminal(t *testing.T) {
	t.Parallel()
	n := crowded(t, settings{hook: slow(40 * time.Millisecond)})
	outer, inner := pseudoTerminal(t, 70)
	cmd := exec.Command(binary, "digest", "send", "daily", "--now")
	cmd.Dir, cmd.Env = n.dir, environment()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = inner, inner, inner
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	inner.Close()
	var shown output
	read := make(chan struct{})
	go func() {
		defer close(read)
		buf := make([]byte, 4096)
		for {
			k, err := outer.Read(buf)
			shown.Write(buf[:k])
			if err != nil {
				return // the other end is closed
			}
		}
	}()
	sending := regexp.MustCompile(`daily/\S+: \d[\d,]* of [\d,]+ sent, \d+/s, \d+ s left`)
	until(t, "progress is drawn", func() bool { return sending.MatchString(shown.String()) || closed(read) })
	if _, err := outer.Write([]byte{3}); err != nil {
		t.Fatal(err)
	}
	<-read
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 4 {
		t.Errorf("ended with %v, want exit code 4", err)
	}
	text := shown.String()
	if !strings.Contains(text, ": finishing messages under way") {
		t.Error("nothing said that it was stopping")
	}
	drawn, rest, _ := strings.Cut(text, "\n")
	for line := range strings.SplitSeq(drawn, "\r") {
		if utf8.RuneCountInString(line) > 69 && !strings.Contains(line, ": due") {
			t.Errorf("%q does not fit into 70 columns", line)
		}
	}
	last := drawn[strings.LastIndex(strings.TrimSuffix(drawn, "\r"), "\r")+1:]
	if !strings.HasPrefix(last, "daily/") || !strings.Contains(last, fmt.Sprintf(": due %d = sent ", crowd)) || strings.Contains(rest, "left") {
		t.Errorf("the balance is not on a line of its own: %q", text)
	}
	if t.Failed() {
		t.Logf("%q", text)
	}
}

// TestBadRowsOnTerminal: a file of another kind does not scroll everything away;
// into a file it tells of each row.
func TestBadRowsOnTerminal(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t, settings{}, sink.Options{})
	n.must("migrate")
	n.write("odd.csv", "email\n"+strings.Repeat("no address\n", 130))
	if r := n.run("subscriber", "import", "odd.csv"); strings.Count(r.stderr, "odd.csv:") != 130 || strings.Contains(r.stderr, "more bad rows") {
		t.Errorf("without a terminal: %s", r.stderr)
	}
	outer, inner := pseudoTerminal(t, 70)
	cmd := exec.Command(binary, "subscriber", "import", "odd.csv")
	cmd.Dir, cmd.Env, cmd.Stderr = n.dir, environment(), inner
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	inner.Close()
	shown, _ := io.ReadAll(outer) // ends with an error once the other end is closed
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 4 {
		t.Errorf("ended with %v, want exit code 4", err)
	}
	if strings.Count(string(shown), "odd.csv:") != 100 || !strings.Contains(string(shown), "and 30 more bad rows: add 2> bad.txt to have all in a file") {
		t.Errorf("on a terminal: %s", shown)
	}
}

func closed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
