package mail_test

import (
	"math"
	"strings"
	"testing"

	"broadsheet/mail"
)

func TestVERPRoundTrip(t *testing.T) {
	v := mail.NewVERP([]byte("key"), "Bounce.courier.example")
	for _, ids := range [][2]int64{{0, 0}, {1, 2}, {127, 128}, {1 << 31, 7}, {math.MaxInt64, math.MaxInt64}} {
		addr := v.Sender(ids[0], ids[1])
		local, domain, _ := strings.Cut(addr, "@")
		if len(local) > 64 || addr != strings.ToLower(addr) || domain != "bounce.courier.example" {
			t.Errorf("Sender(%d, %d) = %q, want a short lower-case local part", ids[0], ids[1], addr)
		}
		for _, form := range []string{addr, strings.ToUpper(addr), "<" + addr + ">", " " + addr + " "} {
			e, s, ok := v.Parse(form)
			if !ok || e != ids[0] || s != ids[1] {
				t.Errorf("Parse(%q) = %d, %d, %v, want %d, %d, true", form, e, s, ok, ids[0], ids[1])
			}
		}
		if _, err := mail.ParseAddress(addr); err != nil {
			t.Errorf("ParseAddress(%q): %v", addr, err)
		}
	}
}

func TestVERPRefusesForgery(t *testing.T) {
	v := mail.NewVERP([]byte("key"), "b.example")
	addr := v.Sender(12, 345)
	if _, _, ok := mail.NewVERP([]byte("other"), "b.example").Parse(addr); ok {
		t.Error("another key accepts the address")
	}
	if _, _, ok := mail.NewVERP([]byte("key"), "c.example").Parse(addr); ok {
		t.Error("another domain accepts the address")
	}
	token := strings.TrimSuffix(strings.TrimPrefix(addr, "b+"), "@b.example")
	for i := range len(token) - 1 {
		for _, c := range "a7" {
			forged := token[:i] + string(c) + token[i+1:]
			if forged == token {
				continue
			}
			if _, _, ok := v.Parse("b+" + forged + "@b.example"); ok {
				t.Errorf("forged token %q is accepted", forged)
			}
		}
	}
	for _, s := range []string{"", "b+@b.example", "b+a@b.example", token + "@b.example", "b+" + token, "b+!!@b.example"} {
		if _, _, ok := v.Parse(s); ok {
			t.Errorf("Parse(%q) is accepted", s)
		}
	}
}

func FuzzVERPParse(f *testing.F) {
	v := mail.NewVERP([]byte("key"), "b.example")
	f.Add(v.Sender(1, 2))
	f.Add("b+aaaa@b.example")
	f.Fuzz(func(t *testing.T, s string) {
		if e, sub, ok := v.Parse(s); ok && !strings.EqualFold(strings.Trim(strings.TrimSpace(s), "<>"), v.Sender(e, sub)) {
			t.Errorf("Parse(%q) = %d, %d, but their sender is %q", s, e, sub, v.Sender(e, sub))
		}
	})
}
