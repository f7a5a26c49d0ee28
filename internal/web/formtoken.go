package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// formLabel is what the keys of form tokens are derived for.
const formLabel = "form"

// formAge is how old a form may be when it is sent.
const formAge = 24 * time.Hour

// formKind is what a form token was given out with.
type formKind byte

const (
	formSignUp formKind = 1 // a form to fill in
	formStep   formKind = 2 // the step that is asked for instead of proof of work
)

// A form token is the kind, the time in milliseconds, and what makes it unique,
// all signed.
const (
	formRaw = 1 + 8 + 8
	formTag = 16
)

// shownForm is a form as we showed it.
type shownForm struct {
	kind formKind
	id   string
	at   time.Time
}

// formToken signs the time at which a form was shown.
func (s *Server) formToken(now time.Time) string { return s.signForm(formSignUp, now) }

func (s *Server) signForm(kind formKind, now time.Time) string {
	raw := binary.BigEndian.AppendUint64([]byte{byte(kind)}, uint64(now.UnixMilli()))
	raw = append(raw, make([]byte, formRaw-len(raw))...)
	_, _ = rand.Read(raw[9:]) // never fails
	return base64.RawURLEncoding.EncodeToString(append(raw, formMAC(s.Keys.Derive(formLabel), raw)...))
}

// readForm returns the form of a token that is ours and not too old. The clocks
// of two hosts may be a minute apart.
func (s *Server) readForm(token string, now time.Time) (f shownForm, ok bool) {
	signed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(signed) != formRaw+formTag {
		return f, false
	}
	raw, tag := signed[:formRaw], signed[formRaw:]
	for _, key := range s.Keys.DeriveAll(formLabel) {
		ok = ok || hmac.Equal(tag, formMAC(key, raw))
	}
	f = shownForm{formKind(raw[0]), base64.RawURLEncoding.EncodeToString(raw), time.UnixMilli(int64(binary.BigEndian.Uint64(raw[1:])))}
	age := now.Sub(f.at)
	return f, ok && age >= -time.Minute && age <= formAge
}

func formMAC(key, raw []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(raw)
	return mac.Sum(nil)[:formTag]
}
