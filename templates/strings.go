package templates

import "github.com/go-playground/locales"

// Problem is what is wrong with a field of a form. Pages show it in the words of
// their language.
type Problem string

// Problems that a form shows beside a field. ProblemOther stands for all that
// people do not do by themselves, such as a value that the form does not have.
const (
	ProblemAddressMissing      Problem = "address-missing"
	ProblemAddressInvalid      Problem = "address-invalid"
	ProblemDomainNoMail        Problem = "domain-no-mail"
	ProblemDomainFleeting      Problem = "domain-fleeting"
	ProblemNameTooLong         Problem = "name-too-long"
	ProblemNameInvalid         Problem = "name-invalid"
	ProblemTopicsMissing       Problem = "topics-missing"
	ProblemNothingTicked       Problem = "nothing-ticked" // of what is to come no more
	ProblemTopicUnknown        Problem = "topic-unknown"
	ProblemDigestsMissing      Problem = "digests-missing"
	ProblemDigestUnknown       Problem = "digest-unknown"
	ProblemZoneUnknown         Problem = "zone-unknown"
	ProblemHourUnknown         Problem = "hour-unknown"
	ProblemPauseOver           Problem = "pause-over"
	ProblemAddressSame         Problem = "address-same"
	ProblemFormatUnknown       Problem = "format-unknown"
	ProblemNotSure             Problem = "not-sure"
	ProblemFormExpired         Problem = "form-expired"
	ProblemFormIncomplete      Problem = "form-incomplete" // it lacks what it must bring back
	ProblemTooMany             Problem = "too-many"
	ProblemLanguageUnknown     Problem = "language-unknown"
	ProblemDigestWithoutTopics Problem = "digest-without-topics"
	ProblemNothingOffered      Problem = "nothing-offered"
	ProblemOther               Problem = "other"
)

// catalogue is every word of ours in one language. A text with values takes
// those that its comment names by their number in that order, such as %[1]s, so
// that a language can put them where it needs them.
type catalogue struct {
	language   string // BCP 47, of these words
	name       string // of the language, in itself
	locale     locales.Translator
	upright    bool   // its script has no capitals, slanted or spaced letters
	dayMonth   string // of a date in the same year: day, month
	first      string // how the first day of a month is written; "" for 1
	timeLayout string // as package time writes it; "" for what CLDR has
	moment     string // date, time of day, zone
	spanMonth  string // days of one month: the day, month and year of the first and of the last
	spanMonths string // days of one year
	spanYears  string
	dayAt      plural // day and time; the number is the hour
	comma      string // between names of a list
	chained    bool   // names of a sentence have "and" between each two
	and        func(next string) string
	colon      string // after a name
	more       plural // count, site
	stories    plural // count
	minutes    plural // count

	// The digest.
	TopStory, EditorsPick, By, AlsoIn, AlsoFrom string // AlsoIn: topics, AlsoFrom: publications
	TopStories, Latest, Paid                    string
	Corrections                                 string
	Breaking, TopOfWeek                         string
	Welcome                                     string // digest
	UpdatedAt, PictureBy                        string // UpdatedAt: time; PictureBy: whose it is
	AlsoToday                                   string
	Sponsored, HouseAd                          string // HouseAd: site
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
	ConfirmPlace      string // host
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
	FreshThen         string
	FreshWhy          string // site
	MoveSubject       string // site
	MoveOldText       string // site, moment, new address
	MoveOldButton     string
	MoveOldIgnore     string
	MoveNewText       string // site, moment, old address
	MoveNewIgnore     string
	MoveWhy           string // site
	LinkFallback      string
	DigestsAre, Topic string
	OneTopic          string // stands for Topic where there is one alone

	// Pages.
	SubscribeTitle, SubscribeIntro               string // SubscribeIntro: site
	YouGet                                       string
	Address, AddressHint, ReaderName, Optional   string
	Topics, TopicsHint, Digests, Zone, ZoneHint  string
	Honeypot                                     string
	SubscribeButton, SubscribeNote               string // SubscribeNote: site
	ErrorSummary, ErrorPrefix                    string
	CheckTitle, CheckText, CheckMore             string
	ConfirmTitle, ConfirmText, ConfirmPageButton string // ConfirmText: site, address
	ConfirmAskedAt, ConfirmChanged               string
	PreferencesTitle, PreferencesText            string // PreferencesText: address
	SettingsText, SettingsButton                 string // SettingsText: address
	EndTitle, EndText, EndButton                 string
	SaveButton, Saved, Confirmed                 string
	Hour, HourOwn                                string // Hour: digest
	ReceiptsTitle, ReceiptNone, ReceiptOther     string // ReceiptOther: time
	ReceiptNothingIn, ReceiptNext, ReceiptSoon   string // time, topics; time
	Yesterday, Today, Tomorrow                   string
	PauseTitle, PauseText, PauseUntil            string
	PauseButton, PausedUntil, ResumeButton       string // PausedUntil: time
	LeaveTitle, LeaveText, LeaveButton           string // LeaveText: site
	MailFormat, MailHTML, MailText               string
	DataTitle, DataText, DataButton              string
	DataSent, DataExpired, NotSaved              string // DataSent: address
	LatelyTitle, LatelyNone                      string
	MoveTitle, MoveText, MoveField, MoveButton   string
	MoveSent, MoveOpen                           string // MoveOpen: new address
	MoveLacksOld, MoveLacksNew                   string
	MoveAsk, MoveAgree, MoveStop                 string // MoveAsk: site, old address, new one
	MoveDone, MoveStopped, MoveThanks            string // MoveDone: new address
	CopyTitle, CopyText, CopyButton              string
	EraseTitle, EraseText, EraseSure             string
	EraseButton, ErasedTitle, ErasedText         string
	DropTitle, DropText, DropButton, DropLast    string // DropTitle: topic; DropText: topic, address
	UnsubscribeTitle, UnsubscribeText            string // digest; digest, address
	UnsubscribeButton, InsteadLink               string // UnsubscribeButton: digest
	GoodbyeTitle, GoodbyeText, GoodbyeAll        string // digest; site
	GoodbyeSome                                  string // digests
	GoodbyeKeep, GoodbyeBack                     string
	LessTitle, PauseFor                          string
	TwoWeeks, OneMonth, ThreeMonths              string
	FewerTitle, FewerText, FewerButton           string
	FewerDone, AfterAll                          string // FewerDone: topics
	UndoText, UndoButton                         string
	ReturnTitle, ReturnText                      string // ReturnText: digests
	GoneTitle, GoneText                          string
	WhyTitle, WhyHint, WhyWords                  string // WhyHint: site
	WhyTooMany, WhyNotRelevant, WhyElsewhere     string
	WhyNeverAsked, WhyOther                      string
	WhyButton, WhyThanks                         string
	ExpiredTitle, ExpiredText, ExpiredButton     string
	StepTitle, StepText, StepReady               string // StepText: number of seconds
	StepSoon, StepButton                         string
	ReviewTitle, ReviewText                      string // ReviewText: site
	OftenDaily, OftenWeekdays, OftenOn           string // OftenOn: days of the week
	OftenMonthly, OftenSeveral, OftenInstant     string
	SiteHome                                     string            // site
	receipts                                     map[string]string // by what became of an edition: time
	statusTitles, statusTexts                    map[int]string
	problems                                     map[Problem]string
	Speech, SpeechHint                           string

	// Editions on the web.
	PublicWhy, ByMail                            string // digest, site; digest or site
	EditionsTitle, EditionsOf, EditionsAbout     string // EditionsOf: digest; EditionsAbout: topic
	EditionsAll, EditionsTopics, EditionsEmpty   string
	EditionsNewer, EditionsOlder, EditionsPage   string // EditionsPage: number
	EditionsFeed, EditionBefore, EditionAfter    string
	ViewGoneTitle, ViewGoneText, ViewGoneArchive string

	// The demo.
	InboxTitle, InboxIntro, InboxEmpty, InboxFrom string
	InboxWhen                                     string
	InboxTo, InboxBack, InboxAlone, InboxOneClick string
	InboxHTML, InboxText, InboxSource             string
	InboxNoHTML, InboxNoSubject, InboxSignUp      string
}

// catalogues are the languages that we have words in, by their tag in lower
// case. Nothing changes them.
var catalogues = map[string]*catalogue{
	"ar":    arabic,
	"de":    german,
	"en":    english,
	"en-gb": british(),
	"es":    spanish,
	"fr":    french,
	"ja":    japanese,
	"pt":    portuguese,
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

// More says that n stories of the site are not shown.
func (c *catalogue) More(n int, site string) string {
	return c.count(&c.more, n, site)
}

// reading says how many stories there are and how many minutes they take.
func (c *catalogue) reading(stories, minutes int) string {
	return c.count(&c.stories, stories) + " · " + c.count(&c.minutes, minutes)
}

// Language is the language of these words, BCP 47.
func (c *catalogue) Language() string {
	return c.language
}

// problem gives the text of a problem that a form shows, "" for none.
func (c *catalogue) problem(p Problem) string {
	if text, ok := c.problems[p]; ok || p == "" {
		return text
	}
	return c.problems[ProblemOther]
}
