package mail_test

import (
	"errors"
	netmail "net/mail"
	"strings"
	"testing"

	"broadsheet/mail"
)

func TestParseAddress(t *testing.T) {
	for _, c := range []struct{ in, name, addr string }{
		{"a@b.example", "", "a@b.example"},
		{"  Ann.Lee+news@B.Example \t", "", "Ann.Lee+news@b.example"},
		{"<a@b.example>", "", "a@b.example"},
		{"City Courier <d@c.example>", "City Courier", "d@c.example"},
		{"City Courier, Inc. <d@c.example>", "City Courier, Inc.", "d@c.example"},
		{`"Quote \" and \\" <d@c.example>`, `Quote " and \`, "d@c.example"},
		{"=?utf-8?q?J=C3=BCrgen?= <j@c.example>", "Jürgen", "j@c.example"},
		{"Jürgen Groß <j@MÜNCHEN.example>", "Jürgen Groß", "j@xn--mnchen-3ya.example"},
		{"root@localhost", "", "root@localhost"},
		{"a@xn--mnchen-3ya.example", "", "a@xn--mnchen-3ya.example"},
		{"a@r3---sn.example", "", "a@r3---sn.example"},
		{strings.Repeat("x", 64) + "@b.example", "", strings.Repeat("x", 64) + "@b.example"},
	} {
		got, err := mail.ParseAddress(c.in)
		if want := (mail.Address{Name: c.name, Addr: c.addr}); err != nil || got != want {
			t.Errorf("ParseAddress(%q) = %+v, %v, want %+v", c.in, got, err, want)
		}
	}
}

func TestParseAddressRefuses(t *testing.T) {
	for name, in := range map[string]string{
		"empty":               " ",
		"no at":               "ann.example",
		"nothing before":      "@b.example",
		"nothing after":       "a@",
		"no dot":              "a@b",
		"number":              "a@127.0.0.1",
		"literal":             "a@[127.0.0.1]",
		"double dot":          "a..b@c.example",
		"leading dot":         ".a@c.example",
		"empty label":         "a@b..example",
		"trailing dot":        "a@b.example.",
		"hyphen":              "a@-b.example",
		"underscore":          "a@b_c.example",
		"two at":              "a@b@c.example",
		"space":               "a b@c.example",
		"quoted local":        `"a b"@c.example`,
		"utf8 local":          "jürgen@c.example",
		"line break":          "a@b.example\r\nBcc: x@y.example",
		"encoded line break":  "=?utf-8?q?a=0D=0Ab?= <a@b.example>",
		"nul":                 "a\x00@b.example",
		"broken utf-8":        "\xff <a@b.example>",
		"no opening":          "a@b.example>",
		"long local":          strings.Repeat("x", 65) + "@b.example",
		"long label":          "a@" + strings.Repeat("x", 64) + ".example",
		"long":                strings.Repeat("x", 64) + "@" + strings.Repeat("y.", 95) + "example",
		"two addresses":       "a@b.example, c@d.example",
		"broken encoded word": "=?utf-8?q?=FF?= <a@b.example>",
	} {
		if got, err := mail.ParseAddress(in); err == nil || !errors.Is(err, mail.ErrAddress) {
			t.Errorf("%s: ParseAddress(%q) = %+v, %v, want an ErrAddress", name, in, got, err)
		}
	}
}

func TestCanonical(t *testing.T) {
	for in, want := range map[string]string{
		" Ann.LEE@Example.COM ":   "ann.lee@example.com",
		"a@BÜCHER.example":        "a@xn--bcher-kva.example",
		"a@XN--BCHER-KVA.example": "a@xn--bcher-kva.example",
	} {
		if got, err := mail.Canonical(in); got != want || err != nil {
			t.Errorf("Canonical(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
	if got, err := mail.Canonical("Ann <a@b.example>"); err == nil {
		t.Errorf("Canonical of an address with a name = %q, want an error", got)
	}
}

func TestDomain(t *testing.T) {
	for in, want := range map[string]string{"a@B.Example": "b.example", "x": "", "": ""} {
		if got := mail.Domain(in); got != want {
			t.Errorf("Domain(%q) = %q, want %q", in, got, want)
		}
	}
}

// FuzzParseAddress: what is accepted is one safe line, keeps its meaning through String and agrees with net/mail.
func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{"a@b.example", "Ann <a@b.example>", `"A \" B" <a@b.example>`, "=?utf-8?b?w7w=?= <a@b.de>",
		"ü, ö <a@ü.de>", "a@b.example\r\n", "=?x?q?y?= <a@b.de>", "A  B <a@b.de>", "<<a@b.de>", "\"\" <a@b.de>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := mail.ParseAddress(s)
		if err != nil {
			return
		}
		line := a.String()
		for _, r := range line {
			if r < ' ' || r > '~' {
				t.Fatalf("String() = %q, want printable ASCII", line)
			}
		}
		if again, err := mail.ParseAddress(line); err != nil || again != a {
			t.Errorf("ParseAddress(%q) = %+v, %v, want %+v", line, again, err, a)
		}
		theirs, err := netmail.ParseAddress(line)
		if err != nil || theirs.Address != a.Addr || theirs.Name != a.Name {
			t.Errorf("net/mail reads %q as %+v, %v, want %+v", line, theirs, err, a)
		}
		key, err := mail.Canonical(a.Addr)
		if again, err2 := mail.Canonical(key); err != nil || err2 != nil || again != key {
			t.Errorf("Canonical(%q) = %q, %v, then %q, %v", a.Addr, key, err, again, err2)
		}
	})
}
