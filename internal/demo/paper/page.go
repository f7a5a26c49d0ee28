package paper

import (
	"bytes"
	"fmt"
	"html"
	"slices"
	"strings"
	"time"
)

// page is a web page in the making.
type page struct {
	bytes.Buffer
}

// add writes format with each argument escaped for HTML.
func (p *page) add(format string, args ...string) {
	escaped := make([]any, len(args))
	for i, a := range args {
		escaped[i] = html.EscapeString(a)
	}
	fmt.Fprintf(p, format, escaped...)
}

func (s *site) begin(title, current string) *page {
	p := &page{}
	p.add(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s</title>
<link rel="stylesheet" href="%s/paper.css">
<link rel="alternate" type="application/rss+xml" title="%s" href="%s/feed.xml">
</head>
<body>
<header class="masthead">
<p class="name"><a href="%s/">%s</a></p>
<p class="tagline">%s</p>
<nav aria-label="Sections">
`, title, s.base, s.paper.Name(), s.base, s.base, s.paper.Name(), s.paper.Tagline())
	for _, t := range s.paper.Topics() {
		here := ""
		if t.Slug == current {
			here = ` aria-current="page"`
		}
		p.add(`<a href="%s/section/%s"`, s.base, t.Slug)
		p.WriteString(here)
		p.add(">%s</a>\n", t.Name)
	}
	p.WriteString("</nav>\n</header>\n<main>\n")
	return p
}

func (s *site) end(p *page) []byte {
	p.add(`</main>
<footer>
<p><a href="/subscribe">Get the stories of your topics by mail</a> · <a href="%s/feed.xml">Feed</a></p>
<p>%s is made up, and so are its city, its people and its news.</p>
</footer>
</body>
</html>
`, s.base, s.paper.Name())
	return p.Bytes()
}

func (s *site) frontPage() []byte {
	stories, _ := s.paper.front()
	p := s.begin(s.paper.Name(), "")
	p.add("<h1 class=\"unseen\">Front page</h1>\n")
	s.list(p, stories)
	return s.end(p)
}

func (s *site) sectionPage(t Topic) []byte {
	stories, _ := s.paper.front()
	stories = slices.DeleteFunc(stories, func(st *story) bool { return !st.isIn(t) })
	p := s.begin(t.Name+" · "+s.paper.Name(), t.Slug)
	p.add("<h1>%s</h1>\n<p class=\"lead\">%s</p>\n", t.Name, t.Description)
	s.list(p, stories)
	return s.end(p)
}

// isIn says whether a category of the story belongs to the topic.
func (st *story) isIn(t Topic) bool {
	return slices.ContainsFunc(st.categories, func(c string) bool {
		return slices.ContainsFunc(t.Categories, func(glob string) bool {
			stem, open := strings.CutSuffix(glob, "*")
			c := strings.ToLower(c)
			return c == glob || open && strings.HasPrefix(c, stem)
		})
	})
}

func (s *site) list(p *page, stories []*story) {
	p.WriteString("<div class=\"stories\">\n")
	for _, st := range stories {
		p.WriteString("<article>\n")
		if st.scene != "" { // the headline says where it leads
			p.add(`<a class="picture" href="%s" tabindex="-1" aria-hidden="true"><img src="%s" alt="" width="1200" height="800" loading="lazy"></a>`+"\n",
				s.storyURL(st), s.pictureURL(st))
		}
		p.add("<p class=\"kicker\">%s</p>\n<h2><a href=\"%s\">%s</a></h2>\n<p>%s</p>\n",
			st.categories[0], s.storyURL(st), st.headline, st.summary)
		p.byline(st)
		p.WriteString("</article>\n")
	}
	p.WriteString("</div>\n")
}

func (p *page) byline(st *story) {
	at := st.publishedAt.UTC()
	p.add("<p class=\"byline\">%s · <time datetime=\"%s\">%s</time></p>\n",
		st.author, at.Format(time.RFC3339), at.Format("2 January, 15:04 UTC"))
}

func (s *site) storyPage(st *story) []byte {
	p := s.begin(st.headline+" · "+s.paper.Name(), "")
	p.add("<article class=\"story\">\n<p class=\"kicker\">%s</p>\n<h1>%s</h1>\n<p class=\"lead\">%s</p>\n",
		strings.Join(st.categories, " · "), st.headline, st.summary)
	p.byline(st)
	if st.scene != "" {
		p.add("<img class=\"wide\" src=\"%s\" alt=\"%s\" width=\"1200\" height=\"800\">\n", s.pictureURL(st), st.alt)
	}
	p.WriteString(st.body)
	p.WriteString("</article>\n")
	s.more(p, st)
	return s.end(p)
}

// more lists the newest other stories of the first topic of a story.
func (s *site) more(p *page, of *story) {
	stories, _ := s.paper.front()
	for _, t := range s.paper.Topics() {
		if !of.isIn(t) {
			continue
		}
		p.add("<aside>\n<h2>More in <a href=\"%s/section/%s\">%s</a></h2>\n<ul>\n", s.base, t.Slug, t.Name)
		left := 4
		for _, st := range stories {
			if left > 0 && st.slug != of.slug && st.isIn(t) {
				p.add("<li><a href=\"%s\">%s</a></li>\n", s.storyURL(st), st.headline)
				left--
			}
		}
		p.WriteString("</ul>\n</aside>\n")
		return
	}
}

func (s *site) missingPage() []byte {
	p := s.begin("Not found · "+s.paper.Name(), "")
	p.add("<h1>There is no such page</h1>\n<p>What there is stands on the <a href=\"%s/\">front page</a>.</p>\n", s.base)
	return s.end(p)
}
