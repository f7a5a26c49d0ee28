package ingest_test

import (
	"testing"

	"broadsheet/digest"
)

func TestReadPagePicture(t *testing.T) {
	og := func(address string) string { return `<meta property="og:image" content="` + address + `">` }
	for name, test := range map[string]struct {
		head, more string
		want       digest.Incoming
	}{
		"JPEG before WebP":            {og("/a.webp") + `<meta name="twitter:image" content="/a.jpg">`, "", digest.Incoming{ImageURL: "/a.jpg"}},
		"WebP if there is no other":   {og("/a.webp"), "", digest.Incoming{ImageURL: "/a.webp"}},
		"WebP by its parameter":       {og("/a.jpg?format=webp") + og("/b.jpg"), "", digest.Incoming{ImageURL: "/b.jpg"}},
		"never SVG or AVIF":           {og("/a.svg") + og("/a.avif"), "", digest.Incoming{}},
		"a type that is declared":     {og("/a") + `<meta property="og:image:type" content="image/avif">`, "", digest.Incoming{}},
		"no logo":                     {og("/img/logo.png") + `<meta name="twitter:image" content="/a.jpg">`, "", digest.Incoming{ImageURL: "/a.jpg"}},
		"a logo if there is no other": {og("/img/logo.png"), "", digest.Incoming{ImageURL: "/img/logo.png"}},
		"no embedded data":            {og("data:image/png;base64,AAAA"), "", digest.Incoming{}},
		"too small":                   {og("/a.jpg") + `<meta property="og:image:width" content="60">`, "", digest.Incoming{}},
		"a picture of the text": {"", `<figure><img src="/a.jpg" alt="The bridge" width="800" height="450"><figcaption>At dawn <span class="credit">Photo: Ann Lee</span></figcaption></figure>`,
			digest.Incoming{ImageURL: "/a.jpg", ImageAlt: "The bridge", ImageWidth: 800, ImageHeight: 450, ImageCredit: "Ann Lee"}},
		"one of its sizes":       {"", `<figure><img src="/s.jpg" srcset="/m.jpg 640w, /l.jpg 1280w, /l.webp 2000w"></figure>`, digest.Incoming{ImageURL: "/l.jpg", ImageWidth: 1280}},
		"none of the navigation": {"", `<nav><img src="/n.jpg" width="400"></nav>`, digest.Incoming{}},
		"credit of its figure": {og("/2026/bridge-at-dawn-1200x630.jpg"), `<figure><img src="/2026/bridge-at-dawn-640x360.jpg" alt="The bridge"><figcaption>The bridge at dawn. (Photo: Ann Lee / Courier)</figcaption></figure>`,
			digest.Incoming{ImageURL: "/2026/bridge-at-dawn-1200x630.jpg", ImageAlt: "The bridge", ImageCredit: "Ann Lee / Courier"}},
		"copyright of its figure": {og("/2026/bridge-at-dawn.jpg"), `<figure><img src="/2026/bridge-at-dawn.jpg"><figcaption>The bridge at dawn © Ann Lee</figcaption></figure>`,
			digest.Incoming{ImageURL: "/2026/bridge-at-dawn.jpg", ImageCredit: "Ann Lee"}},
		"details of the first": {og("/a.jpg") + og("/b.jpg") + `<meta property="og:image:alt" content="The bridge"><meta property="og:image:width" content="1200px">`, "",
			digest.Incoming{ImageURL: "/a.jpg", ImageAlt: "The bridge", ImageWidth: 1200}},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := readPage(t, pageWith("<title>Bridge reopens</title>"+test.head, test.more))
			if test.want.ImageURL != "" {
				test.want.ImageURL = "https://courier.example" + test.want.ImageURL
			}
			if got.ImageURL != test.want.ImageURL || got.ImageAlt != test.want.ImageAlt || got.ImageCredit != test.want.ImageCredit {
				t.Errorf("picture %q, alt %q, credit %q, want %q, %q, %q", got.ImageURL, got.ImageAlt, got.ImageCredit, test.want.ImageURL, test.want.ImageAlt, test.want.ImageCredit)
			}
			if got.ImageWidth != test.want.ImageWidth || got.ImageHeight != test.want.ImageHeight {
				t.Errorf("size %d x %d, want %d x %d", got.ImageWidth, got.ImageHeight, test.want.ImageWidth, test.want.ImageHeight)
			}
		})
	}
}
