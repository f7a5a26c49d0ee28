package ingest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"broadsheet/digest"
)

// ghostPost is a post in a webhook of Ghost. What was not there is its zero value.
type ghostPost struct {
	ID, Slug, URL, Title, HTML, Plaintext, Status, Visibility, Excerpt string

	CustomExcerpt string      `json:"custom_excerpt"`
	Image         string      `json:"feature_image"`
	ImageAlt      string      `json:"feature_image_alt"`
	ImageCredit   string      `json:"feature_image_caption"`
	PublishedAt   string      `json:"published_at"`
	UpdatedAt     string      `json:"updated_at"`
	EmailOnly     bool        `json:"email_only"`
	Authors       []ghostName `json:"authors"`
	Tags          []ghostName `json:"tags"`
}

type ghostName struct{ Name, Visibility string }

// readGhost reads {"post": {"current": {...}, "previous": {...}}}. The event is
// not named in it: what is not published now but was before is gone, and a
// deleted post has nothing current.
func readGhost(body []byte, base string) (Hook, error) {
	var told struct {
		Post *struct{ Current, Previous json.RawMessage }
	}
	if err := json.Unmarshal(body, &told); err != nil {
		return Hook{}, fmt.Errorf("%s", jsonProblem(body, err))
	}
	if told.Post == nil {
		return Hook{Ignored: "it is about no post"}, nil
	}
	current, err := readGhostPost(told.Post.Current)
	if err != nil {
		return Hook{}, fmt.Errorf("current post: %w", err)
	}
	previous, err := readGhostPost(told.Post.Previous)
	if err != nil {
		return Hook{}, fmt.Errorf("previous post: %w", err)
	}
	if current.Status == "published" && !current.EmailOnly {
		story := current.story(base)
		return Hook{Story: story, At: lastChange(&story)}, nil
	}
	switch {
	case current.ID == "" && previous.ID == "":
		return Hook{}, fmt.Errorf("neither the current nor the previous post has an id")
	case current.ID != "" && previous.Status != "published":
		return Hook{Ignored: "the post is not published and was not before"}, nil
	case current.ID != "":
		previous.ID, previous.URL, previous.Slug, previous.UpdatedAt = current.ID, current.URL, current.Slug, current.UpdatedAt
	}
	gone := Hook{Story: digest.Incoming{GUID: previous.ID, URL: previous.address(base)}, Gone: true}
	setTime(&gone.At, previous.UpdatedAt)
	return gone, nil
}

func readGhostPost(raw json.RawMessage) (p ghostPost, err error) {
	if len(raw) == 0 || raw[0] != '{' {
		return p, nil
	}
	err = json.Unmarshal(raw, &p)
	return p, err
}

// address is that of the post, made of its slug where it is not told.
func (p *ghostPost) address(base string) string {
	if p.URL != "" || p.Slug == "" {
		return p.URL
	}
	return strings.TrimSuffix(base, "/") + "/" + url.PathEscape(p.Slug) + "/"
}

func (p *ghostPost) story(base string) digest.Incoming {
	in := digest.Incoming{
		GUID: p.ID, URL: p.address(base), Title: p.Title, Summary: firstText(p.CustomExcerpt, p.Excerpt), Body: firstText(p.HTML, p.Plaintext),
		ImageURL: p.Image, ImageAlt: p.ImageAlt, ImageCredit: PlainText(p.ImageCredit),
	}
	if in.Summary == "" {
		in.Summary = Summary(in.Body, MaxSummary)
	}
	setTime(&in.PublishedAt, p.PublishedAt)
	setTime(&in.ModifiedAt, p.UpdatedAt)
	var authors []string
	for _, a := range p.Authors {
		authors = append(authors, a.Name)
	}
	in.Author = strings.Join(authors, ", ")
	for _, tag := range p.Tags {
		if tag.Visibility != "internal" && !strings.HasPrefix(tag.Name, "#") {
			in.Categories = append(in.Categories, tag.Name)
		}
	}
	if p.Visibility == "paid" || p.Visibility == "tiers" {
		in.Access = digest.AccessPaid
	}
	return in
}

func firstText(texts ...string) string {
	for _, text := range texts {
		if strings.TrimSpace(text) != "" {
			return text
		}
	}
	return ""
}
