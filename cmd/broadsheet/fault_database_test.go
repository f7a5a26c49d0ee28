package main_test

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// TestDatabaseConnectionsFail does to the connections of a send, again and
// again, what networks do: answers are lost after the statement took effect,
// resets, a stall, refusals.
func TestDatabaseConnectionsFail(t *testing.T) {
	t.Parallel()
	p, through := newProxy(t, dbtest.URL(t, db.Postgres))
	n := crowded(t, settings{database: through})
	send := n.start("digest", "send", "daily", "--now")
	faults := [...]func(){
		p.swallow,
		p.reset,
		func() { p.stall(); <-time.After(time.Second); p.resume() },
		func() { p.cut(); <-time.After(300 * time.Millisecond); p.restore() },
	}
	for i := range 2 * len(faults) {
		n.inbox.wait((i + 1) * n.readers / (2*len(faults) + 2))
		faults[i%len(faults)]()
	}
	if code := send.wait(patience); code != 0 {
		t.Errorf("exit code %d, want 0\n%s", code, send.stderr.tail())
	}
	n.finished(n.open(), 0)
	if p.swallowed() == 0 {
		t.Error("no answer of the database was lost")
	}
}

// TestDatabaseBackendsAreTerminated ends the server's side of two services'
// connections again and again.
func TestDatabaseBackendsAreTerminated(t *testing.T) {
	t.Parallel()
	direct := dbtest.URL(t, db.Postgres)
	u, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Set("application_name", "terminated")
	u.RawQuery = query.Encode()
	n, d := missedSlot(t, settings{database: u.String()})
	d.Close()
	d = (&newsroom{t: t, dir: n.dir, database: direct}).open()
	a, b := n.worker(), n.worker()
	ended := 0
	for i := range 5 {
		n.inbox.wait((i + 1) * n.readers / 7)
		ended += count(t, d, `SELECT COUNT(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE application_name = 'terminated') AS ended`)
	}
	n.finished(d, 0)
	a.terminate()
	b.terminate()
	if ended < 5 {
		t.Errorf("%d backends were ended, want some each time", ended)
	}
}

// TestDatabaseServerRestarts stops the server at once, without a word to its
// clients, in the middle of a send by two services, and starts it again.
func TestDatabaseServerRestarts(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	n, d := missedSlot(t, settings{database: server.url})
	a, b := n.worker(), n.worker()
	for _, at := range []int{middle, 3 * middle} {
		n.inbox.wait(at)
		server.control("-m", "immediate", "stop")
		for _, p := range []*process{a, b} {
			seen := strings.Count(p.stderr.String(), "level=ERROR")
			until(t, "the service misses its database", func() bool { return strings.Count(p.stderr.String(), "level=ERROR") > seen })
		}
		server.start()
	}
	d.Close()
	n.finished(n.open(), 0)
	a.terminate()
	b.terminate()
}

// server is a PostgreSQL server of a test's own.
type server struct {
	t      *testing.T
	bin    string
	folder string
	port   int
	url    string
}

// newServer starts a PostgreSQL server that the test may stop, with the
// programs of the one that the other tests use.
func newServer(t *testing.T) *server {
	t.Helper()
	_, port, ok := strings.Cut(closedPort(t), ":")
	number, err := strconv.Atoi(port)
	if !ok || err != nil {
		t.Fatalf("port %s: %v", port, err)
	}
	folder, err := os.MkdirTemp("", "broadsheet-postgres-") // short: its socket's path has a limit
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	s := &server{t: t, bin: postgresPrograms(t), folder: folder, port: number,
		url: fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", number)}
	if os.Geteuid() == 0 { // which PostgreSQL refuses to run as
		if out, err := exec.Command("chown", "postgres", folder).CombinedOutput(); err != nil {
			t.Fatalf("chown: %v\n%s", err, out)
		}
	}
	s.run("initdb", "-D", s.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	s.start()
	t.Cleanup(func() { s.control("-m", "immediate", "stop") })
	return s
}

// postgresPrograms is the folder of initdb and pg_ctl.
func postgresPrograms(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		t.Fatal(err)
	}
	if len(found) > 0 {
		return found[len(found)-1]
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		t.Fatal("initdb is not here: make test installs what the tests need")
	}
	return filepath.Dir(path)
}

func (s *server) data() string { return filepath.Join(s.folder, "data") }

func (s *server) start() {
	s.t.Helper()
	s.control("-l", filepath.Join(s.folder, "log"), "-o",
		fmt.Sprintf("-p %d -k %s -c listen_addresses=127.0.0.1 -c fsync=off", s.port, s.folder), "start")
}

// control runs pg_ctl and waits until what it was asked for is so.
func (s *server) control(args ...string) {
	s.t.Helper()
	s.run("pg_ctl", append([]string{"-D", s.data(), "-w", "-s"}, args...)...)
}

func (s *server) run(program string, args ...string) {
	s.t.Helper()
	argv := append([]string{filepath.Join(s.bin, program)}, args...)
	if os.Geteuid() == 0 {
		argv = append([]string{"runuser", "-u", "postgres", "--"}, argv...)
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = s.folder
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C is for the test
	log, err := os.Create(filepath.Join(s.t.TempDir(), program))
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log // a file: the server would keep a pipe open
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(log.Name())
		s.t.Errorf("%s: %v\n%s", program, err, said)
	}
}
