package config

import (
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// Record is something to publish in the DNS.
type Record struct {
	Name  string // fully qualified, without a dot at the end
	Type  string // "TXT" or "MX"
	Value string // a TXT record in one piece; "10 host" for an MX
	About string // why it is needed and what may have to be adapted
}

// String returns the record as a line of a zone file, TXT split into strings
// of at most 255 octets (RFC 1035 section 3.3.14).
func (r Record) String() string {
	if r.Type != "TXT" {
		return r.Name + ". IN " + r.Type + " " + r.Value + "."
	}
	var parts []string
	for rest := r.Value; rest != ""; {
		n := min(len(rest), 255)
		parts = append(parts, `"`+rest[:n]+`"`)
		rest = rest[n:]
	}
	return r.Name + ". IN TXT " + strings.Join(parts, " ")
}

// DNSRecords returns what receivers look up before they trust our mail: SPF
// and MX of the bounce domain, the DKIM key and a DMARC policy of the domain of
// mail.from. dkimPublicDER is the public key as PKIX DER; without it, or with
// no DKIM configured, there is no DKIM record.
func DNSRecords(c *Config, dkimPublicDER []byte) []Record {
	from, bounce := addressDomain(c.Mail.From), c.Mail.BounceDomain
	out := []Record{{
		Name: bounce, Type: "TXT", Value: spf(c.Mail.Relays),
		About: "SPF: which servers may send; add what the provider of your relay asks for",
	}}
	if c.Mail.DKIM != nil && len(dkimPublicDER) > 0 {
		out = append(out, Record{
			Name: c.Mail.DKIM.Selector + "._domainkey." + c.Mail.DKIM.Domain, Type: "TXT", Value: dkimValue(dkimPublicDER),
			About: "DKIM: the public half of the key that signs",
		})
	}
	out = append(out, Record{
		Name: "_dmarc." + from, Type: "TXT", Value: "v=DMARC1; p=none; rua=mailto:postmaster@" + from,
		About: "DMARC: keep your own if you have one; raise p once the reports look right",
	})
	return append(out, Record{
		Name: bounce, Type: "MX", Value: "10 " + bounceHost(c, from),
		About: "where bounces go: the host that takes them in",
	})
}

// spf allows the relays, and the host of the bounce domain's MX if one of them is local.
func spf(relays []Relay) string {
	terms := []string{"v=spf1"}
	seen := map[string]bool{}
	for i := range relays {
		term := relayTerm(relays[i].Host)
		if !seen[term] {
			terms = append(terms, term)
			seen[term] = true
		}
	}
	return strings.Join(append(terms, "~all"), " ")
}

func relayTerm(host string) string {
	if isLoopback(host) {
		return "mx"
	}
	a, err := netip.ParseAddr(host)
	switch {
	case err != nil:
		return "a:" + host
	case a.Unmap().Is4():
		return "ip4:" + a.Unmap().String()
	default:
		return "ip6:" + a.String()
	}
}

// bounceHost is the host of public_url or, where that is none that others can
// reach, a name to be replaced.
func bounceHost(c *Config, from string) string {
	if u, err := url.Parse(c.Web.PublicURL); err == nil {
		_, notName := netip.ParseAddr(u.Hostname())
		if host, err := asciiDomain(u.Hostname()); err == nil && notName != nil && strings.Contains(host, ".") {
			return host
		}
	}
	return "mail." + from
}

// dkimValue follows RFC 6376 section 3.6.1 and, for Ed25519, RFC 8463 section 4.
func dkimValue(der []byte) string {
	if key, err := x509.ParsePKIXPublicKey(der); err == nil {
		if raw, ok := key.(ed25519.PublicKey); ok {
			return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(raw)
		}
	}
	return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
}

// DKIMPublic returns the public half, as PKIX DER, of a private key in PEM
// (PKCS #8, or PKCS #1 for RSA).
func DKIMPublic(pemKey []byte) ([]byte, error) {
	block, _ := pem.Decode(pemKey)
	if block == nil {
		return nil, errors.New("read DKIM key: it is not in PEM form")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		rsaKey, rsaErr := x509.ParsePKCS1PrivateKey(block.Bytes)
		if rsaErr != nil {
			return nil, fmt.Errorf("read DKIM key: %w", err)
		}
		key = rsaKey
	}
	signer, ok := key.(interface{ Public() crypto.PublicKey })
	if !ok {
		return nil, errors.New("read DKIM key: it cannot sign")
	}
	der, err := x509.MarshalPKIXPublicKey(signer.Public())
	if err != nil {
		return nil, fmt.Errorf("read DKIM key: %w", err)
	}
	return der, nil
}
