// Package config reads broadsheet.toml and the environment into one checked
// Config, and writes the first such file.
package config

import (
	"net/netip"
	"time"
)

// Config is everything an operator decides. A Config that Load or Parse
// returned is complete and consistent: defaults are filled in, paths are
// absolute, secrets are read, names that refer to each other exist.
type Config struct {
	Path     string // of the file, absolute; relative paths in it begin at its folder
	Site     Site
	Web      Web
	Security Security
	Database Database
	Mail     Mail
	Metrics  Metrics
	Alerts   Alerts
	Articles Articles
	Links    Links
	Archive  Archive
	Theme    Theme
	Privacy  Privacy
	SignUp   SignUp
	Leaving  Leaving

	Attributes []Attribute
	Topics     []Topic
	Sources    []Source
	Webhooks   []Webhook
	Digests    []Digest
	Slots      []Slot

	WebhooksOut []WebhookOut
}

// Site is the publication that sends.
type Site struct {
	Name          string   // required
	URL           string   // required; absolute http or https, without a slash at the end
	Language      string   // BCP 47; "en" unless given
	Languages     []string // BCP 47, that readers may choose; only Language unless given
	Timezone      string   // IANA name; "UTC" unless given
	PostalAddress string   // may have several lines; "" unless given, though many laws ask for it
	Paid          string   // the attribute of readers who may read paid stories, such as "tier=paid"; "" unless given: nobody
}

// Attribute is something that is known of every reader and has one of a few
// values.
type Attribute struct {
	Name   string   // required, a slug, unique
	Values []string // slugs, at least two; the first is that of readers of whom nothing else is known
}

// Alerts says who is told of what needs an operator.
type Alerts struct {
	To []string // addresses; nobody unless given: then the log and the metrics tell alone
}

// Articles is what becomes of stories as they come in.
type Articles struct {
	KeepDuplicates bool // whether near-duplicates stay apart instead of becoming one story; false unless given
}

// Web is the HTTP server.
type Web struct {
	Listen         string            // host:port; "127.0.0.1:8080" unless given
	PublicURL      string            // required; every link in a mail begins with it; no slash at the end
	APIKeysFile    string            // "" unless given: then the API answers nobody
	APIKeys        map[string]APIKey // as APIKeys returns them, read from APIKeysFile
	TrustedProxies []netip.Prefix    // who may say X-Forwarded-For; none unless given
	AllowedOrigins []string          // scheme://host[:port] of sites that embed the form; none unless given
}

// Security says where the keys are that sign links.
type Security struct {
	KeysFile string // "broadsheet.keys" unless given; the file exists
}

// Database says where state is kept.
type Database struct {
	URL     string // sqlite:PATH (absolute) or postgres://...; "sqlite:broadsheet.db" unless given; may hold a password
	URLFile string // the file URL was read from, "" if it was given directly
}

// Mail is how messages leave.
type Mail struct {
	From    string // required; an address with or without a name
	ReplyTo string // "" unless given
	// UnsubscribeTo is the mailbox that takes requests to unsubscribe by mail,
	// as "broadsheet report read" reads them; "" unless given: none.
	UnsubscribeTo string
	BounceDomain  string        // of envelope senders, lower-case A-labels; the domain of From unless given
	Rate          float64       // messages a second over all relays; 0, no limit, unless given
	OnUncertain   string        // "hold" (unless given), "resend" or "assume-sent"
	StateDir      string        // of the delivery journal; "state" unless given; need not exist yet
	ExpireAfter   time.Duration // how long a delivery is tried; 24 hours unless given
	Relays        []Relay       // never empty: unless given, the mail server of this host, smtp://127.0.0.1:25?tls=off
	DKIM          *DKIM         // nil without [mail.dkim]: then the relay signs, or nobody

	KeepDeliveries time.Duration  // how long a delivery stays in the database; 30 days unless given, at least 7
	Providers      []MailProvider // none unless given; those that everybody knows are not among them
	Bounces        Bounces
	Ramp           *Ramp // nil without [mail.ramp]: a sending domain that is known
}

// MailProvider is who runs mailboxes under one or more domains.
type MailProvider struct {
	Name    string   // required, a slug, unique
	Domains []string // lower-case A-labels; none only for a provider that Checks.Provider knows
	Rate    float64  // messages a second that it gets; 0, no limit, unless given
}

// Bounces says when an address that bounces gets nothing more.
type Bounces struct {
	HardAfter time.Duration // between the first hard bounce and the one that suppresses; 24 hours unless given, may be 0
	SoftLimit int           // soft bounces in a row that suppress; 10 unless given, 0 is never
}

// Ramp is how a sending domain that mailbox providers do not know yet warms
// up: the first day's number of messages grows by a factor each day.
type Ramp struct {
	Start  time.Time // required; midnight, UTC, of the first day
	First  int       // messages on it to each provider; 500 unless given
	Growth float64   // from a day to the next, at least 1; 1.5 unless given
	Days   int       // until there is no ceiling any more; 30 unless given
}

// Metrics is the listener of Prometheus.
type Metrics struct {
	Listen string // host:port; "" unless given: then there is none
}

// How a connection to a relay is protected.
const (
	TLSStartTLS = "starttls" // a plain connection that must be upgraded before anything else is said
	TLSImplicit = "implicit" // TLS from the first byte
	TLSOff      = "off"      // none; loopback only
)

// What becomes of our signature on the way over a relay.
const (
	DKIMSign = "sign" // it is put on
	DKIMOff  = "off"  // it is left off: the relay signs by itself
)

// Relay is an SMTP server that takes our mail.
type Relay struct {
	URL          string // smtp:// or smtps://, without a password
	Host         string
	Port         int     // 587 for smtp:// and 465 for smtps:// unless given
	User         string  // "" without authentication
	TLS          string  // TLSStartTLS (default of smtp://), TLSImplicit (default of smtps://) or TLSOff
	PasswordFile string  // "" if there is none or the environment gave the password
	Password     string  // as read; "" without authentication
	Connections  int     // at most at once; 8 unless given
	Rate         float64 // messages a second; 0, no limit, unless given
	Weight       int     // share of the mail among the relays; 1 unless given

	CertFile string   // our client certificate as PEM; "" unless given; the file exists
	KeyFile  string   // its private key as PEM; given if and only if CertFile is
	DKIM     string   // DKIMSign (unless given) or DKIMOff
	DKIMOmit []string // header fields that the relay replaces, so that our signature leaves them out; none unless given
}

// DKIM is our own signature (RFC 6376).
type DKIM struct {
	Domain   string // lower-case A-labels; the domain of mail.from unless given
	Selector string // "b1" unless given
	KeyFile  string // a private key as PEM; "dkim.pem" unless given; the file exists
}

// Topic is what readers choose. An article is given it by phrases, a category
// or path, by its source, or by whoever sent it in.
type Topic struct {
	Slug        string            // required, unique
	Name        string            // the slug unless given
	Names       map[string]string // by BCP 47 tag; nil unless given
	Description string
	Keywords    []string // phrases of weight 1 that count everywhere
	Categories  []string // the source's own labels; * stands for any text
	URLPaths    []string // each begins with a slash
	Phrases     []TopicPhrase
	Exclude     []string // phrases that keep the others from counting
	Needs       float64  // points that phrases need; 2 unless given
	Languages   []string // of stories in which phrases count; all unless given
}

// TopicPhrase is a phrase that speaks for a topic.
type TopicPhrase struct {
	Text   string   // required
	Weight float64  // 1 unless given
	In     []string // "title", "lead" and "body"; all unless given
}

// Source is where articles come from.
type Source struct {
	Slug         string         // required, unique
	Name         string         // what readers see as the origin of its stories; the host of each story unless given
	Kind         string         // "feed" unless given, "sitemap" of news, or "page" that links to stories
	URL          string         // required; absolute http or https
	Topics       []string       // slugs given to every story of it
	Every        time.Duration  // between two fetches; 15 minutes unless given
	AllowPrivate []netip.Prefix // private or loopback networks that this source may be fetched from; none unless given
	Timezone     string         // of dates that name none; the site's unless given
	Language     string         // of stories that name none; the site's unless given
	PictureURL   string         // pattern by which the site makes pictures smaller; none unless given
	SilentAfter  time.Duration  // without a new story for that long operators are told; 72 hours unless given, 0 for never
	IgnoreIDs    bool           // its stories are known by their URL alone
}

// Digest is a named, scheduled newsletter. What is left out here is taken from
// the site and from [mail], so that every field can be used as it stands.
type Digest struct {
	Slug        string            // required, unique
	Name        string            // the slug unless given
	Names       map[string]string // by BCP 47 tag; nil unless given
	Schedule    string            // required; a cron expression, a frequency such as "weekdays 07:00", or "instant"
	Timezone    string            // of the schedule; the site's unless given
	LocalTime   bool              // whether the schedule runs in each reader's own zone; false unless given
	Topics      []string          // slugs, or "*" for all; ["*"] unless given
	MinItems    int               // fewer articles than this and a reader gets nothing; 1 unless given
	MaxItems    int               // 20 unless given
	PerTopic    int               // 6 unless given
	Subject     string            // a text/template; DefaultSubject unless given
	Theme       string            // as Theme.Name; that unless given
	From        string            // mail.from unless given
	ReplyTo     string            // mail.reply_to unless given
	ExpireAfter time.Duration     // mail.expire_after unless given
	CatchUp     string            // what happens to missed slots: "merge" (unless given), "each" or "skip"
	Urgent      bool              // whether its editions go before all others: breaking news; false unless given

	Top            int           // stories in the section of the best; 3 unless given, 0 for none
	Latest         int           // stories in the section of those that found no room under their topics; 3 unless given, 0 for none
	MaxAge         time.Duration // of a story; 0, any, unless given
	Overflow       string        // what becomes of stories beyond the limits: "more" (unless given) or "carry"
	OnceAcross     bool          // whether it shares no story with the other digests that have this; false unless given
	Cutoff         time.Duration // how long before its slot an edition closes; 0 unless given
	Approval       string        // what becomes of an edition that nobody approved: "send" or "hold"; "" unless given: nobody is asked
	Audience       []string      // who may have it, such as "tier=paid"; everybody unless given
	ReaderLanguage bool          // whether readers get stories in their language only; false unless given
	FullText       bool          // whether bodies are shown, not only summaries; false unless given
	Hours          []string      // "HH:MM", from which readers choose theirs; none unless given
	Welcome        time.Duration // how far back the digest of a new reader looks; 3 days unless given, 0 for no such digest
	QuietHours     string        // "22:00-07:00" in the zone of the schedule; none unless given
	DailyCap       int           // deliveries to a reader on a local date; 0, no limit, unless given
	CatchUpWithin  time.Duration // how late a missed slot may be made up for; 0 unless given: as catch_up says
	Links          LinkTags      // those of [links] unless given
}

// DefaultSubject is the subject of a digest that gives none.
const DefaultSubject = "{{.Digest.Name}}: {{.Lead.Title}}"
