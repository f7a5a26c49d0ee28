package ingest

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"broadsheet/internal/pattern"
)

var resizePlaceholder = pattern.New(`\{[^{}]*\}`)

// ResizeURL returns the address under which a site's resizer has a picture in a
// width in pixels. The pattern is an https address in which these stand for
// parts of the picture's own:
//
//	{url}          all of it, as it is
//	{url_escaped}  all of it, escaped for a query or for one segment of a path
//	{host}         its host, with its port if it has one
//	{path}         its path without the first slash and without the query
//	{width}        the width
//
// One of {url}, {url_escaped} and {path} has to be there. A picture whose
// address begins as the pattern does, up to the first placeholder and with more
// than a host, came from the resizer and stays as it is.
func ResizeURL(pattern, imageURL string, width int) (string, error) {
	if width < 1 {
		return "", fmt.Errorf("resize picture: the width %d is not above zero", width)
	}
	picture, err := url.Parse(imageURL)
	if err != nil || picture.Scheme != "https" && picture.Scheme != "http" || picture.Host == "" {
		return "", fmt.Errorf("resize picture: %q is not an absolute http or https URL", shorten(imageURL, 100))
	}
	if fixed, _, _ := strings.Cut(pattern, "{"); strings.HasPrefix(imageURL, fixed) && hasPath(fixed) {
		return imageURL, nil
	}
	values := map[string]string{
		"{url}": imageURL, "{url_escaped}": url.QueryEscape(imageURL), "{host}": picture.Host,
		"{path}": strings.TrimPrefix(picture.EscapedPath(), "/"), "{width}": strconv.Itoa(width),
	}
	whole, unknown := false, ""
	resized := resizePlaceholder.ReplaceAllStringFunc(pattern, func(name string) string {
		value, ok := values[name]
		if !ok {
			unknown = name
		}
		whole = whole || name == "{url}" || name == "{url_escaped}" || name == "{path}"
		return value
	})
	switch u, err := url.Parse(resized); {
	case unknown != "":
		return "", fmt.Errorf("resize picture: the pattern %q has the unknown placeholder %s", pattern, unknown)
	case !whole:
		return "", fmt.Errorf("resize picture: the pattern %q has none of {url}, {url_escaped} and {path}", pattern)
	case err != nil || u.Scheme != "https" || u.Host == "":
		return "", fmt.Errorf("resize picture: the pattern %q makes no https URL", pattern)
	case len(resized) > MaxURLBytes:
		return "", fmt.Errorf("resize picture: the URL has %d bytes, at most %d are accepted", len(resized), MaxURLBytes)
	}
	return resized, nil
}

// hasPath says whether an address goes on after its host.
func hasPath(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && strings.Trim(u.Path, "/") != ""
}
