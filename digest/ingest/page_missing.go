package ingest

import (
	"strings"

	"broadsheet/internal/pattern"
)

// missing says why a page holds no story, "" if it holds one. Titles and
// headings show what a page is for whose metadata says nothing of a story.
func (s *pageStory) missing(blocks []block) string {
	if s.story != nil && s.in.Title != "" {
		return ""
	}
	shown := append([]string{s.parts.title}, s.parts.headings...)
	for _, kind := range emptyPages {
		for _, text := range shown {
			if kind.title.MatchString(text) && len([]rune(text)) < 120 {
				return kind.problem
			}
		}
	}
	runes, linked, long := 0, 0, 0
	for _, b := range blocks {
		runes += b.runes()
		linked += b.linked
		if b.runes() > 100 {
			long++
		}
	}
	switch {
	case s.isFront():
		return "it is the home page of its site; give the address of a story, or make it a source of kind \"page\""
	case s.in.Title == "":
		return "it has no headline"
	case s.isDeclared():
		return ""
	case linked*2 > runes || runes < minStory && s.parts.stories >= minLinks:
		return "it is a list of links, such as the front of a section; give the address of a story, or make it a source of kind \"page\""
	case runes < minStory || long == 0 && runes < 3*minStory:
		return "no text of a story is in it; pages that scripts make need another source, such as the site's feed"
	}
	return ""
}

// minLinks is how many links to stories a page without a story of its own has
// if it is there to list them.
const minLinks = 8

// minStory is how many runes of text a page has that does not call itself a story.
const minStory = 250

// isFront says whether the page is at the root of its site.
func (s *pageStory) isFront() bool {
	return s.address != nil && isHome(s.address) && !s.isDeclared()
}

// isDeclared says whether the metadata calls the page a story.
func (s *pageStory) isDeclared() bool {
	kind, _ := s.parts.first("og:type")
	published, _ := s.parts.first("article:published_time", "og:article:published_time")
	return s.isItem || s.story != nil || strings.HasPrefix(strings.ToLower(kind), "article") || published != ""
}

// emptyPages are what servers answer in place of a story, by their titles in
// the languages of the feeds seen most.
var emptyPages = []struct {
	title   *pattern.Pattern
	problem string
}{
	{pattern.New(`(?i)^(?:error\s*)?404\b|\b404\s+(?:not\s+found|error|page)|\b(?:page|article|story|content|post)\s+(?:was\s+|could\s+)?(?:not|n['’]t)\s+(?:be\s+)?found|page\s+(?:does\s+not|doesn['’]t)\s+exist|nothing\s+(?:was\s+)?found|no\s+longer\s+available|` +
		`seite\s+(?:wurde\s+)?nicht\s+gefunden|page\s+(?:introuvable|non\s+trouvée)|página\s+no\s+encontrada|página\s+não\s+encontrada|pagina\s+(?:non\s+trovata|niet\s+gevonden)`),
		"it says that there is no such page"},
	{pattern.New(`(?i)before\s+you\s+continue|we\s+(?:value|care\s+about)\s+your\s+privacy|cookie\s+(?:consent|settings|wall|policy)|privacy\s+(?:settings|gate|consent)|your\s+(?:privacy|consent)\b.{0,30}(?:choices|settings|matters)?$|` +
		`zustimmung|datenschutz-?einstellungen|gestion\s+des\s+cookies|consentement|consenso|consentimiento`),
		"it asks for consent to cookies first"},
	{pattern.New(`(?i)^(?:please\s+)?(?:log\s*in|sign\s*in|log\s+on)\b|(?:log\s*in|sign\s*in)\s+(?:required|to\s+(?:continue|your\s+account|read))|^(?:anmelden|anmeldung|einloggen)\b|^(?:connexion|se\s+connecter|connectez-vous)\b|^(?:iniciar\s+sesión|inicia\s+sesión|accedi|inloggen|entrar)\b|subscribe\s+to\s+(?:continue|read)`),
		"it asks for a login"},
	{pattern.New(`(?i)^just\s+a\s+moment|^attention\s+required|access\s+(?:to\s+this\s+page\s+has\s+been\s+)?denied|are\s+you\s+(?:a\s+robot|human)|(?:verify|confirm)\s+(?:that\s+)?you\s+are\s+(?:a\s+)?human|checking\s+your\s+browser|^(?:403\s+)?forbidden$|security\s+check|pardon\s+our\s+interruption|captcha`),
		"it asks visitors to prove that they are no robot"},
	{pattern.New(`(?i)^(?:error\s+)?50[0-4]\b|internal\s+server\s+error|bad\s+gateway|service\s+(?:temporarily\s+)?unavailable|gateway\s+time-?out|site\s+(?:is\s+)?under\s+maintenance`),
		"it is a server's message that something failed"},
}
