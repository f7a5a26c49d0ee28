package templates

import "time"

import "fmt"

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
	FieldUnsubscribe = "unsubscribe" // "all" from the button of PreferencesPage.UnsubscribeAction
	FieldConfirm     = "confirm"     // from the buttons of ConfirmPage and UnsubscribePage: a person, not a one-click
	FieldHour        = "hour-"       // followed by a digest's slug
	FieldPauseUntil  = "pause-until" // a date, "2006-01-02"
	FieldPause       = "pause"       // "until" or "over", from the buttons of PreferencesPage.PauseAction
	FieldLanguage    = "language"    // of the reader, a tag
	FieldLang        = "lang"        // of the page that a form was sent from, and of a link to a page
	FieldAgain       = "again"       // from the button of ExpiredPage
	FieldFormat      = "format"      // of mails, "html" or "text"
	FieldSave        = "save"        // the button of the settings, for a form in which nothing else is chosen
	FieldFresh       = "fresh"       // from the button of PreferencesPage.FreshAction
	FieldDo          = "do"          // what the buttons of PersonalPage (name, address, copy, erase) and MovePage (accept, stop) do
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
	Action          string
}

// PreferencesPage is a reader's settings.
type PreferencesPage struct {
	Site              Site
	Masked            string
	Zone              string
	Language          string // the reader's, BCP 47; "" for none chosen
	Format            string // of mails, "html" or "text"
	Zones             []string
	Topics, Digests   []Choice
	Saved             bool               // the settings were just saved
	Confirmed         bool               // the address was just confirmed
	Errors            map[string]Problem // by field name
	Action            string
	UnsubscribeAction string // where the button that ends everything posts unsubscribe=all; empty hides it
	FreshAction       string // where the button that mails a link to what is personal posts; empty hides it

	Now         time.Time
	Hours       []HourChoice // of digests with hours to choose from
	Receipts    []Receipt
	PauseAction string    // where the buttons that pause and resume post; empty hides them
	PausedUntil time.Time // in the reader's zone; zero unless all digests are paused
	PauseUntil  string    // the date to pause until, as typed
	PauseFrom   string    // the first and the last one, "2006-01-02"
	PauseTo     string
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
}
