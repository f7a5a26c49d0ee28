package templates

import (
	"fmt"
	"net/url"
	"strings"
)

// Anchors of a reader's settings that mails link to.
const (
	AnchorPause = "pause"
	AnchorLeave = "leave"
)

// TopicPath is what follows the URL of a reader's settings in the link to the
// page that asks whether a topic shall end.
const TopicPath = "/topic/"

// Foot is the links of one reader that stand below a digest. Those that are
// empty are left out.
type Foot struct {
	Preferences string // the settings: topics, digests, hours
	Pause       string // where a reader takes a break
	Unsubscribe string // ends this digest
	LeaveAll    string // ends all digests
	Topics      []TopicLink
}

// TopicLink leads to the page that asks whether a topic shall end.
type TopicLink struct{ Name, URL string }

// foot derives all links of a reader from two, so that no more than two slots
// have to be filled in for each message.
func foot(d *Digest) Foot {
	f := Foot{Preferences: oneLine(d.Preferences), Unsubscribe: oneLine(d.Unsubscribe)}
	if f.Preferences == "" {
		return f
	}
	f.Pause, f.LeaveAll = f.Preferences+"#"+AnchorPause, f.Preferences+"#"+AnchorLeave
	for _, s := range d.Sections {
		if name := firstOf(oneLine(s.Name), oneLine(s.Slug)); s.Kind == TopicSection && oneLine(s.Slug) != "" && len(s.Stories) > 0 {
			f.Topics = append(f.Topics, TopicLink{Name: name, URL: f.Preferences + TopicPath + url.PathEscape(s.Slug)})
		}
	}
	if len(f.Topics) < 2 { // leaving the only topic is leaving the digest
		f.Topics = nil
	}
	return f
}

// why says why a reader has this mail.
func (c *catalogue) why(name, site string) string {
	return fmt.Sprintf(c.Why, name, site)
}

// isolate keeps a text from turning around what stands beside it in a line of
// the given direction, or from being turned around by it.
func isolate(s, dir string) string {
	if textDirection(s, dir) == dir && !mixed(s) {
		return s
	}
	return "\u2068" + s + "\u2069"
}

// mixed reports whether a text has letters of both directions.
func mixed(s string) bool {
	first := textDirection(s, "")
	return first != "" && strings.ContainsFunc(s, func(r rune) bool {
		dir := textDirection(string(r), "")
		return dir != "" && dir != first
	})
}
