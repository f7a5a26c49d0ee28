package config

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2/unstable"
)

// text returns the string of key, or fallback where none or an empty one is
// given. What is given must pass all rules.
func (t *table) text(key, fallback string, rules ...rule) string {
	s := t.lookup(key)
	if s.node == nil {
		return fallback
	}
	if s.node.kind != unstable.String {
		t.complain(key, "must be a string in quotes, not %s", describe(s.node))
		return fallback
	}
	if s.node.text == "" {
		return fallback
	}
	t.check(key, s.node.text, rules)
	return s.node.text
}

// needed is text for a key that must be given.
func (t *table) needed(key, example string, rules ...rule) string {
	value := t.text(key, "", rules...)
	if n := t.child(key); value == "" && (n == nil || n.kind == unstable.String) {
		t.require(key, example)
	}
	return value
}

func (t *table) check(key, value string, rules []rule) bool {
	for _, r := range rules {
		if err := r(value); err != nil {
			t.complain(key, "%v", err)
			return false
		}
	}
	return true
}

// number returns the whole number of key, which must lie between least and most.
func (t *table) number(key string, fallback, least, most int) int {
	s := t.lookup(key)
	if s.node == nil {
		return fallback
	}
	if s.node.kind == unstable.Integer || s.env != "" {
		if n, err := strconv.ParseInt(s.node.text, integerBase(s), 64); err == nil {
			if n < int64(least) || n > int64(most) {
				t.complain(key, "must be between %d and %d, not %d", least, most, n)
				return fallback
			}
			return int(n)
		}
	}
	t.complain(key, "must be a whole number, not %s", describe(s.node))
	return fallback
}

// integerBase lets the file use what TOML allows, 0x1f and 1_000, and the
// environment only what everybody reads the same way.
func integerBase(s setting) int {
	if s.env != "" {
		return 10
	}
	return 0
}

// rate returns the number of key: messages a second, 0 unless given.
func (t *table) rate(key string) float64 {
	return t.decimal(key, 0, 0, 100_000, " messages a second")
}

// decimal returns the number of key, which must lie between least and most of a unit.
func (t *table) decimal(key string, fallback, least, most float64, unit string) float64 {
	s := t.lookup(key)
	if s.node == nil {
		return fallback
	}
	if k := s.node.kind; k == unstable.Integer || k == unstable.Float || s.env != "" {
		f, err := strconv.ParseFloat(strings.ReplaceAll(s.node.text, "_", ""), 64)
		if err == nil && !math.IsNaN(f) {
			if f < least || f > most {
				t.complain(key, "must be between %.0f and %.0f%s, not %s", least, most, unit, brief(s.node.text))
				return fallback
			}
			return f
		}
	}
	t.complain(key, "must be a number, not %s", describe(s.node))
	return fallback
}

// positive returns the number of key, which must be more than 0 and have a
// meaning in hundredths.
func (t *table) positive(key string, fallback, most float64) float64 {
	f := t.decimal(key, fallback, 0, most, "")
	if f < 0.01 {
		t.complain(key, "must be 0.01 or more")
		return fallback
	}
	return f
}

// date returns the midnight, UTC, with which the date of key begins. It must be given,
// with quotation marks or as a date of TOML.
func (t *table) date(key, example string) time.Time {
	s := t.lookup(key)
	if s.node == nil || s.node.kind == unstable.String && s.node.text == "" {
		t.require(key, example)
		return time.Time{}
	}
	at, err := time.Parse(time.DateOnly, s.node.text)
	if k := s.node.kind; err != nil || k != unstable.String && k != unstable.LocalDate {
		t.complain(key, "must be a date such as %s, not %s", example, describe(s.node))
	}
	return at
}

// flag returns the boolean of key.
func (t *table) flag(key string) bool {
	s := t.lookup(key)
	if s.node == nil {
		return false
	}
	if s.node.kind != unstable.Bool {
		t.complain(key, "must be true or false, not %s", describe(s.node))
		return false
	}
	return s.node.text == "true"
}

// duration returns the duration of key, which must lie between least and most.
func (t *table) duration(key string, fallback, least, most time.Duration) time.Duration {
	s := t.lookup(key)
	if s.node == nil || (s.node.kind == unstable.String && s.node.text == "") {
		return fallback
	}
	d, err := parseDuration(s.node.text)
	if s.node.kind != unstable.String || err != nil {
		t.complain(key, `must be a duration such as "90s", "15m", "12h" or "7d", not %s`, describe(s.node))
		return fallback
	}
	if d < least || d > most {
		t.complain(key, "must be between %s and %s, not %s", inWords(least), inWords(most), inWords(d))
		return fallback
	}
	return d
}

// parseDuration is time.ParseDuration and whole days.
func parseDuration(s string) (time.Duration, error) {
	if whole, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseInt(whole, 10, 64)
		if err != nil || n < 0 || n > math.MaxInt64/int64(day) {
			return 0, errors.New("no number of days")
		}
		return time.Duration(n) * day, nil
	}
	return time.ParseDuration(s)
}

// inWords writes 24h, not 24h0m0s.
func inWords(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// choice returns one of the allowed values of key; the first is its default.
func (t *table) choice(key string, allowed ...string) string {
	return t.text(key, allowed[0], oneOf(allowed))
}

// item is one string of a list and the place it stands.
type item struct {
	text  string
	place Problem
}

// items returns the strings of key; in a variable they are separated by commas.
// Those that break a rule are left out.
func (t *table) items(key string, rules ...rule) []item {
	s := t.lookup(key)
	var out []item
	switch {
	case s.node == nil:
	case s.env != "":
		for part := range strings.SplitSeq(s.node.text, ",") {
			out = append(out, item{text: strings.TrimSpace(part), place: Problem{File: s.env}})
		}
	case s.node.kind != unstable.Array:
		t.complain(key, `must be a list of strings such as ["a", "b"], not %s`, describe(s.node))
	default:
		for _, n := range s.node.items {
			place := Problem{File: t.l.file, Line: n.line}
			if n.kind != unstable.String {
				t.complainAt(place, key, "must hold strings in quotes, not %s", describe(n))
				continue
			}
			out = append(out, item{text: n.text, place: place})
		}
	}
	return t.passing(key, out, rules)
}

func (t *table) passing(key string, all []item, rules []rule) []item {
	seen := map[string]bool{}
	var out []item
next:
	for _, it := range all {
		if it.text == "" {
			t.complainAt(it.place, key, "holds an empty string: leave it out")
			continue
		}
		if seen[it.text] {
			t.complainAt(it.place, key, "names %s twice", quote(it.text))
			continue
		}
		seen[it.text] = true
		for _, r := range rules {
			if err := r(it.text); err != nil {
				t.complainAt(it.place, key, "%v", err)
				continue next
			}
		}
		out = append(out, it)
	}
	return out
}

func (t *table) texts(key string, rules ...rule) []string {
	return itemTexts(t.items(key, rules...))
}

func itemTexts(items []item) []string {
	var out []string
	for _, it := range items {
		out = append(out, it.text)
	}
	return out
}

// prefixes returns the networks of key; a single address is one, too.
func (t *table) prefixes(key string) []netip.Prefix {
	var out []netip.Prefix
	for _, it := range t.items(key) {
		p, err := parsePrefix(it.text)
		if err != nil {
			t.complainAt(it.place, key, `must hold networks such as "10.0.0.0/8", not %s`, quote(it.text))
			continue
		}
		out = append(out, p)
	}
	return out
}

// parsePrefix reads a network or a single address. IPv4 that is written as IPv6 is
// IPv4, as the addresses of clients and hosts are.
func parsePrefix(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	if !strings.Contains(s, "/") {
		var a netip.Addr
		a, err = netip.ParseAddr(s)
		p = netip.PrefixFrom(a.WithZone(""), a.BitLen())
	}
	if err != nil {
		return netip.Prefix{}, err
	}
	if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	return p.Masked(), nil
}

// describe names a value that should have been something else.
func describe(n *node) string {
	switch n.kind {
	case unstable.String:
		return quote(n.text)
	case unstable.Array:
		return "a list"
	case unstable.InlineTable:
		return "a table"
	default:
		return fmt.Sprintf("the unquoted %s", brief(n.text))
	}
}
