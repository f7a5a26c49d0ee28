// Command broadsheet sends newsletter digests of a news site's articles.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	e := &env{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		environ: os.Environ(), dir: ".", now: time.Now,
		interactive: term.IsTerminal(int(os.Stdin.Fd())),
	}
	if fd := int(os.Stderr.Fd()); term.IsTerminal(fd) {
		e.line = newStatusLine(os.Stderr, func() int {
			width, _, _ := term.GetSize(fd)
			return width
		})
		e.stderr = e.line
	}
	go func() { // a second signal ends the program at once
		<-ctx.Done()
		stop()
	}()
	os.Exit(e.run(ctx, os.Args[1:]))
}
