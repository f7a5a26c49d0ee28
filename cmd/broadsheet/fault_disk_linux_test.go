package main_test

import (
	"fmt"
	"math"
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
	n.inbox.wait(middle)
	p.limitFiles(4096)
	stands := func(times int) func() bool {
		return func() bool { return strings.Count(p.stderr.String(), "sending stands still") >= times }
	}
	until(t, "the service stands still", stands(2))
	came, _ := n.inbox.accepted()
	until(t, "it has tried again", stands(4))
	if now, _ := n.inbox.accepted(); now > came || now == n.readers {
		t.Errorf("%d mails came and then %d, although nothing can be recorded", came, now)
	}
	p.freeFiles()
	n.hurried(d)
	n.finished(d, 0)
	p.terminate()
	if !strings.Contains(p.stderr.String(), "outcome unknown: "+n.database+": disk I/O error") {
		t.Errorf("the log does not say which database is in trouble\n%s", p.stderr.tail())
	}
}

// TestDatabaseStaysAway takes the database away for good, by the network and by
// a full disk: the send stops when it is told to, and the next one knows what
// this one could not record.
func TestDatabaseStaysAway(t *testing.T) {
	t.Parallel()
	cut, through := newProxy(t, dbtest.URL(t, db.Postgres))
	away := []outage{
		{n: crowded(t, settings{database: through}), begin: func(*process) { cut.cut() }, end: cut.restore},
		{n: crowded(t, settings{}), begin: func(p *process) { p.limitFiles(1 << 18) }, end: func() {}}, // the journal has room
	}
	for i := range away {
		o := &away[i]
		o.send = o.n.start("digest", "send", "daily", "--now")
		o.n.inbox.wait(middle)
		o.begin(o.send)
		until(t, "the send says that it stands still", func() bool { return strings.Contains(o.send.stderr.String(), "sending stands still") })
		o.send.signal(syscall.SIGTERM)
	}
	for _, o := range away {
		if code := o.send.wait(patience); code != 75 {
			t.Errorf("exit code %d, want 75\n%s", code, o.send.stderr.tail())
		}
		if total, _ := o.n.inbox.accepted(); total >= crowd {
			t.Fatal("the send was over before the database was taken away")
		}
		if left := o.n.journals("state"); len(left) != 1 {
			t.Errorf("%d journals are left, want the one that knows the rest", len(left))
		}
		o.end()
		o.n.must("digest", "send", "daily").want(t, 0, fmt.Sprintf(`due %d = sent %d `, crowd, crowd))
		o.n.finished(o.n.open(), 0)
	}
}

// outage is a database that is taken away from a send.
type outage struct {
	n     *newsroom
	send  *process
	begin func(send *process)
	end   func()
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
