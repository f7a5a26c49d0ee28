package main_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// result is what a command that has ended left behind.
type result struct {
	args   string
	code   int
	stdout string
	stderr string
}

// run runs a command in the newsroom's folder to its end.
func (n *newsroom) run(args ...string) result {
	n.t.Helper()
	return n.runIn(strings.NewReader(""), args...)
}

// runIn is run with something on standard input.
func (n *newsroom) runIn(stdin io.Reader, args ...string) result {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), 2*patience)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir, cmd.Env = n.dir, environment()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		n.t.Fatalf("broadsheet %s: %v", strings.Join(args, " "), err)
	}
	return result{strings.Join(args, " "), cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// must is run for a command that has to succeed.
func (n *newsroom) must(args ...string) result {
	n.t.Helper()
	r := n.run(args...)
	r.want(n.t, 0, "")
	return r
}

// want compares the exit code, and standard output with a pattern.
func (r result) want(t *testing.T, code int, pattern string) {
	t.Helper()
	if r.code != code {
		t.Fatalf("broadsheet %s: exit code %d, want %d\nstdout: %s\nstderr: %s", r.args, r.code, code, r.stdout, r.stderr)
	}
	if !regexp.MustCompile(pattern).MatchString(r.stdout) {
		t.Errorf("broadsheet %s: got %q, want %q\nstderr: %s", r.args, r.stdout, pattern, r.stderr)
	}
}

// says compares standard error with patterns.
func (r result) says(t *testing.T, patterns ...string) {
	t.Helper()
	for _, p := range patterns {
		if !regexp.MustCompile(p).MatchString(r.stderr) {
			t.Errorf("broadsheet %s: stderr is %q, want %q", r.args, r.stderr, p)
		}
	}
}

// environment is ours without any setting of Broadsheet.
func environment() []string {
	var out []string
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "BROADSHEET_") {
			out = append(out, pair)
		}
	}
	return out
}

// process is a command that runs beside the test.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout output
	stderr output
	ended  chan struct{}
}

// start starts a command; the test's end kills it.
func (n *newsroom) start(args ...string) *process {
	n.t.Helper()
	return n.launch(exec.Command(binary, args...))
}

// startWith is start with variables of the environment.
func (n *newsroom) startWith(variables []string, args ...string) *process {
	n.t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env = variables
	return n.launch(cmd)
}

// startIn is start with standard input.
func (n *newsroom) startIn(stdin *os.File, args ...string) *process {
	n.t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Stdin = stdin
	return n.launch(cmd)
}

func (n *newsroom) launch(cmd *exec.Cmd) *process {
	n.t.Helper()
	p := &process{t: n.t, cmd: cmd, ended: make(chan struct{})}
	p.cmd.Dir, p.cmd.Env = n.dir, append(environment(), cmd.Env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	if err := p.cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	go func() {
		p.cmd.Wait()
		close(p.ended)
	}()
	n.t.Cleanup(func() {
		p.kill()
		if n.t.Failed() {
			n.t.Logf("broadsheet %s:\n%s%s", strings.Join(cmd.Args[1:], " "), p.stdout.tail(), p.stderr.tail())
		}
	})
	return p
}

func (p *process) signal(s os.Signal) { p.cmd.Process.Signal(s) }

// kill is kill -9.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.ended
}

// wait waits for the end and returns the exit code.
func (p *process) wait(most time.Duration) int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(most):
		p.t.Fatalf("the process did not end within %s", most)
	}
	return p.cmd.ProcessState.ExitCode()
}

// serves waits until a service has begun: before that a signal ends it as the
// system does, with nothing begun and nothing to drain.
func (p *process) serves() {
	p.t.Helper()
	until(p.t, "the service has begun", func() bool { return strings.Contains(p.stderr.String(), "msg=serving") })
}

// terminate is SIGTERM, which must end the process well and soon.
func (p *process) terminate() {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	p.drained()
}

// drained waits for the end that a SIGTERM brings about.
func (p *process) drained() {
	p.t.Helper()
	if code := p.wait(30 * time.Second); code != 0 {
		p.t.Errorf("exit code %d after SIGTERM, want 0\n%s", code, p.stderr.tail())
	}
}

// output is what a running process has written.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func (o *output) tail() string {
	text := o.String()
	return text[max(0, len(text)-4000):]
}
