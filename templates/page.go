package templates

import (
	"fmt"
	"time"
)

// Names of form fields, the same on every page. Errors are keyed by them.
const (
	FieldAddress     = "address"
	FieldName        = "name"
	FieldTopics      = "topics"  // one value a topic's slug
	FieldDigests     = "digests" // one value a digest's slug
	FieldZone        = "zone"
	FieldWebsite     = "website"     // honeypot: people leave it empty
	FieldForm        = "form"        // the signed form time, FormToken; also the key of an error about the whole form
	FieldWork        = "work"        // the proof of work that a form asks for, made by a script
	FieldUnsubscribe = "unsubscribe" // "all" from a button of PreferencesPage
	FieldConfirm     = "confirm"     // from the buttons of ConfirmPage and UnsubscribePage: a person, not a one-click
	FieldSeen        = "seen"        // what ConfirmPage has shown, its Mark
	FieldHour        = "hour-"       // followed by a digest's slug
	FieldPauseUntil  = "pause-until" // a date, "2006-01-02"
	FieldEnd         = "end"         // the button of PreferencesPage that ends what is ticked
	FieldEndTopics   = "end-topics"  // one value the slug of a topic that is to end
	FieldEndDigests  = "end-digests" // one value the slug of a digest that is to end
	FieldLanguage    = "language"    // of the reader, a tag
	FieldLang        = "lang"        // of the page that a form was sent from, and of a link to a page
	FieldAgain       = "again"       // from the button of ExpiredPage
	FieldFormat      = "format"      // of mails, "html" or "text"
	FieldFresh       = "fresh"       // from the buttons that have a fresh link mailed
	FieldDo          = "do"          // what the buttons of PersonalPage (DoSave and the others) and MovePage (accept, stop) do
	FieldSure        = "sure"        // a box that is ticked before everything is erased
	FieldFrom        = "from"        // the site whose page had the form, an origin
)

// Choice is one box that a reader ticks.
type Choice struct {
	Slug, Name, Description string
	Often                   HowOften // of a digest, told where it has no description
	Checked                 bool
}

// SubscribePage is the sign-up form, empty or as it was sent with Errors.
type SubscribePage struct {
	Site          Site
	Topics        []Choice           // a single one is given
	Digests       []Choice           // a single one is shown as what the reader gets
	Hours         []HourChoice       // of digests with hours to choose from
	Zones         []string           // IANA names in the order shown
	Zone          string             // the one that is chosen
	Address, Name string             // as typed
	Errors        map[string]Problem // by field name
	FormToken     string
	Work          string // the proof of work that is asked for, such as "8x14"; "" for none
	Action        string // where the form is sent

	Review     bool   // the form was filled in on another page, and is to be looked through
	Framed     bool   // the page stands in a frame of another site's page
	From       string // the site whose page that is, an origin; "" if unknown
	ZoneChosen bool   // Zone is the reader's, which the browser need not guess
}

// ConsentText is what the sign-up form of a site tells readers about what they
// agree to, word for word in the language of the form.
func ConsentText(site Site) string {
	c := words(site.Language)
	return fmt.Sprintf(c.SubscribeIntro, site.Name) + "\n" + fmt.Sprintf(c.SubscribeNote, site.Name)
}

// CheckInboxWords are those of CheckInboxPage, for who shows it in another way.
func CheckInboxWords(site Site) (title, text string) {
	c := words(site.Language)
	return c.CheckTitle, c.CheckText + " " + c.CheckMore
}

// ProblemText tells what is wrong in the language of a site.
func ProblemText(site Site, p Problem) string { return words(site.Language).problem(p) }

// CheckInboxPage answers every sign-up alike, whatever the address.
type CheckInboxPage struct {
	Site   Site
	Framed bool // the page stands in a frame of another site's page
}

// ConfirmPage shows what a confirmation link would confirm.
type ConfirmPage struct {
	Site            Site
	Masked          string // the address, partly hidden
	Digests, Topics []string
	Hours           []HourChoice // of digests with another time than their own
	Name            string
	Zone            string    // IANA name, "" for each digest's own
	AskedAt         time.Time // when it was asked for, shown in its own zone
	AskedOn         string    // the host of the page that had the form; "" for ours or one that is not known
	Mark            string    // comes back as FieldSeen
	Changed         bool      // something else was asked for since the page was shown
	Action          string
}

// PreferencesPage is what the link in every digest opens: the way to the settings,
// and what comes to the reader and can be ended. It shows and changes no more: the
// mail may have been forwarded.
type PreferencesPage struct {
	Site            Site
	Masked          string
	Topics, Digests []Choice           // those of the reader's that can end one by one; ticked ones are to end
	Saved           bool               // something has just ended
	Confirmed       bool               // the address is confirmed
	LastTopic       bool               // without the topics that were ticked a digest would be empty
	Errors          map[string]Problem // by field name
	Action          string             // where all forms of the page are sent
	Fresh           bool               // a link to the settings is offered
	Pause           bool               // a pause is offered
}

// TopicPage asks once before it takes a topic off a reader's choices.
type TopicPage struct {
	Site           Site
	Topic          string // its name
	Masked         string
	Action         string
	PreferencesURL string
	Last           bool // a digest would be left without a topic: it stays
}

// ExpiredPage says that a link is too old, and offers a new one.
type ExpiredPage struct {
	Site      Site
	FormToken string
	Work      string // as of SubscribePage
	Action    string // empty leaves the offer out
}

// MessagePage says one thing, such as that a page does not exist. Title and
// Text may be empty for the statuses 404, 410, 422, 429, 500 and 503, which
// have words of their own.
type MessagePage struct {
	Site              Site
	Status            int // HTTP status, only shown in words
	Title, Text       string
	LinkText, LinkURL string // empty leads to the site's own front page
	FreshAction       string // where the button that has a new link mailed posts; empty leaves it out
}
