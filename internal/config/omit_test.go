package config_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"broadsheet/mail"
)

// signedNames returns the names that a signature covers, each once, as a relay reads them.
func signedNames(t *testing.T) []string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	signer, err := mail.NewSigner("courier.example", "b1", text)
	if err != nil {
		t.Fatal(err)
	}
	field, err := signer.Sign([]byte("Date: Mon, 23 Nov 2026 07:00:00 +0000\r\n\r\nbody\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	unfolded := strings.Join(strings.Fields(string(field)), "")
	list := regexp.MustCompile(`;h=([^;]+);`).FindStringSubmatch(unfolded)
	if list == nil {
		t.Fatalf("there is no h= in %s", unfolded)
	}
	return slices.Compact(strings.Split(list[1], ":"))
}

// A name that no signature covers is a slip: leaving it out would change nothing.
func TestWhatMayBeOmittedIsWhatIsSigned(t *testing.T) {
	names := signedNames(t)
	if len(names) < 10 || names[0] != "From" {
		t.Fatalf("the signature covers %v", names)
	}
	dir := engineFolder(t)
	for _, name := range names[1:] {
		relay := fmt.Sprintf("dkim_omit = [%q, %q]", name, strings.ToUpper(name))
		if _, err := parse(dir, design(t, "weight = 1", relay)); err != nil {
			t.Error(err)
		}
	}
	_, err := parse(dir, design(t, "weight = 1", `dkim_omit = ["X-Something-Else"]`))
	if err == nil {
		t.Fatal("a name that is not signed was accepted")
	}
	if got := regexp.MustCompile(`"[A-Z][A-Za-z-]+"`).FindAllString(err.Error(), -1); len(got) != len(names) { // with the wrong one, without From
		t.Errorf("the error offers %v, want all of %v but From", got[1:], names)
	}
}
