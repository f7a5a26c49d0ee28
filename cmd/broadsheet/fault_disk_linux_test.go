package main_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// limitFiles lets no file that the process writes grow beyond size from now on:
// to it that is a disk without room. Only the kernel's limit of a process that
// runs can be set by another, and no package of the standard library does it.
func (p *process) limitFiles(size uint64) {
	p.t.Helper()
	limit := syscall.Rlimit{Cur: size, Max: math.MaxUint64}
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(p.cmd.Process.Pid), syscall.RLIMIT_FSIZE,
		uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
	if errno != 0 {
		p.t.Fatalf("limit the size of files: %v", errno)
	}
}

// freeFiles takes the limit away.
func (p *process) freeFiles() { p.t.Helper(); p.limitFiles(math.MaxUint64) }

// TestDatabaseDiskIsFull: on SQLite a service whose disk is full stands still
// and says why; with room again it goes on, and nothing is lost or comes twice.
func TestDatabaseDiskIsFull(t *testing.T) {
	t.Parallel()
	n, d := missedSlot(t, settings{})
	p := n.worker()
	for _, at := range []int{middle, 3 * middle} {
		n.inbox.wait(at)
		seen := strings.Count(p.stderr.String(), "sending stands still")
		p.limitFiles(4096)
		until(t, "the service stands still", func() bool { return strings.Count(p.stderr.String(), "sending stands still") > seen+1 })
		came, _ := n.inbox.accepted()
		until(t, "it has tried again", func() bool { return strings.Count(p.stderr.String(), "sending stands still") > seen+3 })
		if now, _ := n.inbox.accepted(); now > came {
			t.Errorf("%d mails came although nothing can be recorded", now-came)
		}
		p.freeFiles()
	}
	n.hurried(d)
	n.finished(d, 0)
	p.terminate()
	if !strings.Contains(p.stderr.String(), "outcome unknown: "+n.database+": disk I/O error") {
		t.Errorf("the log does not say which database is in trouble\n%s", p.stderr.tail())
	}
}

// TestDatabaseDiskStaysFull: a send whose disk stays full ends with what to do,
// and leaves what it knows to the next one.
func TestDatabaseDiskStaysFull(t *testing.T) {
	t.Parallel()
	n := crowded(t, settings{})
	d := n.open()
	p := n.start("digest", "send", "daily", "--now")
	n.inbox.wait(middle)
	size := int64(0)
	for _, name := range n.journals("state") {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		size = max(size, info.Size())
	}
	p.limitFiles(uint64(size) + 1<<16) // there is room for the journal
	until(t, "the send stands still", func() bool { return strings.Contains(p.stderr.String(), "sending stands still") })
	p.signal(syscall.SIGTERM)
	if code := p.wait(patience); code != 75 {
		t.Errorf("exit code %d, want 75\n%s", code, p.stderr.tail())
	}
	if total, _ := n.inbox.accepted(); total >= n.readers || len(n.journals("state")) != 1 {
		t.Errorf("%d mails came and %d journals are left, want some and the one that knows the rest", total, len(n.journals("state")))
	}
	n.must("digest", "send", "daily").want(t, 0, fmt.Sprintf(`due %d = sent %d `, n.readers, n.readers))
	n.finished(d, 0)
}

// TestStateFolderIsFull: without room for the journal no final dot is written;
// with room again the service goes on.
func TestStateFolderIsFull(t *testing.T) {
	t.Parallel()
	n, d := missedSlot(t, settings{database: dbtest.URL(t, db.Postgres)})
	p := n.worker()
	n.inbox.wait(middle)
	p.limitFiles(1)
	until(t, "the service stands still", func() bool { return strings.Contains(p.stderr.String(), "journal cannot be written") })
	until(t, "its batches are free", func() bool { return count(t, d, `SELECT COUNT(*) FROM batches WHERE worker <> ''`) == 0 })
	if total, _ := n.inbox.accepted(); total >= n.readers {
		t.Fatal("the send was over before the disk was full")
	}
	p.freeFiles()
	n.hurried(d)
	n.finished(d, 0)
	p.terminate()
	if want := "journal unusable: write " + filepath.Join(n.dir, "state"); !strings.Contains(p.stderr.String(), want) {
		t.Errorf("the log does not say %q\n%s", want, p.stderr.tail())
	}
}
