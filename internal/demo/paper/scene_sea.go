package paper

import "math"

func harbour(p *painter) {
	sun := point{p.between(300, 900), p.between(210, 330)}
	p.glow(sun, p.between(60, 85))
	p.birds(point{sun.x + 220, 150}, 5)
	p.blocks(blocks{ink: p.far, base: 500, width: 70, height: 190})
	p.water(500)
	p.glints(sun.x, 500)
	p.boat(point{p.between(180, 420), 590}, p.between(170, 220), p.near, p.pale)
	p.boat(point{p.between(700, 1000), 680}, p.between(270, 340), p.warm, p.pale)
}

func regatta(p *painter) {
	p.glow(point{p.between(200, 1000), 170}, 62)
	p.fill(p.far, 1, p.ridge(415, 34, 700)...)
	p.water(450)
	sails := [...]colour{p.pale, p.warm, p.pale, p.cool}
	for n := range 9 {
		depth := float64(n) / 8
		x := 110 + math.Mod(float64(n)*437, 980) + p.between(-40, 40)
		p.boat(point{x, 475 + 235*depth}, 85+210*depth, p.near, sails[p.random.IntN(len(sails))])
	}
}

func lighthouse(p *painter) {
	p.stars(26, 300)
	lamp := point{p.between(800, 900), 262}
	p.fill(p.sun, 0.2, lamp, point{-20, 60}, point{-20, 330})
	p.fill(p.sun, 0.28, lamp, point{-20, 130}, point{-20, 270})
	p.water(560)
	p.glints(240, 560)
	p.fill(p.near, 1, point{560, 800}, point{640, 668}, point{710, 620}, point{790, 590}, point{960, 588}, point{1060, 632}, point{1200, 660}, point{1200, 800})
	foot, stripes := 605.0, 5
	half := func(y float64) float64 { return 36 + (y-300)*0.085 }
	for n := range stripes {
		top, bottom := 300+float64(n)*(foot-300)/float64(stripes), 300+float64(n+1)*(foot-300)/float64(stripes)
		ink := p.pale
		if n%2 == 1 {
			ink = p.warm
		}
		p.fill(ink, 1, point{lamp.x - half(top), top}, point{lamp.x + half(top), top}, point{lamp.x + half(bottom), bottom}, point{lamp.x - half(bottom), bottom})
		p.fill(p.near, 0.2, point{lamp.x + half(top)*0.3, top}, point{lamp.x + half(top), top}, point{lamp.x + half(bottom), bottom}, point{lamp.x + half(bottom)*0.3, bottom})
	}
	p.box(p.near, 1, lamp.x-54, 290, 108, 14)
	p.box(p.pale, 1, lamp.x-28, 232, 56, 60)
	p.box(p.near, 1, lamp.x-3, 232, 6, 60)
	p.fill(p.near, 1, arc(point{lamp.x, 234}, 42, 44, math.Pi, 2*math.Pi)...)
	p.disc(p.sun, 0.5, lamp, 48)
}

func reef(p *painter) {
	p.box(p.mid, 0.55, 0, 0, pictureWidth, pictureHeight)
	for n := range 5 { // light from above
		x := 90 + float64(n)*240 + p.between(-40, 40)
		p.fill(p.sun, 0.1, point{x, -10}, point{x + 90, -10}, point{x - 60, 800}, point{x - 300, 800})
	}
	p.fill(p.mid, 0.8, p.ridge(650, 40, 620)...)
	p.fill(p.near, 1, p.ridge(720, 34, 480)...)
	for range 9 {
		p.kelp(p.between(20, 1180), p.between(230, 500))
	}
	for n := range 11 {
		inks := [...]colour{p.warm, p.pale, p.warm, mix(p.warm, p.pale, 0.5)}
		p.fish(point{130 + math.Mod(float64(n)*389, 960), 110 + math.Mod(float64(n)*173, 470)}, p.between(46, 92), inks[n%4])
	}
	for range 16 {
		p.disc(p.pale, 0.5, point{p.between(0, 1200), p.between(0, 560)}, p.between(3, 9))
	}
}

func (p *painter) kelp(x, height float64) {
	sway := p.between(14, 30)
	var left, right []point
	for y := 0.0; y <= height; y += 14 {
		at := x + sway*math.Sin(y/70+x)
		half := 9 * (1 - y/height)
		left, right = append(left, point{at - half - 2, 760 - y}), append(right, point{at + half + 2, 760 - y})
	}
	for i := len(right) - 1; i >= 0; i-- {
		left = append(left, right[i])
	}
	p.fill(mix(p.near, p.cool, 0.5), 1, left...)
	for n := 1; n < len(right)-2; n += 2 {
		angle := -math.Pi / 4
		if n%4 == 1 {
			angle = -3 * math.Pi / 4
		}
		p.leaf(right[len(right)-1-n], 46*(1-float64(n)/float64(len(right)*2)), angle, mix(p.near, p.cool, 0.5))
	}
}

func (p *painter) fish(at point, size float64, ink colour) {
	side := 1.0
	if at.y > 330 {
		side = -1
	}
	p.fill(ink, 1, arc(at, size, size*0.42, 0, 2*math.Pi)...)
	p.fill(ink, 1, point{at.x - side*size*0.72, at.y}, point{at.x - side*size*1.5, at.y - size*0.42}, point{at.x - side*size*1.28, at.y}, point{at.x - side*size*1.5, at.y + size*0.42})
	p.fill(p.near, 0.16, arc(at, size, size*0.42, 0, math.Pi)...)
	p.disc(p.near, 1, point{at.x + side*size*0.6, at.y - size*0.1}, size*0.075)
}

func shipyard(p *painter) {
	p.glow(point{p.between(180, 360), 200}, 66)
	p.blocks(blocks{ink: p.far, base: 640, width: 130, height: 230})
	p.crane(790, 620, 500, p.mid)
	p.fill(p.near, 1, point{70, 470}, point{840, 470}, point{930, 430}, point{850, 640}, point{150, 640}) // the hull
	p.fill(p.warm, 1, point{129, 580}, point{878, 580}, point{853, 640}, point{153, 640})
	p.box(p.pale, 1, 190, 360, 190, 112)
	p.box(p.pale, 1, 230, 290, 130, 76)
	p.box(p.warm, 1, 262, 232, 54, 60)
	for n := range 4 {
		p.box(p.near, 1, 246+float64(n)*28, 310, 16, 20)
		p.disc(p.near, 1, point{218 + float64(n)*44, 418}, 11)
	}
	p.crane(1010, 640, 590, p.near)
	p.box(mix(p.near, p.mid, 0.35), 1, 0, 640, pictureWidth, 30)
	p.box(p.near, 1, 0, 670, pictureWidth, 130)
	for n := range 14 {
		p.box(p.pale, 0.22, float64(n)*90+p.between(0, 40), 690+p.between(0, 80), p.between(30, 90), 4)
	}
}

// crane paints a lattice crane that stands at x on y and points to the left.
func (p *painter) crane(x, y, height float64, ink colour) {
	top := y - height
	p.line(ink, 1, 9, point{x - 42, y}, point{x - 22, top})
	p.line(ink, 1, 9, point{x + 42, y}, point{x + 22, top})
	for n := range 7 {
		low, high := float64(n)/7, float64(n+1)/7
		a, b := 42-20*low, 42-20*high
		p.line(ink, 1, 5, point{x - a, y - height*low}, point{x + b, y - height*high})
		p.line(ink, 1, 5, point{x + a, y - height*low}, point{x - b, y - height*high})
	}
	p.box(ink, 1, x-470, top-10, 640, 20)
	p.fill(ink, 1, point{x - 30, top}, point{x, top - 92}, point{x + 30, top})
	p.line(ink, 1, 4, point{x, top - 90}, point{x - 400, top - 4})
	p.line(ink, 1, 4, point{x, top - 90}, point{x + 150, top - 4})
	p.box(ink, 1, x+110, top, 56, 54)
	p.box(p.warm, 1, x-26, top+14, 52, 44)
	p.line(ink, 1, 4, point{x - 360, top}, point{x - 360, top + 150})
	p.box(p.cool, 1, x-404, top+150, 88, 44)
}

func bridge(p *painter) {
	sun := point{p.between(420, 780), 300}
	p.glow(sun, 84)
	p.birds(point{260, 170}, 5)
	p.fill(p.far, 1, p.ridge(470, 46, 800)...)
	p.water(560)
	p.glints(sun.x, 560)
	for _, x := range [...]float64{300, 900} { // the towers
		p.box(p.near, 1, x-34, 150, 20, 470)
		p.box(p.near, 1, x+14, 150, 20, 470)
		for _, y := range [...]float64{170, 270, 370} {
			p.box(p.near, 1, x-34, y, 68, 16)
		}
		p.box(p.near, 1, x-60, 610, 120, 40)
	}
	cable := func(x float64) float64 {
		switch {
		case x < 300:
			return 156 + (300-x)/300*270
		case x > 900:
			return 156 + (x-900)/300*270
		}
		part := (x - 600) / 300
		return 430 - 274*part*part
	}
	for x := 0.0; x < pictureWidth; x += 12 {
		p.line(p.warm, 1, 8, point{x, cable(x)}, point{x + 12.6, cable(x + 12)})
	}
	for x := 24.0; x < pictureWidth; x += 36 {
		p.line(p.warm, 0.9, 3, point{x, cable(x)}, point{x, 470})
	}
	p.box(p.warm, 1, 0, 462, pictureWidth, 24)
	p.box(p.near, 1, 0, 486, pictureWidth, 10)
}
