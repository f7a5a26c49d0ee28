package ingest

import (
	"cmp"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/mmcdole/gofeed"
	ext "github.com/mmcdole/gofeed/extensions"
	"golang.org/x/net/html"
)

// picture is one that an item offers. The best has the lowest rank, then the
// greatest width.
type picture struct {
	url   string
	alt   string
	kind  string // MIME type, "" if unknown
	rank  int
	width int
}

// Ranks of pictures by where they stand.
const (
	rankMedia = iota
	rankEnclosure
	rankItem
	rankThumbnail
	rankText
)

// mailless is added to the rank of formats that many mail programs do not
// show: they are taken only if there is nothing else.
const mailless = 10

// picture returns the address and alternative text of an item's best picture,
// "" if it has none that a mail could show.
func (p *feedParser) picture(raw *gofeed.Item) (address, alt string) {
	var found []picture
	media := raw.Extensions["media"]
	for _, group := range media["group"] {
		found = append(found, mediaPictures(group.Children)...)
	}
	found = append(found, mediaPictures(media)...)
	for _, e := range raw.Enclosures {
		if e != nil {
			found = append(found, picture{url: e.URL, kind: e.Type, rank: rankEnclosure})
		}
	}
	if raw.Image != nil {
		found = append(found, picture{url: raw.Image.URL, kind: "image/", rank: rankItem})
	}
	if raw.ITunesExt != nil {
		found = append(found, picture{url: raw.ITunesExt.Image, kind: "image/", rank: rankItem})
	}
	address, _, _ = strings.Cut(PlainText(raw.Custom["image"]), "\n") // <image> or <image><url>
	found = append(found, picture{url: address, kind: "image/", rank: rankItem})
	found = append(found, textPictures(raw.Content)...)
	found = append(found, textPictures(raw.Description)...)
	return p.best(found)
}

func (p *feedParser) best(found []picture) (address, alt string) {
	var usable []picture
	for _, pic := range found {
		resolved, err := imageURL(pic.url, p.base)
		if strings.TrimSpace(pic.url) == "" || err != nil {
			continue
		}
		pic.url = resolved
		switch format := pic.format(); {
		case format == "svg" || format == "avif" || format == "":
			continue
		case format == "webp":
			pic.rank += mailless
		}
		usable = append(usable, pic)
	}
	if len(usable) == 0 {
		return "", ""
	}
	best := slices.MinFunc(usable, func(a, b picture) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(b.width, a.width))
	})
	return best.url, best.alt
}

// format returns "jpeg", "webp" and so on, "unknown" for a picture that does
// not say, and "" for what is no picture.
func (pic picture) format() string {
	kind, format, _ := strings.Cut(strings.ToLower(strings.TrimSpace(pic.kind)), "/")
	if kind != "" && kind != "image" {
		return ""
	}
	if u, err := url.Parse(pic.url); err == nil {
		switch extension := strings.ToLower(path.Ext(u.Path)); extension {
		case ".svg", ".svgz":
			return "svg"
		case ".webp", ".avif", ".jpg", ".jpeg", ".png", ".gif":
			if format == "" {
				return extension[1:]
			}
		}
	}
	format, _, _ = strings.Cut(format, "+")
	if format = strings.Trim(format, "* "); format != "" {
		return format
	}
	if kind == "image" {
		return "unknown"
	}
	return ""
}

// mediaPictures reads media:content and media:thumbnail (Media RSS 1.5).
func mediaPictures(media map[string][]ext.Extension) []picture {
	var found []picture
	shared := firstValue(media, "description", "title")
	for _, content := range media["content"] {
		kind := content.Attrs["type"]
		if kind == "" && content.Attrs["medium"] != "" {
			kind = content.Attrs["medium"] + "/"
		}
		alt := firstValue(content.Children, "description", "title")
		width, _ := strconv.Atoi(content.Attrs["width"])
		found = append(found, picture{url: content.Attrs["url"], alt: cmp.Or(alt, shared), kind: kind, rank: rankMedia, width: width})
		found = append(found, thumbnails(content.Children, cmp.Or(alt, shared))...)
	}
	return append(found, thumbnails(media, shared)...)
}

func thumbnails(media map[string][]ext.Extension, alt string) []picture {
	var found []picture
	for _, thumbnail := range media["thumbnail"] {
		width, _ := strconv.Atoi(thumbnail.Attrs["width"])
		found = append(found, picture{url: thumbnail.Attrs["url"], alt: alt, kind: "image/", rank: rankThumbnail, width: width})
	}
	return found
}

func firstValue(media map[string][]ext.Extension, names ...string) string {
	for _, name := range names {
		for _, e := range media[name] {
			if e.Value != "" {
				return e.Value
			}
		}
	}
	return ""
}

// textPictures returns the first picture in a piece of HTML that is neither a
// tracking pixel nor a smiley.
func textPictures(text string) []picture {
	if !strings.Contains(text, "<") {
		return nil
	}
	tokens := html.NewTokenizer(strings.NewReader(text))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return nil
		case html.StartTagToken, html.SelfClosingTagToken:
			token := tokens.Token()
			if token.Data != "img" {
				continue
			}
			if pic, ok := imgPicture(token.Attr); ok {
				return []picture{pic}
			}
		}
	}
}

func imgPicture(attributes []html.Attribute) (picture, bool) {
	pic := picture{kind: "image/", rank: rankText}
	later := ""
	for _, a := range attributes {
		switch a.Key {
		case "src":
			pic.url = strings.TrimSpace(a.Val)
		case "data-src", "data-lazy-src":
			later = strings.TrimSpace(a.Val)
		case "alt":
			pic.alt = a.Val
		case "width", "height":
			if size, err := strconv.Atoi(strings.TrimSuffix(a.Val, "px")); err == nil && size < 32 {
				return pic, false
			}
		}
	}
	if pic.url == "" || strings.HasPrefix(pic.url, "data:") {
		pic.url = later
	}
	lower := strings.ToLower(pic.url)
	for _, sign := range [...]string{"/emoji/", "feedburner.com/~", "feedsportal.com", "doubleclick.net", "pixel.wp.com", "/pixel.", "scorecardresearch"} {
		if strings.Contains(lower, sign) {
			return pic, false
		}
	}
	return pic, pic.url != ""
}
