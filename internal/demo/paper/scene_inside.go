package paper

import "math"

func stage(p *painter) {
	p.box(p.near, 1, 0, 0, pictureWidth, pictureHeight)
	centre := p.between(540, 640)
	for n, lamp := range [...]float64{-180, 0, 180} {
		x := centre + lamp*p.between(0.8, 1.3)
		p.fill([...]colour{p.pale, p.sun, p.pale}[n], 0.17, point{x - 14, 0}, point{x + 14, 0}, point{x + 150 - 90*float64(n-1), 660}, point{x - 150 - 90*float64(n-1), 660})
	}
	p.fill(mix(p.near, p.mid, 0.7), 1, point{0, 800}, point{120, 640}, point{1080, 640}, point{1200, 800})
	p.fill(p.pale, 0.3, arc(point{centre, 672}, 250, 30, 0, 2*math.Pi)...)
	p.player(point{centre, 660})
	for n := range 7 { // the curtains, in folds
		ink := mix(p.warm, p.near, 0.12+0.3*float64(n%2))
		left, low := float64(n)*48, 800-float64(n*n)*5
		p.fill(ink, 1, point{left, 0}, point{left + 49, 0}, point{left + 49 - float64(n)*9, low}, point{left - float64(n)*8, low})
		p.fill(ink, 1, point{1200 - left, 0}, point{1151 - left, 0}, point{1151 - left + float64(n)*9, low}, point{1200 - left + float64(n)*8, low})
	}
	for n := range 9 {
		p.fill(mix(p.warm, p.near, 0.1+0.12*float64(n%2)), 1, arc(point{66 + float64(n)*133, 30}, 72, 70, 0, math.Pi)...)
	}
	p.box(p.warm, 1, 0, 0, pictureWidth, 34)
}

// player paints a figure with a double bass, who stands on the point.
func (p *painter) player(at point) {
	p.fill(p.near, 1, point{at.x - 74, at.y}, point{at.x - 60, at.y - 190}, point{at.x - 34, at.y - 236}, point{at.x + 14, at.y - 232}, point{at.x + 22, at.y - 120}, point{at.x + 10, at.y})
	p.disc(p.near, 1, point{at.x - 10, at.y - 268}, 31)
	body := mix(p.warm, p.pale, 0.25)
	p.fill(body, 1, arc(point{at.x + 74, at.y - 74}, 66, 70, 0, 2*math.Pi)...)
	p.fill(body, 1, arc(point{at.x + 74, at.y - 158}, 50, 54, 0, 2*math.Pi)...)
	p.box(p.near, 1, at.x+67, at.y-330, 14, 250)
	p.disc(p.near, 1, point{at.x + 74, at.y - 334}, 13)
	p.box(p.near, 1, at.x+50, at.y-62, 48, 7)
	p.line(p.near, 1, 17, point{at.x - 20, at.y - 216}, point{at.x + 72, at.y - 258})
	p.line(p.near, 1, 16, point{at.x - 10, at.y - 170}, point{at.x + 44, at.y - 104})
	p.line(p.pale, 1, 5, point{at.x - 6, at.y - 104}, point{at.x + 150, at.y - 112})
}

func books(p *painter) {
	p.box(mix(p.near, p.mid, 0.25), 1, 0, 0, pictureWidth, pictureHeight)
	inks := [...]colour{p.warm, p.cool, p.pale, p.mid, p.far, mix(p.warm, p.near, 0.4), mix(p.cool, p.pale, 0.4)}
	for shelf := range 2 {
		floor := 372 + float64(shelf)*396
		for x := 30.0; x < 1150; {
			w, h := p.between(44, 96), p.between(230, 330)
			ink := inks[p.random.IntN(len(inks))]
			switch p.random.IntN(12) {
			case 0: // one that leans on the next
				p.fill(ink, 1, point{x, floor}, point{x + w, floor}, point{x + w + 46, floor - h*0.94}, point{x + 46, floor - h*0.97})
				x += w + 50
				continue
			case 1: // a gap
				x += w
				continue
			}
			p.spine(x, floor, w, h, ink)
			x += w + 3
		}
		p.box(mix(p.far, p.near, 0.45), 1, 0, floor, pictureWidth, 20)
		p.box(p.near, 0.5, 0, floor+20, pictureWidth, 10)
	}
}

func (p *painter) spine(x, floor, w, h float64, ink colour) {
	p.box(ink, 1, x, floor-h, w, h)
	p.box(p.near, 0.16, x+w*0.72, floor-h, w*0.28, h)
	label := p.pale
	if ink == p.pale || ink == p.far {
		label = p.near
	}
	p.box(label, 0.85, x+w*0.2, floor-h*0.85, w*0.6, 7)
	p.box(label, 0.85, x+w*0.2, floor-h*0.78, w*0.6, h*p.between(0.12, 0.34))
	p.box(label, 0.85, x+w*0.2, floor-h*0.14, w*0.6, 7)
}

func galleryWall(p *painter) {
	p.box(mix(p.low, p.pale, 0.5), 1, 0, 0, pictureWidth, 640)
	p.box(p.mid, 1, 0, 640, pictureWidth, 160)
	p.fill(p.near, 0.25, point{0, 640}, point{1200, 640}, point{1200, 656}, point{0, 656})
	inks := [...]colour{p.warm, p.cool, p.far, p.near, p.mid}
	for n, frame := range [...]struct{ x, y, w, h float64 }{{80, 130, 270, 350}, {440, 90, 400, 300}, {920, 150, 210, 290}} {
		p.fill(p.near, 0.18, point{frame.x + 12, frame.y + 16}, point{frame.x + frame.w + 26, frame.y + 16}, point{frame.x + frame.w + 26, frame.y + frame.h + 26}, point{frame.x + 12, frame.y + frame.h + 26})
		p.box(p.near, 1, frame.x-12, frame.y-12, frame.w+24, frame.h+24)
		p.box(p.pale, 1, frame.x, frame.y, frame.w, frame.h)
		first := p.random.IntN(len(inks))
		a, b, c := inks[first], inks[(first+1)%5], inks[(first+2)%5]
		x, y, w, h := frame.x+26, frame.y+26, frame.w-52, frame.h-52
		switch (n + first) % 3 {
		case 0:
			p.box(a, 1, x, y, w, h)
			p.disc(p.sun, 1, point{x + w*0.5, y + h*0.4}, w*0.22)
			p.box(b, 1, x, y+h*0.64, w, h*0.36)
		case 1:
			p.box(a, 1, x, y, w*0.6, h*0.55)
			p.box(b, 1, x+w*0.62, y, w*0.38, h)
			p.box(c, 1, x, y+h*0.58, w*0.6, h*0.42)
		case 2:
			p.box(b, 1, x, y, w, h)
			p.fill(a, 1, point{x, y + h}, point{x + w*0.55, y + h*0.15}, point{x + w, y + h})
			p.disc(c, 1, point{x + w*0.78, y + h*0.24}, w*0.1)
		}
	}
	for n, x := range [...]float64{540, 690} { // visitors
		ink := [...]colour{p.near, mix(p.near, p.warm, 0.35)}[n]
		p.fill(ink, 1, arc(point{x, 770}, 58, 300-26*float64(n), math.Pi, 2*math.Pi)...)
		p.disc(ink, 1, point{x, 446 + 26*float64(n)}, 36)
	}
}
