package ingest_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"broadsheet/digest/ingest"
)

func TestPlainText(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"text", "The ferry is back.", "The ferry is back."},
		{"nothing", "", ""},
		{"only tags", "<p><img src='a.gif'></p>", ""},
		{"inline tags join", "<b>ha</b>rbour", "harbour"},
		{"paragraphs are not glued", "<p>One.</p><p>Two.</p>", "One.\n\nTwo."},
		{"divs and headings are not glued", "<h2>Head</h2><div>Text</div>end", "Head\n\nText\n\nend"},
		{"list items are not glued", "<ul><li>One<li>Two</ul>", "One\n\nTwo"},
		{"cells are not glued", "<table><tr><td>One</td><td>Two</td></tr></table>", "One Two"},
		{"line break", "One<br/>Two", "One\nTwo"},
		{"white space folds", "<p>One \n\t two\u00a0three</p>", "One two three"},
		{"blank lines of plain text", "One\nstill one.\n\n \nTwo.", "One still one.\n\nTwo."},
		{"blank lines of HTML", "<i>One</i>\n\nstill one.", "One still one."},
		{"entities", "Fish &amp; chips &mdash; &#8364;5 &#x2019;", "Fish & chips — €5 ’"},
		{"entities twice", "Don&amp;#8217;t &amp;amp; won&amp;rsquo;t", "Don’t & won’t"},
		{"entities of windows", "Don&#146;t", "Don’t"},
		{"entity that is none", "AT&T, R&D; &doesnotexist;", "AT&T, R&D; &doesnotexist;"},
		{"escaped tag stays text", "<p>Use &lt;b&gt;</p>", "Use <b>"},
		{"less than", "5 < 6 and 7 > 6, I <3 it", "5 < 6 and 7 > 6, I <3 it"},
		{"script and style", "<style>p{}</style>One<script>if (a<b) {}</script> two", "One two"},
		{"caption", "<figure><img src=a.jpg><figcaption>Photo: <b>A</b></figcaption></figure><p>One.</p>", "One."},
		{"self-closed frame hides nothing", `<iframe src="a"/><p>One.</p>`, "One."},
		{"frame", `<iframe src="a">no frames</iframe><p>One.</p>`, "One."},
		{"comment", "One<!-- not -->two", "Onetwo"},
		{"tracking pixel", `One.<img src="https://t.example/p.gif" width="1" height="1" alt="x">`, "One."},
		{"read more paragraph", "<p>One.</p><p><a href='/a'>Read more</a></p>", "One."},
		{"read more link", "One two … <a href='/a'>Read more »</a>", "One two …"},
		{"read more link after a cut word", "One two <a href='/a'>Continue reading</a>", "One two"},
		{"read more with the headline", "<p>One.</p><p><a>Continue reading The ferry is back</a></p>", "One."},
		{"read more in the sentence stays", "You may <a href='/a'>read more</a> in the report.", "You may read more in the report."},
		{"read more at the end stays", "Children should read more.", "Children should read more."},
		{"read more as text", "One. Read more...", "One."},
		{"read more in brackets", "One two [Read more…]", "One two…"},
		{"weiterlesen", "<p>Eins.</p><p>Weiterlesen …</p>", "Eins."},
		{"lire la suite", "Un. <a>Lire la suite</a>", "Un."},
		{"leer más", "<p>Uno.</p>Leer más", "Uno."},
		{"cut mark", "One two [&#8230;]", "One two…"},
		{"cut mark of dots", "One two [...]", "One two…"},
		{"appeared first on", `<p>One.</p><p>The post <a href="/a">A</a> appeared first on <a href="/">City Courier</a>.</p>`, "One."},
		{"first appeared on, glued", `One. The post A first appeared on City Courier.`, "One."},
		{"cut mark, then appeared first on", `<p>One two [&#8230;]</p><p>The post A appeared first on B.</p>`, "One two…"},
		{"link list of an aggregator", "<p>One.</p>submitted by /u/a <a>[link]</a> <a>[comments]</a>", "One."},
		{"control characters", "One\x00\x08 two\x7f", "One two"},
		{"invalid UTF-8", "Espa\xf1a", "Espa\uFFFDa"},
		{"windows-1252 taken for Latin-1", "Don\u0092t \u0093go\u0094", "Don’t “go”"},
		{"zero width", "One\u200b\ufefftwo\u00ad", "Onetwo"},
		{"direction overrides", "One \u202egpj.exe", "One gpj.exe"},
		{"joiner of emoji stays", "👩\u200d🚒", "👩\u200d🚒"},
		{"composed", "Cafe\u0301", "Café"},
		{"line separators", "One\u2028two\u2029three", "One two three"},
		{"carriage returns", "One\r\n\r\nTwo\rthree", "One\n\nTwo three"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := ingest.PlainText(c.in); got != c.want {
				t.Errorf("PlainText(%q) = %q, want %q", c.in, got, c.want)
			}
		})
	}
}

func TestPlainTextCutsTheTailOfLongText(t *testing.T) {
	for width := range 4 {
		text := strings.Repeat("€ ö ", 500) + "z" + strings.Repeat("x", width) + " ende."
		if got := ingest.PlainText(text + " Read more »"); got != text {
			t.Errorf("got %q, want %q", got[len(got)-30:], text[len(text)-30:])
		}
	}
}

func TestPlainTextOfManyLinksIsLinear(t *testing.T) {
	in := strings.Repeat("<p>Word <a>Read more</a></p>", 30_000)
	if got := ingest.PlainText(in); strings.Count(got, "Word") != 30_000 || strings.Contains(got, "more") {
		t.Errorf("PlainText of 30,000 links has %d words", strings.Count(got, "Word"))
	}
}

func TestSummary(t *testing.T) {
	for _, c := range []struct {
		name, in string
		max      int
		want     string
	}{
		{"short", "<p>One.</p><p>Two.</p>", 220, "One. Two."},
		{"exactly", "One two.", 8, "One two."},
		{"at a sentence", "One two three. Four five six.", 20, "One two three."},
		{"at the last sentence", "One. Two. Three. Four four four four.", 20, "One. Two. Three."},
		{"quote after the stop", "“One two three.” Four five six.", 20, "“One two three.”"},
		{"question", "One two three? Four five six seven.", 20, "One two three?"},
		{"at a word", "One two three four five six", 15, "One two three…"},
		{"comma before the cut", "One two three, four five six", 17, "One two three…"},
		{"sentence too short", "No. One two three four five six seven", 30, "No. One two three four five…"},
		{"title is no sentence", "The mayor met Dr. Jane Roe on Monday morning", 30, "The mayor met Dr. Jane Roe on…"},
		{"initials are no sentence", "The U.S. embassy said that it will close", 24, "The U.S. embassy said…"},
		{"decimal point is no sentence", "It rose by 3.5 percent in all districts", 20, "It rose by 3.5…"},
		{"one long word", strings.Repeat("a", 30), 10, "aaaaaaaaa…"},
		{"Chinese sentence", "一二三四五。六七八九十一二三。", 10, "一二三四五。"},
		{"Chinese without sentence", "一二三四五六七八九十一二三", 6, "一二三四五…"},
		{"accent is not cut off", strings.Repeat("x\u0323", 10), 6, "x\u0323x\u0323…"},
		{"tiny", "One two", 1, "…"},
		{"nothing allowed", "One", 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ingest.Summary(c.in, c.max)
			if got != c.want {
				t.Errorf("Summary(%q, %d) = %q, want %q", c.in, c.max, got, c.want)
			}
			if n := utf8.RuneCountInString(got); n > c.max {
				t.Errorf("Summary(%q, %d) has %d runes", c.in, c.max, n)
			}
		})
	}
}

func FuzzSummary(f *testing.F) {
	for _, seed := range []string{"<p>One.</p> <a>Read more</a>", "a\u0301\u200d.", "<script", "&amp;amp;lt;b", "<iframe/>\n\nx", "The post x appeared first on y"} {
		f.Add(seed, 20)
	}
	f.Fuzz(func(t *testing.T, in string, max int) {
		text := ingest.PlainText(in)
		if !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\r\u202e") || strings.TrimSpace(text) != text {
			t.Errorf("PlainText(%q) = %q", in, text)
		}
		max %= 300
		if got := ingest.Summary(in, max); !utf8.ValidString(got) || utf8.RuneCountInString(got) > max && got != "" {
			t.Errorf("Summary(%q, %d) = %q", in, max, got)
		}
	})
}
