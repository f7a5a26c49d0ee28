package templates_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"
	"time"

	"broadsheet/templates"
)

var (
	cityTopics = []templates.Choice{
		{Slug: "city", Name: "City", Description: "Council, housing, schools, getting around", Checked: true},
		{Slug: "world", Name: "World", Description: "Diplomacy, conflict, trade"},
		{Slug: "culture", Name: "Culture"},
	}
	cityDigests = []templates.Choice{
		{Slug: "daily", Name: "The Morning Courier", Description: "Every day at seven", Checked: true},
		{Slug: "weekly", Name: "The Sunday Courier", Often: templates.HowOften{Days: []time.Weekday{time.Sunday}}},
	}
	tokyo     = time.FixedZone("JST", 9*60*60)
	cityZones = []string{"America/New_York", "Europe/Berlin", "Asia/Tokyo"}
)

func signUp() *templates.SubscribePage {
	return &templates.SubscribePage{
		Site: courier, Topics: cityTopics, Digests: cityDigests, Zones: cityZones, Zone: "Europe/Berlin",
		FormToken: "1795000000.c2lnbmVk", Action: "/mail/subscribe",
	}
}

func personal() *templates.PersonalPage {
	return &templates.PersonalPage{
		Site: courier, Masked: "a•••@e•••.com", Name: `Ana "A" <Ruiz>`, Saved: true, Action: "/mail/f/AbCd",
		Zone: "Asia/Tokyo", Format: "text", Zones: cityZones, Topics: cityTopics, Digests: cityDigests, PauseFrom: "2026-11-24", PauseTo: "2027-11-24",
		Hours: []templates.HourChoice{{Slug: "daily", Digest: "The Morning Courier", Hours: []string{"06:30", "18:00"}, Hour: "18:00"}},
		Receipts: []templates.Receipt{
			{Digest: "The Morning Courier", At: time.Date(2026, 11, 23, 7, 0, 0, 0, tokyo), What: "nothing-new", Topics: []string{"City", "World"}, Next: time.Date(2026, 11, 24, 7, 0, 0, 0, tokyo)},
			{Digest: "The Weekly", At: time.Date(2026, 11, 20, 8, 0, 0, 0, tokyo), What: "sent", Soon: true, URL: "/mail/editions/weekly/2026-11-20"},
		},
		Change: &templates.AddressMove{New: "bea@example.org", Confirmed: true},
		Now:    time.Date(2026, 11, 23, 12, 0, 0, 0, tokyo),
		Mails: []templates.LatelyMail{
			{Digest: "The Morning Courier", What: "sent", At: time.Date(2026, 11, 23, 7, 0, 0, 0, tokyo), URL: "/mail/v/AbCd"},
			{Digest: "The Weekly", What: "failed", At: time.Date(2026, 11, 20, 8, 0, 0, 0, tokyo)},
		},
	}
}

// forwarded is what the link in every digest opens.
func forwarded() *templates.PreferencesPage {
	return &templates.PreferencesPage{
		Site: courier, Masked: "a•••@example.com", Action: "/mail/p/AbCd", Fresh: true, Pause: true, Saved: true, Confirmed: true,
		Topics:  []templates.Choice{{Slug: "city", Name: "City", Description: "Council, housing, schools, getting around"}, {Slug: "world", Name: "World"}},
		Digests: []templates.Choice{{Slug: "daily", Name: "The Morning Courier"}, {Slug: "weekly", Name: "The Sunday Courier"}},
	}
}

func receivedMail() templates.InboxMessage {
	return templates.InboxMessage{
		From: "City Courier <digest@courier.example>", To: "ana@example.com", Subject: "The Morning Courier: Harbour bridge",
		ReceivedAt: time.Date(2026, 11, 23, 7, 0, 2, 0, newYork), Size: 31240, URL: "/inbox/7",
	}
}

// pageFixtures draw each page as readers meet it, by the name of its golden file.
var pageFixtures = map[string]func(*templates.Pages, io.Writer) error{
	"subscribe": func(p *templates.Pages, w io.Writer) error { return p.Subscribe(w, signUp()) },
	"subscribe-one-digest": func(p *templates.Pages, w io.Writer) error {
		page := signUp()
		page.Digests = cityDigests[:1]
		return p.Subscribe(w, page)
	},
	"subscribe-review": func(p *templates.Pages, w io.Writer) error {
		page := signUp()
		page.Address, page.Review, page.From, page.ZoneChosen = "ana@example.com", true, "https://partner.example", true
		return p.Subscribe(w, page)
	},
	"subscribe-one-of-each": func(p *templates.Pages, w io.Writer) error {
		page := signUp()
		page.Topics, page.Digests = cityTopics[:1], cityDigests[:1]
		page.Errors = map[string]templates.Problem{templates.FieldForm: templates.ProblemFormIncomplete}
		return p.Subscribe(w, page)
	},
	"subscribe-framed": func(p *templates.Pages, w io.Writer) error {
		page := signUp()
		page.Topics, page.Digests, page.Framed, page.Action = cityTopics[1:2], cityDigests[1:], true, "/mail/subscribe/embed?topic=world"
		return p.Subscribe(w, page)
	},
	"check-framed": func(p *templates.Pages, w io.Writer) error {
		return p.CheckInbox(w, &templates.CheckInboxPage{Site: courier, Framed: true})
	},
	"subscribe-errors": func(p *templates.Pages, w io.Writer) error {
		page := signUp()
		page.Address, page.Name = "ana.example.com", `Ana "A" <Ruiz>`
		page.Hours = []templates.HourChoice{{Slug: "daily", Digest: "The Morning Courier", Hours: []string{"06:30", "18:00"}, Hour: "06:30"}}
		page.Errors = map[string]templates.Problem{
			templates.FieldAddress: templates.ProblemAddressInvalid,
			templates.FieldTopics:  templates.ProblemTopicsMissing,
			templates.FieldZone:    templates.ProblemZoneUnknown,

			templates.FieldHour + "daily": templates.ProblemHourUnknown,
			templates.FieldForm:           templates.ProblemFormExpired,
		}
		return p.Subscribe(w, page)
	},
	"check": func(p *templates.Pages, w io.Writer) error {
		return p.CheckInbox(w, &templates.CheckInboxPage{Site: courier})
	},
	"confirm": func(p *templates.Pages, w io.Writer) error {
		return p.Confirm(w, &templates.ConfirmPage{
			Site: courier, Masked: "a•••@example.com", Digests: []string{"The Morning Courier"},
			Topics: []string{"City", "World"}, Action: "/mail/c/AbCd", Name: "Ada", Zone: "Asia/Tokyo", Mark: "seen", Changed: true,
			Hours:   []templates.HourChoice{{Slug: "daily", Digest: "The Morning Courier", Hour: "18:00"}},
			AskedAt: time.Date(2026, 11, 23, 7, 0, 0, 0, tokyo), AskedOn: "shop.example",
		})
	},
	"preferences": func(p *templates.Pages, w io.Writer) error {
		return p.Preferences(w, forwarded())
	},
	"preferences-errors": func(p *templates.Pages, w io.Writer) error {
		page := forwarded()
		page.Fresh, page.Confirmed, page.Saved = false, false, false
		page.Errors = map[string]templates.Problem{templates.FieldEndDigests: templates.ProblemNothingTicked}
		return p.Preferences(w, page)
	},
	"preferences-last": func(p *templates.Pages, w io.Writer) error {
		page := forwarded()
		page.Topics, page.LastTopic = []templates.Choice{{Slug: "city", Name: "City", Checked: true}, {Slug: "world", Name: "World"}}, true
		page.Digests, page.Confirmed, page.Saved = nil, false, false
		return p.Preferences(w, page)
	},
	"personal-one-topic": func(p *templates.Pages, w io.Writer) error {
		return p.Personal(w, &templates.PersonalPage{
			Site: courier, Masked: "a•••@example.com", Zone: "Asia/Tokyo", Zones: cityZones, Topics: cityTopics[:1], Digests: cityDigests[:1], Action: "/mail/f/AbCd",
		})
	},
	"personal": func(p *templates.Pages, w io.Writer) error { return p.Personal(w, personal()) },
	"personal-errors": func(p *templates.Pages, w io.Writer) error {
		page := personal()
		page.Address, page.Change, page.Mails, page.Saved = "ana.example.com", nil, nil, false
		page.Errors = map[string]templates.Problem{
			templates.FieldName: templates.ProblemNameTooLong, templates.FieldAddress: templates.ProblemAddressInvalid, templates.FieldSure: templates.ProblemNotSure,
		}
		return p.Personal(w, page)
	},
	"personal-left": func(p *templates.Pages, w io.Writer) error {
		return p.Personal(w, &templates.PersonalPage{Site: courier, Masked: "a•••@e•••.com", Action: "/mail/f/AbCd", Left: true})
	},
	"answer-expired": func(p *templates.Pages, w io.Writer) error {
		return p.Answer(w, &templates.AnswerPage{Site: courier, Answer: templates.AnswerExpired, FreshAction: "/mail/f/AbCd", NotSaved: true})
	},
	"move-old": func(p *templates.Pages, w io.Writer) error {
		return p.Move(w, &templates.MovePage{Site: courier, Old: "a•••@e•••.com", New: "b•••@e•••.org", IsOld: true, Action: "/mail/a/AbCd"})
	},
	"move-new": func(p *templates.Pages, w io.Writer) error {
		return p.Move(w, &templates.MovePage{Site: courier, Old: "a•••@e•••.com", New: "bea@example.org", Action: "/mail/n/AbCd"})
	},
	"answer-fresh": func(p *templates.Pages, w io.Writer) error {
		return p.Answer(w, &templates.AnswerPage{Site: courier, Answer: templates.AnswerFresh, Address: "a•••@e•••.com", PreferencesURL: "/mail/p/AbCd"})
	},
	"answer-moved": func(p *templates.Pages, w io.Writer) error {
		return p.Answer(w, &templates.AnswerPage{Site: courier, Answer: templates.AnswerMoved, Address: "bea@example.org"})
	},
	"answer-erased": func(p *templates.Pages, w io.Writer) error {
		return p.Answer(w, &templates.AnswerPage{Site: courier, Answer: templates.AnswerErased})
	},
	"unsubscribe": func(p *templates.Pages, w io.Writer) error {
		return p.Unsubscribe(w, &templates.UnsubscribePage{
			Site: courier, DigestName: "The Morning Courier", Masked: "a•••@example.com",
			Action: "/mail/u/AbCd", Pause: true, Topics: []templates.Choice{{Slug: "city", Name: "City"}, {Slug: "world", Name: "World"}}, All: true,
		})
	},
	"unsubscribe-last": func(p *templates.Pages, w io.Writer) error {
		return p.Unsubscribe(w, &templates.UnsubscribePage{
			Site: courier, DigestName: "The Morning Courier", Masked: "a•••@example.com",
			Action: "/mail/u/AbCd", Topics: []templates.Choice{{Slug: "city", Name: "City", Checked: true}, {Slug: "world", Name: "World"}}, LastTopic: true,
		})
	},
	"unsubscribe-errors": func(p *templates.Pages, w io.Writer) error {
		return p.Unsubscribe(w, &templates.UnsubscribePage{
			Site: courier, DigestName: "The Morning Courier", Masked: "a•••@example.com",
			Action: "/mail/u/AbCd", Pause: true, Topics: []templates.Choice{{Slug: "city", Name: "City"}, {Slug: "world", Name: "World"}},
			Errors: map[string]templates.Problem{templates.FieldTopics: templates.ProblemTopicsMissing},
		})
	},
	"unsubscribe-plain": func(p *templates.Pages, w io.Writer) error {
		return p.Unsubscribe(w, &templates.UnsubscribePage{Site: courier, DigestName: "City Courier", Masked: "a•••@example.com", Action: "/mail/u/AbCd"})
	},
	"topic": func(p *templates.Pages, w io.Writer) error {
		return p.Topic(w, &templates.TopicPage{
			Site: courier, Topic: "City", Masked: "a•••@example.com", Action: "/mail/p/AbCd/topic/city", PreferencesURL: "/mail/p/AbCd",
		})
	},
	"topic-last": func(p *templates.Pages, w io.Writer) error {
		return p.Topic(w, &templates.TopicPage{
			Site: courier, Topic: "City", Masked: "a•••@example.com", Action: "/mail/p/AbCd/topic/city", PreferencesURL: "/mail/p/AbCd", Last: true,
		})
	},
	"goodbye": func(p *templates.Pages, w io.Writer) error {
		return p.Goodbye(w, &templates.GoodbyePage{
			Site: courier, DigestName: "The Morning Courier", PreferencesURL: "/mail/p/AbCd", SubscribeURL: "/mail/subscribe",
		})
	},
	"goodbye-undo": func(p *templates.Pages, w io.Writer) error {
		return p.Goodbye(w, &templates.GoodbyePage{
			Site: courier, DigestName: "The Morning Courier", UndoAction: "/mail/b/AbCd",
			Whys: []string{"too-many", "not-relevant", "elsewhere", "never-asked", "other"}, MaxWhyText: 500,
		})
	},
	"goodbye-some": func(p *templates.Pages, w io.Writer) error {
		return p.Goodbye(w, &templates.GoodbyePage{
			Site: courier, Names: []string{"The Morning Courier", "The Weekly"}, UndoAction: "/mail/b/AbCd", Whys: []string{"other"}, MaxWhyText: 500,
		})
	},
	"goodbye-thanks": func(p *templates.Pages, w io.Writer) error {
		return p.Goodbye(w, &templates.GoodbyePage{Site: courier, All: true, UndoAction: "/mail/b/AbCd", Thanks: true})
	},
	"less-paused": func(p *templates.Pages, w io.Writer) error {
		return p.Less(w, &templates.LessPage{Site: courier, What: templates.LessPaused, LeaveURL: "/mail/u/AbCd",
			Until: time.Date(2026, 12, 24, 0, 0, 0, 0, tokyo)})
	},
	"less-topics": func(p *templates.Pages, w io.Writer) error {
		return p.Less(w, &templates.LessPage{Site: courier, What: templates.LessTopics, Names: []string{"City", "World"}, LeaveURL: "/mail/u/AbCd"})
	},
	"less-returned": func(p *templates.Pages, w io.Writer) error {
		return p.Less(w, &templates.LessPage{Site: courier, What: templates.LessReturned, Names: []string{"The Morning Courier", "The Weekly"}})
	},
	"less-gone": func(p *templates.Pages, w io.Writer) error {
		return p.Less(w, &templates.LessPage{Site: courier, What: templates.LessGone, SubscribeURL: "/mail/subscribe"})
	},
	"goodbye-all": func(p *templates.Pages, w io.Writer) error {
		return p.Goodbye(w, &templates.GoodbyePage{Site: courier, All: true, SubscribeURL: "/mail/subscribe", FreshAction: "/mail/p/AbCd"})
	},
	"expired": func(p *templates.Pages, w io.Writer) error {
		return p.Expired(w, &templates.ExpiredPage{Site: courier, FormToken: "1795000000.c2lnbmVk", Action: "/mail/c/AbCd"})
	},
	"step": func(p *templates.Pages, w io.Writer) error {
		return p.Step(w, &templates.StepPage{
			Site: courier, FormToken: "1795000000.c2lnbmVk", Work: "8x14", Wait: 5, Action: "/mail/subscribe",
			Fields: []templates.HiddenField{{Name: "address", Value: `ana"@example.com`}, {Name: "topics", Value: "city"}, {Name: "topics", Value: "world"}},
		})
	},
	"step-early": func(p *templates.Pages, w io.Writer) error {
		return p.Step(w, &templates.StepPage{Site: courier, FormToken: "1795000000.c2lnbmVk", Work: "8x14", Wait: 5, Early: true, Action: "/mail/subscribe", Framed: true})
	},
	"message-404": func(p *templates.Pages, w io.Writer) error {
		return p.Message(w, &templates.MessagePage{Site: courier, Status: 404})
	},
	"message-own-words": func(p *templates.Pages, w io.Writer) error {
		return p.Message(w, &templates.MessagePage{
			Site: courier, Status: 422, Title: "Not this way", Text: "The form came from another site.",
			LinkText: "Open the form here", LinkURL: "/mail/subscribe",
		})
	},
	"inbox": func(p *templates.Pages, w io.Writer) error {
		unnamed := receivedMail()
		unnamed.Subject, unnamed.Size = "", 812
		return p.Inbox(w, &templates.InboxPage{
			Site: courier, Messages: []templates.InboxMessage{receivedMail(), unnamed}, SubscribeURL: "/mail/subscribe",
			Actions: []templates.InboxAction{{Label: "Publish three more stories", URL: "/inbox/publish"}},
		})
	},
	"inbox-empty": func(p *templates.Pages, w io.Writer) error {
		return p.Inbox(w, &templates.InboxPage{Site: courier})
	},
	"mail": func(p *templates.Pages, w io.Writer) error {
		return p.InboxMail(w, &templates.InboxMailPage{
			Site: courier, Message: receivedMail(), HTMLURL: "/inbox/7/html", Text: "THE MORNING COURIER\n<not markup>\n",
			Source: "Subject: The Morning Courier\r\n\r\nbody\r\n", InboxURL: "/inbox", OneClickURL: "https://courier.example/mail/u/AbCd",
		})
	},
}

func loadPages(t testing.TB) *templates.Pages {
	t.Helper()
	p, err := templates.LoadPages()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func drawPage(t testing.TB, name string) string {
	t.Helper()
	var b bytes.Buffer
	if err := pageFixtures[name](loadPages(t), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPagesMatchTheGoldenFiles(t *testing.T) {
	for name := range pageFixtures {
		t.Run(name, func(t *testing.T) {
			golden(t, "page-"+name+".html", drawPage(t, name))
		})
	}
}

func TestPagesKeepWhatWasTypedBesideTheProblem(t *testing.T) {
	doc := parseHTML(t, drawPage(t, "subscribe-errors"))
	address := doc.one(t, "input", "id", "address")
	if got, want := attr(address, "value"), "ana.example.com"; got != want {
		t.Errorf("typed address: got %q, want %q", got, want)
	}
	if got, want := attr(address, "aria-invalid"), "true"; got != want {
		t.Errorf("aria-invalid: got %q, want %q", got, want)
	}
	if got, want := attr(address, "aria-describedby"), "address-hint address-problem"; got != want {
		t.Errorf("aria-describedby: got %q, want %q", got, want)
	}
	if got := text(doc.one(t, "p", "id", "address-problem")); !strings.Contains(got, "name@example.com") {
		t.Errorf("problem beside the address: got %q", got)
	}
	if got, want := attr(doc.one(t, "input", "id", "name"), "value"), `Ana "A" <Ruiz>`; got != want {
		t.Errorf("typed name: got %q, want %q", got, want)
	}
	if got := attr(doc.one(t, "input", "id", "name"), "aria-invalid"); got != "" {
		t.Errorf("the name is right, yet aria-invalid is %q", got)
	}
	if got, want := text(doc.one(t, "title", "", "")), "Error: "; !strings.HasPrefix(got, want) {
		t.Errorf("title: got %q, want the prefix %q", got, want)
	}
}

func TestTheConsentTextIsOnTheForm(t *testing.T) {
	page := text(parseHTML(t, drawPage(t, "subscribe")).one(t, "main", "", ""))
	lines := strings.Split(templates.ConsentText(courier), "\n")
	if len(lines) != 2 {
		t.Errorf("got %d lines, want 2", len(lines))
	}
	for _, line := range lines {
		if !strings.Contains(page, line) {
			t.Errorf("the form does not say %q", line)
		}
	}
}

func TestPagesTellAPersonsButtonFromAOneClick(t *testing.T) {
	for name, field := range map[string]string{
		"confirm": templates.FieldConfirm, "unsubscribe": templates.FieldConfirm,
		"expired": templates.FieldAgain, "preferences": templates.FieldUnsubscribe,
	} {
		parseHTML(t, drawPage(t, name)).one(t, "button", "name", field)
	}
}

func TestAProblemThatNobodyKnowsIsShownAsOne(t *testing.T) {
	page := signUp()
	page.Errors = map[string]templates.Problem{templates.FieldAddress: "No mail reaches <example.test>."}
	var b bytes.Buffer
	if err := loadPages(t).Subscribe(&b, page); err != nil {
		t.Fatal(err)
	}
	if got, want := text(parseHTML(t, b.String()).one(t, "p", "id", "address-problem")), "Something here is not as expected. Please check it."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOnlyAFreshFormLetsTheBrowserChooseTheZone(t *testing.T) {
	for name, want := range map[string]bool{"subscribe": true, "subscribe-errors": false, "personal": false} {
		if got := strings.Contains(drawPage(t, name), "data-detect"); got != want {
			t.Errorf("%s lets the browser choose the zone: got %v, want %v", name, got, want)
		}
	}
}

func TestAssetsAreThereUnderTheGivenPrefix(t *testing.T) {
	var b bytes.Buffer
	if err := loadPages(t).WithAssets("/mail/static/").Subscribe(&b, signUp()); err != nil {
		t.Fatal(err)
	}
	doc := parseHTML(t, b.String())
	links := []string{attr(doc.one(t, "link", "rel", "stylesheet"), "href"), attr(doc.one(t, "script", "", ""), "src")}
	for _, link := range links {
		name, version, _ := strings.Cut(strings.TrimPrefix(link, "/mail/static/"), "?v=")
		if _, err := fs.Stat(templates.Assets(), name); err != nil || len(version) != 8 {
			t.Errorf("link to asset %q: version %q, %v", link, version, err)
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("gone") }

func TestAPageThatCannotBeWrittenIsAnError(t *testing.T) {
	if err := pageFixtures["check"](loadPages(t), brokenWriter{}); err == nil {
		t.Error("got no error from a writer that fails")
	}
}
