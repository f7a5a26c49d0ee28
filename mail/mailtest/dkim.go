package mailtest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
)

// DKIMResult is what two verifiers that have no code in common say of a message: "pass", or what is wrong.
type DKIMResult struct {
	GoMsgauth string // github.com/emersion/go-msgauth
	MailDKIM  string // Perl's Mail::DKIM
}

// Passes tells whether both verifiers found a valid signature.
func (r DKIMResult) Passes() bool { return r.GoMsgauth == "pass" && r.MailDKIM == "pass" }

// Fails tells whether both verifiers found a signature that does not hold.
func (r DKIMResult) Fails() bool {
	return strings.HasPrefix(r.GoMsgauth, "fail") && strings.HasPrefix(r.MailDKIM, "fail")
}

// VerifyDKIM verifies messages, which have one signature each, with both verifiers. The TXT record at name is all the
// DNS there is.
func VerifyDKIM(t testing.TB, name, record string, messages [][]byte) []DKIMResult {
	t.Helper()
	out := make([]DKIMResult, len(messages))
	second := verifyByPerl(t, name, record, messages)
	for i, msg := range messages {
		out[i] = DKIMResult{GoMsgauth: verifyByMsgauth(name, record, msg), MailDKIM: second[i]}
	}
	return out
}

func verifyByMsgauth(name, record string, msg []byte) string {
	lookup := func(asked string) ([]string, error) {
		if !strings.EqualFold(asked, name) {
			return nil, fmt.Errorf("there is no TXT record at %s", asked)
		}
		return []string{record}, nil
	}
	found, err := dkim.VerifyWithOptions(bytes.NewReader(msg), &dkim.VerifyOptions{LookupTXT: lookup})
	switch {
	case err != nil:
		return err.Error()
	case len(found) != 1:
		return fmt.Sprintf("%d signatures", len(found))
	case dkim.IsPermFail(found[0].Err) || dkim.IsTempFail(found[0].Err):
		return found[0].Err.Error()
	case found[0].Err != nil:
		return "fail: " + found[0].Err.Error()
	}
	return "pass"
}

// verifyByPerl asks Mail::DKIM, one line a message.
func verifyByPerl(t testing.TB, name, record string, messages [][]byte) []string {
	t.Helper()
	script, err := testdata.ReadFile("testdata/dkim.pl")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "record")
	if err := os.WriteFile(file, []byte(record), 0o600); err != nil {
		t.Fatal(err)
	}
	var framed, stderr bytes.Buffer
	for _, msg := range messages {
		fmt.Fprintf(&framed, "%d\n%s", len(msg), msg)
	}
	perl := exec.CommandContext(t.Context(), "perl", "-e", string(script), name, file)
	perl.Stdin, perl.Stderr = &framed, &stderr
	answer, err := perl.Output()
	if err != nil {
		t.Fatalf("verify with perl, for which make test installs Debian's libmail-dkim-perl: %v\n%s", err, stderr.String())
	}
	lines := strings.Split(strings.TrimSuffix(string(answer), "\n"), "\n")
	if len(lines) != len(messages) {
		t.Fatalf("perl gave %d results for %d messages: %s", len(lines), len(messages), answer)
	}
	return lines
}
