package paper_test

import (
	"bytes"
	"image/jpeg"
	"net/http"
	"strings"
	"testing"
	"time"

	"broadsheet/internal/demo/paper"
)

// TestEveryPicture draws the picture of each story.
func TestEveryPicture(t *testing.T) {
	t.Parallel()
	p := paper.New(time.Now())
	p.PublishLater(100)
	drawn := map[string]string{}
	for _, s := range stories(t, p) {
		if s.ImageURL == "" {
			continue
		}
		rec := get(p, strings.TrimPrefix(s.ImageURL, base), nil)
		if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "image/jpeg" {
			t.Errorf("%s was answered with %d %s", s.ImageURL, rec.Code, rec.Header().Get("Content-Type"))
			continue
		}
		body := rec.Body.Bytes()
		if other := drawn[string(body)]; other != "" {
			t.Errorf("%s has the picture of %s", s.URL, other)
		}
		drawn[string(body)] = s.URL
		if len(body) > 60_000 {
			t.Errorf("%s has %d bytes, want 60,000 at most", s.ImageURL, len(body))
		}
		shape, err := jpeg.DecodeConfig(bytes.NewReader(body))
		if err != nil || shape.Width != 1200 || shape.Height != 800 {
			t.Errorf("%s is %d by %d (%v), want 1200 by 800", s.ImageURL, shape.Width, shape.Height, err)
		}
	}
}

func TestPicturesAreTheSameInEveryRun(t *testing.T) {
	one := get(paper.New(time.Now()), "/picture/night-ferry.jpg", nil)
	two := get(paper.New(time.Now().Add(time.Hour)), "/picture/night-ferry.jpg", nil)
	if !bytes.Equal(one.Body.Bytes(), two.Body.Bytes()) || one.Body.Len() == 0 {
		t.Error("two runs drew different pictures")
	}
	if _, err := jpeg.Decode(one.Body); err != nil {
		t.Error(err)
	}
	three, err := paper.Draw("harbour, dusk", "another")
	if err != nil || bytes.Equal(three, two.Body.Bytes()) {
		t.Errorf("another story has the same harbour (%v)", err)
	}
}

func TestScenesThatAreWrong(t *testing.T) {
	for scene, want := range map[string]string{
		"volcano, dusk": `there is no scene "volcano"`,
		"harbour":       `there is no light ""`,
		"harbour, noon": `there is no light "noon"`,
	} {
		if _, err := paper.Draw(scene, ""); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", scene, err, want)
		}
	}
}

func TestEdgesAreSmooth(t *testing.T) {
	square := func(left, top, right, bottom float64) [][2]float64 {
		return [][2]float64{{left, top}, {right, top}, {right, bottom}, {left, bottom}}
	}
	for _, tc := range []struct {
		name    string
		x, y    int
		corners [][2]float64
		want    int
	}{
		{"inside", 4, 4, square(2, 2, 6, 6), 255},
		{"outside", 6, 4, square(2, 2, 6, 6), 0},
		{"half a pixel to the side", 2, 4, square(2.5, 2, 6, 6), 127},
		{"a quarter of a pixel in the corner", 2, 2, square(2.5, 2.5, 6, 6), 63},
		{"turned the other way", 4, 4, [][2]float64{{2, 2}, {2, 6}, {6, 6}, {6, 2}}, 255},
		{"a slope through the pixel", 3, 3, [][2]float64{{0, 0}, {8, 8}, {0, 8}}, 127},
		{"beyond every edge", 7, 7, square(-9, -9, 30, 30), 255},
		{"left of the picture", 0, 4, square(-9, 2, -3, 6), 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := int(paper.Ink(tc.x, tc.y, tc.corners...)); got < tc.want-1 || got > tc.want+1 {
				t.Errorf("got %d, want %d", got, tc.want)
			}
		})
	}
}
