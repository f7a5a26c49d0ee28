package ingest

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"broadsheet/digest"
)

// maxPixels is the greatest width or height of a picture that can be right.
const maxPixels = 100_000

// checkPicture leaves out a picture that has no https address, with what is
// said of it.
func checkPicture(in *digest.Incoming, problems *FieldErrors) {
	if strings.TrimSpace(in.ImageURL) != "" && !in.NoImage {
		story, _ := url.Parse(in.URL)
		address, err := pictureURL(in.ImageURL, nil, story)
		if err != nil && !errors.Is(err, errInsecurePicture) {
			problems.add("image", "%v", err)
		}
		in.ImageURL = address
	} else {
		in.ImageURL = ""
	}
	in.ImageAlt = cutText(plainTitle(in.ImageAlt), MaxTitle)
	in.ImageCredit = cutText(plainTitle(in.ImageCredit), MaxAuthor)
	if in.ImageURL == "" {
		in.ImageAlt, in.ImageCredit = "", ""
	}
	if in.ImageURL == "" || in.ImageWidth < 1 || in.ImageHeight < 0 || in.ImageWidth > maxPixels || in.ImageHeight > maxPixels {
		in.ImageWidth, in.ImageHeight = 0, 0
	}
}

// errInsecurePicture is wrapped by errors about pictures that have an http
// address only, which mail programs do not show or complain about.
var errInsecurePicture = errors.New("is not https")

// pictureURL resolves a picture's address as imageURL does, to one that a mail
// can show: https, or http on this machine. An http address becomes https where the site is known to
// answer it, since the document in which it stands or the story has an https
// address on the same site.
func pictureURL(raw string, base, story *url.URL) (string, error) {
	if base == nil && strings.HasPrefix(strings.TrimSpace(raw), "//") {
		raw = "https:" + strings.TrimSpace(raw)
	}
	address, err := imageURL(raw, base)
	if err != nil || strings.HasPrefix(address, "https:") {
		return address, err
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("%q is not a URL", shorten(address, 100))
	}
	if isLoopback(u.Hostname()) {
		return address, nil // a site on the reader's own machine, as the demo is
	}
	for _, known := range [...]*url.URL{base, story} {
		if known != nil && known.Scheme == "https" && isSameSite(known, u) && (u.Port() == "" || u.Port() == "80") {
			u.Scheme, u.Host = "https", strings.TrimSuffix(u.Host, ":80")
			return u.String(), nil
		}
	}
	return "", fmt.Errorf("%q %w", shorten(address, 100), errInsecurePicture)
}

// isLoopback reports whether a host is this machine (RFC 6761 section 6.3).
func isLoopback(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// imageURL resolves a picture's address against base, which may be nil. It is
// not made canonical: parameters of a resizer are often signed.
func imageURL(raw string, base *url.URL) (string, error) {
	text := strings.TrimSpace(raw)
	if scheme, _, _ := strings.Cut(text, ":"); strings.EqualFold(scheme, "data") {
		return "", fmt.Errorf("is embedded data, not an address")
	}
	u, err := url.Parse(strings.Map(dropLineBreaks, escapeStrayPercents(strings.ToValidUTF8(text, ""))))
	if err != nil {
		return "", fmt.Errorf("%q is not a URL", shorten(text, 100))
	}
	if base != nil {
		u = base.ResolveReference(u)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return "", fmt.Errorf("%q is not an absolute http or https URL", shorten(text, 100))
	}
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	out := u.String()
	if len(out) > MaxURLBytes {
		return "", fmt.Errorf("URL is %d bytes long, at most %d are accepted", len(out), MaxURLBytes)
	}
	return out, nil
}
