package paper

import (
	"math"
	"math/rand/v2"
)

// painter paints the parts that several scenes have in common.
type painter struct {
	*canvas
	light
	random *rand.Rand
}

// between returns a number from low up to high.
func (p *painter) between(low, high float64) float64 { return low + p.random.Float64()*(high-low) }

// glow paints the sun or the moon with rings of light around it.
func (p *painter) glow(at point, radius float64) {
	for ring := 3.0; ring >= 1; ring-- {
		p.disc(p.sun, 0.13, at, radius*(1+0.55*ring))
	}
	p.disc(p.sun, 1, at, radius)
}

// ridge returns a wavy line from the left to the right edge around y, as high
// as swell, closed along the bottom.
func (p *painter) ridge(y, swell, length float64) []point {
	phase, second := p.between(0, 2*math.Pi), p.between(0, 2*math.Pi)
	out := []point{{0, pictureHeight}}
	for x := 0.0; x <= pictureWidth; x += 12 {
		wave := math.Sin(phase+x/length*2*math.Pi) + 0.45*math.Sin(second+x/length*4.3*math.Pi)
		out = append(out, point{x, y - swell*wave/1.45})
	}
	return append(out, point{pictureWidth, pictureHeight})
}

// blocks paints a row of houses up to the given height above a base line; lit
// windows are scattered over them with the given chance.
func (p *painter) blocks(b blocks) {
	for x := -p.between(0, b.width); x < pictureWidth; {
		w := b.width * p.between(0.6, 1.4)
		h := b.height * p.between(0.35, 1)
		p.box(b.ink, 1, x, b.base-h, w+1, h+1)
		switch p.random.IntN(4) {
		case 0: // a gable
			p.fill(b.ink, 1, point{x, b.base - h}, point{x + w/2, b.base - h - w*0.38}, point{x + w, b.base - h})
		case 1: // a mast
			p.box(b.ink, 1, x+w*0.45, b.base-h-b.height*0.16, 4, b.height*0.17)
		}
		if b.lit > 0 {
			p.windows(b, x, w, h)
		}
		x += w
	}
}

// blocks says how a row of houses looks.
type blocks struct {
	ink                 colour
	base, width, height float64
	lit                 float64 // the part of the windows that is lit
}

func (p *painter) windows(b blocks, x, w, h float64) {
	const pane, pitch = 11, 27
	columns := int((w - 14) / pitch)
	left := x + (w-float64(columns)*pitch+pitch-pane)/2
	for column := range columns {
		for y := b.base - h + 18; y < b.base-24; y += pitch * 1.25 {
			if p.random.Float64() < b.lit {
				p.box(p.pale, 0.9, left+float64(column)*pitch, y, pane, pane*1.4)
			}
		}
	}
}

// water paints the sea below y, with bands of light.
func (p *painter) water(y float64) {
	p.box(p.mid, 1, 0, y, pictureWidth, pictureHeight-y)
	deep := pictureHeight - y
	for n := range 4 {
		p.fill(p.near, 0.2+0.12*float64(n), p.ridge(y+deep*(0.22+0.2*float64(n)), 5+4*float64(n), 300+90*float64(n))...)
	}
}

// glints paints the reflection of the sun at x on the water below y.
func (p *painter) glints(x, y float64) {
	for n := range 9 {
		part := float64(n) / 9
		w := (30 + 130*part) * p.between(0.6, 1.2)
		p.box(p.sun, 0.5*(1-part*0.6), x-w/2+p.between(-24, 24), y+10+part*part*(pictureHeight-y-30), w, 5+5*part)
	}
}

// boat paints a sailing boat whose hull stands at the given point; size is the
// height of its mast.
func (p *painter) boat(at point, size float64, hull, sail colour) {
	p.fill(sail, 1, point{at.x + size*0.03, at.y - size}, point{at.x + size*0.5, at.y - size*0.16}, point{at.x + size*0.03, at.y - size*0.12})
	p.fill(mix(sail, p.mid, 0.22), 1, point{at.x - size*0.03, at.y - size*0.86}, point{at.x - size*0.34, at.y - size*0.14}, point{at.x - size*0.03, at.y - size*0.12})
	p.fill(hull, 1, point{at.x - size*0.44, at.y - size*0.09}, point{at.x + size*0.52, at.y - size*0.09}, point{at.x + size*0.36, at.y + size*0.07}, point{at.x - size*0.3, at.y + size*0.07})
	p.box(hull, 1, at.x-size*0.015, at.y-size*1.04, size*0.03, size)
}

// birds paints a few gulls around a point.
func (p *painter) birds(around point, count int) {
	for range count {
		at := point{around.x + p.between(-170, 170), around.y + p.between(-60, 60)}
		w := p.between(13, 25)
		for _, side := range [...]float64{-1, 1} {
			p.fill(p.near, 0.85, at, point{at.x + side*w*0.55, at.y - w*0.5}, point{at.x + side*w*1.25, at.y - w*0.2}, point{at.x + side*w*0.55, at.y - w*0.3})
		}
	}
}

// stars paints as many over the part of the sky above y.
func (p *painter) stars(count int, y float64) {
	for range count {
		p.disc(p.sun, p.between(0.35, 0.95), point{p.between(0, pictureWidth), p.between(0, y)}, p.between(1.2, 3.4))
	}
}
