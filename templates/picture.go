package templates

// Picture is what stands beside a story, or for the site.
type Picture struct {
	URL    string // absolute http or https
	Alt    string // "" for decoration
	Credit string // says whose picture it is, "" if that is not known

	width, height int // its real size, 0 if not known
}

// Themes that do not know a picture's size reserve room for this shape, which
// most cameras give.
const (
	usualWidth  = 3
	usualHeight = 2
)

// newPicture gives the picture at a URL, or nil if that leads to none.
func newPicture(url, alt, credit string, width, height int) *Picture {
	if url = webURL(url); url == "" {
		return nil
	}
	p := &Picture{URL: url, Alt: oneLine(alt), Credit: oneLine(credit)}
	if width > 0 && height > 0 {
		p.width, p.height = width, height
	}
	return p
}

// WidthIn is the width in pixels at which the picture stands in a column of
// that width: all of it, unless the picture is smaller, or so tall that it
// would be higher than the column is wide.
func (p *Picture) WidthIn(column int) int {
	w, h := p.shape()
	if h > w {
		column = column * w / h
	}
	if p.width > 0 {
		column = min(column, p.width)
	}
	return max(column, 1)
}

// HeightIn is the height in pixels that belongs to WidthIn.
func (p *Picture) HeightIn(column int) int {
	w, h := p.shape()
	return max((p.WidthIn(column)*h+w/2)/w, 1)
}

// shape is two numbers in the ratio of width and height.
func (p *Picture) shape() (w, h int) {
	if p.width == 0 {
		return usualWidth, usualHeight
	}
	return p.width, p.height
}

// logo is the site's, nil for none.
func (s *Site) logo() *Picture {
	if s.Logo == nil {
		return nil
	}
	return newPicture(s.Logo.URL, firstOf(s.Logo.Alt, s.Name), "", s.Logo.Width, s.Logo.Height)
}
