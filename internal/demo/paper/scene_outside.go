package paper

import "math"

func hills(p *painter) {
	p.glow(point{p.between(250, 950), p.between(170, 290)}, p.between(65, 95))
	p.birds(point{p.between(300, 900), 190}, 4)
	for n, ink := range [...]colour{p.far, mix(p.far, p.mid, 0.6), p.mid, p.near} {
		p.fill(ink, 1, p.ridge(430+float64(n)*95, 60-float64(n)*6, 760+float64(n)*150)...)
	}
	for range 22 {
		x := p.between(0, pictureWidth)
		size := p.between(40, 90)
		y := p.between(690, 790)
		p.fill(mix(p.near, p.mid, p.between(0, 0.3)), 1, point{x - size*0.3, y}, point{x, y - size*1.5}, point{x + size*0.3, y})
	}
}

func pitch(p *painter) {
	p.blocks(blocks{ink: p.far, base: 330, width: 110, height: 190})
	p.box(p.near, 1, 0, 290, pictureWidth, 90) // the stand
	for range 420 {
		inks := [...]colour{p.pale, p.warm, p.far, p.warm, p.cool}
		p.disc(inks[p.random.IntN(len(inks))], 0.85, point{p.between(0, pictureWidth), p.between(300, 374)}, 5)
	}
	turf := mix(p.cool, rgb(0x4E9A54), 0.65)
	for n := range 10 {
		p.fill(mix(turf, p.near, 0.14*float64(n%2)), 1,
			point{600 + (float64(n)-5)*150, 380}, point{600 + (float64(n)-4)*150, 380}, point{600 + (float64(n)-4)*330, 800}, point{600 + (float64(n)-5)*330, 800})
	}
	p.line(p.pale, 0.9, 7, point{0, 470}, point{1200, 470})
	for _, ring := range [...]struct {
		ink    colour
		rx, ry float64
	}{{p.pale, 250, 76}, {turf, 242, 69}} {
		p.fill(ring.ink, 0.9, arc(point{600, 470}, ring.rx, ring.ry, 0, math.Pi)...)
	}
	goal := point{p.between(150, 210), 330}
	for n := range 8 {
		p.line(p.pale, 0.4, 2, point{goal.x + float64(n)*32, goal.y}, point{goal.x + float64(n)*32, 480})
		p.line(p.pale, 0.4, 2, point{goal.x, goal.y + float64(n)*20}, point{goal.x + 240, goal.y + float64(n)*20})
	}
	p.line(p.pale, 1, 9, point{goal.x, 486}, point{goal.x, goal.y})
	p.line(p.pale, 1, 9, point{goal.x - 4, goal.y}, point{goal.x + 244, goal.y})
	p.line(p.pale, 1, 9, point{goal.x + 240, goal.y}, point{goal.x + 240, 486})
	p.ball(point{p.between(700, 860), 610}, 92)
}

func (p *painter) ball(at point, radius float64) {
	p.fill(p.near, 0.3, arc(point{at.x + 14, at.y + radius*0.98}, radius*1.05, radius*0.2, 0, 2*math.Pi)...)
	p.disc(p.pale, 1, at, radius)
	patch := func(centre point, size, turn float64) {
		var outline []point
		for n := range 5 {
			angle := turn + float64(n)*2*math.Pi/5
			outline = append(outline, point{centre.x + size*math.Cos(angle), centre.y + size*math.Sin(angle)})
		}
		p.fill(p.near, 1, outline...)
	}
	patch(at, radius*0.34, -math.Pi/2)
	for n := range 5 {
		angle := -math.Pi/2 + float64(n)*2*math.Pi/5
		p.line(p.near, 1, 5, point{at.x + radius*0.3*math.Cos(angle), at.y + radius*0.3*math.Sin(angle)}, point{at.x + radius*0.7*math.Cos(angle), at.y + radius*0.7*math.Sin(angle)})
		rim := append(arc(at, radius, radius, angle-0.3, angle+0.3), point{at.x + radius*0.68*math.Cos(angle), at.y + radius*0.68*math.Sin(angle)})
		p.fill(p.near, 1, rim...)
	}
	p.fill(p.near, 0.14, append(arc(at, radius, radius, 0, math.Pi), arc(at, radius, radius*0.55, math.Pi, 0)...)...)
}

// leaf paints a pointed leaf that grows from a point in the direction of an
// angle.
func (p *painter) leaf(from point, length, angle float64, ink colour) {
	var outline []point
	for n := range 25 {
		part := float64(n) / 12
		side := 1.0
		if part > 1 {
			part, side = 2-part, -1
		}
		along, across := length*part, side*length*0.17*math.Sin(part*math.Pi)
		outline = append(outline, point{
			from.x + along*math.Cos(angle) - across*math.Sin(angle),
			from.y + along*math.Sin(angle) + across*math.Cos(angle),
		})
	}
	p.fill(ink, 1, outline...)
}

func garden(p *painter) {
	p.glow(point{p.between(300, 900), 220}, 90)
	p.fill(p.far, 1, p.ridge(520, 40, 700)...)
	p.fill(p.mid, 1, p.ridge(640, 30, 560)...)
	heads := [...]colour{p.warm, p.pale, mix(p.warm, p.pale, 0.45), p.cool}
	for n := range 11 {
		x := 50 + float64(n)*110 + p.between(-34, 34)
		top := p.between(280, 540)
		lean := p.between(-34, 34)
		p.line(p.near, 1, 8, point{x, 800}, point{x + lean, top})
		for leaf := range 5 {
			part := 0.12 + 0.17*float64(leaf)
			from := point{x + lean*part, 800 + (top-800)*part}
			p.leaf(from, 120*(1-part*0.5), -math.Pi/2+0.85, p.near)
			p.leaf(from, 120*(1-part*0.5), -math.Pi/2-0.85, mix(p.near, p.mid, 0.35))
		}
		p.blossom(point{x + lean, top}, p.between(34, 62), heads[p.random.IntN(len(heads))])
	}
}

func (p *painter) blossom(at point, size float64, ink colour) {
	petals := 8
	for n := range petals {
		angle := float64(n) * 2 * math.Pi / float64(petals)
		p.disc(mix(ink, p.near, 0.1*float64(n%2)), 1, point{at.x + size*0.66*math.Cos(angle), at.y + size*0.66*math.Sin(angle)}, size*0.4)
	}
	p.disc(p.near, 1, at, size*0.42)
	p.disc(p.pale, 0.75, at, size*0.24)
}

func observatory(p *painter) {
	p.stars(90, 560)
	planet := point{p.between(230, 380), p.between(190, 260)}
	p.disc(p.sun, 0.12, planet, 128)
	p.disc(mix(p.warm, p.sun, 0.4), 1, planet, 84)
	p.fill(p.warm, 0.5, arc(point{planet.x, planet.y + 22}, 79, 24, 0, 2*math.Pi)...)
	ring := arc(planet, 158, 34, 0, math.Pi) // only what passes in front
	inner := arc(planet, 128, 22, math.Pi, 0)
	p.fill(p.pale, 0.9, append(ring, inner...)...)
	p.fill(p.far, 1, p.ridge(640, 44, 760)...)
	p.fill(p.mid, 1, p.ridge(700, 30, 620)...)
	x := p.between(760, 860)
	p.box(p.near, 1, x-150, 500, 300, 240)
	p.fill(p.pale, 1, arc(point{x, 500}, 150, 168, math.Pi, 2*math.Pi)...)
	p.fill(p.near, 0.22, append(arc(point{x, 500}, 150, 168, 1.5*math.Pi, 2*math.Pi), arc(point{x, 500}, 60, 168, 2*math.Pi, 1.5*math.Pi)...)...)
	p.fill(p.near, 1, point{x - 96, 372}, point{x - 40, 335}, point{x - 8, 498}, point{x - 58, 498})
	p.line(p.cool, 1, 36, point{x - 30, 470}, point{x - 110, 318})
	p.box(p.far, 1, x-160, 494, 320, 16)
	p.box(p.pale, 0.9, x+60, 600, 40, 70)
	p.box(p.warm, 0.9, x-90, 610, 26, 26)
	p.fill(p.near, 1, p.ridge(752, 16, 520)...)
}
