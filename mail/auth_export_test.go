package mail

import (
	"crypto/tls"

	"github.com/wneessen/go-mail/smtp"
)

// AuthBegins returns the mechanism that a relay is authenticated to with and what is said first, for those that it offers.
func (r *Relay) AuthBegins(state *tls.ConnectionState, offered ...string) (mechanism, first string, err error) {
	auth := r.auth(offered, state)
	if auth == nil {
		return "", "", nil
	}
	mechanism, said, err := auth.Start(&smtp.ServerInfo{Name: r.Host, TLS: state != nil, Auth: offered})
	return mechanism, string(said), err
}
