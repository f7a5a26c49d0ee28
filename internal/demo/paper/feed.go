package paper

import (
	"encoding/xml"
	"fmt"
	"time"
)

// rss is RSS 2.0 with the modules that newspapers use: the content module,
// Dublin Core and Media RSS.
type rss struct {
	XMLName xml.Name `xml:"rss"`
	Version string   `xml:"version,attr"`
	Content string   `xml:"xmlns:content,attr"`
	DC      string   `xml:"xmlns:dc,attr"`
	Media   string   `xml:"xmlns:media,attr"`
	Channel channel  `xml:"channel"`
}

type channel struct {
	Title         string `xml:"title"`
	Link          string `xml:"link"`
	Description   string `xml:"description"`
	Language      string `xml:"language"`
	LastBuildDate string `xml:"lastBuildDate"`
	TTL           int    `xml:"ttl"` // minutes
	Items         []item `xml:"item"`
}

type item struct {
	Title       string   `xml:"title"`
	Link        string   `xml:"link"`
	GUID        guid     `xml:"guid"`
	PubDate     string   `xml:"pubDate"`
	Creator     string   `xml:"dc:creator"`
	Categories  []string `xml:"category"`
	Description string   `xml:"description"`
	Content     cdata    `xml:"content:encoded"`
	Picture     *media   `xml:"media:content"`
}

type guid struct {
	PermaLink bool   `xml:"isPermaLink,attr"`
	ID        string `xml:",chardata"`
}

type cdata struct {
	Text string `xml:",cdata"`
}

type media struct {
	URL         string `xml:"url,attr"`
	Type        string `xml:"type,attr"`
	Medium      string `xml:"medium,attr"`
	Width       int    `xml:"width,attr"`
	Height      int    `xml:"height,attr"`
	Description string `xml:"media:description"`
}

// feed writes the published stories as RSS 2.0.
func (s *site) feed() ([]byte, time.Time, error) {
	stories, changedAt := s.paper.front()
	doc := rss{
		Version: "2.0",
		Content: "http://purl.org/rss/1.0/modules/content/",
		DC:      "http://purl.org/dc/elements/1.1/",
		Media:   "http://search.yahoo.com/mrss/",
		Channel: channel{
			Title: s.paper.Name(), Link: s.base + "/", Description: s.paper.Tagline(), Language: "en",
			LastBuildDate: changedAt.UTC().Format(time.RFC1123Z), TTL: 1,
		},
	}
	for _, st := range stories {
		doc.Channel.Items = append(doc.Channel.Items, s.item(st))
	}
	text, err := xml.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("write the feed: %w", err)
	}
	return append([]byte(xml.Header), text...), changedAt, nil
}

func (s *site) item(st *story) item {
	it := item{
		Title: st.headline, Link: s.storyURL(st), GUID: guid{ID: "harbour-gazette:" + st.slug},
		PubDate: st.publishedAt.UTC().Format(time.RFC1123Z), Creator: st.author,
		Categories: st.categories, Description: st.summary, Content: cdata{st.body},
	}
	if st.scene != "" {
		it.Picture = &media{
			URL: s.pictureURL(st), Type: "image/jpeg", Medium: "image",
			Width: pictureWidth, Height: pictureHeight, Description: st.alt,
		}
	}
	return it
}
