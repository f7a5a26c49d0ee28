package paper

import "math"

// scenes are the motifs that stories name.
func scenes() map[string]func(p *painter) {
	return map[string]func(p *painter){
		"harbour": harbour, "regatta": regatta, "lighthouse": lighthouse, "reef": reef, "shipyard": shipyard, "bridge": bridge,
		"skyline": skyline, "tram": tram, "townhall": townHall, "market": market, "rain": rain, "windows": shopWindows,
		"stage": stage, "books": books, "gallery": galleryWall,
		"pitch": pitch, "hills": hills, "garden": garden, "observatory": observatory,
	}
}

func skyline(p *painter) {
	p.glow(point{p.between(250, 950), p.between(160, 280)}, p.between(55, 80))
	p.blocks(blocks{ink: p.far, base: 800, width: 90, height: 560})
	p.blocks(blocks{ink: p.mid, base: 800, width: 120, height: 430, lit: 0.22})
	p.blocks(blocks{ink: p.near, base: 800, width: 150, height: 270, lit: 0.35})
}

func tram(p *painter) {
	p.glow(point{p.between(800, 1000), 170}, 60)
	p.blocks(blocks{ink: p.far, base: 640, width: 110, height: 430})
	p.blocks(blocks{ink: p.mid, base: 640, width: 140, height: 330, lit: 0.25})
	p.box(p.near, 1, 0, 640, pictureWidth, 160)
	p.box(p.pale, 0.35, 0, 690, pictureWidth, 5)
	p.box(p.pale, 0.35, 0, 730, pictureWidth, 7)
	p.line(p.near, 1, 4, point{0, 288}, point{pictureWidth, 296})
	x := p.between(240, 380)
	p.line(p.near, 1, 5, point{x + 250, 400}, point{x + 310, 345})
	p.line(p.near, 1, 5, point{x + 310, 345}, point{x + 270, 291})
	p.box(p.warm, 1, x, 412, 560, 250)
	p.fill(p.warm, 1, arc(point{x, 537}, 44, 125, math.Pi/2, math.Pi*1.5)...)
	p.fill(p.warm, 1, arc(point{x + 560, 537}, 44, 125, -math.Pi/2, math.Pi/2)...)
	p.box(p.near, 1, x-6, 398, 572, 16)
	p.box(p.pale, 1, x-34, 575, 628, 16)
	for n := range 6 {
		p.box(p.near, 1, x+8+float64(n)*93, 446, 78, 100)
		p.box(p.pale, 0.85, x+12+float64(n)*93, 450, 70, 92)
	}
	for _, at := range [...]float64{95, 175, 385, 465} {
		p.disc(p.near, 1, point{x + at, 672}, 31)
		p.disc(p.far, 1, point{x + at, 672}, 12)
	}
}

func townHall(p *painter) {
	p.glow(point{p.between(160, 320), 190}, 60)
	p.birds(point{930, 160}, 5)
	p.blocks(blocks{ink: p.far, base: 732, width: 100, height: 330})
	p.box(p.mid, 1, 545, 130, 110, 260) // the tower
	p.fill(p.near, 1, point{530, 134}, point{600, 18}, point{670, 134})
	p.disc(p.pale, 1, point{600, 205}, 38)
	p.line(p.near, 1, 6, point{600, 205}, point{600, 178})
	p.line(p.near, 1, 6, point{600, 205}, point{621, 217})
	p.fill(p.mid, 1, point{270, 392}, point{600, 252}, point{930, 392})
	p.fill(p.pale, 0.25, point{350, 378}, point{600, 272}, point{850, 378})
	p.box(p.near, 1, 255, 390, 690, 30)
	p.box(mix(p.mid, p.pale, 0.2), 1, 285, 420, 630, 220)
	for n := range 7 {
		x := 300 + float64(n)*91
		p.box(p.pale, 1, x, 432, 46, 208)
		p.box(p.near, 0.18, x+30, 432, 16, 208)
		p.box(p.pale, 1, x-7, 420, 60, 14)
	}
	for n := range 4 {
		p.box(mix(p.near, p.mid, 0.3*float64(n%2)), 1, 255-34*float64(n), 636+24*float64(n), 690+68*float64(n), 25)
	}
	p.box(p.near, 1, 0, 732, pictureWidth, 70)
	for n, ink := range [...]colour{p.warm, p.cool} {
		x := 190 + float64(n)*820
		p.box(p.near, 1, x, 400, 7, 340)
		p.fill(ink, 1, point{x + 7, 404}, point{x + 105, 418}, point{x + 80, 444}, point{x + 105, 474}, point{x + 7, 462})
	}
}

func market(p *painter) {
	p.glow(point{p.between(820, 980), 130}, 52)
	p.blocks(blocks{ink: p.far, base: 640, width: 120, height: 450})
	p.box(p.far, 1, 0, 360, pictureWidth, 280)
	p.box(p.near, 1, 0, 640, pictureWidth, 160)
	for n, ink := range [...]colour{p.warm, p.cool, p.warm} {
		p.stall(60+float64(n)*375, ink)
	}
}

func (p *painter) stall(x float64, ink colour) {
	const w, stripes = 330.0, 8
	p.box(p.mid, 1, x+16, 330, 10, 400)
	p.box(p.mid, 1, x+w-26, 330, 10, 400)
	for n := range stripes {
		cloth := ink
		if n%2 == 1 {
			cloth = p.pale
		}
		left := float64(n) / stripes * w
		top := func(at float64) float64 { return x + w/2 + (at-w/2)*0.78 }
		p.fill(cloth, 1, point{top(left), 290}, point{top(left + w/stripes), 290}, point{x + left + w/stripes, 410}, point{x + left, 410})
		p.fill(cloth, 1, arc(point{x + left + w/stripes/2, 409}, w/stripes/2, 22, 0, math.Pi)...)
	}
	p.box(mix(p.near, p.mid, 0.55), 1, x+4, 600, w-8, 130)
	fruit := [...]colour{p.warm, p.pale, p.cool, mix(p.warm, p.pale, 0.5)}
	for crate := range 3 {
		left := x + 14 + float64(crate)*104
		kind := fruit[p.random.IntN(len(fruit))]
		for n := range 9 {
			at := point{left + 15 + float64(n%5)*17 + float64(n/5)*9, 586 - float64(n/5)*14}
			p.disc(mix(kind, p.near, p.between(0, 0.16)), 1, at, 12)
		}
		p.box(mix(p.mid, p.pale, 0.3), 1, left, 592, 94, 36)
		p.box(p.near, 0.35, left, 608, 94, 5)
	}
}

func rain(p *painter) {
	p.blocks(blocks{ink: p.far, base: 800, width: 120, height: 600})
	p.blocks(blocks{ink: p.mid, base: 800, width: 160, height: 430, lit: 0.2})
	for range 130 {
		at := point{p.between(-40, pictureWidth), p.between(-40, 720)}
		length := p.between(26, 60)
		p.line(p.pale, 0.4, 2.4, at, point{at.x - length*0.28, at.y + length})
	}
	p.box(p.near, 1, 0, 716, pictureWidth, 84)
	inks := [...]colour{p.warm, p.cool, p.pale, mix(p.warm, p.pale, 0.45)}
	for n := range 4 {
		x, y, size := 165+float64(n)*290+p.between(-30, 30), p.between(450, 520), p.between(115, 145)
		p.box(p.near, 1, x-4, y-size*0.1, 8, 190)
		p.umbrella(point{x, y}, size, inks[n])
		p.fill(p.near, 1, arc(point{x, 760}, 58, 150, math.Pi, 2*math.Pi)...) // shoulders
		p.disc(p.near, 1, point{x, 588}, 31)
	}
}

func (p *painter) umbrella(at point, size float64, ink colour) {
	p.fill(ink, 1, arc(at, size, size*0.72, math.Pi, 2*math.Pi)...)
	p.fill(p.near, 0.16, append(arc(at, size, size*0.72, 1.5*math.Pi, 2*math.Pi), at)...)
	p.fill(p.near, 0.12, arc(at, size*0.36, size*0.72, math.Pi, 2*math.Pi)...)
	p.box(p.near, 1, at.x-3, at.y-size*0.72-14, 6, 16)
}

func shopWindows(p *painter) {
	for row := range 3 {
		for column := range 4 {
			x, y := float64(column)*300, float64(row)*290-40
			wall := [...]colour{p.mid, mix(p.mid, p.near, 0.35), mix(p.mid, p.far, 0.3), p.cool}[p.random.IntN(4)]
			p.box(wall, 1, x, y, 301, 291)
			p.box(p.near, 1, x+62, y+48, 176, 206)
			p.pane(x+70, y+56)
			p.box(p.far, 1, x+46, y+250, 208, 14)
		}
	}
}

// pane paints what is seen through one window of a house front.
func (p *painter) pane(x, y float64) {
	glass := mix(p.near, p.cool, 0.45)
	lit := p.random.IntN(5) < 3
	if lit {
		glass = p.pale
	}
	p.box(glass, 1, x, y, 160, 190)
	switch p.random.IntN(4) {
	case 0: // curtains
		p.fill(p.warm, 0.9, point{x, y}, point{x + 70, y}, point{x + 26, y + 190}, point{x, y + 190})
		p.fill(p.warm, 0.9, point{x + 160, y}, point{x + 90, y}, point{x + 134, y + 190}, point{x + 160, y + 190})
	case 1: // a plant
		p.box(p.warm, 1, x+56, y+150, 48, 40)
		for n := range 5 {
			p.leaf(point{x + 80, y + 154}, 92, -math.Pi/2+0.42*(float64(n)-2), p.cool)
		}
	case 2: // a blind
		p.box(p.far, 0.9, x, y, 160, p.between(50, 120))
	case 3: // a lamp
		p.box(p.near, 1, x+78, y, 4, 54)
		p.fill(p.warm, 1, point{x + 58, y + 54}, point{x + 102, y + 54}, point{x + 124, y + 92}, point{x + 36, y + 92})
	}
	p.box(p.near, 1, x+77, y, 6, 190)
	p.box(p.near, 1, x, y+70, 160, 6)
}
