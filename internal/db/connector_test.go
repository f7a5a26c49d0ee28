package db_test

import (
	"database/sql"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
)

// tear stands before a PostgreSQL server and ends connections around an answer.
type tear struct {
	target string

	mu   sync.Mutex
	at   byte // the type of the answer, 0: none
	pass bool // the client still gets it
	torn int
}

// tearAt ends a connection each time the server gives an answer of a type from now on, and lets the client have it or not.
func (p *tear) tearAt(at byte, pass bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at, p.pass = at, pass
}

func (p *tear) look(kind byte) (tears, pass bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if kind != p.at {
		return false, true
	}
	p.torn++
	return true, p.pass
}

func (p *tear) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.torn
}

// tornPool is a pool of connections through a tear.
func tornPool(t *testing.T) (*tear, *sql.DB) {
	t.Helper()
	u, err := url.Parse(dbtest.URL(t, db.Postgres))
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	p := &tear{target: u.Host}
	u.Host = ln.Addr().String()
	go func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			go p.serve(client)
		}
	}()
	pool, err := db.OpenPool(u.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	return p, pool
}

func (p *tear) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		io.Copy(server, client)
		server.Close()
	}()
	for {
		head := make([]byte, 5) // type and length of an answer
		if _, err := io.ReadFull(server, head); err != nil {
			return
		}
		answer := make([]byte, 1+binary.BigEndian.Uint32(head[1:]))
		copy(answer, head)
		if _, err := io.ReadFull(server, answer[5:]); err != nil {
			return
		}
		tears, pass := p.look(head[0])
		if pass {
			client.Write(answer)
		}
		if tears {
			return
		}
	}
}

// TestConnectionTornBehindAnError: a connection that ends behind an error is not used again.
func TestConnectionTornBehindAnError(t *testing.T) {
	t.Parallel()
	p, pool := tornPool(t)
	for round := range 3 {
		p.tearAt('E', true)
		if _, err := pool.ExecContext(t.Context(), `UPDATE nothing SET here = 1`); err == nil {
			t.Error("a broken statement succeeded")
		}
		p.tearAt(0, true)
		for range 5 {
			if err := pool.PingContext(t.Context()); err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
			if _, err := pool.ExecContext(t.Context(), `SELECT 1`); err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
		}
	}
	if p.count() != 3 {
		t.Errorf("%d connections were torn, want 3", p.count())
	}
}

// TestLostAnswerIsNotAskedForAgain: a statement whose answer is lost has run once, and the caller is told that nobody
// knows.
func TestLostAnswerIsNotAskedForAgain(t *testing.T) {
	t.Parallel()
	p, pool := tornPool(t)
	if _, err := pool.ExecContext(t.Context(), `CREATE TABLE once (n BIGINT)`); err != nil {
		t.Fatal(err)
	}
	p.tearAt('C', false)
	_, err := pool.ExecContext(t.Context(), `INSERT INTO once VALUES (1)`)
	p.tearAt(0, true)
	if !errors.Is(err, db.ErrOutcomeUnknown) {
		t.Errorf("the answer was lost: %v, want ErrOutcomeUnknown", err)
	}
	var rows int
	if err := pool.QueryRowContext(t.Context(), `SELECT count(*) FROM once`).Scan(&rows); err != nil || rows != 1 {
		t.Errorf("%d rows, %v, want the one that was inserted", rows, err)
	}
}
