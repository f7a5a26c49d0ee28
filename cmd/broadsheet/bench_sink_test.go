package main_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"broadsheet/mail/sink"
)

// sinkProcess is a sink that shares no process with the benchmark.
type sinkProcess struct {
	addr string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
}

// received is what a sink process says at its end.
type received struct {
	Accepted int
	Octets   int64
	Took     time.Duration // from the first message to the last
}

// sinkVariable makes the test binary a sink instead; its value is how far away.
const sinkVariable = "BROADSHEET_BENCH_SINK"

func startSink(b *testing.B, away time.Duration) *sinkProcess {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	s := &sinkProcess{cmd: exec.Command(self)}
	s.cmd.Env = append(os.Environ(), sinkVariable+"="+away.String())
	s.cmd.Stderr = os.Stderr
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		b.Fatal(err)
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	s.out = bufio.NewReader(out)
	if err := s.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	line, err := s.out.ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	s.addr = strings.TrimSpace(line)
	return s
}

func (s *sinkProcess) end(b *testing.B) received {
	b.Helper()
	s.in.Close()
	var got received
	if err := json.NewDecoder(s.out).Decode(&got); err != nil {
		b.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		b.Fatal(err)
	}
	return got
}

// serveSink is the sink process: it prints its address, and what came once standard input ends.
func serveSink(away time.Duration) error {
	var mu sync.Mutex
	var got received
	var first, last time.Time
	server, err := sink.NewServer(sink.Options{Keep: -1, OnMessage: func(_, _ string, data []byte) error {
		mu.Lock()
		defer mu.Unlock()
		last = time.Now()
		if got.Accepted == 0 {
			first = last
		}
		got.Accepted++
		got.Octets += int64(len(data))
		return nil
	}})
	if err != nil {
		return err
	}
	defer server.Close()
	addr := server.Addr().String()
	if away > 0 {
		if addr, err = distance(addr, away/2); err != nil {
			return err
		}
	}
	fmt.Println(addr)
	io.Copy(io.Discard, os.Stdin)
	mu.Lock()
	defer mu.Unlock()
	got.Took = last.Sub(first)
	return json.NewEncoder(os.Stdout).Encode(got)
}

// distance listens for connections to target and makes everything on them take so long each way.
func distance(target string, each time.Duration) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				time.Sleep(2 * each) // the handshake
				far, err := net.Dial("tcp", target)
				if err != nil {
					near.Close()
					return
				}
				go carry(near, far, each)
				go carry(far, near, each)
			}()
		}
	}()
	return listener.Addr().String(), nil
}

// carry copies from one side to the other, each piece so long after it came.
func carry(from, to net.Conn, each time.Duration) {
	type piece struct {
		data []byte
		due  time.Time
	}
	pieces := make(chan piece, 1024)
	go func() {
		defer to.Close()
		for p := range pieces {
			time.Sleep(time.Until(p.due))
			if _, err := to.Write(p.data); err != nil {
				from.Close()
			}
		}
	}()
	defer close(pieces)
	for {
		buf := make([]byte, 64<<10)
		n, err := from.Read(buf)
		if n > 0 {
			pieces <- piece{buf[:n], time.Now().Add(each)}
		}
		if err != nil {
			return
		}
	}
}
