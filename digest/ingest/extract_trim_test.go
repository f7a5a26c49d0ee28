package ingest_test

import (
	"html"
	"strings"
	"testing"
)

// TestReadPageKeepsText holds that what reads like furniture, but is a part of
// the story, stays.
func TestReadPageKeepsText(t *testing.T) {
	for _, text := range []string{
		"The second bridge will be closed for a week, a spokeswoman of the city said on Sunday evening. (AP)",
		"Copyright law does not cover the drawings of a bridge, the court held.",
		"Get more sleep before you cross it by bicycle, doctors say, and mind the rails.",
		"Sign up at the town hall for a walk across the old arches before the first frost.",
		"Join the queue at the eastern end, where the guards let ten people pass at a time.",
		"A mild winter contributed to this success, engineers believe.",
		"Follow the signs on the quay, the harbour office advises, until the end of the year.",
		"Like this one, many bridges of that time rest on oak.",
		"Related to the repairs are new rails, lamps and benches along the quay.",
		"More trams will run in the morning, and fewer at noon.",
		"By next summer the second lane will be open, he said.",
		"Photographs of the old arches hang in the town hall until Easter.",
	} {
		page := strings.Replace(pageWith("<title>Bridge reopens</title>", ""), "</article>", "<p>"+html.EscapeString(text)+"</p></article>", 1)
		if got, _ := readPage(t, page); !strings.HasSuffix(got.Body, "\n\n"+text) {
			t.Errorf("%q was left out", text)
		}
	}
}

func TestReadPageLeavesFurnitureOut(t *testing.T) {
	for _, piece := range []string{
		"<p>Photo: Ann Lee</p>", "<p>The bridge at dawn (Image: GETTY)</p>", "<p>The mayor (AFP)</p>", "<p>© 2026 City Courier</p>", "<p>Media playback is unsupported on your device</p>",
		"<p>Advertisement</p>", "<p>Anzeige</p>", "<p>SUBSCRIBE</p>", "<p>Sign up for our daily newsletter</p>", "<p>Get breaking news alerts on your phone</p>",
		"<p>Follow us on Twitter and Facebook</p>", "<p>Click here to subscribe</p>", "<p>We may earn a commission if you buy through our links.</p>",
		`<p>Also read: <a href="/b">Trams are late again</a></p>`, `<p>Lesen Sie auch: <a href="/b">Die Bahnen sind zu spät</a></p>`, `<p>À lire aussi : <a href="/b">Les trams en retard</a></p>`,
		`<p><a href="/b">TRAMS ARE LATE AGAIN, SAYS MAYOR</a></p>`, `<ul><li><a href="/b">Trams are late again</a></li><li><a href="/c">Trams are early</a></li></ul>`,
		"<p>___</p>", "<p>Jane Doe contributed to this report.</p>", "<p>(Reporting by Jane Doe; editing by John Roe)</p>",
		"<h3>Related stories</h3><p>Trams are late again</p>", "<h2>Comments</h2><p>" + storyText[0] + "</p><p>I like this bridge, and cross it on every day of the week but one.</p>",
		`<div class="share-buttons"><p>Send this to a friend</p></div>`, `<aside><p>Five bridges that you should see before the winter</p></aside>`,
	} {
		page := strings.Replace(pageWith("<title>Bridge reopens</title>", ""), "</article>", piece+"</article>", 1)
		if got, _ := readPage(t, page); got.Body != strings.Join(storyText, "\n\n") {
			t.Errorf("with %s the text ends in %q", piece, got.Body[max(0, len(got.Body)-120):])
		}
	}
}
