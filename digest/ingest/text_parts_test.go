package ingest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"broadsheet/digest/ingest"
)

const (
	someHeadline = "Ferry to the islands sails again"
	someProse    = "The ferry to the islands left the harbour on Monday for the first time since the storm, with 46 people and a piano on board."
	moreProse    = "The company has mended the pier for two million and says that it will hold for thirty years, whatever the winter brings."
)

// taken returns the texts that were taken for something.
func takenAs(taken []ingest.Taken, as string) (texts []string) {
	for _, part := range taken {
		if part.As == as {
			texts = append(texts, part.Text)
		}
	}
	return texts
}

func TestReadTextFindsAuthors(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"By Jane Doe", "Jane Doe"},
		{"By Jane Doe and John Roe", "Jane Doe, John Roe"},
		{"By Jane Doe, John Roe and Ann Poe", "Jane Doe, John Roe, Ann Poe"},
		{"BY JANE DOE-ROE", "Jane Doe-Roe"},
		{"By Jane Doe, Staff Writer", "Jane Doe"},
		{"By Jane Doe, New York", "Jane Doe"},
		{"By Jane Doe in New York", "Jane Doe"},
		{"JANE DOE | STAFF WRITER", "Jane Doe"},
		{"Jane Doe | City Hall Reporter | Nov. 23, 2026", "Jane Doe"},
		{"By Jane van der Berg | Nov. 23, 2026 | 5 min read", "Jane van der Berg"},
		{"By Seán O’Neil Associated Press", "Seán O’Neil"},
		{"By J. K. Doe", "J. K. Doe"},
		{"By The Associated Press", ""},
		{"Jane Doe", "Jane Doe"},
		{"Von Erika Muster und Jörg Öhl", "Erika Muster, Jörg Öhl"},
		{"Par Zoé Dupont", "Zoé Dupont"},
		{"Por Ana García y Luis de la Torre", "Ana García, Luis de la Torre"},
		{"Text: Erika Muster", "Erika Muster"},
	} {
		in, taken, err := ingest.ReadText([]byte(someHeadline+"\n"+c.line+"\n\n"+someProse+"\n\n"+moreProse), textOptions(t))
		if err != nil || in.Author != c.want || strings.Contains(in.Body, c.line) {
			t.Errorf("%q: got author %q, want %q, error %v, taken %q", c.line, in.Author, c.want, err, taken)
		}
	}
}

func TestReadTextFindsAuthorsAtTheEnd(t *testing.T) {
	for _, c := range []struct{ line, as, want string }{
		{"(Reporting by Jane Doe in Paris, John Roe in Rome; editing by Ann Poe)", "byline", "Jane Doe, John Roe"},
		{"Reporting by Jane Doe; Editing by Ann Poe and Al Moe", "byline", "Jane Doe"},
		{"Additional reporting by John Roe", "byline", "John Roe"},
		{"Jane Doe covers the harbour.", "author's note", "Jane Doe"},
		{"Jane Doe is a reporter for the Courier.", "author's note", "Jane Doe"},
		{"The writer is a retired captain.", "author's note", ""},
		{"Erika Muster berichtet über den Hafen.", "author's note", "Erika Muster"},
		{"Die Autorin ist Kapitänin.", "author's note", ""},
		{"Zoé Dupont est journaliste.", "author's note", "Zoé Dupont"},
		{"Ana García es periodista.", "author's note", "Ana García"},
		{"Jane Doe is a passenger who was on board.", "", ""},
		{"Peter Lund was the first to step ashore.", "", ""},
	} {
		in, taken, err := ingest.ReadText([]byte(someHeadline+"\n\n"+someProse+"\n\n"+moreProse+"\n\n"+c.line+"\n\nShare this"), textOptions(t))
		if err != nil || in.Author != c.want {
			t.Errorf("%q: got author %q, want %q, error %v", c.line, in.Author, c.want, err)
		}
		as := c.as
		if as == "" {
			as = "body"
		}
		if !slices.Contains(takenAs(taken, as), c.line) || strings.Contains(in.Body, c.line) != (c.as == "") {
			t.Errorf("%q was not taken for %q: %q", c.line, as, taken)
		}
	}
}

func TestReadTextFindsDatelines(t *testing.T) {
	for _, c := range []struct{ line, place, agency, published string }{
		{"SPRINGFIELD, Nov. 23 (Reuters) - ", "SPRINGFIELD", "Reuters", "2026-11-23T05:00:00Z"},
		{"BERLIN — ", "BERLIN", "", ""},
		{"BERLIN -- ", "BERLIN", "", ""},
		{"(AP) — ", "", "AP", ""},
		{"SÃO PAULO (AP) — ", "SÃO PAULO", "AP", ""},
		{"SPRINGFIELD, Ill. (AP) — ", "SPRINGFIELD, Ill.", "AP", ""},
		{"Springfield, 22 Nov 2026 (ANSA) – ", "Springfield", "ANSA", "2026-11-22T05:00:00Z"},
		{"Berlin (dpa) - ", "Berlin", "dpa", ""},
		{"Frankfurt am Main (dpa/lhe) – ", "Frankfurt am Main", "dpa", ""},
		{"PARIS, 23 nov 2026 (AFP) - ", "PARIS", "AFP", "2026-11-23T05:00:00Z"},
		{"Madrid, 23 de noviembre de 2026 (EFE).- ", "Madrid", "EFE", "2026-11-23T05:00:00Z"},
		{"WASHINGTON, Nov. 22, 2026 -- ", "WASHINGTON", "", "2026-11-22T05:00:00Z"},
		{"UPDATE — ", "", "", ""},
		{"NASA Administrator Ann Poe - who was there - said: ", "", "", ""},
		{"Jane Doe (left) said: ", "", "", ""},
	} {
		in, taken, err := ingest.ReadText([]byte(someHeadline+"\n\n"+c.line+someProse+"\n\n"+moreProse), textOptions(t))
		if err != nil {
			t.Errorf("%q: %v", c.line, err)
			continue
		}
		place := strings.Join(takenAs(taken, "place"), "|")
		published := drawTime(in.PublishedAt)
		if published == "unknown" {
			published = ""
		}
		found := c.place != "" || c.agency != ""
		if place != c.place || in.SiteName != c.agency || published != c.published || strings.HasPrefix(in.Body, someProse) != found {
			t.Errorf("%q: got place %q, agency %q, published %q, body %q", c.line, place, in.SiteName, published, in.Body)
		}
	}
}

func TestReadTextReadsEmbargoes(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"EMBARGOED UNTIL 00:01 GMT, 24 November 2026", "2026-11-24T00:01:00Z"},
		{"Embargoed until 6 a.m. ET, Nov. 24, 2026", "2026-11-24T11:00:00Z"},
		{"STRICTLY EMBARGOED until 00.01 GMT 24 November 2026", "2026-11-24T00:01:00Z"},
		{"*** EMBARGO: 25 Nov 2026 ***", "2026-11-25T05:00:00Z"},
		{"NOT FOR PUBLICATION BEFORE November 25, 2026", "2026-11-25T05:00:00Z"},
		{"EMBARGOED UNTIL Nov. 30", "2026-11-30T05:00:00Z"},
		{"Sperrfrist: 24.11.2026, 18 Uhr", "2026-11-24T23:00:00Z"},
		{"Sous embargo jusqu’au 24 novembre 2026 à 6h00", "2026-11-24T11:00:00Z"},
		{"Embargado hasta el 24 de noviembre de 2026", "2026-11-24T05:00:00Z"},
		{"Embargo on northern grain is lifted after ten years of quarrel", ""},
	} {
		in, taken, err := ingest.ReadText([]byte(c.line+"\n\n"+someHeadline+"\n\n"+someProse+"\n\n"+moreProse), textOptions(t))
		got := drawTime(in.EmbargoUntil)
		if got == "unknown" {
			got = ""
		}
		if err != nil || got != c.want {
			t.Errorf("%q: got %q, want %q, error %v, taken %q", c.line, got, c.want, err, taken)
		}
	}
}

func TestReadTextRefusesEmbargoesThatItDoesNotUnderstand(t *testing.T) {
	for _, line := range []string{"EMBARGOED UNTIL 03/04/2026", "EMBARGOED", "EMBARGOED UNTIL the minister has spoken", "Sperrfrist: Redebeginn 18 Uhr"} {
		_, taken, err := ingest.ReadText([]byte(line+"\n\n"+someHeadline+"\n\n"+someProse), textOptions(t))
		if err == nil || !strings.Contains(err.Error(), "embargo_until: line 1: ") {
			t.Errorf("%q: got error %v, want one about the embargo", line, err)
		}
		if !slices.Equal(takenAs(taken, "embargo"), []string{line}) {
			t.Errorf("%q was not taken for an embargo: %q", line, taken)
		}
	}
}

func TestReadTextReadsDates(t *testing.T) {
	const page = "Monday, November 23, 2026"
	for _, c := range []struct{ name, top, line, published, modified string }{
		{"of the page", page, "", "2026-11-23T05:00:00Z", "unknown"},
		{"of the story", page, "Published: Nov. 21, 2026, 7:30 a.m. ET", "2026-11-21T12:30:00Z", "unknown"},
		{"both of the story", "", "Published Nov. 21, 2026 | Updated Nov. 22, 2026, 8 p.m.", "2026-11-21T05:00:00Z", "2026-11-23T01:00:00Z"},
		{"glued", "", "November 21, 2026 Updated November 22, 2026", "2026-11-21T05:00:00Z", "2026-11-22T05:00:00Z"},
		{"changed only", page, "Last updated: 22 November 2026", "2026-11-22T05:00:00Z", "2026-11-22T05:00:00Z"},
		{"German", "", "Veröffentlicht am 21. November 2026, 07:30 Uhr", "2026-11-21T12:30:00Z", "unknown"},
		{"French", "", "Publié le 21 novembre 2026 à 7h30", "2026-11-21T12:30:00Z", "unknown"},
		{"Spanish", "", "Actualizado el 21 de noviembre de 2026", "unknown", "2026-11-21T05:00:00Z"},
		{"ambiguous", "", "Published: 03/04/2026", "unknown", "unknown"},
		{"ambiguous on the page", "03/04/2026", "", "unknown", "unknown"},
		{"only one reading", "", "23/11/2026", "2026-11-23T05:00:00Z", "unknown"},
		{"none", "", "", "unknown", "unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := textOptions(t)
			in, taken, err := ingest.ReadText([]byte(c.top+"\n"+someHeadline+"\n"+c.line+"\n\n"+someProse+"\n\n"+moreProse), o)
			if err != nil {
				t.Fatal(err)
			}
			if got := drawTime(in.PublishedAt); got != c.published {
				t.Errorf("published %s, want %s; taken %q", got, c.published, taken)
			}
			if got := drawTime(in.ModifiedAt); got != c.modified {
				t.Errorf("modified %s, want %s; taken %q", got, c.modified, taken)
			}
			if in.Body != someProse+"\n\n"+moreProse {
				t.Errorf("got body %q", in.Body)
			}
		})
	}
}

func TestReadTextLeavesFurnitureOut(t *testing.T) {
	for _, line := range []string{
		"Also Read: The pier that nobody wanted", "READ MORE | The pier", "Related: The pier", "Lesen Sie auch: Der Pier", "Lire aussi : Le quai", "Lea también: El muelle",
		"Advertisement", "Advertisement - scroll to continue", "Anzeige", "Publicité", "Publicidad", "Share this", "Share this article:", "Copy link", "Teilen", "5 min read",
		"Subscribe to our newsletter for more stories like this", "Sign up for our morning newsletter", "Follow us on Mastodon", "-----", "* * *", "2", "2 hours ago", "vor 2 Stunden",
		"https://courier.example/ferry", "Photo: Ruth Adeyemi / City Courier", "The ferry at its pier on Monday. Photo: Ruth Adeyemi", "The ferry on Monday (AP Photo/Ruth Adeyemi)",
		"Foto: Ruth Hansen", "© Ruth Adeyemi", "Image source, Getty Images",
	} {
		in, taken, err := ingest.ReadText([]byte(someHeadline+"\n\n"+someProse+"\n\n"+line+"\n\n"+moreProse), textOptions(t))
		if err != nil || in.Body != someProse+"\n\n"+moreProse {
			t.Errorf("%q: got body %q, error %v, taken %q", line, in.Body, err, taken)
		}
		left := append(takenAs(taken, "furniture"), takenAs(taken, "caption")...)
		if !slices.Equal(left, []string{line}) {
			t.Errorf("%q: left out %q", line, left)
		}
	}
}

func TestReadTextEndsBeforeTheRestOfThePage(t *testing.T) {
	const rest = "Another story\nThe council wants to hear from everybody who has something to say, and from those who have not.\nOne more story\nShort."
	for _, heading := range []string{
		"Latest posts", "Latest Posts »", "Don't miss", "Don’t Miss", "Stay in touch", "Related", "RELATED STORIES", "Most read", "Subscribe to our newsletter", "12 Comments", "Comments (3)",
		"Leave a reply", "Copyright 2026 City Courier", "© 2026 City Courier. All rights reserved.", "Meistgelesen", "Mehr zum Thema", "Kommentare", "Les plus lus", "Sur le même sujet", "Lo más leído", "Comentarios",
	} {
		in, taken, err := ingest.ReadText([]byte(someHeadline+"\n\n"+someProse+"\n\n"+moreProse+"\n\n"+heading+"\n"+rest), textOptions(t))
		if err != nil || in.Body != someProse+"\n\n"+moreProse {
			t.Errorf("%q: got body %q, error %v, taken %q", heading, in.Body, err, taken)
		}
	}
}

func TestReadTextGoesOnAfterABox(t *testing.T) {
	for _, heading := range []string{"Related", "Read more", "Newsletter", "Mehr zum Thema", "À lire aussi", "Lea también"} {
		in, taken, err := ingest.ReadText([]byte(someHeadline+"\n\n"+someProse+"\n\n"+heading+"\nThe pier that nobody wanted\nA winter without boats\n\n"+moreProse+"\n\n"+someProse+"\n\nComments\nNice."), textOptions(t))
		if err != nil || in.Body != someProse+"\n\n"+moreProse+"\n\n"+someProse {
			t.Errorf("%q: got body %q, error %v, taken %q", heading, in.Body, err, taken)
		}
	}
}

func TestReadTextKnowsAStoryAgain(t *testing.T) {
	read := func(text, url string) (guid, address string) {
		o := textOptions(t)
		o.URL = url
		in, _, err := ingest.ReadText([]byte(text), o)
		if err != nil {
			t.Fatal(err)
		}
		return in.GUID, in.URL
	}
	first, _ := read("Sunny, 20°C\n"+someHeadline+"\n\n"+someProse, "")
	again, _ := read("Rain, 4°C\n"+someHeadline+"\r\n\r\n"+someProse+"\n\nLatest posts\nNew", "")
	other, _ := read(someHeadline+"\n\n"+moreProse, "")
	if first != again || first == other || !strings.HasPrefix(first, "text:") || len(first) > 40 {
		t.Errorf("got guids %q, %q again, %q of another story", first, again, other)
	}
	if guid, url := read(someHeadline+"\n\n"+someProse, "HTTPS://Courier.example/ferry?utm_source=x"); guid != "" || url != "https://courier.example/ferry" {
		t.Errorf("got guid %q, URL %q", guid, url)
	}
}

func TestReadTextIsNoHTML(t *testing.T) {
	const line = "If a < b, then <b> is a word & no tag, and so is <script> in this rather long sentence of the story."
	in, _, err := ingest.ReadText([]byte("Why a <b> tag is 5 > 3 and <3\n\n"+line), textOptions(t))
	if err != nil || in.Title != "Why a <b> tag is 5 > 3 and <3" || in.Body != line || in.Summary != line {
		t.Errorf("got %q, %q, %q, %v", in.Title, in.Summary, in.Body, err)
	}
}

func TestReadTextReadsCharsets(t *testing.T) {
	const text = "Fähre nach Nordheim fährt wieder\r\n\r\n„Wir sind zwei Tage früher fertig als geplant“, sagte der Geschäftsführer, und es wären fast drei gewesen."
	wide := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(text)) {
		wide = append(wide, byte(unit), byte(unit>>8))
	}
	western, err := charmap.Windows1252.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for name, encoded := range map[string][]byte{
		"UTF-8": []byte(text), "UTF-8 with a mark": []byte("\xef\xbb\xbf" + text), "UTF-16": wide, "windows-1252": western, "NUL": []byte(strings.ReplaceAll(text, "zwei", "z\x00wei")),
	} {
		in, _, err := ingest.ReadText(encoded, textOptions(t))
		if err != nil || in.Title != "Fähre nach Nordheim fährt wieder" || !strings.HasPrefix(in.Body, "„Wir sind zwei Tage früher") {
			t.Errorf("%s: got %q, %q, %v", name, in.Title, in.Body, err)
		}
	}
}

func TestReadTextRefuses(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing", " \n\x00\n ", "the text is empty"},
		{"only furniture", "Home\nNews\nSport\nPartly cloudy, 12°C\nSign in\nLatest posts\nAdvertisement\nCopyright 2026 City Courier", "no headline found"},
		{"one long line", strings.Repeat("word ", 2_000_000/smaller), "no headline found"},
		{"only a headline", someHeadline, `no story found below the headline "Ferry to the islands sails again"`},
		{"a headline over furniture", someHeadline + "\nLatest posts\nAdvertisement\nComments", "no story found below"},
	} {
		t.Run(c.name, func(t *testing.T) {
			began := time.Now()
			in, taken, err := ingest.ReadText([]byte(c.text), textOptions(t))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %+v, error %v, want %q", in, err, c.want)
			}
			if c.name != "nothing" && len(taken) == 0 {
				t.Error("does not say what was taken for what")
			}
			if took := time.Since(began); took > slower*10*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

func TestReadTextIsBounded(t *testing.T) {
	in, taken, err := ingest.ReadText([]byte(someHeadline+"\n\n"+strings.Repeat(someProse+"\n", 100_000/smaller)), textOptions(t))
	if err != nil || utf8.RuneCountInString(in.Body) > ingest.MaxBody {
		t.Fatalf("got %d runes, %v", utf8.RuneCountInString(in.Body), err)
	}
	if len(taken) > 4000 || len(takenAs(taken, "oddity")) != 1 {
		t.Errorf("got %d parts, oddities %q", len(taken), takenAs(taken, "oddity"))
	}
	for _, line := range []string{"By Jane Doe", strings.Repeat("Ab Cd, ", 30), strings.Repeat("A (b ", 40), "Photo", "Related", "Jane Doe covers the harbour", "a | b | Nov. 23, 2026"} {
		began := time.Now()
		_, taken, _ := ingest.ReadText([]byte(someHeadline+"\n"+strings.Repeat(line+"\n", 300_000/smaller)), textOptions(t))
		if took := time.Since(began); took > slower*30*time.Second || len(taken) > 10_000 {
			t.Errorf("%.20q: took %s for %d parts", line, took, len(taken))
		}
	}
}

func FuzzReadText(f *testing.F) {
	for _, seed := range []string{
		"Rain, 4°C\nSpringfield\nMonday, November 23, 2026\n" + someHeadline + "\nBy Jane Doe | Nov. 23, 2026\n\nBERLIN (AP) — " + someProse + "\nRelated\nx\n###",
		"EMBARGOED UNTIL 1.2.26\nA b c d\n" + someProse, "World > Europe\n\xff\xfe", "Von A B\n© ", "一二三四五六七八\n一二三四五六七八九十。", "A B C D\n(Reporting by A B in C and D E; editing by F G)",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		in, taken, err := ingest.ReadText(text, textOptions(t))
		for _, part := range taken {
			if part.As == "" || part.From == "" || !utf8.ValidString(part.Text) || strings.ContainsAny(part.Text, "\n\x00") {
				t.Errorf("taken: %q", part)
			}
		}
		if err == nil && (in.Title == "" || in.GUID == "" || in.Body == "" && in.Summary == "") {
			t.Errorf("a story without headline, id or text: %+v", in)
		}
	})
}

func TestReadTextFindsTheStoryBelowAMenu(t *testing.T) {
	const story = someProse + "\n\n" + moreProse + "\n\n" + someProse + "\n\n" + moreProse
	menu := "Skip to content\nHome\nWorld\nSport\nArts and more\nThe courier of the week\nGames and puzzles for everyone\nVideo of the day and night\nCity guide\nShop\n" +
		"Keep me signed in here\nForgotten your old password\nLetters from our readers\nThe best of all worlds\n"
	notice := "We and our partners store things on your device in order to remember who you are, and you may say that we shall not do so.\n"
	for name, top := range map[string]string{
		"menu": menu, "notice": notice, "menu and notice": menu + notice, "teasers": "Most read\nBaker closes after years\n" + moreProse + "\nMost popular\nSwimming pool opens later this year\n",
		"all of them": notice + menu + "Most read\nBaker closes after years\nLatest posts\n",
	} {
		in, taken, err := ingest.ReadText([]byte(top+"World > Europe\n"+someHeadline+" after six weeks\nBy Jane Doe\nNov. 23, 2026\n\n"+story+strings.Repeat("\n\n"+moreProse, 12)+"\n\nMost read\nx"), textOptions(t))
		if err != nil || in.Title != someHeadline+" after six weeks" || in.Author != "Jane Doe" || !strings.HasPrefix(in.Body, story) || strings.HasSuffix(in.Body, "x") {
			t.Errorf("%s: got %q by %q, %.60q, error %v, taken %.500q", name, in.Title, in.Author, in.Body, err, taken)
		}
	}
}

// TestReadTextOfAWholePage: a story between menus, boxes and links that are many
// times as many lines as it has.
func TestReadTextOfAWholePage(t *testing.T) {
	var b strings.Builder
	menu := func(lines int) {
		for i := range lines {
			fmt.Fprintf(&b, "Department %d\n", i)
		}
	}
	menu(60)
	b.WriteString("\nHarbour bridge opens after eleven months\n\n")
	for _, text := range storyText {
		b.WriteString(text + "\n\n")
	}
	menu(30)
	b.WriteString("\nThe council has put off its vote on the tram line to the airport until after the holidays, its speaker says.\n\n")
	menu(40)
	in, taken, err := ingest.ReadText([]byte(b.String()), ingest.TextOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Join(storyText, "\n\n"); in.Title != "Harbour bridge opens after eleven months" || in.Body != want {
		t.Errorf("headline %q, body\n%s\nwant\n%s", in.Title, in.Body, want)
	}
	if len(taken) < 130 {
		t.Errorf("%d parts are accounted for, want all", len(taken))
	}
}

// TestReadTextKeepsALongList: a list that is part of a story is no menu.
func TestReadTextKeepsALongList(t *testing.T) {
	text := someHeadline + "\n\n" + someProse + "\n\n" + moreProse + "\n\n"
	for i := range 60 {
		text += fmt.Sprintf("%d Anna Berg %d points\n", i+1, 100-i)
	}
	in, _, err := ingest.ReadText([]byte(text), ingest.TextOptions{})
	if err != nil || !strings.Contains(in.Body, "60 Anna Berg 41 points") {
		t.Errorf("error %v, body ends in %q, want the whole list", err, in.Body[max(0, len(in.Body)-60):])
	}
}
