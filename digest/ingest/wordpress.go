package ingest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"broadsheet/digest"
)

// rendered is a text of WordPress, which is a string in plugins and an object in
// the REST API.
type rendered struct {
	Text      string
	Protected bool // by a password
}

// UnmarshalJSON takes either form.
func (r *rendered) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &r.Text)
	}
	var object struct {
		Rendered, Raw string
		Protected     bool
	}
	err := json.Unmarshal(data, &object)
	r.Text, r.Protected = firstText(object.Rendered, object.Raw), object.Protected
	return err
}

// wordPressPost is a post as the REST API has it, with what our snippet adds
// (names of categories and of the author, the picture), or as plugins send the
// columns of the database.
type wordPressPost struct {
	ID          json.Number `json:"id"`
	Type        string      `json:"type"`
	Status      string      `json:"status"`
	Link        string      `json:"link"`
	Title       rendered    `json:"title"`
	Content     rendered    `json:"content"`
	Excerpt     rendered    `json:"excerpt"`
	DateGMT     string      `json:"date_gmt"`
	ModifiedGMT string      `json:"modified_gmt"`
	Author      string      `json:"author_name"`
	Categories  []string    `json:"category_names"`
	Topics      []string    `json:"topics"`
	Image       *struct {
		URL, Alt, Credit string
		Width, Height    int
	} `json:"featured_image"`

	PostID          json.Number `json:"ID"`
	PostType        string      `json:"post_type"`
	PostStatus      string      `json:"post_status"`
	PostTitle       string      `json:"post_title"`
	PostContent     string      `json:"post_content"`
	PostExcerpt     string      `json:"post_excerpt"`
	PostPassword    string      `json:"post_password"`
	PostDateGMT     string      `json:"post_date_gmt"`
	PostModifiedGMT string      `json:"post_modified_gmt"`
}

// wordPressHook is the body of a webhook: the post itself, or what plugins put
// around it.
type wordPressHook struct {
	wordPressPost
	Post       *wordPressPost                              `json:"post"`
	HookID     json.Number                                 `json:"post_id"`
	Permalink  string                                      `json:"post_permalink"`
	Thumbnail  string                                      `json:"post_thumbnail"`
	Taxonomies map[string]map[string]struct{ Name string } `json:"taxonomies"`
}

// readWordPress reads a post. One that is published is a story; any other status
// means that it is not, and neither is one behind a password. Without a status
// nobody can tell.
func readWordPress(body []byte) (Hook, error) {
	var told wordPressHook
	if err := json.Unmarshal(body, &told); err != nil {
		return Hook{}, fmt.Errorf("%s", jsonProblem(body, err))
	}
	post := &told.wordPressPost
	if told.Post != nil {
		post = told.Post
	}
	post.fill(&told)
	switch {
	case post.ID == "" && post.Link == "":
		return Hook{}, fmt.Errorf("it has no post with an id or a link")
	case post.Type != "" && post.Type != "post":
		return Hook{Ignored: fmt.Sprintf("it is a %s, not a post", shorten(post.Type, 40))}, nil
	case post.Status == "":
		return Hook{}, fmt.Errorf("it does not tell the status of post %s, such as publish, draft or trash", shorten(firstText(post.ID.String(), post.Link), 80))
	case post.Status != "publish" || post.Content.Protected || post.PostPassword != "":
		gone := Hook{Story: digest.Incoming{GUID: post.ID.String(), URL: post.Link}, Gone: true}
		setTime(&gone.At, post.ModifiedGMT)
		return gone, nil
	}
	story := post.story()
	return Hook{Story: story, At: lastChange(&story)}, nil
}

// fill brings the form of plugins into that of the REST API.
func (p *wordPressPost) fill(h *wordPressHook) {
	number := func(to *json.Number, others ...json.Number) {
		for _, n := range others {
			if *to == "" {
				*to = n
			}
		}
	}
	text := func(to *string, other string) { *to = firstText(*to, other) }
	number(&p.ID, p.PostID, h.HookID)
	text(&p.Type, p.PostType)
	text(&p.Status, p.PostStatus)
	text(&p.Link, h.Permalink)
	text(&p.Title.Text, p.PostTitle)
	text(&p.Content.Text, p.PostContent)
	text(&p.Excerpt.Text, p.PostExcerpt)
	text(&p.DateGMT, p.PostDateGMT)
	text(&p.ModifiedGMT, p.PostModifiedGMT)
	for _, taxonomy := range [...]string{"category", "post_tag"} {
		for _, slug := range slices.Sorted(maps.Keys(h.Taxonomies[taxonomy])) {
			p.Categories = append(p.Categories, h.Taxonomies[taxonomy][slug].Name)
		}
	}
	if p.Image == nil && h.Thumbnail != "" {
		p.Image = &struct {
			URL, Alt, Credit string
			Width, Height    int
		}{URL: h.Thumbnail}
	}
}

func (p *wordPressPost) story() digest.Incoming {
	in := digest.Incoming{
		GUID: p.ID.String(), URL: p.Link, Title: p.Title.Text, Summary: p.Excerpt.Text, Body: p.Content.Text,
		Author: p.Author, Categories: p.Categories, Topics: p.Topics,
	}
	if strings.TrimSpace(PlainText(in.Summary)) == "" {
		in.Summary = Summary(in.Body, MaxSummary)
	}
	setTime(&in.PublishedAt, p.DateGMT)
	setTime(&in.ModifiedAt, p.ModifiedGMT)
	if p.Image != nil {
		in.ImageURL, in.ImageAlt, in.ImageCredit = p.Image.URL, p.Image.Alt, PlainText(p.Image.Credit)
		in.ImageWidth, in.ImageHeight = max(p.Image.Width, 0), max(p.Image.Height, 0)
	}
	return in
}
