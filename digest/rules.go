package digest

import "strings"

// judge returns the rule that keeps a candidate from the reader, "" if none
// does. Breaking news is there whenever it came and however old it is.
func (l *layout) judge(a *candidate) Rule {
	rule := l.timing(a)
	switch {
	case rule != "":
		return rule
	case l.choice.exclude[a.id]:
		return RuleHad
	case l.choice.article == 0 && l.tooOld(a):
		return RuleAge
	case !admits(a.audience, l.choice.attributes):
		return RuleAudience
	case l.digest.ReaderLanguage && !l.digest.speaks(a.language, l.choice.language):
		return RuleLanguage
	}
	return ""
}

// tooOld reports whether a candidate is older than the digest wants.
func (l *layout) tooOld(a *candidate) bool {
	return l.digest.MaxAge > 0 && a.freshAt < l.at-l.digest.MaxAge.Milliseconds()
}

// timing judges whether a story is the reader's in this window: it is if a topic
// of the reader's came in it and no earlier run offered the story already.
func (l *layout) timing(a *candidate) Rule {
	if l.choice.article != 0 {
		if a.id != l.choice.article {
			return RuleArticle
		}
		return ""
	}
	if a.unproven && l.before(a) != nil {
		return RuleOffered
	}
	came, fits := false, false
	for i := range a.topics {
		t := &a.topics[i]
		if t.seq <= l.window.from && l.offered(t) {
			return RuleOffered
		}
		if l.wants(t) {
			came = came || t.seq > l.window.from && t.seq <= l.window.to
			fits = fits || l.fits(t)
		}
	}
	switch {
	case !fits:
		return RuleGone
	case !came:
		return RuleWindow
	}
	return ""
}

// before returns a topic for which an earlier run offered a story, nil for none.
// One that does not bring it any more counts where deliveries do not tell.
func (l *layout) before(a *candidate) *topicSeq {
	for i := range a.topics {
		if t := &a.topics[i]; t.seq <= l.window.from && l.offered(t) {
			return t
		}
	}
	if !a.unproven {
		return nil
	}
	for i := range a.gone {
		if t := &a.gone[i]; t.seq <= l.window.from && l.offered(t) {
			return t
		}
	}
	return nil
}

// offered reports whether an earlier run offered a story for one of its topics:
// whether the reader wanted that when it came.
func (l *layout) offered(t *topicSeq) bool {
	for i := range l.choice.former {
		if former := &l.choice.former[i]; t.seq <= former.until {
			return former.wants(t.topic)
		}
	}
	if t.at < 0 {
		return l.choice.wants(t.topic)
	}
	return l.wants(t)
}

// wants reports whether the reader wants a topic.
func (l *layout) wants(t *topicSeq) bool { return l.rooms[t.at].place >= 0 }

// fits reports whether a topic of an article can bring it to the reader.
func (l *layout) fits(t *topicSeq) bool {
	return l.wants(t) && (l.choice.only == 0 || l.choice.only == t.topic)
}

// givesBody reports whether the reader gets the body of a story.
func (l *layout) givesBody(a *candidate) bool {
	return l.digest.FullText && (!a.paid || l.digest.paid != "" && admits(l.digest.paid, l.choice.attributes))
}

// admits reports whether a reader with the given attributes may have what is
// for an audience, both like ",name=value,name=value," in order: of each
// attribute that the audience names the reader needs one of its values.
func admits(audience, attributes string) bool {
	name, met := "", true
	for i := 0; ; { // at the comma before a pair
		rest := audience[min(i+1, len(audience)):]
		length := strings.IndexByte(rest, ',')
		if length < 0 {
			return met
		}
		pair := audience[i : i+length+2]
		if own, _, _ := strings.Cut(pair, "="); own != name {
			if !met {
				return false
			}
			name, met = own, false
		}
		met = met || strings.Contains(attributes, pair)
		i += length + 1
	}
}

// speaks reports whether a story and a reader have the same language, "en-GB"
// like "en". What is not known is the site's.
func (d *Digest) speaks(story, reader string) bool {
	return strings.EqualFold(d.primary(story), d.primary(reader))
}

func (d *Digest) primary(tag string) string {
	if tag == "" {
		tag = d.language
	}
	if i := strings.IndexAny(tag, "-_"); i >= 0 {
		tag = tag[:i]
	}
	return tag
}
