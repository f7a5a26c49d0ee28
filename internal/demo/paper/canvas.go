package paper

import (
	"image"
	"image/color"
	"math"
)

// colour is opaque: its alpha is always 255.
type colour = color.RGBA

// point is in pixels; y grows downwards.
type point struct{ x, y float64 }

// canvas is a picture on which shapes are filled with smooth edges.
type canvas struct {
	img   *image.RGBA
	cover []float32 // how much each pixel adds to those right of it
}

func newCanvas(w, h int) *canvas {
	return &canvas{img: image.NewRGBA(image.Rect(0, 0, w, h)), cover: make([]float32, (w+1)*h+1)}
}

// gradient fills everything from the colour at the top to that at the bottom.
func (c *canvas) gradient(top, bottom colour) {
	b := c.img.Bounds()
	for y := range b.Dy() {
		line := mix(top, bottom, float64(y)/float64(b.Dy()-1))
		row := c.img.Pix[y*c.img.Stride:][:4*b.Dx()]
		for x := 0; x < len(row); x += 4 {
			row[x], row[x+1], row[x+2], row[x+3] = line.R, line.G, line.B, 255
		}
	}
}

// fill paints a closed polygon with the given opacity, 0 to 1.
func (c *canvas) fill(ink colour, opacity float64, outline ...point) {
	w, h := c.img.Bounds().Dx(), c.img.Bounds().Dy()
	low, high := outline[0], outline[0]
	for i, p := range outline {
		c.edge(p, outline[(i+1)%len(outline)])
		low = point{min(low.x, p.x), min(low.y, p.y)}
		high = point{max(high.x, p.x), max(high.y, p.y)}
	}
	left, right := min(max(0, int(low.x)), w), max(0, min(w, int(high.x)+1))
	for y := max(0, int(low.y)); y < min(h, int(high.y)+1); y++ {
		cover := c.cover[y*(w+1):][:w+1]
		row := c.img.Pix[y*c.img.Stride:]
		var sum float32
		for x := left; x < right; x++ {
			sum += cover[x]
			if a := int32(min(max(sum, -sum), 1) * float32(opacity) * 256); a > 0 {
				blend(row[4*x:4*x+3:4*x+3], ink, a)
			}
		}
		clear(cover[left:min(right+2, w+1)])
	}
}

func blend(pixel []uint8, ink colour, a int32) {
	pixel[0] = uint8(int32(pixel[0]) + (int32(ink.R)-int32(pixel[0]))*a/256)
	pixel[1] = uint8(int32(pixel[1]) + (int32(ink.G)-int32(pixel[1]))*a/256)
	pixel[2] = uint8(int32(pixel[2]) + (int32(ink.B)-int32(pixel[2]))*a/256)
}

// edge adds the exact area that an edge cuts off each pixel it passes, so that
// the running sum along a row is the cover of each pixel.
func (c *canvas) edge(a, b point) {
	if a.y == b.y {
		return
	}
	sign := float32(1)
	if a.y > b.y {
		a, b, sign = b, a, -1
	}
	w, h := c.img.Bounds().Dx(), c.img.Bounds().Dy()
	slope := (b.x - a.x) / (b.y - a.y)
	for y := max(0, int(math.Floor(a.y))); y < h && float64(y) < b.y; y++ {
		from, to := max(a.y, float64(y)), min(b.y, float64(y+1))
		if from >= to {
			continue
		}
		x1, x2 := a.x+(from-a.y)*slope, a.x+(to-a.y)*slope
		c.span(c.cover[y*(w+1):][:w+1], min(x1, x2), max(x1, x2), sign*float32(to-from))
	}
}

// span spreads the height that an edge covers in one row over the columns
// from x1 to x2 that it crosses.
func (c *canvas) span(row []float32, x1, x2 float64, height float32) {
	right := float64(len(row) - 1)
	x1, x2 = min(max(x1, 0), right), min(max(x2, 0), right)
	done := float32(0) // of the height, left of the column
	for x := int(x1); ; x++ {
		left, end := max(x1, float64(x)), min(x2, float64(x+1))
		part := height
		if x2 > x1 {
			part = height * float32((end-left)/(x2-x1))
		}
		if x >= len(row)-1 {
			row[len(row)-1] += height - done
			return
		}
		filled := part * float32(float64(x+1)-(left+end)/2)
		row[x] += filled
		row[x+1] += part - filled
		if done += part; float64(x+1) >= x2 {
			return
		}
	}
}

// disc paints a circle.
func (c *canvas) disc(ink colour, opacity float64, centre point, radius float64) {
	c.fill(ink, opacity, arc(centre, radius, radius, 0, 2*math.Pi)...)
}

// box paints an upright rectangle.
func (c *canvas) box(ink colour, opacity, x, y, w, h float64) {
	c.fill(ink, opacity, point{x, y}, point{x + w, y}, point{x + w, y + h}, point{x, y + h})
}

// line paints a straight stroke.
func (c *canvas) line(ink colour, opacity, width float64, a, b point) {
	length := math.Hypot(b.x-a.x, b.y-a.y)
	dx, dy := (b.y-a.y)/length*width/2, -(b.x-a.x)/length*width/2
	c.fill(ink, opacity, point{a.x + dx, a.y + dy}, point{b.x + dx, b.y + dy}, point{b.x - dx, b.y - dy}, point{a.x - dx, a.y - dy})
}

// arc returns points of an ellipse between two angles, clockwise from the
// right as seen on the picture.
func arc(centre point, rx, ry, from, to float64) []point {
	const steps = 96
	out := make([]point, steps+1)
	for i := range out {
		angle := from + (to-from)*float64(i)/steps
		out[i] = point{centre.x + rx*math.Cos(angle), centre.y + ry*math.Sin(angle)}
	}
	return out
}

// mix returns the colour that lies part of the way, 0 to 1, from a to b.
func mix(a, b colour, part float64) colour {
	channel := func(x, y uint8) uint8 { return uint8(math.Round(float64(x) + (float64(y)-float64(x))*part)) }
	return colour{R: channel(a.R, b.R), G: channel(a.G, b.G), B: channel(a.B, b.B), A: 255}
}
