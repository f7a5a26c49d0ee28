package ingest_test

import (
	"strings"
	"testing"

	"broadsheet/digest/ingest"
)

func TestResizeURL(t *testing.T) {
	const picture = "https://img.example:8443/2026/a%20b.jpg?v=2&x=1"
	for _, c := range []struct{ pattern, picture, want string }{
		{"https://r.example/{width}/{path}", picture, "https://r.example/640/2026/a%20b.jpg"},
		{"https://r.example/?w={width}&u={url_escaped}", picture, "https://r.example/?w=640&u=https%3A%2F%2Fimg.example%3A8443%2F2026%2Fa%2520b.jpg%3Fv%3D2%26x%3D1"},
		{"https://r.example/cdn-cgi/image/width={width},format=jpeg/{url}", picture, "https://r.example/cdn-cgi/image/width=640,format=jpeg/" + picture},
		{"https://{host}/{path}?w={width}", picture, "https://img.example:8443/2026/a%20b.jpg?w=640"},
		{"https://r.example/{path}", "http://img.example/{width}.jpg", "https://r.example/%7Bwidth%7D.jpg"},
		{"https://r.example/fit/{width}/{url}", "https://r.example/fit/1200/https://img.example/a.jpg", "https://r.example/fit/1200/https://img.example/a.jpg"},
		{"https://img.example/{width}/{path}", "https://img.example/a.jpg", "https://img.example/640/a.jpg"},
	} {
		got, err := ingest.ResizeURL(c.pattern, c.picture, 640)
		if err != nil || got != c.want {
			t.Errorf("ResizeURL(%q, %q) = %q, %v, want %q", c.pattern, c.picture, got, err, c.want)
		}
	}
}

func TestResizeURLRefuses(t *testing.T) {
	const pattern, picture = "https://r.example/{width}/{path}", "https://img.example/a.jpg"
	for _, c := range []struct {
		pattern, picture string
		width            int
		want             string
	}{
		{pattern, picture, 0, "the width 0 is not above zero"},
		{pattern, "/a.jpg", 640, `"/a.jpg" is not an absolute http or https URL`},
		{pattern, "data:image/png;base64,AA", 640, "is not an absolute http or https URL"},
		{"https://r.example/{size}/{path}", picture, 640, "has the unknown placeholder {size}"},
		{"https://r.example/{width}", picture, 640, "has none of {url}, {url_escaped} and {path}"},
		{"http://r.example/{path}", picture, 640, "makes no https URL"},
		{"/{width}/{path}", picture, 640, "makes no https URL"},
		{pattern, "https://img.example/" + strings.Repeat("a", 5000), 640, "at most"},
	} {
		got, err := ingest.ResizeURL(c.pattern, c.picture, c.width)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("ResizeURL(%q, %.40q, %d) = %.60q, %v, want an error with %q", c.pattern, c.picture, c.width, got, err, c.want)
		}
	}
}
