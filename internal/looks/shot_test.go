//go:build looks

package looks_test

import (
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// shot is how a page is photographed.
type shot struct {
	width int
	dark  bool
	most  int // of the height, 0 for all
}

// leastWindow is the narrowest window that Chromium opens.
const leastWindow = 500

// frame is a page with another one in a column of that width.
func frame(t *testing.T, page string, width int) string {
	t.Helper()
	framed := filepath.Join(t.TempDir(), "frame.html")
	write(t, framed, fmt.Sprintf(`<!DOCTYPE html><meta name="color-scheme" content="light dark"><body style="margin:0"><iframe src="file://%s" width="%d" height="%d" style="border:0;display:block"></iframe>`, page, width, tallest))
	return framed
}

// tallest is the height of the window: the empty rest of it is cut off.
const tallest = 9000

// shoot photographs a page.
func shoot(t *testing.T, page, to string, s shot) {
	t.Helper()
	scheme := 1
	if s.dark {
		scheme = 0
	}
	page, err := filepath.Abs(page)
	if err != nil {
		t.Fatal(err)
	}
	if s.width < leastWindow {
		page = frame(t, page, s.width)
	}
	out, err := exec.Command("chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
		fmt.Sprintf("--blink-settings=preferredColorScheme=%d", scheme), fmt.Sprintf("--window-size=%d,%d", max(s.width, leastWindow), tallest),
		"--screenshot="+to, "file://"+page).CombinedOutput()
	if err != nil {
		t.Fatalf("photograph %s: %v\n%s", page, err, out)
	}
	crop(t, to, s)
}

// crop cuts off what is below the last line that differs from the line below it.
func crop(t *testing.T, path string, s shot) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(f)
	f.Close()
	if err != nil {
		t.Fatal(err)
	}
	b := img.Bounds()
	end := b.Max.Y
	for end > 1 && uniform(img, end-1, s.width) {
		end--
	}
	end = min(end+24, b.Max.Y)
	if s.most > 0 {
		end = min(end, s.most)
	}
	cut := image.NewPaletted(image.Rect(0, 0, s.width, end), commonest(img, s.width, end))
	draw.Draw(cut, cut.Bounds(), img, image.Point{}, draw.Src)
	f, err = os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(f, cut); err != nil {
		t.Fatal(err)
	}
}

func uniform(img image.Image, y, width int) bool {
	first := img.At(0, y)
	for x := range width {
		if img.At(x, y) != first {
			return false
		}
	}
	return true
}

// commonest are the 256 colours of a picture that stand there most often: mails
// have few, and files with a palette are small.
func commonest(img image.Image, width, height int) color.Palette {
	count := map[color.RGBA]int{}
	for y := range height {
		for x := range width {
			c := color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)
			count[color.RGBA{c.R &^ 3, c.G &^ 3, c.B &^ 3, 255}]++
		}
	}
	all := slices.Collect(maps.Keys(count))
	slices.SortFunc(all, func(a, b color.RGBA) int {
		return cmp.Or(count[b]-count[a], cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)))
	})
	var p color.Palette
	for _, c := range all[:min(len(all), 256)] {
		p = append(p, c)
	}
	return p
}
