package ingest

import (
	"cmp"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxPictureText is how many bytes of a text are looked through for a picture.
const maxPictureText = 64 << 10

// textPictures returns the first picture in a piece of HTML that is neither a
// tracking pixel nor a smiley, in all the sizes and formats that it has.
func textPictures(text string) []picture {
	text = firstBytes(text, maxPictureText)
	if !strings.Contains(text, "<img") && !strings.Contains(text, "<IMG") {
		return nil
	}
	body := &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
	nodes, err := html.ParseFragment(strings.NewReader(text), body)
	if err != nil {
		return nil
	}
	for _, node := range nodes {
		if found := firstPicture(node); found != nil {
			return found
		}
	}
	return nil
}

// firstPicture returns the first picture in an element; a figure or a picture
// element is taken as one.
func firstPicture(node *html.Node) []picture {
	if node.DataAtom == atom.Figure || node.DataAtom == atom.Picture || node.DataAtom == atom.Img {
		return shownPictures(node)
	}
	for n := range node.Descendants() {
		if n.DataAtom != atom.Figure && n.DataAtom != atom.Picture && n.DataAtom != atom.Img {
			continue
		}
		if found := shownPictures(n); found != nil {
			return found
		}
	}
	return nil
}

// shownPictures are those of a figure, nil if it is not meant to be seen.
func shownPictures(figure *html.Node) []picture {
	var found []picture
	alt, credit := "", ""
	for _, pic := range figurePictures(figure) {
		alt, credit = cmp.Or(alt, pic.alt), cmp.Or(credit, pic.credit)
		shown := picture{url: pic.url, kind: cmp.Or(pic.kind, "image/"), rank: rankText, width: pic.width, height: pic.height}
		if isTracker(pic.img) || pic.url == pic.img && shown.isTiny() {
			return nil
		}
		if shown.url != "" && !strings.HasPrefix(shown.url, "data:") {
			found = append(found, shown)
		}
	}
	for i := range found {
		found[i].alt, found[i].credit = alt, credit
	}
	return found
}

// isTracker says whether an address is that of a counter, a smiley or a button.
func isTracker(address string) bool {
	lower := strings.ToLower(address)
	for _, sign := range [...]string{
		"/emoji/", "/smilies/", "twemoji", "feedburner.com/~", "feedsportal.com", "doubleclick.net", "pixel.wp.com", "stats.wordpress.com", "/pixel.", "/pixel?", "/pixel/",
		"scorecardresearch", "quantserve", "google-analytics.com", "facebook.com/tr", "/spacer.", "/blank.gif", "/clear.gif", "/1x1.", "/beacon", "/counter.", "gravatar.com/avatar", "/open.gif",
	} {
		if strings.Contains(lower, sign) {
			return true
		}
	}
	return false
}
