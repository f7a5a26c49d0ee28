package templates

import "time"

// InboxMessage is one mail that the demo's inbox has received.
type InboxMessage struct {
	From, To, Subject string
	ReceivedAt        time.Time // shown in its own zone
	Size              int       // octets
	URL               string    // of its page
}

// InboxAction is a button that makes the demo do something: it posts to URL.
type InboxAction struct{ Label, URL string }

// InboxPage lists the mails in the demo's inbox.
type InboxPage struct {
	Site         Site
	Messages     []InboxMessage // newest first
	SubscribeURL string         // empty leaves the link out
	Actions      []InboxAction
}

// InboxMailPage shows one mail of the demo's inbox.
type InboxMailPage struct {
	Site        Site
	Message     InboxMessage
	HTMLURL     string // serves the HTML part alone, for a sandboxed frame; empty where there is none
	Text        string // the decoded text part
	Source      string // the whole message as it came
	InboxURL    string
	OneClickURL string // the https URL of List-Unsubscribe; empty leaves the button out
}
