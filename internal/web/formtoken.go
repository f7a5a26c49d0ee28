package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// formLabel is what the keys of form tokens are derived for.
const formLabel = "form"

// formAge is how old a form may be when it is sent.
const formAge = 24 * time.Hour

// formToken signs the time at which a form was shown.
func (s *Server) formToken(now time.Time) string {
	raw := binary.BigEndian.AppendUint64(nil, uint64(now.Unix()))
	return base64.RawURLEncoding.EncodeToString(append(raw, formMAC(s.Keys.Derive(formLabel), raw)...))
}

// formIsFresh reports whether the token is ours and not too old. The clocks of
// two hosts may be a minute apart.
func (s *Server) formIsFresh(token string, now time.Time) bool {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) < 8 {
		return false
	}
	ours := false
	for _, key := range s.Keys.DeriveAll(formLabel) {
		ours = ours || hmac.Equal(raw[8:], formMAC(key, raw[:8]))
	}
	age := now.Sub(time.Unix(int64(binary.BigEndian.Uint64(raw)), 0))
	return ours && age >= -time.Minute && age <= formAge
}

func formMAC(key, raw []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(raw)
	return mac.Sum(nil)[:16]
}
