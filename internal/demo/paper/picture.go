package paper

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"strings"
	"sync"
)

// Pictures have the shape in which the digest shows them, and twice its width.
const (
	pictureWidth  = 1200
	pictureHeight = 800
)

// gallery draws each picture once. Its zero value is ready to use.
type gallery struct {
	mu   sync.Mutex
	done map[string][]byte
}

// picture returns the picture of a story as JPEG, the same at every call and
// in every run.
func (g *gallery) picture(st *story) ([]byte, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if known, ok := g.done[st.slug]; ok {
		return known, nil
	}
	drawn, err := draw(st.scene, st.slug)
	if err != nil {
		return nil, fmt.Errorf("draw the picture of %s: %w", st.slug, err)
	}
	if g.done == nil {
		g.done = map[string][]byte{}
	}
	g.done[st.slug] = drawn
	return drawn, nil
}

// draw paints a scene such as "harbour, dusk"; seed varies its details.
func draw(scene, seed string) ([]byte, error) {
	name, light, _ := strings.Cut(scene, ", ")
	paint, known := scenes()[name]
	if !known {
		return nil, fmt.Errorf("there is no scene %q", name)
	}
	colours, known := lights()[light]
	if !known {
		return nil, fmt.Errorf("there is no light %q", light)
	}
	sum := fnv.New64a()
	sum.Write([]byte(seed))
	p := &painter{canvas: newCanvas(pictureWidth, pictureHeight), light: colours, random: rand.New(rand.NewPCG(sum.Sum64(), 1))}
	p.gradient(colours.high, colours.low)
	paint(p)
	return encode(p.img)
}

// encode writes the best JPEG that is no larger than a mail should load.
func encode(img image.Image) ([]byte, error) {
	const most = 60_000 // bytes
	for quality := 80; ; quality -= 8 {
		var out bytes.Buffer
		if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: quality}); err != nil {
			return nil, err
		}
		if out.Len() <= most || quality < 50 {
			return out.Bytes(), nil
		}
	}
}
