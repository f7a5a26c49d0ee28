package browsertest_test

import (
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// goldens is where the mails lie that package templates draws in its tests.
const goldens = "../../templates/testdata/"

// goldenMails are the paths of the HTML parts of all mails that are kept there:
// those with a text part beside them.
func goldenMails(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob(goldens + "*.html")
	if err != nil {
		t.Fatal(err)
	}
	var mails []string
	for _, path := range all {
		if _, err := os.Stat(textPart(path)); err == nil {
			mails = append(mails, path)
		}
	}
	if len(mails) < 4 {
		t.Fatalf("there are %d mails in %s", len(mails), goldens)
	}
	return mails
}

func textPart(path string) string { return strings.TrimSuffix(path, ".html") + ".txt" }

func mailName(path string) string { return strings.TrimSuffix(filepath.Base(path), ".html") }

// picture is the address of any picture in a mail.
var picture = regexp.MustCompile(`src="https?://[^"]+"`)

// serveMails serves the mails below /loaded/ with a picture in the place of
// every one, and below /blocked/ with pictures that do not come, which an
// answer without content stands for.
func serveMails(t *testing.T, mails []string) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /picture", func(w http.ResponseWriter, _ *http.Request) {
		img := image.NewRGBA(image.Rect(0, 0, 1200, 800))
		for y := range 800 {
			for x := range 1200 {
				img.SetRGBA(x, y, color.RGBA{uint8(90 + y/8), uint8(110 + x/16), 150, 255})
			}
		}
		w.Header().Set("Content-Type", "image/png")
		_ = png.Encode(w, img)
	})
	mux.HandleFunc("GET /nothing", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	for _, path := range mails {
		html, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for way, src := range map[string]string{"loaded": "/picture", "blocked": "/nothing"} {
			shown := picture.ReplaceAllLiteral(html, []byte(`src="`+src+`"`))
			mux.HandleFunc("GET /"+way+"/"+mailName(path), func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				_, _ = w.Write(shown)
			})
		}
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// TestMailsLookRight opens every mail as phones and desks show it, light and
// dark, with pictures and without: nothing stands out at the side, and axe has
// nothing serious to say.
func TestMailsLookRight(t *testing.T) {
	mails := goldenMails(t)
	browser := startChromium(t)
	b := openTab(t, browser, serveMails(t, mails), visitor{script: true, zone: "UTC"})
	for _, path := range mails {
		for _, way := range []string{"loaded", "blocked"} {
			b.open("/" + way + "/" + mailName(path))
			b.inspect("mails", mailName(path)+"-"+way, []int64{320, 640}, "serious", "critical")
		}
	}
}
