package digest_test

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html"

	"broadsheet/digest"
	"broadsheet/internal/db"
	"broadsheet/mail"
	"broadsheet/mail/mailtest"
	"broadsheet/templates"
)

// hostileMail is a mail of twenty stories whose words somebody else wrote.
type hostileMail struct {
	d        *db.DB
	composer *digest.Composer
	plain    []string // the header fields of a mail of plain words
	tags     map[string]bool
}

func newHostileMail(t testing.TB) *hostileMail {
	t.Helper()
	m := &hostileMail{}
	m.d, m.composer = composable(t, []digest.Slot{slot("bank", "top")})
	m.exec(t, `INSERT INTO edition_versions (edition_id, version, from_at) VALUES (1, 1, 1)`)
	m.exec(t, `INSERT INTO corrections (id, article_id, seq, at, note) VALUES (1, 2, 1, 1, 'x')`)
	m.exec(t, `UPDATE selections SET stories = REPLACE(REPLACE(stories, '+0', '+0 ~1'), '3:1', '3:1=')`)
	m.fill(t, "Plain words.")
	message := m.message(t)
	m.plain, m.tags = fieldNames(message), tagsOf(parts(t, message)["text/html"])
	return m
}

func (m *hostileMail) exec(t testing.TB, query string, args ...any) {
	t.Helper()
	if err := m.d.Write(t.Context(), func(tx *db.Tx) error { _, err := tx.Exec(t.Context(), query, args...); return err }); err != nil {
		t.Fatal(err)
	}
}

// fill writes words wherever the database has some of stories and editors. What
// the database cannot hold does not come that far, nor does an introduction that
// is refused.
func (m *hostileMail) fill(t testing.TB, words string) {
	t.Helper()
	words = strings.ToValidUTF8(strings.ReplaceAll(words, "\x00", ""), "")
	m.exec(t, `UPDATE article_versions SET title = $1, summary = $1, author = $1, image_alt = $1, image_credit = $1, body = $1`, words)
	m.exec(t, `UPDATE corrections SET note = $1`, words)
	intro := words
	if _, err := templates.ParseProse(intro); err != nil {
		intro = ""
	}
	m.exec(t, `UPDATE edition_versions SET subject = $1, preheader = $1, intro = $2`, words, intro)
}

// message is what goes to a reader.
func (m *hostileMail) message(t testing.TB) []byte {
	t.Helper()
	c, err := m.composer.Compose(t.Context(), 1, 1, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	const unsubscribe = "https://courier.example/mail/u/AbCdEf"
	h := mail.Header{
		From: c.From, To: mail.Address{Name: "Ada", Addr: "ada@reader.example"}, Subject: c.Subject, Date: c.Date, MessageID: "<aebycvry736qk7.1@courier.example>",
		ListID: c.ListID, ListUnsubscribe: []string{unsubscribe}, OneClick: true, FeedbackID: c.FeedbackID, Bulk: true,
	}
	raw, err := c.Body.Append(nil, &h, mail.Boundary(h.MessageID), &mail.Personal{Name: "Ada", Unsubscribe: unsubscribe, Preferences: "https://courier.example/mail/p/AbCdEf"})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func fieldNames(message []byte) (names []string) {
	parsed, err := netmail.ReadMessage(bytes.NewReader(message))
	if err != nil {
		return []string{err.Error()}
	}
	for name, values := range parsed.Header {
		for range values {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// parts are the decoded parts of a message by their type.
func parts(t testing.TB, message []byte) map[string]string {
	t.Helper()
	parsed, err := netmail.ReadMessage(bytes.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(parsed.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for r := multipart.NewReader(parsed.Body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
		out[kind] += string(text)
	}
}

func tagsOf(src string) map[string]bool {
	tags := map[string]bool{}
	for z := html.NewTokenizer(strings.NewReader(src)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			return tags
		}
		if name, _ := z.TagName(); kind == html.StartTagToken || kind == html.SelfClosingTagToken {
			tags[string(name)] = true
		}
	}
}

// check holds the whole message on the wire against one of plain words: the same
// header fields, each one line that decodes, and no other elements.
func (m *hostileMail) check(t *testing.T, words string) {
	t.Helper()
	m.fill(t, words)
	message := m.message(t)
	for _, wrong := range mailtest.Lint(message) {
		t.Error(wrong)
	}
	if got := fieldNames(message); !slices.Equal(got, m.plain) {
		t.Errorf("the header has %q, want %q", got, m.plain)
	}
	parsed, err := netmail.ReadMessage(bytes.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	for name := range parsed.Header {
		value, err := new(mime.WordDecoder).DecodeHeader(parsed.Header.Get(name))
		if err != nil || !utf8.ValidString(value) || strings.ContainsAny(value, "\r\n\x00\x1b\u2028\u202e") {
			t.Errorf("%s is %q, %v", name, value, err)
		}
	}
	all := parts(t, message)
	if len(all) != 2 || !utf8.ValidString(all["text/html"]) || !utf8.ValidString(all["text/plain"]) {
		t.Errorf("the message has %d kinds of parts", len(all))
	}
	prose := []string{"b", "i", "em", "strong", "code", "pre", "ul", "ol", "li", "blockquote", "h2", "h3", "h4", "br", "hr"} // of an introduction
	for tag := range tagsOf(all["text/html"]) {
		if !m.tags[tag] && !slices.Contains(prose, tag) {
			t.Errorf("the HTML has <%s>", tag)
		}
	}
}

// FuzzComposedMail writes hostile words into stories, corrections and all that
// editors give an edition, and reads the message that comes of it.
func FuzzComposedMail(f *testing.F) {
	for _, words := range []string{
		"Hello\r\nBcc: all@example.com\r\n\r\n<b>body</b>", `</title></style><script>alert(1)</script><img src=x onerror=alert(1)>`, "\n-- \n.\r\n.\r\nQUIT\r\n",
		`"><a href="javascript:alert(1)">x</a>`, "=?utf-8?q?=0d=0aBcc:_x?=", "\u202eabc\u2028d\x1b[31m", "{{.Unsubscribe}}", strings.Repeat("橋", 400), strings.Repeat("x", 2000),
		"--=_boundary\r\nContent-Type: text/html\r\n\r\n<script>", "[x](javascript:alert(1)) ![y](data:text/html,x) [z](https://ok.example/)", "", " ", "# a\n\n> b\n\n1. c",
	} {
		f.Add(words)
	}
	m := newHostileMail(f)
	f.Fuzz(func(t *testing.T, words string) { m.check(t, words) })
}
