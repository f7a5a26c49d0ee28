package paper

// scenes are the motifs that stories name.
func scenes() map[string]func(p *painter) {
	return map[string]func(p *painter){
		"harbour": harbour, "skyline": skyline, "hills": hills,
	}
}

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

func skyline(p *painter) {
	p.glow(point{p.between(250, 950), p.between(160, 280)}, p.between(55, 80))
	p.blocks(blocks{ink: p.far, base: 800, width: 90, height: 560})
	p.blocks(blocks{ink: p.mid, base: 800, width: 120, height: 430, lit: 0.22})
	p.blocks(blocks{ink: p.near, base: 800, width: 150, height: 270, lit: 0.35})
}

func hills(p *painter) {
	p.glow(point{p.between(250, 950), p.between(170, 290)}, p.between(65, 95))
	p.birds(point{p.between(300, 900), 190}, 4)
	for n, ink := range [...]colour{p.far, mix(p.far, p.mid, 0.6), p.mid, p.near} {
		p.fill(ink, 1, p.ridge(430+float64(n)*95, 60-float64(n)*6, 760+float64(n)*150)...)
	}
}
