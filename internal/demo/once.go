package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/net/html"

	"broadsheet/digest"
	"broadsheet/digest/delivery"
	"broadsheet/templates"
)

// Once runs the whole loop through the real parts, prints each step and
// returns an error at the first that does not hold: fetch, sign up, confirm,
// plan, send, unsubscribe by one-click, send again, and see that the one who
// left got nothing.
func Once(ctx context.Context, o Options) error {
	w, err := open(ctx, o)
	if err != nil {
		return err
	}
	defer w.close()
	ctx, cancel := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- w.serveWeb(ctx) }()
	l := &loop{world: w, reader: fmt.Sprintf("ada.%d@inbox.example", time.Now().UnixNano()), topics: w.paper.Topics()[0].Slug}
	err = l.run(ctx)
	cancel()
	return errors.Join(err, <-served)
}

// loop is the state of the steps.
type loop struct {
	*world
	step   int
	reader string
	topics string // the slug that the reader chooses
	first  *letter
}

func (l *loop) run(ctx context.Context) error {
	for _, step := range []struct {
		name string
		do   func(ctx context.Context) (string, error)
	}{
		{"fetch the newspaper's feed", l.fetch},
		{"send in a story through the API", l.postStory},
		{"sign up in the browser's form", l.signUp},
		{"confirm from the mail", l.confirm},
		{"plan and send the digest", l.sendFirst},
		{"read it in the inbox", l.readFirst},
		{"send again: nothing is due", l.sendNothing},
		{"unsubscribe with one click", l.oneClick},
		{"publish more stories and send again", l.sendSecond},
		{"the one who left got nothing", l.gotNothing},
	} {
		l.step++
		said, err := step.do(ctx)
		if err != nil {
			fmt.Fprintf(l.out, "%2d. %s: FAILED\n", l.step, step.name)
			return fmt.Errorf("step %d, %s: %w", l.step, step.name, err)
		}
		fmt.Fprintf(l.out, "%2d. %s: %s\n", l.step, step.name, said)
	}
	fmt.Fprintln(l.out, "Every step held.")
	return nil
}

func (l *loop) fetch(ctx context.Context) (string, error) {
	got, err := l.app.Poller().Fetch(ctx, &l.app.Setup.Sources[0])
	if err != nil {
		return "", err
	}
	articles, err := l.app.Digests.Articles(ctx, digest.ArticleFilter{Limit: 1000})
	if err != nil {
		return "", err
	}
	if len(articles) < 30 {
		return "", fmt.Errorf("the database has %d articles, want at least 30", len(articles))
	}
	for _, r := range l.readers() {
		if err := l.app.Subscribers.Add(ctx, l.app.Catalog, r); err != nil && !alreadyThere(err) {
			return "", err
		}
	}
	return fmt.Sprintf("%d new stories, %d known", got.Result.New, got.Result.Updated+got.Result.Unchanged), nil
}

func (l *loop) postStory(ctx context.Context) (string, error) {
	story, err := json.Marshal(map[string]any{
		"url": fmt.Sprintf("%s/paper/story/late-%d", l.base, time.Now().UnixNano()), "topics": []string{l.topics},
		"title": time.Now().Format("Night ferry of 15:04:05.000 returns to the old pier"), "summary": "After eleven years the last boat of the day ties up in the middle of town again.",
	})
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.base+"/api/v1/articles", bytes.NewReader(story))
	if err != nil {
		return "", err
	}
	key, err := apiKey(l.dir)
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	status, body, err := do(req)
	if err != nil {
		return "", err
	}
	if status != http.StatusOK || !strings.Contains(body, `"new":1`) {
		return "", fmt.Errorf("the API answered %d %s", status, body)
	}
	return "accepted as new", nil
}

func (l *loop) signUp(ctx context.Context) (string, error) {
	form, err := openForm(ctx, l.base+"/subscribe")
	if err != nil {
		return "", err
	}
	form.values.Set(templates.FieldAddress, l.reader)
	form.values.Set(templates.FieldName, "Ada")
	form.values.Set(templates.FieldZone, "Europe/Lisbon")
	form.values[templates.FieldTopics] = []string{l.topics}
	form.values[templates.FieldDigests] = []string{l.app.Setup.Digests[0].Slug}
	if _, err := form.post(ctx); err != nil {
		return "", err
	}
	return l.reader + " asked for " + l.topics, nil
}

func (l *loop) confirm(ctx context.Context) (string, error) {
	out, err := l.app.NewOutgoing()
	if err != nil {
		return "", err
	}
	defer out.Pool.Close()
	postman, err := l.app.NewPostman(out)
	if err != nil {
		return "", err
	}
	if _, err := postman.Deliver(ctx); err != nil {
		return "", err
	}
	mail, err := l.inbox.newestTo(l.reader)
	if err != nil {
		return "", err
	}
	if mail == nil {
		return "", errors.New("no confirmation mail arrived")
	}
	link := mail.link("/c/")
	if link == "" {
		return "", errors.New("the confirmation mail has no link")
	}
	form, err := openForm(ctx, link)
	if err != nil {
		return "", err
	}
	if detail, err := l.app.Subscribers.ByAddress(ctx, l.reader); err != nil || detail.Shown() != "pending" {
		return "", fmt.Errorf("opening the link alone must change nothing, the reader is %s (%w)", detail.Shown(), err)
	}
	if _, err := form.post(ctx); err != nil {
		return "", err
	}
	detail, err := l.app.Subscribers.ByAddress(ctx, l.reader)
	if err != nil {
		return "", err
	}
	if detail.Shown() != "active" {
		return "", fmt.Errorf("the reader is %s, want active", detail.Shown())
	}
	return "the link changed nothing, its button did", nil
}

func (l *loop) send(ctx context.Context) (delivery.Balance, error) {
	edition, err := l.app.Planner.SendNow(ctx, digest.Send{Digest: &l.app.Setup.Digests[0]}, time.Now())
	if err != nil {
		return delivery.Balance{}, err
	}
	out, err := l.app.NewOutgoing()
	if err != nil {
		return delivery.Balance{}, err
	}
	defer out.Pool.Close()
	engine, err := l.app.NewEngine(out)
	if err != nil {
		return delivery.Balance{}, err
	}
	b, err := engine.RunEdition(ctx, edition.ID, nil)
	if err == nil && (!b.Balanced() || b.Sent == 0 || b.Sent+b.Skipped != b.Due) {
		err = fmt.Errorf("the balance of %s is %+v", edition.Key, b)
	}
	return b, err
}

func (l *loop) sendFirst(ctx context.Context) (string, error) {
	b, err := l.send(ctx)
	return balanceText(b), err
}

func balanceText(b delivery.Balance) string {
	return fmt.Sprintf("due %d = sent %d + skipped %d", b.Due, b.Sent, b.Skipped)
}

func (l *loop) readFirst(context.Context) (string, error) {
	mails, err := l.inbox.allTo(l.reader)
	if err != nil {
		return "", err
	}
	if len(mails) != 2 {
		return "", fmt.Errorf("%d mails to the reader, want the confirmation and one digest", len(mails))
	}
	l.first = mails[0]
	stories := links(l.first.parsed.HTML, l.base+"/paper/story/")
	if len(stories) == 0 {
		return "", errors.New("the digest has no stories")
	}
	for link, n := range stories {
		if n > 2 { // the headline and its picture
			return "", fmt.Errorf("%s stands %d times in the digest", link, n)
		}
	}
	for _, part := range []string{"/u/", "/p/"} {
		if l.first.link(part) == "" || !strings.Contains(l.first.parsed.HTML, l.base+part) {
			return "", fmt.Errorf("the digest has no %s link in both parts", part)
		}
	}
	return fmt.Sprintf("%q, %d stories, %d bytes", l.first.parsed.Decode("Subject"), len(stories), len(l.first.raw)), nil
}

func (l *loop) sendNothing(ctx context.Context) (string, error) {
	if _, err := l.send(ctx); !errors.Is(err, digest.ErrNothingDue) {
		return "", fmt.Errorf("a second send was not refused: %w", err)
	}
	return "refused", nil
}

func (l *loop) oneClick(ctx context.Context) (string, error) {
	link := l.first.oneClick()
	if link == "" {
		return "", errors.New("the digest has no List-Unsubscribe URL")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, link, strings.NewReader("List-Unsubscribe=One-Click"))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, _, err := do(req)
	if err != nil {
		return "", err
	}
	if status != http.StatusOK {
		return "", fmt.Errorf("the one-click POST was answered with %d", status)
	}
	return "200, without cookie, login or redirect", nil
}

func (l *loop) sendSecond(ctx context.Context) (string, error) {
	if _, err := l.postStory(ctx); err != nil {
		return "", err
	}
	l.paper.PublishLater(4)
	if _, err := l.app.Poller().Fetch(ctx, &l.app.Setup.Sources[0]); err != nil {
		return "", err
	}
	b, err := l.send(ctx)
	return balanceText(b), err
}

func (l *loop) gotNothing(context.Context) (string, error) {
	mails, err := l.inbox.allTo(l.reader)
	if err != nil {
		return "", err
	}
	if len(mails) != 2 {
		return "", fmt.Errorf("%d mails to the one who left, want the two from before", len(mails))
	}
	return "two mails in all, none since", nil
}

// links counts the links of a page that begin with prefix.
func links(page, prefix string) map[string]int {
	out := map[string]int{}
	tokens := html.NewTokenizer(strings.NewReader(page))
	for {
		if tokens.Next() == html.ErrorToken {
			return out
		}
		for _, a := range tokens.Token().Attr {
			if a.Key == "href" && strings.HasPrefix(a.Val, prefix) {
				out[a.Val]++
			}
		}
	}
}
