package templates

import (
	"fmt"
	"strings"
	"time"
)

// sampleURL is the address of the made-up site, of a host that nobody has.
const sampleURL = "https://courier.example/"

// SamplePictures is where the pictures of samples would be.
const SamplePictures = sampleURL + "pictures/"

// sampleSize is how many stories a sample has where its kind has many.
const sampleSize = 20

// Sample is a made-up digest of a kind in a language, to judge a theme by: up
// to twenty stories, some of them as hard as newspapers have them, which are a
// word too long for a line, a headline of 300 characters, letters from right
// to left (or from left to right), and missing pictures. The stories are of the
// language if mails have words in it, else they are in English.
func Sample(kind Kind, language string) *Digest {
	d := newSample(kind, language)
	w := sampleIn(language)
	d.Intro, _ = ParseProse(w.intro)
	switch kind {
	case KindLetter:
		d.Intro, _ = ParseProse(sampleLetter(w))
		return d
	case KindCorrection:
		d.Corrections = []Correction{{Title: w.story(0)[1], URL: sampleURL + "bridge", Note: w.note, At: d.Date.Add(-time.Hour)}}
		return d
	}
	stories := w.sampleStories(d.Date, sampleSize)
	lead := stories[0]
	lead.Pinned, lead.ImageCredit = true, w.author
	lead.ModifiedAt = lead.PublishedAt.Add(40 * time.Minute)
	d.Lead, d.Subject = &lead, lead.Title
	if kind == KindBreaking {
		return d
	}
	d.Sections = w.sampleSections(stories)
	d.More, d.MoreURL = 12, sampleURL+"today"
	d.Slots = []Slot{{Slug: "house", Position: SlotAfterLead, Sponsor: w.site, Text: w.story(1)[2], Link: sampleURL + "offer", LinkText: w.site}}
	return d
}

// newSample is a digest without stories.
func newSample(kind Kind, language string) *Digest {
	w := sampleIn(language)
	at := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	d := &Digest{
		Kind: kind, Slug: "sample", Name: w.name, Subject: w.name, Edition: "sample/2026-11-23", Date: at, Language: language,
		Preheader: w.story(0)[2], ReaderName: w.reader,
		Unsubscribe: sampleURL + "mail/u/sample", Preferences: sampleURL + "mail/p/sample",
		SubscribeURL: sampleURL + "mail/subscribe", ViewURL: sampleURL + "mail/v/sample",
		Site: Site{Name: w.site, URL: sampleURL, Language: language, PostalAddress: w.address, Tagline: w.tagline},
	}
	if kind == KindWeekly {
		d.Since = at.AddDate(0, 0, -7)
	}
	return d
}

// sampleLetter is Markdown with all that a letter may have.
func sampleLetter(w *sampleWords) string {
	return fmt.Sprintf("# %s\n\n%s\n\n## %s\n\n%s\n\n> %s\n\n1. %s\n2. %s\n\n---\n\n**%s**, `2026`",
		w.story(0)[1], w.intro, w.sections[0], w.story(1)[2], w.story(2)[1], w.story(3)[1], w.story(4)[1], w.author)
}

// sampleStories are n stories, the hard ones among them.
func (w *sampleWords) sampleStories(day time.Time, n int) []Story {
	stories := make([]Story, n)
	for i := range stories {
		t := w.story(i)
		stories[i] = Story{
			Title: t[1], Summary: t[2], URL: fmt.Sprintf("%s2026/11/23/%s-%d", sampleURL, t[0], i), Source: w.site,
			Image: SamplePictures + t[0] + ".jpg", ImageAlt: t[1], ImageWidth: 1200, ImageHeight: 800,
			PublishedAt: day.Add(-time.Duration(i+1) * 20 * time.Minute), Topics: []string{w.sections[i%len(w.sections)]},
		}
		if i%3 == 0 {
			stories[i].Author = w.author
		}
		if i%4 == 2 {
			stories[i].Image, stories[i].ImageAlt = "", ""
		}
	}
	for i, hard := range sampleHard(w) {
		s := &stories[n-1-2*i]
		s.Title, s.Summary, s.Language = hard.title, hard.summary, hard.language
	}
	return stories
}

// hardStory is a story that is hard to set.
type hardStory struct{ title, summary, language string }

// sampleHard are the stories that themes break at, with one in letters that run
// the other way.
func sampleHard(w *sampleWords) []hardStory {
	arabic, english := sampleIn("ar").story(0), sampleIn("en").story(0)
	turned := hardStory{arabic[1], arabic[2], "ar"}
	if w.site == sampleIn("ar").site {
		turned = hardStory{english[1], english[2], "en"}
	}
	return []hardStory{
		{strings.Repeat("Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz", 2), "", "de"},
		{strings.TrimSpace(strings.Repeat("The council meets again. ", 12)), "", "en"},
		turned,
		{"橋の計画を市議会が承認、夜を徹した協議の末に", "市議会は長い夜の話し合いの末に橋の計画を承認した。", "ja"},
	}
}

// sampleSections puts all stories but the lead under headings.
func (w *sampleWords) sampleSections(stories []Story) []Section {
	return []Section{
		{Kind: TopSection, Stories: stories[1:3]},
		{Slug: "city", Name: w.sections[0], Stories: stories[3:9]},
		{Slug: "world", Name: w.sections[1], Stories: stories[9:14]},
		{Slug: "culture", Name: w.sections[2], Stories: stories[14:17]},
		{Kind: LatestSection, Stories: stories[17:]},
	}
}
