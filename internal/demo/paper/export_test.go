package paper

// CheckStories reads stories in the format of the story files.
func CheckStories(text string) error {
	_, err := parseStories(text)
	return err
}

// Draw paints a scene.
func Draw(scene, seed string) ([]byte, error) { return draw(scene, seed) }

// Ink fills a polygon with white on black and returns how bright a pixel is.
func Ink(x, y int, corners ...[2]float64) uint8 {
	c := newCanvas(8, 8)
	var outline []point
	for _, corner := range corners {
		outline = append(outline, point{corner[0], corner[1]})
	}
	c.fill(colour{R: 255, G: 255, B: 255, A: 255}, 1, outline...)
	return c.img.RGBAAt(x, y).R
}
