package browsertest_test

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"broadsheet/mail"
	"broadsheet/mail/mailtest"
)

// mostSpam is the score of SpamAssassin, without the network, that no mail may
// pass: what a list says of itself speaks for it.
const mostSpam = -0.5

var spamScore = regexp.MustCompile(`Content analysis details:\s+\((-?[0-9.]+) points`)

// TestMailsAreNoSpam puts every digest on the wire, as its reader would get it,
// and asks SpamAssassin. Confirmations and other mails of the system name no
// list, so that they have no such advocate, and must have nothing against them.
func TestMailsAreNoSpam(t *testing.T) {
	for _, path := range goldenMails(t) {
		t.Run(mailName(path), func(t *testing.T) {
			message, isDigest := wire(t, path)
			lint, most := mailtest.LintSystem, 0.0
			if isDigest {
				lint, most = mailtest.Lint, mostSpam
			}
			for _, wrong := range lint(message) {
				t.Error(wrong)
			}
			report := spamReport(t, message)
			found := spamScore.FindStringSubmatch(report)
			if found == nil {
				t.Fatalf("there is no score in\n%s", report)
			}
			if score, err := strconv.ParseFloat(found[1], 64); err != nil || score > most {
				t.Errorf("scores %s, want at most %.1f:\n%s", found[1], most, report)
			}
		})
	}
}

// unsubscribe is the link that ends a digest.
const unsubscribe = "https://courier.example/mail/u/Ae29AwFV3fmT-Kr86svMYqU"

// personal puts one reader's parts where the golden mails have slots.
var personal = strings.NewReplacer("q7slot0unsubscribe7q", unsubscribe,
	"q7slot1preferences7q", "https://courier.example/mail/p/Ae29AwFV3fmT-Kr86svMYqU", "q7slot2name7q", "Ada")

// wire is the whole message of a golden mail; digests are those with a link
// that ends them.
func wire(t *testing.T, path string) (message []byte, isDigest bool) {
	t.Helper()
	html, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(textPart(path))
	if err != nil {
		t.Fatal(err)
	}
	body, err := mail.Compile(personal.Replace(string(html)), personal.Replace(string(text)), mail.Markers{})
	if err != nil {
		t.Fatal(err)
	}
	h := mail.Header{
		From: mail.Address{Name: "City Courier", Addr: "digest@courier.example"}, To: mail.Address{Name: "Ada", Addr: "ada@reader.example"},
		Subject: "The Morning Courier: " + mailName(path), Date: time.Now(), MessageID: "<aebycvry736qk7.1@courier.example>",
	}
	if isDigest = strings.Contains(personal.Replace(string(html)), unsubscribe); isDigest {
		h.ListID, h.ListUnsubscribe, h.OneClick = "The Morning Courier <daily.lists.courier.example>", []string{unsubscribe}, true
		h.FeedbackID, h.Bulk = "daily-2026-11-23:daily:digest:courierexample", true
	} else {
		h.AutoSubmitted = true
	}
	if message, err = body.Append(nil, &h, mail.Boundary(h.MessageID), &mail.Personal{}); err != nil {
		t.Fatal(err)
	}
	return message, isDigest
}

// spamReport is what SpamAssassin says of a message by its local rules.
func spamReport(t *testing.T, message []byte) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "spamassassin", "--local", "--test-mode", "--nocreate-prefs")
	cmd.Stdin = bytes.NewReader(message)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("SpamAssassin, which `make test` installs: %v\n%s", err, errs.String())
	}
	_, report, _ := strings.Cut(string(out), "Content preview:")
	return report
}
