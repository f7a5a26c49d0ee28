package templates

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// The sizes of the HTML part that are told, in octets: of twenty stories, and
// the most that a mail may have before mail programs cut it off.
const (
	lightMail = 30 << 10
	mostMail  = 95 << 10
)

// Check draws every mail of the theme with samples, from left to right and from
// right to left, and lists what is wrong with it, in the order of the files. A
// theme that does not compile has what keeps it from that alone.
func (t *Source) Check() []Finding {
	found := &findings{}
	theme, err := t.Compile()
	if err == nil {
		traced := newTrace(t)
		var tracedTheme *Theme
		if tracedTheme, err = traced.source.Compile(); err == nil {
			c := &themeCheck{findings: found, source: t, trace: traced, theme: theme, traced: tracedTheme}
			return found.sorted(c.run())
		}
	}
	found.broken(err)
	return found.sorted(1)
}

// BrokenFindings are the faults of a theme that cannot be read, as findings.
func BrokenFindings(err error) []Finding {
	found := &findings{}
	found.broken(err)
	return found.sorted(1)
}

func (f *findings) broken(err error) {
	var faults Faults
	if !errors.As(err, &faults) {
		f.error(RuleBroken, place{file: digestFile + ".html"}, "%v", err)
		return
	}
	for _, fault := range faults {
		f.error(RuleBroken, place{fault.File, fault.Line}, "%s", fault.Text)
	}
}

// themeCheck draws the mails of a theme and looks at each.
type themeCheck struct {
	*findings
	source *Source
	trace  *trace
	theme  *Theme // as it is
	traced *Theme // whose elements tell where they are from
}

// run looks at all mails and returns how many there are.
func (c *themeCheck) run() int {
	for _, kind := range Kinds() {
		c.mail = string(kind)
		for _, language := range []string{"en", "ar"} {
			c.digest(Sample(kind, language))
		}
		c.size(Sample(kind, "en"))
	}
	notices := SampleNotices()
	for _, n := range notices {
		c.mail = n.Name
		c.notice(&n)
	}
	return len(Kinds()) + len(notices)
}

func (c *themeCheck) digest(d *Digest) {
	html, err := c.traced.HTML(d)
	if err != nil {
		c.error(RuleBroken, c.file(string(d.Kind), ".html"), "%v", err)
		return
	}
	text, err := c.traced.Text(d)
	if err != nil {
		c.error(RuleBroken, c.file(string(d.Kind), ".txt"), "%v", err)
		return
	}
	v := c.traced.issue(d)
	m := c.mailCheck(string(d.Kind), html, text)
	m.want = wanted{
		language: v.Lang, direction: v.Dir, preheader: v.Preheader, address: v.Address,
		links: []neededLink{{"Unsubscribe", d.Unsubscribe}, {"Preferences", d.Preferences}},
	}
	m.run()
}

// size tells what the theme makes of twenty stories.
func (c *themeCheck) size(d *Digest) {
	html, err := c.theme.HTML(d)
	if err != nil {
		return // digest told it
	}
	switch at := c.file(string(d.Kind), ".html"); {
	case len(html) > mostMail:
		c.error(RuleSize, at, "the HTML has %d KB with %s, and mail programs cut it off beyond %d", len(html)>>10, counted(d.Count(), "story", "stories"), mostMail>>10)
	case len(html) > lightMail:
		c.warn(RuleSize, at, "the HTML has %d KB with %s: up to %d are read at once on slow phones", len(html)>>10, counted(d.Count(), "story", "stories"), lightMail>>10)
	}
}

func (c *themeCheck) mailCheck(mail, html, text string) *mailCheck {
	return &mailCheck{
		findings: c.findings, trace: c.trace, html: html, text: c.trace.lines(text),
		htmlFile: c.file(mail, ".html"), textFile: c.file(mail, ".txt"),
	}
}

// file is the file that draws a mail.
func (c *themeCheck) file(mail, ext string) place {
	for _, name := range []string{mail + ext, digestFile + ext} {
		if _, own := c.source.Own[name]; own {
			return place{file: name}
		}
		if _, shared := c.source.Shared[name]; shared {
			return place{file: sharedFolder + "/" + name}
		}
	}
	return place{file: mail + ext}
}

func (c *themeCheck) notice(n *SampleNotice) {
	m, err := n.Draw(c.traced)
	if err != nil {
		c.error(RuleBroken, c.file(noticeFile, ".html"), "%v", err)
		return
	}
	check := c.mailCheck(noticeFile, m.HTML, m.Text)
	check.want = wanted{language: "en", direction: "ltr", address: sampleIn("en").address}
	check.run()
}

// SampleNotice is a made-up mail of the system.
type SampleNotice struct {
	Name string // such as "confirm"
	make func(site Site) (Mail, error)
}

// Draw makes the mail with a theme.
func (n *SampleNotice) Draw(theme *Theme) (Mail, error) {
	site := newSample(KindDaily, "en").Site
	site.Looks = fixedLooks{theme}
	m, err := n.make(site)
	if err != nil {
		return Mail{}, fmt.Errorf("draw sample %s: %w", n.Name, err)
	}
	return m, nil
}

// fixedLooks is a theme that stays.
type fixedLooks struct{ theme *Theme }

// Theme is the theme.
func (l fixedLooks) Theme() *Theme { return l.theme }

// SampleNotices are the mails of the system, with made-up content.
func SampleNotices() []SampleNotice {
	at := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	w := sampleIn("en")
	return []SampleNotice{
		{"confirm", func(site Site) (Mail, error) {
			return ConfirmMail(&Confirm{Site: site, URL: sampleURL + "mail/c/sample", RequestedAt: at, Digests: []string{w.name}, Topics: w.sections[:]})
		}},
		{"already", func(site Site) (Mail, error) { return AlreadySubscribedMail(site, sampleURL+"mail/p/sample") }},
		{"goodbye", func(site Site) (Mail, error) {
			return GoodbyeMail(&Goodbye{Site: site, Digest: w.name, SubscribeURL: sampleURL + "mail/subscribe"})
		}},
		{"fresh", func(site Site) (Mail, error) {
			return FreshLinkMail(&FreshLink{Site: site, URL: sampleURL + "mail/p/sample", RequestedAt: at})
		}},
		{"alert", func(site Site) (Mail, error) {
			return AlertMail(site, []Alert{{Text: "theme ./mine: digest.html:14: .Nme: no such field, did you mean .Name?", Since: at}})
		}},
	}
}

// counted is a number with its noun.
func counted(n int, one string, many ...string) string {
	word := one
	if n != 1 && len(many) > 0 {
		word = many[0]
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", n, word))
}
