package config

import (
	"os"
	"time"
)

// SignUp is what keeps machines and strangers from signing up addresses of
// others. Of the numbers 0 is no limit.
type SignUp struct {
	ClientLimit  int           // sign-ups in LimitWindow from one IPv4 address or IPv6 /64; 20 unless given
	NetworkLimit int           // the same from one IPv4 /24 or IPv6 /48; 100 unless given
	LimitWindow  time.Duration // 10 minutes unless given
	TotalLimit   int           // sign-ups a minute from everywhere; 1,000 unless given
	FormAfter    time.Duration // a form that comes back sooner is shown again; 1 second unless given, may be 0

	Challenge      string // who makes a proof of work: "auto" (unless given), "always" or "never"
	ChallengeAbove int    // sign-ups a minute above which "auto" asks everybody; 120 unless given

	CheckDomains   string // "on" (unless given) or "off": whether addresses must have a domain that takes mail and lasts
	DisposableFile string // of more domains that give addresses for a short time; "" unless given; the file exists

	Breaker SignUpBreaker
}

// SignUpBreaker says when confirmations wait for an operator.
type SignUpBreaker struct {
	Surge     float64 // times the usual sign-ups of an hour; 10 unless given, 0 is never
	Least     int     // sign-ups that are too few for any suspicion; 200 unless given
	Confirmed float64 // the share of confirmations under which they wait; 0.1 unless given, 0 is never
	Refused   float64 // the share that relays refuse above which they wait; 0.3 unless given, 0 is never
}

func readSignUp(t *table) SignUp {
	s := SignUp{
		ClientLimit: t.number("client_limit", 20, 0, 1_000_000), NetworkLimit: t.number("network_limit", 100, 0, 1_000_000),
		LimitWindow: t.duration("limit_window", 10*time.Minute, time.Minute, 24*time.Hour),
		TotalLimit:  t.number("total_limit", 1000, 0, 1_000_000),
		FormAfter:   t.duration("form_after", time.Second, 0, time.Minute),
		Challenge:   t.choice("challenge", "auto", "always", "never"), ChallengeAbove: t.number("challenge_above", 120, 0, 1_000_000),
		CheckDomains: t.choice("check_domains", "on", "off"), DisposableFile: t.present("disposable_domains_file"),
	}
	b := t.sub("breaker")
	s.Breaker = SignUpBreaker{
		Surge: b.decimal("surge", 10, 0, 10_000, " times"), Least: b.number("least", 200, 1, 1_000_000_000),
		Confirmed: b.decimal("confirmed", 0.1, 0, 1, ""), Refused: b.decimal("refused", 0.3, 0, 1, ""),
	}
	b.done()
	t.done()
	return s
}

// present is the path of a file that must be there, whatever is in it: it is read
// again and again while the service runs.
func (t *table) present(key string) string {
	shown := t.text(key, "", line(4096))
	if shown == "" {
		return ""
	}
	path := t.l.absolute(shown)
	info, err := os.Stat(path)
	switch {
	case err != nil:
		t.complain(key, "names %s, which cannot be read: %v", quote(shown), plainError(err))
	case !info.Mode().IsRegular():
		t.complain(key, "names %s, which is no file", quote(shown))
	}
	return path
}
