package ingest_test

import (
	"encoding/xml"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rivo/uniseg"

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
		{"escaped tag without any other stays text", "Use &lt;b&gt; here", "Use <b> here"},
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
		{"mehr dazu", "Eins. <a>Mehr dazu</a>", "Eins."},
		{"zum ganzen Artikel", "Eins. Zum Artikel »", "Eins."},
		{"en savoir plus", "<p>Un.</p><p>En savoir plus…</p>", "Un."},
		{"continuer la lecture", "<p>Un.</p><a>Continuer la lecture de Le bac revient</a>", "Un."},
		{"sigue leyendo", "Uno. <a>Sigue leyendo</a>", "Uno."},
		{"leer artículo completo", "Uno. Leer artículo completo", "Uno."},
		{"leia mais", "<p>Um.</p><p>Leia mais</p>", "Um."},
		{"continue lendo", "Um. Continue lendo", "Um."},
		{"leggi tutto", "Uno. <a>Leggi tutto</a>", "Uno."},
		{"continua a leggere", "<p>Uno.</p><a>Continua a leggere Il traghetto torna</a>", "Uno."},
		{"per saperne di più", "Uno. Per saperne di più", "Uno."},
		{"read the full story", "One. Read the full story here…", "One."},
		{"click here to read more", "One. Click here to read more", "One."},
		{"a sentence about reading stays", "Eins. Mehr lesen die Deutschen im Winter.", "Eins. Mehr lesen die Deutschen im Winter."},
		{"a title about the article stays", "Eins. Zum Artikel gibt es Streit.", "Eins. Zum Artikel gibt es Streit."},
		{"cut mark", "One two [&#8230;]", "One two…"},
		{"cut mark of dots", "One two [...]", "One two…"},
		{"appeared first on", `<p>One.</p><p>The post <a href="/a">A</a> appeared first on <a href="/">City Courier</a>.</p>`, "One."},
		{"erschien zuerst auf", "<p>Eins.</p><p>Der Beitrag <a>A</a> erschien zuerst auf <a>B</a>.</p>", "Eins."},
		{"est apparu en premier sur", "<p>Un.</p><p>L’article <a>A</a> est apparu en premier sur <a>B</a>.</p>", "Un."},
		{"se publicó primero en", "<p>Uno.</p><p>La entrada <a>A</a> se publicó primero en <a>B</a>.</p>", "Uno."},
		{"proviene da", "<p>Uno.</p><p>L'articolo <a>A</a> proviene da <a>B</a>.</p>", "Uno."},
		{"apareceu primeiro em", "<p>Um.</p><p>O post <a>A</a> apareceu primeiro em <a>B</a>.</p>", "Um."},
		{"the rest is counted", "One two… [+1234 chars]", "One two…"},
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

func TestParseFeedReadsMarkupThatWasEscapedTwice(t *testing.T) {
	for _, c := range []struct{ name, content, want string }{
		{"paragraphs", "&lt;p&gt;One &amp;amp; two.&lt;/p&gt;&lt;p&gt;Three&lt;br /&gt;four.&lt;/p&gt;", "One & two.\n\nThree\nfour."},
		{"picture", "&lt;img src=&quot;a.gif&quot; width=&quot;1&quot;&gt;One.", "One."},
		{"words about tags", "<p>End it with &lt;/p&gt; here.</p>", "End it with </p> here."},
		{"text about tags", "Use &lt;b&gt; here.", "Use <b> here."},
	} {
		var escaped strings.Builder
		if err := xml.EscapeText(&escaped, []byte(c.content)); err != nil {
			t.Fatal(err)
		}
		body := `<rss xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><item><title>A</title><guid>1</guid><content:encoded>` + escaped.String() + `</content:encoded></item></channel></rss>`
		feed, err := ingest.ParseFeed([]byte(body), "", "")
		if err != nil || len(feed.Items) != 1 || feed.Items[0].Body != c.want {
			t.Errorf("%s: got %+v, error %v, want body %q", c.name, feed, err, c.want)
		}
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
	const links = 30_000 / smaller
	in := strings.Repeat("<p>Word <a>Read more</a></p>", links)
	if got := ingest.PlainText(in); strings.Count(got, "Word") != links || strings.Contains(got, "more") {
		t.Errorf("PlainText of %d links has %d words", links, strings.Count(got, "Word"))
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
		{"accents count for nothing", strings.Repeat("x\u0323", 10), 6, strings.Repeat("x\u0323", 5) + "…"},
		{"families", strings.Repeat("👨‍👩‍👧‍👦", 5), 5, strings.Repeat("👨‍👩‍👧‍👦", 5)},
		{"families are not split", strings.Repeat("👨‍👩‍👧‍👦", 6), 5, strings.Repeat("👨‍👩‍👧‍👦", 4) + "…"},
		{"flags are not split", strings.Repeat("🇩🇪🇫🇷", 3), 5, "🇩🇪🇫🇷🇩🇪🇫🇷…"},
		{"flag of a country within", strings.Repeat("🏴󠁧󠁢󠁷󠁬󠁳󠁿", 4), 3, strings.Repeat("🏴󠁧󠁢󠁷󠁬󠁳󠁿", 2) + "…"},
		{"skin tones", strings.Repeat("👍🏽", 4), 3, strings.Repeat("👍🏽", 2) + "…"},
		{"keycaps", strings.Repeat("1️⃣", 4), 3, strings.Repeat("1️⃣", 2) + "…"},
		{"endless marks count", "a" + strings.Repeat("\u0301", 500) + " b", 5, "…"},
		{"Hangul of parts", strings.Repeat("\u1112\u1161\u11ab", 4), 3, "한한…"},
		{"Devanagari", "नमस्ते दुनिया। यह एक लंबा वाक्य है", 15, "नमस्ते दुनिया।"},
		{"Arabic sentence", "هل عادت العبارة؟ نعم عادت العبارة اليوم", 20, "هل عادت العبارة؟"},
		{"Arabic at a word", "عادت العبارة إلى الميناء، بعد أسابيع", 26, "عادت العبارة إلى الميناء،…"},
		{"Urdu", "کشتی واپس آ گئی۔ یہ پیر کو ہوا اور سب خوش", 25, "کشتی واپس آ گئی۔"},
		{"Japanese quote", "「船は戻った。」町は喜んだ。人々は集まった。", 10, "「船は戻った。」"},
		{"Chinese question", "船回来了吗？是的，船今天回来了。", 10, "船回来了吗？"},
		{"Thai", "เรือเฟอร์รี่กลับมาแล้ว", 10, "เรือเฟอร์รี่ก…"},
		{"Mr. Smith", "The boat left. It was full, said Mr. Smith on Monday", 37, "The boat left."},
		{"z. B.", "Das Schiff fährt wieder. An Bord waren z. B. Klassen", 45, "Das Schiff fährt wieder."},
		{"ordinal number", "Das Schiff fährt wieder. Am 3. Mai kam es", 31, "Das Schiff fährt wieder."},
		{"U.S.", "The boat left. The U.S. Navy said that it was full", 26, "The boat left."},
		{"p.m.", "The boat left. At 7 p.m. Monday it was back again", 26, "The boat left."},
		{"M. Dupont", "Le bac est parti. Il a dit à M. Dupont de venir", 32, "Le bac est parti."},
		{"EE. UU.", "El barco zarpó. En EE. UU. Nadie lo vio en el mar", 28, "El barco zarpó."},
		{"decimals", "The boat left. It rose by 3.5 percent", 30, "The boat left."},
		{"a version is no sentence", "It needs version 3. of that, and 4.0 of this", 25, "It needs version 3. of…"},
		{"small letter after a stop", "It left approx. five minutes late again", 21, "It left approx. five…"},
		{"ellipsis within", "It left… and came back on the next day", 20, "It left… and came…"},
		{"quote goes on past the cut", "He said “It left. It is gone.” And he left", 30, "He said “It left. It is gone.”"},
		{"quote is not left open", "He said loudly “It left.” And he went home", 24, "He said loudly “It…"},
		{"opening quote at the cut", "The captain said “nobody” was on board", 20, "The captain said…"},
		{"headings are left out", "<h2>The boat</h2><p>" + strings.Repeat("It left again. ", 20) + "</p>", 30, "It left again. It left again."},
		{"a year ends a sentence", "It began in 2026. Then it went on for years", 30, "It began in 2026."},
		{"tiny", "One two", 1, "…"},
		{"nothing allowed", "One", 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ingest.Summary(c.in, c.max)
			if got != c.want {
				t.Errorf("Summary(%q, %d) = %q, want %q", c.in, c.max, got, c.want)
			}
			if n := uniseg.GraphemeClusterCount(got); n > c.max {
				t.Errorf("Summary(%q, %d) has %d characters", c.in, c.max, n)
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
		if got := ingest.Summary(in, max); !utf8.ValidString(got) || uniseg.GraphemeClusterCount(got) > max && got != "" {
			t.Errorf("Summary(%q, %d) = %q", in, max, got)
		}
	})
}
