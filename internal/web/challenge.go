package web

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"net/http"
	"strconv"
	"strings"
	"time"

	"broadsheet/subscribers"
	"broadsheet/templates"
)

// The proof of work of a form is a number for each of its parts, so that
// SHA-256 of "TOKEN:PART:NUMBER" begins with workBits zero bits. Many small parts
// take nearly the same time for everybody. On average they are workParts<<workBits
// hashes: a fraction of a second on a phone.
const (
	workParts = 8
	workBits  = 14
)

// stepWait is how long who has no script has to wait instead.
const stepWait = 5 * time.Second

// work is what a form says of the proof that it needs: the parts and the bits.
const work = "8x14"

// isSolved reports whether an answer is the proof of work of a form token: the
// numbers with commas between them.
func isSolved(token, answer string) bool {
	if len(answer) > workParts*12 {
		return false
	}
	numbers := strings.Split(answer, ",")
	if len(numbers) != workParts {
		return false
	}
	for i, number := range numbers {
		if n, err := strconv.ParseUint(number, 10, 40); err != nil || strconv.FormatUint(n, 10) != number {
			return false
		}
		sum := sha256.Sum256([]byte(token + ":" + strconv.Itoa(i) + ":" + number))
		if bits.LeadingZeros32(binary.BigEndian.Uint32(sum[:])) < workBits {
			return false
		}
	}
	return true
}

// pass is what the gate says of a sign-up. The zero value is passed by whoever is
// let in.
type pass string

const (
	passGranted   pass = ""
	passTrapped   pass = "trapped"   // a machine filled in what people do not see: it is told that all went well
	passBare      pass = "bare"      // the form brings no signed time: a whole one is shown
	passStale     pass = "stale"     // the form is not ours, too old, or came back too soon: it is shown again
	passLimited   pass = "limited"   // the sender's network, or everybody, is at the limit
	passChallenge pass = "challenge" // an effort is to be made first
)

// ruling is the answer of the gate.
type ruling struct {
	pass
	refusal *refusal         // of passLimited
	form    subscribers.Form // of passGranted: it counts once
	step    string           // of passChallenge: the token of the form that comes next
}

// gate is what everything passes that has us write to an address which a
// stranger typed: the form in all its shapes, the JSON API, and the request for a
// fresh confirmation. It asks, in this order: did it fall into the trap; is the
// form one of ours, from the right time; are the limits reached; is there the
// proof of work, or the time waited, that is asked for under attack. What it does
// not know is whose address it is. The limits of an address and the checks of its
// domain come after it, in package subscribers; they are for the API of other
// systems, too, which have a key and need no gate.
func (s *Server) gate(r *http.Request, p proof, now time.Time) ruling {
	if p.website != "" {
		return ruling{pass: passTrapped}
	}
	if p.form == "" {
		return ruling{pass: passBare}
	}
	f, ok := s.readForm(p.form, now)
	age := now.Sub(f.at) // less than 0 where another host's clock is ahead
	if !ok || f.kind == formSignUp && age >= 0 && age < s.SignUps.FormAfter {
		return ruling{pass: passStale}
	}
	no := s.signUps.admit(s.client(r), effortOf(f, p, now), now)
	s.tellAttack(r, no, now)
	switch {
	case no == nil:
		return ruling{form: subscribers.Form{ID: f.id, Until: f.at.Add(formAge + time.Minute)}}
	case no.status != http.StatusPreconditionRequired:
		return ruling{pass: passLimited, refusal: no}
	case f.kind == formStep: // too soon: the time goes on
		return ruling{pass: passChallenge, step: p.form}
	}
	return ruling{pass: passChallenge, step: s.signForm(formStep, now)}
}

func effortOf(f shownForm, p proof, now time.Time) effort {
	switch {
	case p.work != "" && isSolved(p.form, p.work):
		return effortWorked
	case f.kind == formStep && now.Sub(f.at) >= stepWait:
		return effortWaited
	}
	return effortNone
}

// tellAttack tells the log of floods, once a minute, and when proof of work is
// switched on and off.
func (s *Server) tellAttack(r *http.Request, no *refusal, now time.Time) {
	if no != nil && no.first {
		s.Log.WarnContext(r.Context(), "sign-ups refused, too many over all networks in a minute", "limit", s.signUps.Total)
	}
	switch yes, news := s.signUps.attacked(now); {
	case news && yes:
		s.Log.WarnContext(r.Context(), "many sign-ups, proof of work switched on", "above", s.signUps.Attack)
	case news:
		s.Log.InfoContext(r.Context(), "fewer sign-ups, proof of work switched off")
	}
}

// workFor is the proof of work that a form for this visitor needs, "" for none.
func (s *Server) workFor(r *http.Request) string {
	if s.signUps.asksForWork(s.client(r), s.Now()) {
		return work
	}
	return ""
}

// proofOf reads what a form brings for the gate.
func proofOf(r *http.Request) proof {
	f := r.PostForm
	return proof{form: f.Get(templates.FieldForm), website: f.Get(templates.FieldWebsite), work: f.Get(templates.FieldWork)}
}
