package ingest

import (
	"cmp"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"broadsheet/internal/pattern"
)

// maxFigures is how many figures of a page are looked at.
const maxFigures = 40

// pictures are those that stand in the page, tracking pixels and smileys aside.
func (p *pageParts) pictures() []pagePicture {
	var found []pagePicture
	for _, figure := range p.figures[:min(len(p.figures), maxFigures)] {
		for _, pic := range figurePictures(figure) {
			tiny := pic.width > 0 && pic.width < minPicture || pic.height > 0 && pic.height < minPicture/2
			if pic.url != "" && !strings.HasPrefix(pic.url, "data:") && !tiny {
				found = append(found, pic)
			}
		}
	}
	return found
}

// figurePictures are the pictures that a figure offers, with what it says of them.
func figurePictures(figure *html.Node) []pagePicture {
	pic := pagePicture{from: "figure"}
	var found []pagePicture
	nodes := []*html.Node{figure}
	for n := range figure.Descendants() {
		nodes = append(nodes, n)
	}
	for _, n := range nodes {
		switch {
		case n.DataAtom == atom.Img:
			pic.alt = attribute(n, "alt")
			pic.width, pic.height = pixels(attribute(n, "width")), pixels(attribute(n, "height"))
			pic.url = attribute(n, "src")
			for _, later := range [...]string{"data-src", "data-original", "data-lazy-src", "data-hi-res-src"} {
				if pic.url == "" || strings.HasPrefix(pic.url, "data:") {
					pic.url = attribute(n, later)
				}
			}
			found = append(found, pic)
			found = append(found, srcset(n, pic)...)
		case n.DataAtom == atom.Source:
			found = append(found, srcset(n, pic)...)
		case n.DataAtom == atom.Figcaption || isCredit(n):
			credit := creditIn(n)
			for i := range found {
				found[i].credit = cmp.Or(found[i].credit, credit)
			}
		}
		if len(found) > maxParts {
			break
		}
	}
	for i := range found {
		found[i].img = pic.url
	}
	return found
}

// srcset reads the addresses of a srcset with their widths.
func srcset(n *html.Node, pic pagePicture) []pagePicture {
	set := attribute(n, "srcset")
	if set == "" {
		set = attribute(n, "data-srcset")
	}
	var found []pagePicture
	for _, m := range srcsetEntry.FindAllStringSubmatch(firstBytes(set, 8<<10), 30) {
		width, _ := strconv.Atoi(m[2])
		offer := pic
		offer.url, offer.width, offer.height = m[1], width, 0
		offer.kind = attribute(n, "type")
		found = append(found, offer)
	}
	return found
}

var srcsetEntry = pattern.New(`([^\s,]\S*[^\s,])(?:\s+(\d{1,5})w|\s+[\d.]+x)?\s*(?:,|$)`)

func isCredit(n *html.Node) bool {
	class := strings.ToLower(attribute(n, "class") + " " + attribute(n, "itemprop"))
	return strings.Contains(class, "credit") || strings.Contains(class, "copyright")
}

// creditLine is how captions name whose picture it is.
var creditLine = pattern.New(`(?i)(?:photo(?:graph)?|image|picture|foto|bild|credits?|crédit|copyright|©)(?:\s+(?:by|von|par|de|copyright|credits?))?\s*[:©]?\s*([^()\[\]|]{2,80})[)\]]?\s*$`)

// creditIn returns whose picture a caption says that it is, "" if it does not.
func creditIn(caption *html.Node) string {
	if caption.DataAtom == atom.Figcaption {
		for n := range caption.Descendants() {
			if n.Type == html.ElementNode && isCredit(n) {
				return trimCredit(nodeText(n))
			}
		}
		if m := creditTail.FindStringSubmatch(nodeText(caption)); m != nil {
			return trimCredit(cmp.Or(m[1], m[2]))
		}
		return ""
	}
	return trimCredit(nodeText(caption))
}

// creditTail is a credit at the end of a caption, in brackets or after a mark.
var creditTail = pattern.New(`(?i)(?:[(\[]\s*((?:photo|image|picture|foto|bild|credit|©)[^()\[\]]{2,80})[)\]]|((?:photo(?:graph)?|image|foto|bild|credit)\s*(?:by|:|©)[^()\[\]]{2,80}|©[^()\[\]]{2,80}))\s*$`)

func trimCredit(text string) string {
	if m := creditLine.FindStringSubmatch(text); m != nil && len(m[0]) == len(text) {
		text = m[1]
	}
	return cutText(strings.Trim(text, " :;,-–—|"), 200)
}
