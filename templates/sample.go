package templates

import (
	"reflect"
	"time"
)

// dataOf is the type of what a mail's templates are given.
func dataOf(mail string) reflect.Type {
	if mail == noticeFile {
		return reflect.TypeFor[*Notice]()
	}
	return reflect.TypeFor[*Issue]()
}

// samples are what the templates of a mail are tried with.
func samples(mail string) []any {
	if mail == noticeFile {
		return []any{sampleNotice(), newNotice(Site{}, "en", "")}
	}
	kind := Kind(mail)
	if mail == digestFile {
		kind = KindDaily
	}
	return []any{newIssue(SampleDigest(kind)), newIssue(&Digest{Kind: kind})}
}

func sampleNotice() *Notice {
	n := newNotice(sampleSite(), "en", "https://courier.example/mail/c/token")
	n.Subject, n.Button, n.Why = "Confirm your sign-up", n.T.ConfirmButton, "Why this mail came."
	n.Before, n.After = []string{"What this is about."}, []string{"What happens then."}
	n.addList("Topics", []string{"City", "World"})
	return n
}

func sampleSite() Site {
	return Site{
		Name: "City Courier", URL: "https://courier.example/", Language: "en",
		PostalAddress: "1 Main Street, Springfield", Tagline: "Springfield, since 1871",
		Logo: &Logo{URL: "https://courier.example/logo.png", Alt: "City Courier", Width: 160, Height: 40},
	}
}

// SampleDigest is a made-up digest of a kind that has everything a digest may
// have, to try and to show a theme with.
func SampleDigest(k Kind) *Digest {
	at := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	d := &Digest{
		Kind: k, Site: sampleSite(), Slug: "daily", Name: "The Morning Courier", Edition: "daily/2026-11-23",
		Date: at, Since: at.AddDate(0, 0, -7), Language: "en", Preheader: "What the city talks about this morning.",
		ReaderName: "Ana Ruiz", Unsubscribe: "https://courier.example/mail/u/token", Preferences: "https://courier.example/mail/p/token",
		SubscribeURL: "https://courier.example/mail/subscribe", ViewURL: "https://courier.example/mail/v/token",
	}
	d.Intro, _ = ParseProse("# Good morning\n\nThe *bridge* is back, and so is the [ferry](https://courier.example/ferry).\n\n> It was time.\n\n- one\n- two\n\n---\n\n`code`")
	d.Corrections = []Correction{{Title: "Tolls from April", URL: "https://courier.example/tolls", Note: "The tolls begin in May.", At: at}}
	if k == KindLetter || k == KindCorrection {
		return d
	}
	lead := sampleStory("Council agrees on the harbour bridge after a long night", "City", "bridge", at)
	lead.Pinned, lead.Paid, lead.Body = true, true, []string{"The first paragraph.", "The second one."}
	d.Lead, d.Subject, d.More, d.MoreURL = &lead, lead.Title, 12, "https://courier.example/today"
	plain := Story{Title: "Library opens on Sundays", URL: "https://courier.example/library", Topics: []string{"City", "Culture"}}
	d.Sections = []Section{
		{Kind: TopSection, Stories: []Story{sampleStory("Market hall gets a new roof", "City", "market", at)}},
		{Slug: "city", Name: "City", Stories: []Story{plain, sampleStory("عودة العبّارة إلى الميناء", "City", "ferry", at)}},
		{Slug: "world", Name: "World", Stories: []Story{sampleStory("Talks on shipping lanes begin", "World", "lanes", at)}},
		{Kind: LatestSection, Stories: []Story{sampleStory("Fog delays the morning trains", "City", "fog", at)}},
	}
	return d
}

func sampleStory(title, topic, slug string, at time.Time) Story {
	return Story{
		Title: title, URL: "https://courier.example/2026/11/23/" + slug, Summary: "What happened, told in two sentences. The second one says what comes next.",
		Author: "Ana Ruiz", Source: "City Courier", AlsoFrom: []string{"Harbour News"}, Topics: []string{topic, "Harbour"},
		Image: "https://courier.example/pictures/bridge.jpg", ImageAlt: "The bridge at dusk", ImageWidth: 1200, ImageHeight: 800,
		ImageCredit: "Lee Park", PublishedAt: at.Add(-2 * time.Hour), ModifiedAt: at.Add(-time.Hour),
	}
}
