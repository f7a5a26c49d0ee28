package ingest

import (
	"cmp"
	"errors"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/mmcdole/gofeed"
	ext "github.com/mmcdole/gofeed/extensions"

	"broadsheet/digest"
)

// picture is one that an item offers. The best has the lowest rank, then the
// width that suits a mail most.
type picture struct {
	url           string
	alt, credit   string
	kind          string // MIME type, "" if unknown
	rank          int
	width, height int // in pixels, 0 if not known
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

// setPicture sets the picture of a story to the best that its item offers, and
// notes if it leaves one out for having no https address.
func (p *feedParser) setPicture(number int, in *digest.Incoming, raw *gofeed.Item) {
	story, _ := url.Parse(in.URL)
	best, insecure := p.best(itemPictures(raw), story)
	if best.url == "" || best.rank >= mailless {
		for _, text := range [...]string{in.Body, in.Summary} {
			found, open := p.best(append(textPictures(text), best), story)
			best, insecure = found, cmp.Or(insecure, open)
		}
	}
	if best.url == "" && insecure != "" {
		p.note("item %d: its picture %s is left out, it has no https address", number, shorten(insecure, 100))
	}
	in.ImageURL, in.ImageAlt, in.ImageCredit = best.url, best.alt, best.credit
	in.ImageWidth, in.ImageHeight = best.width, best.height
}

// itemPictures are those that an item offers beside its text.
func itemPictures(raw *gofeed.Item) []picture {
	media := raw.Extensions["media"]
	var found []picture
	for _, group := range media["group"] {
		found = append(found, mediaPictures(group.Children, media)...)
	}
	found = append(found, mediaPictures(media, nil)...)
	for _, e := range raw.Enclosures {
		if e != nil {
			found = append(found, picture{url: e.URL, kind: e.Type, rank: rankEnclosure})
		}
	}
	if raw.Image != nil {
		found = append(found, picture{url: raw.Image.URL, alt: raw.Image.Title, kind: "image/", rank: rankItem})
	}
	if raw.ITunesExt != nil {
		found = append(found, picture{url: raw.ITunesExt.Image, kind: "image/", rank: rankItem})
	}
	address, _, _ := strings.Cut(PlainText(raw.Custom["image"]), "\n") // <image> or <image><url>
	return append(found, picture{url: address, kind: "image/", rank: rankItem})
}

// best returns the picture that suits a mail of a story most, empty if none
// does, and one that has no https address.
func (p *feedParser) best(found []picture, story *url.URL) (best picture, insecure string) {
	var usable []picture
	for _, pic := range found {
		if strings.TrimSpace(pic.url) == "" || pic.isTiny() || isTracker(pic.url) {
			continue
		}
		resolved, err := pictureURL(pic.url, p.base, story)
		if errors.Is(err, errInsecurePicture) {
			insecure = pic.url
		}
		if err != nil {
			continue
		}
		pic.url = resolved
		switch format := pic.format(); {
		case format == "svg" || format == "avif" || format == "":
			continue
		case format == "webp" && pic.rank < mailless:
			pic.rank += mailless
		}
		usable = append(usable, pic)
	}
	if len(usable) == 0 {
		return picture{}, insecure
	}
	best = slices.MinFunc(usable, func(a, b picture) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(b.suits(), a.suits()))
	})
	return best, insecure
}

// isTiny says whether a picture is an icon or a tracking pixel.
func (pic picture) isTiny() bool {
	return pic.width > 0 && pic.width < minPicture || pic.height > 0 && pic.height < minPicture/2
}

// fullWidth is the width of a picture in a mail, in pixels of the screens that
// have two for one.
const fullWidth = 1200

// suits is the greater the better a picture's width suits a mail: one that is
// wide enough, but not much wider. An unknown width is taken for a middling one.
func (pic picture) suits() int {
	switch {
	case pic.width == 0:
		return fullWidth / 2
	case pic.width <= fullWidth:
		return pic.width
	}
	return max(fullWidth-(pic.width-fullWidth)/20, fullWidth/2+1)
}

// format returns "jpeg", "webp" and so on, "unknown" for a picture that does
// not say, and "" for what is no picture. Of a type and an address that
// contradict each other, the one that says that mails cannot show it counts.
func (pic picture) format() string {
	kind, declared, _ := strings.Cut(strings.ToLower(strings.TrimSpace(pic.kind)), "/")
	if kind != "" && kind != "image" {
		return ""
	}
	declared, _, _ = strings.Cut(declared, "+")
	declared = strings.Trim(declared, "* ")
	named := formatInURL(pic.url)
	switch {
	case named == "svg" || named == "avif" || named == "webp":
		return named
	case declared != "":
		return declared
	case named != "":
		return named
	case kind == "image":
		return "unknown"
	}
	return ""
}

// formatInURL returns the format that the address of a picture names, "" if it
// names none.
func formatInURL(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	query := u.Query()
	for _, parameter := range [...]string{"format", "fm", "output-format"} {
		switch format := strings.ToLower(query.Get(parameter)); format {
		case "webp", "avif", "svg", "jpeg", "jpg", "png":
			return format
		}
	}
	switch extension := strings.ToLower(path.Ext(u.Path)); extension {
	case ".svg", ".svgz":
		return "svg"
	case ".webp", ".avif", ".jpg", ".jpeg", ".png", ".gif":
		return extension[1:]
	}
	return ""
}

// mediaPictures reads media:content and media:thumbnail (Media RSS 1.5).
// outer is what the group stands in, which may describe it.
func mediaPictures(media, outer map[string][]ext.Extension) []picture {
	var found []picture
	shared := describedBy(picture{}, media, outer)
	for _, content := range media["content"] {
		kind := content.Attrs["type"]
		if kind == "" && content.Attrs["medium"] != "" {
			kind = content.Attrs["medium"] + "/"
		}
		pic := picture{url: content.Attrs["url"], kind: kind, rank: rankMedia, width: pixels(content.Attrs["width"]), height: pixels(content.Attrs["height"])}
		pic = describedBy(pic, content.Children, media, outer)
		found = append(found, pic)
		found = append(found, thumbnails(content.Children, pic)...)
	}
	return append(found, thumbnails(media, shared)...)
}

// describedBy adds to a picture what the elements around it say of it, the
// innermost first.
func describedBy(pic picture, elements ...map[string][]ext.Extension) picture {
	for _, media := range elements {
		pic.alt = cmp.Or(pic.alt, firstValue(media, "description", "title"))
		pic.credit = cmp.Or(pic.credit, firstValue(media, "credit", "copyright"))
	}
	return pic
}

// thumbnails are those of an element, described as another picture is.
func thumbnails(media map[string][]ext.Extension, as picture) []picture {
	var found []picture
	for _, thumbnail := range media["thumbnail"] {
		found = append(found, picture{
			url: thumbnail.Attrs["url"], alt: as.alt, credit: as.credit, kind: "image/", rank: rankThumbnail,
			width: pixels(thumbnail.Attrs["width"]), height: pixels(thumbnail.Attrs["height"]),
		})
	}
	return found
}

func firstValue(media map[string][]ext.Extension, names ...string) string {
	for _, name := range names {
		for _, e := range media[name] {
			if value := strings.TrimSpace(e.Value); value != "" {
				return value
			}
		}
	}
	return ""
}
