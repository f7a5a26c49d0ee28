package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"broadsheet/mail/sink"
)

// address waits until a preview says where it is.
func (p *process) address() string {
	p.t.Helper()
	base := ""
	until(p.t, "the preview says where it is", func() bool {
		if m := regexp.MustCompile(`is shown at (http://127\.0\.0\.1:\d+)/ until`).FindStringSubmatch(p.stdout.String()); m != nil {
			base = m[1]
		}
		return base != ""
	})
	return base
}

// interrupt is Ctrl-C, which must end the process well.
func (p *process) interrupt() {
	p.t.Helper()
	p.signal(os.Interrupt)
	if code := p.wait(30 * time.Second); code != 0 {
		p.t.Errorf("exit code %d after Ctrl-C, want 0\n%s", code, p.stderr.tail())
	}
}

func TestTemplatePreviewWithoutConfiguration(t *testing.T) {
	t.Parallel()
	n := &newsroom{t: t, dir: t.TempDir()}
	n.steps([]step{
		{args: "template preview nothing", code: 2, stderr: `no theme and no folder "nothing"`},
		{args: "template preview --kind nothing", code: 2, stderr: `there is no kind of mail "nothing", only daily, .*alert`},
		{args: "template preview --listen 0.0.0.0:8090", code: 2, stderr: `listens on this machine only`},
		{args: "template preview --digest daily", code: 2, stderr: `--digest and --for go together`},
		{args: "template preview briefing broadsheet", code: 2, stderr: `unexpected argument "broadsheet"`},
		{args: "template eject briefing mine"},
	})
	p := n.start("template", "preview", "mine", "--kind", "weekly", "--listen", "127.0.0.1:0")
	base := p.address()
	for _, want := range []string{"mine", `aria-current="page">weekly<`, "Nothing is wrong with its mails"} {
		if page := get(t, base+"/"); !strings.Contains(page, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	path := filepath.Join("mine", "digest.html")
	n.write(path, n.read(path)+"{{.Nme}}")
	until(t, "the page tells of the broken theme", func() bool { return strings.Contains(get(t, base+"/"), ".Nme: no such field") })
	if mail := get(t, base+"/mail"); !strings.Contains(mail, "The Morning Courier") {
		t.Error("the last good mail is not shown")
	}
	p.interrupt()
}

// TestTemplatePreviewOfRealStories shows what a reader would get, in another
// theme than that of the digest, and writes nothing.
func TestTemplatePreviewOfRealStories(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		n := newNewsroom(t, settings{database: url, schedule: "0 0 1 1 *"}, sink.Options{})
		n.write("readers.csv", "email,topics\nada@inbox.example,topic-0\n")
		n.steps([]step{
			{args: "subscriber import readers.csv --confirmed --consent list", stdout: `1 added`},
			{args: "template preview --digest daily --for ada@inbox.example", code: 1, stderr: `would not be sent to this reader: nothing-new`},
			{args: "template preview --digest daily --for eve@inbox.example", code: 1, stderr: `eve@inbox\.example`},
			{args: "template preview --digest weekly --for ada@inbox.example", code: 2, stderr: `weekly`},
			{args: "article add --url https://courier.example/1 --title 'The ferry sails' --topic topic-0", stdout: `1 new`},
		})
		d := n.open()
		before := dump(t, d)
		p := n.start("template", "preview", "briefing", "--digest", "daily", "--for", "ada@inbox.example", "--listen", "127.0.0.1:0")
		base := p.address()
		if page := get(t, base+"/"); !strings.Contains(page, "daily for ada@inbox.example") {
			t.Error("the real stories are not offered")
		}
		if mail := get(t, base+"/mail"); !strings.Contains(mail, "The ferry sails") || !strings.Contains(mail, "courier.example/mail/u/") {
			t.Error("the mail has not the reader's own stories and links")
		}
		p.interrupt()
		if after := dump(t, d); !slices.Equal(before, after) {
			t.Errorf("the preview changed the database:\n%s", difference(before, after))
		}
	})
}
