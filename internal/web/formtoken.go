package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// formAge is how old a form may be when it is sent.
const formAge = 24 * time.Hour

// formToken signs the time at which a form was shown.
func (s *Server) formToken(now time.Time) string {
	raw := binary.BigEndian.AppendUint64(nil, uint64(now.Unix()))
	return base64.RawURLEncoding.EncodeToString(append(raw, s.formMAC(raw)...))
}

// formIsFresh reports whether the token is ours and not too old.
func (s *Server) formIsFresh(token string, now time.Time) bool {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) < 8 || !hmac.Equal(raw[8:], s.formMAC(raw[:8])) {
		return false
	}
	age := now.Sub(time.Unix(int64(binary.BigEndian.Uint64(raw)), 0))
	return age >= -time.Minute && age <= formAge
}

func (s *Server) formMAC(raw []byte) []byte {
	mac := hmac.New(sha256.New, s.formKey)
	mac.Write(raw)
	return mac.Sum(nil)[:16]
}
