package templates

import (
	"io"
	"net/url"
	"path"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// document notes what a whole document uses.
func (u *uses) document(source string) {
	z := html.NewTokenizer(strings.NewReader(source))
	inStyle := false
	for {
		switch z.Next() {
		case html.ErrorToken:
			if z.Err() != io.EOF {
				u.add("html-doctype", "unreadable")
			}
			return
		case html.DoctypeToken:
			u.add("html-doctype", "<!DOCTYPE html>")
		case html.TextToken:
			if inStyle {
				u.sheet(string(z.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			inStyle = t.DataAtom == atom.Style
			u.element(&t)
		case html.EndTagToken:
			inStyle = false
		}
	}
}

// features of elements that do not go by the element's own name.
var elementFeatures = map[string]string{
	"h1": "html-h1-h6", "h2": "html-h1-h6", "h3": "html-h1-h6", "h4": "html-h1-h6", "h5": "html-h1-h6", "h6": "html-h1-h6",
	"ul": "html-lists", "ol": "html-lists", "li": "html-lists", "dl": "html-lists", "dt": "html-lists", "dd": "html-lists",
	"b": "html-strong", "em": "html-strong", "i": "html-strong", "map": "html-image-maps", "area": "html-image-maps",
	"article": "html-semantics", "section": "html-semantics", "nav": "html-semantics", "aside": "html-semantics", "header": "html-semantics",
	"footer": "html-semantics", "main": "html-semantics", "figure": "html-semantics", "figcaption": "html-semantics", "mark": "html-semantics",
	"time": "html-semantics", "details": "html-semantics", "summary": "html-semantics", "s": "html-strike",
}

// valued are the attributes that the data knows by their own name.
var valued = map[string]string{
	"align": "html-align", "valign": "html-valign", "width": "html-width", "height": "html-height", "dir": "html-dir", "lang": "html-lang",
	"role": "html-role", "target": "html-target", "background": "html-background", "cellpadding": "html-cellpadding",
	"cellspacing": "html-cellspacing", "hidden": "html-hidden", "srcset": "html-srcset", "loading": "html-loading-attribute",
	"required": "html-required", "popover": "html-popover", "aria-label": "html-aria-label", "aria-labelledby": "html-aria-labelledby",
	"aria-describedby": "html-aria-describedby", "aria-hidden": "html-aria-hidden", "aria-live": "html-aria-live",
}

func (u *uses) element(t *html.Token) {
	for _, a := range t.Attr {
		if a.Key == tracedAttribute {
			u.at = a.Val
		}
	}
	tag := "<" + t.Data + ">"
	if feature, ok := elementFeatures[t.Data]; ok {
		u.add(feature, tag)
	} else {
		u.add("html-"+t.Data, tag)
	}
	for _, a := range t.Attr {
		example := a.Key + `="` + a.Val + `"`
		if feature, ok := valued[a.Key]; ok {
			u.add(feature, example)
		}
		switch {
		case a.Key == "style":
			u.declarations(a.Val)
		case a.Key == "href" && t.DataAtom == atom.A:
			u.link(a.Val)
		case a.Key == "src" || a.Key == "background":
			u.image(a.Val)
		case a.Key == "type" && (t.DataAtom == atom.Input || t.DataAtom == atom.Button):
			u.add("html-"+t.Data+"-"+a.Val, example)
		case a.Key == "name" && t.DataAtom == atom.Meta && a.Val == "color-scheme":
			u.add("html-meta-color-scheme", example)
		}
	}
}

func (u *uses) link(href string) {
	switch {
	case strings.HasPrefix(href, "#"):
		u.add("html-anchor-links", href)
	case strings.HasPrefix(href, "mailto:"):
		u.add("html-mailto-links", href)
	}
}

// image notes the format of a picture, by the end of its path.
func (u *uses) image(src string) {
	if strings.HasPrefix(src, "data:") {
		u.add("image-base64", "data:")
		return
	}
	address, err := url.Parse(src)
	if err != nil {
		return
	}
	switch end := strings.ToLower(strings.TrimPrefix(path.Ext(address.Path), ".")); end {
	case "jpeg":
		u.add("image-jpg", src)
	case "heic":
		u.add("image-heif", src)
	case "tif":
		u.add("image-tiff", src)
	default:
		u.add("image-"+end, src)
	}
}
