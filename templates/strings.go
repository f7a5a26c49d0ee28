package templates

import (
	"fmt"
	"time"
)

// Problems that a form shows beside a field. Given as an error of a page they
// stand for a text in the reader's language; any other text is shown as it is.
const (
	ProblemAddressMissing = "address-missing"
	ProblemAddressInvalid = "address-invalid"
	ProblemNameTooLong    = "name-too-long"
	ProblemTopicsMissing  = "topics-missing"
	ProblemTopicUnknown   = "topic-unknown"
	ProblemDigestsMissing = "digests-missing"
	ProblemDigestUnknown  = "digest-unknown"
	ProblemZoneUnknown    = "zone-unknown"
	ProblemHourUnknown    = "hour-unknown"
	ProblemPauseOver      = "pause-over"
	ProblemFormExpired    = "form-expired"
	ProblemTooMany        = "too-many"
)

// catalogue is every word of ours in one language. A text with %s or %d takes
// the values that its comment names, in that order.
type catalogue struct {
	language   string // BCP 47, of these words
	dateLayout string // of a full date, as package time writes layouts
	dayLayout  string // of a date in the same year
	timeLayout string
	moment     string // date, time of day with zone

	// The digest.
	TopStory, EditorsPick, By, AlsoIn, AlsoFrom string // AlsoIn: topics, AlsoFrom: publications
	TopStories, Latest, Paid                    string
	Corrections                                 string
	moreOne, moreMany                           string // count, site
	Breaking, TopOfWeek                         string
	Welcome                                     string // digest
	UpdatedAt, PictureBy                        string // UpdatedAt: time; PictureBy: whose it is
	AlsoToday                                   string
	storiesOne, storiesMany                     string // count
	minutesOne, minutesMany                     string // count
	Why                                         string // digest, site
	Pause, LeaveAll, LeaveTopic, ViewOnline     string // LeaveAll: site
	Preferences, Unsubscribe                    string // Unsubscribe: digest
	Forwarded, SignUp                           string
	ReadAt                                      string // site

	// System mails.
	AlertSubject, AlertSince, AlertOnce, AlertWhy string // AlertSubject: site; AlertSince: text, moment

	ConfirmSubject    string // site
	ConfirmAsked      string // site, moment
	ConfirmButton     string
	ConfirmThen       string
	ConfirmIgnore     string
	ConfirmWhy        string // site
	KnownSubject      string // site
	KnownText         string // site
	KnownButton       string
	KnownIgnore       string
	EndedSubject      string // digest or site
	EndedText         string // digest or site
	EndedAgain        string
	EndedButton       string
	EndedWhy          string // site
	FreshSubject      string // site
	FreshText         string // site, moment
	FreshButton       string
	FreshIgnore       string
	FreshWhy          string // site
	LinkFallback      string
	DigestsAre, Topic string

	// Pages.
	SubscribeTitle, SubscribeIntro                string // SubscribeIntro: site
	YouGet                                        string
	Address, AddressHint, ReaderName, Optional    string
	Topics, TopicsHint, Digests, Zone, ZoneHint   string
	Honeypot                                      string
	SubscribeButton, SubscribeNote                string // SubscribeNote: site
	ErrorSummary, ErrorPrefix                     string
	CheckTitle, CheckText, CheckMore              string
	ConfirmTitle, ConfirmText, ConfirmPageButton  string // ConfirmText: site, address
	PreferencesTitle, PreferencesText             string // PreferencesText: address
	SaveButton, Saved, Confirmed                  string
	Hour, HourOwn                                 string // Hour: digest
	ReceiptsTitle, ReceiptNone, ReceiptOther      string // ReceiptOther: time
	ReceiptNothingIn, ReceiptNext                 string // time, topics; time
	Yesterday, Today, Tomorrow                    string
	PauseTitle, PauseText, PauseUntil             string
	PauseButton, PausedUntil, ResumeButton        string // PausedUntil: time
	LeaveTitle, LeaveText, LeaveButton            string // LeaveText: site
	UnsubscribeTitle, UnsubscribeText             string // digest; digest, address
	UnsubscribeButton, Instead, InsteadLink       string // UnsubscribeButton: digest
	GoodbyeTitle, GoodbyeText, GoodbyeAll         string // digest; site
	GoodbyeKeep, GoodbyeBack                      string
	ExpiredTitle, ExpiredText, ExpiredButton      string
	SiteHome                                      string            // site
	receipts                                      map[string]string // by what became of an edition: time
	statusTitles, statusTexts                     map[int]string
	problems                                      map[string]string
	InboxTitle, InboxIntro, InboxEmpty, InboxFrom string
	InboxWhen                                     string
	InboxTo, InboxBack, InboxAlone, InboxOneClick string
	InboxHTML, InboxText, InboxSource             string
	InboxNoHTML, InboxNoSubject, InboxSignUp      string
}

// catalogues are the languages that we have words in, by their base tag.
// Nothing changes them.
var catalogues = map[string]*catalogue{
	"en": english,
}

// words is the catalogue of a language: of its full tag, else of its base
// language, else English.
func words(language string) *catalogue {
	if c, ok := catalogueOf(language); ok {
		return c
	}
	return english
}

func catalogueOf(language string) (*catalogue, bool) {
	for _, tag := range []string{plainTag(language), baseOf(language)} {
		if c, ok := catalogues[tag]; ok {
			return c, true
		}
	}
	return nil, false
}

func (c *catalogue) longDate(t time.Time) string {
	return t.Format(c.dateLayout)
}

// instant is when a story was published, told as shortly as the day of the
// digest allows: the time of day, else the day.
func (c *catalogue) instant(t, day time.Time) string {
	t = t.In(day.Location())
	y, m, d := t.Date()
	switch dy, dm, dd := day.Date(); {
	case y == dy && m == dm && d == dd:
		return t.Format(c.timeLayout)
	case day.Sub(t).Abs() < 180*24*time.Hour:
		return t.Format(c.dayLayout)
	}
	return t.Format(c.dateLayout)
}

// More says that n stories of the site are not shown.
func (c *catalogue) More(n int, site string) string {
	if n == 1 {
		return fmt.Sprintf(c.moreOne, n, site)
	}
	return fmt.Sprintf(c.moreMany, n, site)
}

// reading says how many stories there are and how many minutes they take.
func (c *catalogue) reading(stories, minutes int) string {
	count, time := c.storiesMany, c.minutesMany
	if stories == 1 {
		count = c.storiesOne
	}
	if minutes == 1 {
		time = c.minutesOne
	}
	return fmt.Sprintf(count, stories) + " · " + fmt.Sprintf(time, minutes)
}

// days is a span of dates of which the first is before or the same as the last.
func (c *catalogue) days(first, last time.Time) string {
	switch {
	case first.Year() != last.Year():
		return first.Format("January 2, 2006") + " – " + last.Format("January 2, 2006")
	case first.Month() != last.Month():
		return first.Format("January 2") + " – " + last.Format("January 2, 2006")
	}
	return first.Format("January 2") + "–" + last.Format("2, 2006")
}

// Language is the language of these words, BCP 47.
func (c *catalogue) Language() string {
	return c.language
}

// Moment is a date and time of day with its zone.
func (c *catalogue) Moment(t time.Time) string {
	return t.Format(c.moment)
}

// problem gives the text of a problem that a form shows.
func (c *catalogue) problem(p string) string {
	if text, ok := c.problems[p]; ok {
		return text
	}
	return p
}
