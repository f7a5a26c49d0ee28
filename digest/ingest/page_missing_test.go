package ingest_test

import (
	"errors"
	"strings"
	"testing"

	"broadsheet/digest/ingest"
)

func TestReadPageWithoutStory(t *testing.T) {
	teasers := strings.Repeat(`<h3><a href="/world/2026/11/23/harbour-bridge-reopens">The harbour bridge reopens after fourteen months of repairs</a></h3>`, 12)
	for name, test := range map[string]struct{ address, page, want string }{
		"not HTML":         {pageAddress, "Just some words.", "not HTML"},
		"nothing":          {pageAddress, "", "not HTML"},
		"not found":        {pageAddress, `<title>404 Not Found</title><h1>Not Found</h1><p>` + strings.Join(storyText, " "), "no such page"},
		"not found, named": {pageAddress, `<title>Page not found | City Courier</title><p>` + strings.Join(storyText, " "), "no such page"},
		"in German":        {pageAddress, `<title>Seite nicht gefunden</title><p>` + strings.Join(storyText, " "), "no such page"},
		"consent":          {pageAddress, `<title>Before you continue to the Courier</title><p>` + strings.Join(storyText, " "), "cookies"},
		"consent, heading": {pageAddress, `<title>City Courier</title><h1>We value your privacy</h1><p>` + strings.Join(storyText, " "), "cookies"},
		"login":            {pageAddress, `<title>Log in - City Courier</title><form><input name="password"></form>`, "login"},
		"robots":           {pageAddress, `<title>Just a moment...</title><p>Checking your browser before you go on.`, "robot"},
		"server":           {pageAddress, `<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>`, "failed"},
		"home page":        {"https://courier.example/", `<title>City Courier</title><meta property="og:type" content="website"><main>` + teasers + `</main>`, "home page"},
		"section":          {"https://courier.example/world/", `<title>World news</title><meta property="og:type" content="website"><main><p>` + strings.ReplaceAll(teasers, "h3>", "p>") + `</main>`, "list of links"},
		"scripts only":     {pageAddress, `<title>Bridge reopens</title><div id="root"></div><script>render()</script>`, "no text"},
		"no headline":      {pageAddress, `<p>` + strings.Join(storyText, "<p>"), "no headline"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := ingest.ReadPage([]byte(test.page), "text/html", test.address, ingest.PageOptions{})
			if !errors.Is(err, ingest.ErrNoStory) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one that wraps ErrNoStory and says %q", err, test.want)
			}
		})
	}
}

func TestReadPageWithLittleText(t *testing.T) {
	for name, page := range map[string]string{
		"a film":                 `<title>Bridge reopens</title>` + linked(`{"@type":"NewsArticle","headline":"Bridge reopens","description":"See the first tram."}`),
		"about pages not found":  pageWith(`<title>Why "page not found" is the web's best joke</title>`+linked(`{"@type":"NewsArticle","headline":"Why \"page not found\" is the web's best joke"}`), ""),
		"a story called article": `<title>Bridge reopens</title><meta property="og:type" content="article"><p>Trams cross it.`,
		"without markup":         `<title>Bridge reopens</title><p>` + strings.Join(storyText, "<p>"),
	} {
		t.Run(name, func(t *testing.T) {
			if in, _ := readPage(t, page); in.Title == "" {
				t.Error("no headline")
			}
		})
	}
}
