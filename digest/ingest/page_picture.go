package ingest

import (
	"cmp"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"broadsheet/internal/pattern"
)

// pagePicture is a picture that a page offers for its story.
type pagePicture struct {
	url           string
	kind          string // MIME type, "" if unknown
	alt, credit   string
	width, height int
	from          string // where it stood, such as "og:image"
	img           string // address of the img element of its figure
}

// minPicture is the least width of a picture worth showing, where it is known.
const minPicture = 120

// pickPicture returns the best of the pictures, which are in the order of how
// much they are trusted: one that a mail can show before WebP, one that is no
// logo before one that looks like it, and of one origin the widest.
func (s *pageStory) pickPicture(offered []pagePicture) (best pagePicture, ok bool) {
	origins := map[string]int{}
	found := []pagePicture{}
	for _, pic := range offered {
		resolved, err := pictureURL(pic.url, s.parts.base, nil)
		if strings.TrimSpace(pic.url) == "" || err != nil || pic.width > 0 && pic.width < minPicture {
			continue
		}
		pic.url = resolved
		if format := pic.format(); format == "svg" || format == "avif" || format == "" {
			continue
		}
		if _, known := origins[pic.from]; !known {
			origins[pic.from] = len(origins)
		}
		found = append(found, pic)
	}
	if len(found) == 0 {
		return pagePicture{}, false
	}
	return slices.MinFunc(found, func(a, b pagePicture) int {
		return cmp.Or(
			cmp.Compare(truth(a.format() == "webp"), truth(b.format() == "webp")),
			cmp.Compare(truth(a.isLogo()), truth(b.isLogo())),
			cmp.Compare(origins[a.from], origins[b.from]),
			cmp.Compare(b.width, a.width),
		)
	}), true
}

func truth(is bool) int {
	if is {
		return 1
	}
	return 0
}

// format returns "jpeg", "webp" and so on, "unknown" for a picture that does
// not say, and "" for what is no picture.
func (pic pagePicture) format() string {
	if format, ok := strings.CutPrefix(strings.ToLower(pic.kind), "image/"); ok {
		return strings.TrimSuffix(format, "+xml")
	}
	u, err := url.Parse(pic.url)
	if err != nil {
		return ""
	}
	query := u.Query()
	for _, parameter := range [...]string{"format", "fm", "output-format"} {
		if format := strings.ToLower(query.Get(parameter)); format == "webp" || format == "avif" || format == "svg" {
			return format
		}
	}
	switch extension := strings.ToLower(path.Ext(u.Path)); extension {
	case ".svg", ".svgz":
		return "svg"
	case ".webp", ".avif", ".jpg", ".jpeg", ".png", ".gif":
		return extension[1:]
	case ".mp4", ".webm", ".mov", ".m3u8", ".html", ".htm", ".pdf":
		return ""
	}
	return "unknown"
}

var logoName = pattern.New(`(?i)(?:^|[/_.-])(?:logos?|favicon|apple-touch-icon|placeholder|default|fallback|blank|spacer|avatars?|gravatar|icons?|badge|pixel|share-?default)(?:[/_.-]|\d|$)`)

// isLogo says whether an address reads like that of a site's sign, a stand-in
// or somebody's portrait.
func (pic pagePicture) isLogo() bool {
	u, err := url.Parse(pic.url)
	return err == nil && logoName.MatchString(u.Host+u.Path)
}

// pictures are those of an object of JSON-LD.
func (d *linkedData) pictures(story ldObject) []pagePicture {
	var found []pagePicture
	for _, property := range [...]string{"image", "primaryImageOfPage", "thumbnailUrl"} {
		value := story[property]
		list, ok := value.([]any)
		if !ok {
			list = []any{value}
		}
		for _, element := range list[:min(len(list), maxParts)] {
			element = d.resolve(element)
			for _, address := range texts(element) {
				found = append(found, pagePicture{url: address, from: "json-ld " + property})
			}
			for _, object := range ldObjects(element) {
				found = append(found, d.picture(object, property))
			}
		}
	}
	return found
}

func (d *linkedData) picture(object ldObject, property string) pagePicture {
	credit := object.text("creditText", "copyrightNotice")
	for _, by := range [...]string{"creator", "author", "copyrightHolder"} {
		if names := d.names(object[by]); credit == "" && len(names) > 0 {
			credit = names[0]
		}
	}
	return pagePicture{
		url: object.text("contentUrl", "url", "@id"), kind: object.text("encodingFormat"),
		alt: object.text("caption", "description", "name"), credit: credit,
		width: pixels(object.measure("width")), height: pixels(object.measure("height")),
		from: "json-ld " + property,
	}
}

// measure returns a width or height, which may be a number, a text or a
// QuantitativeValue.
func (o ldObject) measure(property string) string {
	if inner := ldTexts(o[property], "value"); len(inner) > 0 {
		return inner[0]
	}
	return o.text(property)
}

// pixels reads "1200", "1200px" and "1200.0".
func pixels(text string) int {
	number, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(text), "px")), 64)
	if err != nil || number < 1 || number > 100_000 {
		return 0
	}
	return int(number)
}

// metaPictures are those of OpenGraph and Twitter. The details of a picture
// belong to the first one.
func (p *pageParts) metaPictures() []pagePicture {
	var found []pagePicture
	for _, name := range [...]string{"og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src", "parsely-image-url", "sailthru.image.full"} {
		family := "og:image"
		if strings.HasPrefix(name, "twitter:") {
			family = "twitter:image"
		}
		for i, address := range p.metas[name] {
			pic := pagePicture{url: address, from: name}
			if i == 0 {
				pic.alt, _ = p.first(family + ":alt")
				pic.kind, _ = p.first(family + ":type")
				width, _ := p.first(family + ":width")
				height, _ := p.first(family + ":height")
				pic.width, pic.height = pixels(width), pixels(height)
			}
			found = append(found, pic)
		}
	}
	for _, address := range p.links["image_src"] {
		found = append(found, pagePicture{url: address, from: "link image_src"})
	}
	return found
}

// describe fills in what others say of the same picture, and of its name.
func (pic *pagePicture) describe(lists ...[]pagePicture) {
	for _, list := range lists {
		for _, other := range list {
			if !pic.isSame(other) {
				continue
			}
			pic.alt, pic.credit = cmp.Or(pic.alt, other.alt), cmp.Or(pic.credit, other.credit)
			if pic.width == 0 && other.url == pic.url {
				pic.width, pic.height = other.width, other.height
			}
		}
	}
}

// isSame says whether two addresses are of one picture, perhaps in two sizes:
// they are equal, or the file's name is and is no common one.
func (pic *pagePicture) isSame(other pagePicture) bool {
	name, otherName := pictureName(pic.url), pictureName(other.url)
	return pic.url == other.url || len(name) >= 8 && name == otherName
}

var sizeInName = pattern.New(`[-_.]?\d{2,4}x\d{2,4}$`)

// pictureName is the name of a picture's file, without extension and size.
func pictureName(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	name := path.Base(u.Path)
	return strings.ToLower(sizeInName.ReplaceAllString(strings.TrimSuffix(name, path.Ext(name)), ""))
}
