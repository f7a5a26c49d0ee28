package config_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"path/filepath"
	"strings"
	"testing"

	"broadsheet/internal/config"
)

func TestDNSRecords(t *testing.T) {
	dir := folder(t)
	c := mustParse(t, dir, design(t, "[mail.dkim]",
		"[[mail.relay]]\nurl = \"smtp://192.0.2.1\"\n[[mail.relay]]\nurl = \"smtp://[2001:db8::1]\"\n"+
			"[[mail.relay]]\nurl = \"smtp://localhost?tls=off\"\n[mail.dkim]"))
	der := bytes.Repeat([]byte{0xff}, 294)
	p := strings.Repeat("/", 392)
	want := []string{
		`bounce.courier.example. IN TXT "v=spf1 a:smtp.courier.example ip4:192.0.2.1 ip6:2001:db8::1 mx ~all"`,
		`b1._domainkey.courier.example. IN TXT "v=DKIM1; k=rsa; p=` + p[:237] + `" "` + p[237:] + `"`,
		`_dmarc.courier.example. IN TXT "v=DMARC1; p=none; rua=mailto:postmaster@courier.example"`,
		`bounce.courier.example. IN MX 10 courier.example.`,
	}
	records := config.DNSRecords(c, der)
	for i, r := range records {
		if i >= len(want) || r.String() != want[i] {
			t.Errorf("got record %s", r)
		}
	}
	if len(records) != len(want) {
		t.Errorf("got %d records, want %d", len(records), len(want))
	}
}

func TestDNSRecordsOfALaptop(t *testing.T) {
	c := mustParse(t, folder(t), strings.Replace(minimal, "https://courier.example/mail", "http://127.0.0.1:8080", 1))
	var got []string
	for _, r := range config.DNSRecords(c, []byte("key")) {
		got = append(got, r.Type+" "+r.Value)
	}
	want := "TXT v=spf1 mx ~all, TXT v=DMARC1; p=none; rua=mailto:postmaster@courier.example, MX 10 mail.courier.example"
	if strings.Join(got, ", ") != want {
		t.Errorf("got %q, want %s", got, want)
	}
}

// The published half must belong to the key that init wrote.
func TestDKIMPublic(t *testing.T) {
	dir := t.TempDir()
	if _, err := config.WriteInit(dir, config.Answers{}); err != nil {
		t.Fatal(err)
	}
	text := []byte(read(t, filepath.Join(dir, "dkim.pem")))
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	private := key.(*rsa.PrivateKey)
	pkcs1 := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)})
	for _, form := range [][]byte{text, pkcs1} {
		der, err := config.DKIMPublic(form)
		if err != nil {
			t.Fatal(err)
		}
		public, err := x509.ParsePKIXPublicKey(der)
		if err != nil || !private.PublicKey.Equal(public) {
			t.Errorf("got another public key, %v", err)
		}
	}
	for _, bad := range []string{"", "no PEM", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
		if der, err := config.DKIMPublic([]byte(bad)); err == nil {
			t.Errorf("%q: got %x, want an error", bad, der)
		}
	}
}

func TestDNSRecordOfEd25519(t *testing.T) {
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := config.DKIMPublic(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
	if err != nil {
		t.Fatal(err)
	}
	got := config.DNSRecords(mustParse(t, folder(t), design(t)), der)[1].Value
	want := "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey))
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
