package mailtest_test

import (
	"strings"
	"testing"

	"broadsheet/mail"
	"broadsheet/mail/mailtest"
)

const clean = "Date: Mon, 23 Nov 2026 07:00:00 -0500\r\n" +
	"From: City Courier <digest@courier.example>\r\n" +
	"To: ann@reader.example\r\n" +
	"Subject: News\r\n" +
	"Message-ID: <abcdefgh.17@courier.example>\r\n" +
	"List-Id: <daily.lists.courier.example>\r\n" +
	"List-Unsubscribe: <https://courier.example/u/x>\r\n" +
	"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" +
	"MIME-Version: 1.0\r\n" +
	"Content-Type: multipart/alternative; boundary=b\r\n" +
	"\r\n--b\r\nContent-Type: text/plain\r\n\r\ntext https://courier.example/u/x\r\n" +
	"--b\r\nContent-Type: text/html\r\n\r\nhtml https://courier.example/u/x\r\n--b--\r\n"

func TestLintFindsNothingInACleanMail(t *testing.T) {
	for _, finding := range mailtest.Lint([]byte(clean)) {
		t.Error(finding)
	}
	system := strings.Replace(clean, "List-Id:", "Auto-Submitted: auto-generated\r\nList-Id:", 1)
	for _, finding := range mailtest.LintSystem([]byte(system)) {
		t.Error(finding)
	}
}

func TestLintFinds(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"bare LF":           {"text https", "text\nhttps", "bare CR or LF"},
		"bare CR":           {"text https", "text\rhttps", "bare CR or LF"},
		"8 bit":             {"Subject: News", "Subject: Nüws", "want ASCII"},
		"long header":       {"News", strings.Repeat("x", 1000), "a header line has"},
		"long body":         {"text https", strings.Repeat("x", 80) + " https", "a body line has"},
		"leading dot":       {"text https", ".text https", "begins with a dot"},
		"trailing space":    {"\r\n--b--", " \r\n--b--", "ends in white space"},
		"no subject":        {"Subject: News\r\n", "", "subject stands 0 times"},
		"two subjects":      {"Subject: News", "Subject: News\r\nSubject: x", "subject stands 2 times"},
		"two list ids":      {"List-Id:", "List-Id: <x.y>\r\nList-Id:", "list-id stands 2 times"},
		"folded id":         {"Message-ID: ", "Message-ID:\r\n ", "message-id is folded"},
		"short id":          {"abcdefgh.17@courier.example", "a@b", "is no id"},
		"two senders":       {"<digest@courier.example>", "<a@b.example>, c@d.example", "From is not one address"},
		"broken date":       {"Mon, 23", "Someday, 99", "Date:"},
		"no multipart":      {"multipart/alternative; boundary=b", "text/plain", "want multipart/alternative"},
		"no text":           {"text/plain", "text/other", "text part is missing"},
		"no HTML":           {"text/html", "text/other", "HTML part is missing"},
		"no https":          {"<https://courier", "<mailto:courier", "no https URI"},
		"no one-click":      {"List-Unsubscribe=One-Click", "x", "List-Unsubscribe-Post is"},
		"no list id":        {"List-Id: <daily.lists.courier.example>\r\n", "", "List-Id is missing"},
		"no link in text":   {"text https://courier.example/u/x", "text", "text part has no unsubscribe link"},
		"no link in HTML":   {"html https://courier.example/u/x", "html", "HTML part has no unsubscribe link"},
		"a slot left":       {"text https", mail.NewMarkers().Of(mail.SlotName) + " https", "slot was not filled"},
		"end of the header": {"\r\n\r\n", "\r\n", "cannot"},
	} {
		changed := strings.Replace(clean, c.old, c.new, 1)
		if changed == clean {
			t.Fatalf("%s: nothing changed", name)
		}
		got := strings.Join(mailtest.Lint([]byte(changed)), "; ")
		if c.want == "cannot" && got != "" {
			continue
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q in it", name, got, c.want)
		}
	}
	if got := mailtest.LintSystem([]byte(clean)); len(got) != 1 {
		t.Errorf("a digest as system mail: got %q, want Auto-Submitted to be missed", got)
	}
}
