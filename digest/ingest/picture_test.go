package ingest_test

import (
	"encoding/xml"
	"fmt"
	"strings"
	"testing"

	"broadsheet/digest"
	"broadsheet/digest/ingest"
)

// pictureOf reads a feed of one item and draws its picture on one line.
func pictureOf(t *testing.T, elements, link string) (drawn string, notes []string) {
	t.Helper()
	body := `<rss xmlns:media="http://search.yahoo.com/mrss/" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><item><title>A</title><link>` +
		link + `</link>` + elements + `</item></channel></rss>`
	feed, err := ingest.ParseFeed([]byte(body), "", "https://post.example/feed/rss.xml")
	if err != nil || len(feed.Items) != 1 {
		t.Fatalf("got %+v, error %v", feed, err)
	}
	return drawPicture(feed.Items[0]), feed.Notes
}

func drawPicture(in digest.Incoming) string {
	out := strings.TrimPrefix(in.ImageURL, "https://img.example/")
	if in.ImageWidth > 0 || in.ImageHeight > 0 {
		out += fmt.Sprintf(" %dx%d", in.ImageWidth, in.ImageHeight)
	}
	if in.ImageAlt != "" {
		out += " alt=" + in.ImageAlt
	}
	if in.ImageCredit != "" {
		out += " by=" + in.ImageCredit
	}
	return out
}

func content(attributes, inner string) string {
	return "<media:content " + attributes + ">" + inner + "</media:content>"
}

func encoded(t *testing.T, text string) string {
	t.Helper()
	var out strings.Builder
	if err := xml.EscapeText(&out, []byte(text)); err != nil {
		t.Fatal(err)
	}
	return "<content:encoded>" + out.String() + "</content:encoded>"
}

func TestParseFeedChoosesPictures(t *testing.T) {
	const at = `url="https://img.example/`
	for _, c := range []struct{ name, elements, want string }{
		{"size, text and credit", content(at+`a.jpg" width="1200" height="800"`, "<media:description>The &lt;b&gt;ferry&lt;/b&gt;</media:description><media:credit>Ruth Adeyemi</media:credit>"), "a.jpg 1200x800 alt=The ferry by=Ruth Adeyemi"},
		{"copyright for want of a credit", content(at+`a.jpg"`, "<media:copyright>Agency</media:copyright>"), "a.jpg by=Agency"},
		{"described by its group", "<media:group><media:title>The ferry</media:title><media:credit>Ruth</media:credit>" + content(at+`a.jpg"`, "") + "</media:group>", "a.jpg alt=The ferry by=Ruth"},
		{"described by the item", "<media:credit>Ruth</media:credit><media:group>" + content(at+`a.jpg"`, "") + "</media:group>", "a.jpg by=Ruth"},
		{"JPEG of several", "<media:group>" + content(at+`a.webp" width="1600"`, "") + content(at+`a.avif" width="1600"`, "") + content(at+`a.jpg" width="800"`, "") + "</media:group>", "a.jpg 800x0"},
		{"a width that suits", content(at+`a.jpg" width="320"`, "") + content(at+`b.jpg" width="1280"`, "") + content(at+`c.jpg" width="6000"`, ""), "b.jpg 1280x0"},
		{"the original, if the other is small", content(at+`a.jpg" width="320"`, "") + content(at+`c.jpg" width="6000"`, ""), "c.jpg 6000x0"},
		{"WebP by its type", content(at+`a" type="image/webp"`, "") + content(at+`b" type="image/png"`, ""), "b"},
		{"WebP in spite of its type", content(at+`a.webp" type="image/jpeg"`, "") + `<media:thumbnail ` + at + `b.jpg"/>`, "b.jpg"},
		{"WebP by its query", content(at+`a.jpg?fm=webp" medium="image"`, "") + `<enclosure ` + at + `b.jpg" type="image/jpeg"/>`, "b.jpg"},
		{"WebP if there is nothing else", content(at+`a.webp"`, ""), "a.webp"},
		{"JPEG of the text before WebP", content(at+`a.webp"`, "") + encoded(t, `<p><img src="https://img.example/b.jpg" alt="B"></p>`), "b.jpg alt=B"},
		{"never SVG", content(at+`a.svg"`, ""), ""},
		{"never AVIF", content(at+`a.avif"`, ""), ""},
		{"no video", content(at+`a.mp4" type="video/mp4"`, "") + content(at+`a" medium="video"`, ""), ""},
		{"thumbnail of a video", content(at+`a.mp4" type="video/mp4"`, `<media:thumbnail `+at+`a.jpg" width="640" height="360"/>`), "a.jpg 640x360"},
		{"thumbnail too small", `<media:thumbnail ` + at + `a.jpg" width="66" height="49"/>`, ""},
		{"protocol left out", content(`url="//img.example/a.jpg"`, ""), "a.jpg"},
		{"relative", content(`url="/a.jpg"`, ""), "https://post.example/a.jpg"},
		{"sizes that cannot be", content(at+`a.jpg" width="-5" height="999999"`, ""), "a.jpg"},
		{"figure", encoded(t, `<p>One.</p><figure><img src="https://img.example/a.jpg" alt="The ferry" width="800" height="600"><figcaption>At dawn. Photo: Ruth Adeyemi</figcaption></figure>`), "a.jpg 800x600 alt=The ferry by=Ruth Adeyemi"},
		{"picture with sources", encoded(t, `<picture><source type="image/webp" srcset="https://img.example/a.webp 1200w"><source type="image/jpeg" srcset="https://img.example/a-600.jpg 600w, https://img.example/a-1200.jpg 1200w"><img src="https://img.example/a.webp" alt="F"></picture>`), "a-1200.jpg 1200x0 alt=F"},
		{"srcset", encoded(t, `<img src="https://img.example/a-300.jpg" width="300" height="200" srcset="https://img.example/a-300.jpg 300w, https://img.example/a-1024.jpg 1024w">`), "a-1024.jpg 1024x0"},
		{"small sizes of a srcset", encoded(t, `<img src="https://img.example/a.jpg" srcset="https://img.example/a-64.jpg 64w, https://img.example/a-640.jpg 640w">`), "a-640.jpg 640x0"},
		{"lazy", encoded(t, `<img src="data:image/gif;base64,R0lGOD" data-src="https://img.example/a.jpg">`), "a.jpg"},
		{"data alone", encoded(t, `<img src="data:image/png;base64,AAAA">`), ""},
		{"after a pixel and a smiley", encoded(t, `<img src="https://t.example/x.gif" width="1" height="1"><img src="https://s.w.org/images/core/emoji/1.png"><img src="https://img.example/a.jpg">`), "a.jpg"},
		{"only trackers", encoded(t, `<img src="https://pixel.wp.com/b.gif?v=1"><img src="https://feeds.feedburner.com/~r/x/1"><img src="https://www.facebook.com/tr?id=1">`), ""},
		{"a button", encoded(t, `<img src="https://img.example/share.png" width="32" height="32">`), ""},
		{"tags that nobody closed", encoded(t, `<figure><p><img src="https://img.example/a.jpg"`+strings.Repeat("<b>", 300)), "a.jpg"},
		{"below 20,000 tags", encoded(t, strings.Repeat("<b>", 20_000)+`<img src="https://img.example/a.jpg">`), ""},
	} {
		if got, notes := pictureOf(t, c.elements, "https://post.example/a"); got != c.want {
			t.Errorf("%s: got %q, want %q, notes %q", c.name, got, c.want, notes)
		}
	}
}

func TestParseFeedKeepsPicturesOfHTTPOut(t *testing.T) {
	for _, c := range []struct{ name, picture, link, want string }{
		{"of the feed's site", "http://post.example/a.jpg", "https://other.example/a", "https://post.example/a.jpg"},
		{"of a host of the feed's site", "http://img.post.example:80/a.jpg", "https://other.example/a", "https://img.post.example/a.jpg"},
		{"of the story's site", "http://cdn.other.example/a.jpg", "https://www.other.example/a", "https://cdn.other.example/a.jpg"},
		{"of the site of a story without https", "http://other.example/a.jpg", "http://other.example/a", ""},
		{"of another site", "http://cdn.example/a.jpg", "https://other.example/a", ""},
		{"on another port", "http://post.example:8080/a.jpg", "https://other.example/a", ""},
	} {
		got, notes := pictureOf(t, content(`url="`+c.picture+`"`, ""), c.link)
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
		noted := len(notes) == 1 && notes[0] == "item 1: its picture "+c.picture+" is left out, it has no https address"
		if noted != (c.want == "") {
			t.Errorf("%s: notes %q", c.name, notes)
		}
	}
	got, _ := pictureOf(t, content(`url="http://cdn.example/a.jpg"`, "")+`<enclosure url="https://img.example/b.jpg" type="image/jpeg"/>`, "https://post.example/a")
	if got != "b.jpg" {
		t.Errorf("got %q, want the picture that has https", got)
	}
}

func TestCheckPictures(t *testing.T) {
	for _, c := range []struct {
		name string
		in   digest.Incoming
		want string
	}{
		{"all of it", digest.Incoming{ImageURL: "https://img.example/a.jpg", ImageAlt: "A <b>boat</b>", ImageCredit: "Ruth &amp; Co", ImageWidth: 640, ImageHeight: 480}, "a.jpg 640x480 alt=A boat by=Ruth & Co"},
		{"forbidden", digest.Incoming{NoImage: true, ImageURL: "https://img.example/a.jpg", ImageAlt: "A", ImageCredit: "B", ImageWidth: 640}, ""},
		{"forbidden, however bad", digest.Incoming{NoImage: true, ImageURL: "nonsense"}, ""},
		{"http of the story's site", digest.Incoming{URL: "https://news.example/a", ImageURL: "http://cdn.news.example/a.jpg"}, "https://cdn.news.example/a.jpg"},
		{"http of another site", digest.Incoming{URL: "https://news.example/a", ImageURL: "http://img.example/a.jpg", ImageAlt: "A", ImageWidth: 640}, ""},
		{"sizes without a picture", digest.Incoming{ImageAlt: "A", ImageWidth: 640, ImageHeight: 480}, ""},
		{"a height alone", digest.Incoming{ImageURL: "https://img.example/a.jpg", ImageHeight: 480}, "a.jpg"},
		{"sizes that cannot be", digest.Incoming{ImageURL: "https://img.example/a.jpg", ImageWidth: 640, ImageHeight: 1 << 30}, "a.jpg"},
	} {
		c.in.GUID, c.in.Title = "1", "T"
		if err := ingest.Check(&c.in); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := drawPicture(c.in); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestParseArticleReadsPictures(t *testing.T) {
	for _, c := range []struct{ name, fields, want, problem string }{
		{"all of it", `"image": "https://img.example/a.jpg", "image_alt": "A boat", "image_credit": "Ruth", "image_width": 640, "image_height": 480`, "a.jpg 640x480 alt=A boat by=Ruth", ""},
		{"forbidden", `"image": "https://img.example/a.jpg", "no_image": true`, "", ""},
		{"allowed", `"no_image": false, "image": "https://img.example/a.jpg"`, "a.jpg", ""},
		{"nothing said", `"no_image": null, "image_width": null, "image": "https://img.example/a.jpg"`, "a.jpg", ""},
		{"a word", `"no_image": "yes"`, "", "no_image: must be true or false, not text"},
		{"half a pixel", `"image_width": 1.5`, "", "image_width: must be a whole number, not 1.5"},
	} {
		in, err := ingest.ParseArticle([]byte(`{"id": "1", "title": "T", ` + c.fields + `}`))
		problem := ""
		if err != nil {
			problem = err.Error()
		}
		if got := drawPicture(in); got != c.want || problem != c.problem {
			t.Errorf("%s: got %q, %q, want %q, %q", c.name, got, problem, c.want, c.problem)
		}
	}
	csv := "id,title,image,image_alt,image_width,no_image,site_name,modified_at\n1,T,https://img.example/a.jpg,A,640,no,Courier,2026-11-23\n2,T,https://img.example/a.jpg,A,,yes,,\n3,T,,,,maybe,,\n"
	var got []string
	err := ingest.ReadCSV(strings.NewReader(csv), func(_ int, in digest.Incoming) error {
		got = append(got, drawPicture(in)+" "+in.SiteName+" "+drawTime(in.ModifiedAt))
		return nil
	}, func(row ingest.BadRow) { got = append(got, row.Reason) })
	want := []string{"a.jpg 640x0 alt=A Courier 2026-11-23T00:00:00Z", "  unknown", `no_image: "maybe" is neither true nor false`}
	if err != nil || strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got %q, error %v, want %q", got, err, want)
	}
}
