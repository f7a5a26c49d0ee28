package ingest_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"broadsheet/digest"
	"broadsheet/digest/ingest"
)

func mac(secret, text string) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(text))
	return h.Sum(nil)
}

func TestVerifyHook(t *testing.T) {
	const secret, body = "open sesame, a secret of both", `{"post": {}}`
	hexed, based := hex.EncodeToString(mac(secret, body)), base64.StdEncoding.EncodeToString(mac(secret, body))
	now := time.UnixMilli(1732539451946)
	timed, hour := hex.EncodeToString(mac(secret, body+"1732539451946")), hex.EncodeToString(mac(secret, body+"1732535851946"))
	late, future := hex.EncodeToString(mac(secret, body+"1732535851945")), hex.EncodeToString(mac(secret, body+"1732543051947"))
	for _, c := range []struct {
		name, kind, header, value string
		ok                        bool
	}{
		{"ghost, with its time", "ghost", "X-Ghost-Signature", "sha256=" + timed + ", t=1732539451946", true},
		{"ghost, an hour later", "ghost", "X-Ghost-Signature", "sha256=" + hour + ", t=1732535851946", true},
		{"ghost, kept for longer", "ghost", "X-Ghost-Signature", "sha256=" + late + ", t=1732535851945", false},
		{"ghost, from the future", "ghost", "X-Ghost-Signature", "sha256=" + future + ", t=1732543051947", false},
		{"ghost, another time", "ghost", "X-Ghost-Signature", "sha256=" + timed + ", t=1732539451947", false},
		{"ghost, of old, the body alone", "ghost", "X-Ghost-Signature", "sha256=" + hexed + ", t=1", true},
		{"ghost, without a time", "ghost", "X-Ghost-Signature", "sha256=" + hexed, true},
		{"ghost, none", "ghost", "X-Other", "sha256=" + hexed, false},
		{"ghost, empty", "ghost", "X-Ghost-Signature", "", false},
		{"ghost, the prefix alone", "ghost", "X-Ghost-Signature", "sha256=", false},
		{"wordpress, hexadecimal", "wordpress", "X-Hub-Signature-256", "sha256=" + hexed, true},
		{"wordpress, capitals", "wordpress", "X-Hub-Signature-256", "sha256=" + strings.ToUpper(hexed), true},
		{"wordpress, base64", "wordpress", "X-WP-Webhook-Signature", based, true},
		{"wordpress, cut off", "wordpress", "X-Hub-Signature-256", "sha256=" + hexed[:62], false},
		{"wordpress, a digit is wrong", "wordpress", "X-Hub-Signature-256", "sha256=" + strings.Map(func(r rune) rune {
			if r == '1' {
				return '2'
			}
			return r
		}, hexed) + "", !strings.Contains(hexed, "1")},
		{"wordpress, the header of ghost", "wordpress", "X-Ghost-Signature", "sha256=" + hexed, false},
	} {
		header := http.Header{}
		header.Set(c.header, c.value)
		if err := ingest.VerifyHook(c.kind, header, []byte(body), []byte(secret), now); (err == nil) != c.ok {
			t.Errorf("%s: error %v, want %v", c.name, err, c.ok)
		}
	}
	header := http.Header{"X-Hub-Signature-256": {"sha256=" + hex.EncodeToString(mac("", body))}}
	if err := ingest.VerifyHook("wordpress", header, []byte(body), nil, now); err == nil {
		t.Error("an empty secret lets everybody in")
	}
}

func TestReadHook(t *testing.T) {
	const base = "https://courier.example"
	at := time.Date(2026, 11, 23, 7, 30, 0, 0, time.UTC)
	ghost := func(current, previous string) string {
		return `{"post": {"current": ` + current + `, "previous": ` + previous + `}}`
	}
	const post = `{"id": "67a", "slug": "bridge", "title": "Bridge &amp; tunnel", "html": "<p>It opens.</p><p>At last.</p>", "status": "published",
		"visibility": "paid", "url": "https://courier.example/bridge/?ref=x&utm_source=y", "feature_image": "https://courier.example/b.jpg", "feature_image_alt": "The bridge",
		"feature_image_caption": "<span>Photo: Ann</span>", "published_at": "2026-11-23T07:30:00.000Z", "updated_at": "2026-11-23T07:30:00.000Z",
		"authors": [{"name": "Ann"}, {"name": "Bo"}], "tags": [{"name": "City"}, {"name": "#internal", "visibility": "internal"}], "new_field": {"x": [1]}}`
	story := digest.Incoming{
		GUID: "ghost:site:67a", URL: "https://courier.example/bridge/?ref=x", Title: "Bridge & tunnel", Summary: "It opens. At last.", Body: "It opens.\n\nAt last.",
		Author: "Ann, Bo", ImageURL: "https://courier.example/b.jpg", ImageAlt: "The bridge", ImageCredit: "Photo: Ann", Categories: []string{"City"},
		PublishedAt: at, ModifiedAt: at, Access: digest.AccessPaid,
	}
	scheduled := story
	scheduled.ModifiedAt = at.AddDate(0, 0, -2)
	gone := func(guid, url string) ingest.Hook {
		return ingest.Hook{Story: digest.Incoming{GUID: guid, URL: url}, Gone: true}
	}
	dated := func(h ingest.Hook, at time.Time) ingest.Hook { h.At = at; return h }
	wordpress := digest.Incoming{
		GUID: "wordpress:site:42", URL: "https://courier.example/2026/bridge", Title: "Bridge", Summary: "It opens.", Body: "It opens.\n\nAt last.",
		Author: "Ann", Categories: []string{"City", "Roads"}, PublishedAt: at, ModifiedAt: at.Add(time.Hour),
		ImageURL: "https://courier.example/b.jpg", ImageAlt: "The bridge", ImageWidth: 800, ImageHeight: 600,
	}
	plugin := wordpress
	plugin.Author, plugin.ImageAlt, plugin.ImageWidth, plugin.ImageHeight = "", "", 0, 0
	for _, c := range []struct {
		name, kind, body string
		want             ingest.Hook
		wrong            string
	}{
		{"ghost published", "ghost", ghost(post, `{"status": "draft"}`), ingest.Hook{Story: story, At: at}, ""},
		{"ghost edited", "ghost", ghost(post, `{"title": "Old"}`), ingest.Hook{Story: story, At: at}, ""},
		{"ghost unpublished", "ghost", ghost(`{"id": "67a", "slug": "bridge", "status": "draft", "url": "https://courier.example/p/1"}`, `{"status": "published"}`),
			gone("ghost:site:67a", "https://courier.example/p/1"), ""},
		{"ghost deleted", "ghost", ghost(`{}`, `{"id": "67a", "slug": "bridge", "status": "published"}`), gone("ghost:site:67a", "https://courier.example/bridge/"), ""},
		{"ghost unpublished at a time", "ghost", ghost(`{"id": "67a", "slug": "bridge", "status": "draft", "updated_at": "2026-11-23T07:30:00.000Z"}`, `{"status": "published", "updated_at": "2026-11-22T07:30:00.000Z"}`),
			dated(gone("ghost:site:67a", "https://courier.example/bridge/"), at), ""},
		{"ghost deleted after a change", "ghost", ghost(`{}`, `{"id": "67a", "slug": "bridge", "status": "published", "updated_at": "2026-11-23T07:30:00.000Z"}`),
			dated(gone("ghost:site:67a", "https://courier.example/bridge/"), at), ""},
		{"ghost published when its time had come", "ghost", ghost(strings.Replace(post, `"updated_at": "2026-11-23`, `"updated_at": "2026-11-21`, 1), `{"status": "scheduled"}`),
			dated(ingest.Hook{Story: scheduled}, at), ""},
		{"ghost draft saved", "ghost", ghost(`{"id": "67a", "status": "draft"}`, `{"title": "Old"}`), ingest.Hook{Ignored: "the post is not published and was not before"}, ""},
		{"ghost mail only", "ghost", ghost(`{"id": "67a", "status": "published", "email_only": true}`, `{}`), ingest.Hook{Ignored: "the post is not published and was not before"}, ""},
		{"ghost about a member", "ghost", `{"member": {"current": {}}}`, ingest.Hook{Ignored: "it is about no post"}, ""},
		{"ghost without ids", "ghost", ghost(`{}`, `{}`), ingest.Hook{}, "neither the current nor the previous post has an id"},
		{"ghost null", "ghost", ghost(`null`, `null`), ingest.Hook{}, "neither the current nor the previous post has an id"},
		{"ghost of another shape", "ghost", ghost(`{"id": 7}`, `{}`), ingest.Hook{}, "current post"},
		{"ghost without a title", "ghost", ghost(`{"id": "67a", "status": "published", "slug": "x"}`, `{}`), ingest.Hook{}, "title"},
		{"no JSON", "ghost", `post=1`, ingest.Hook{}, "not JSON"},
		{"wordpress published", "wordpress", `{"id": 42, "type": "post", "status": "publish", "link": "https://courier.example/2026/bridge", "title": {"rendered": "Bridge"},
			"content": {"rendered": "<p>It opens.</p>\n<p>At last.</p>", "protected": false}, "excerpt": {"rendered": "<p>It opens. <a href=\"#\">Read more</a></p>"},
			"date_gmt": "2026-11-23T07:30:00", "modified_gmt": "2026-11-23T08:30:00", "author_name": "Ann", "category_names": ["City", "Roads"],
			"categories": [3, 9], "featured_image": {"url": "https://courier.example/b.jpg", "alt": "The bridge", "width": 800, "height": 600}}`, ingest.Hook{Story: wordpress, At: at.Add(time.Hour)}, ""},
		{"wordpress by a plugin", "wordpress", `{"post_id": 42, "post": {"ID": 42, "post_type": "post", "post_status": "publish", "post_title": "Bridge",
			"post_content": "<p>It opens.</p>\n<p>At last.</p>", "post_excerpt": "It opens.", "post_date_gmt": "2026-11-23 07:30:00", "post_modified_gmt": "2026-11-23 08:30:00"},
			"post_permalink": "https://courier.example/2026/bridge", "post_thumbnail": "https://courier.example/b.jpg",
			"taxonomies": {"category": {"roads": {"name": "Roads"}, "city": {"name": "City"}}}}`, ingest.Hook{Story: plugin, At: at.Add(time.Hour)}, ""},
		{"wordpress in the bin", "wordpress", `{"id": 42, "type": "post", "status": "trash", "link": "https://courier.example/?p=42"}`, gone("wordpress:site:42", "https://courier.example/?p=42"), ""},
		{"wordpress in the bin at a time", "wordpress", `{"id": 42, "status": "trash", "modified_gmt": "2026-11-23T07:30:00", "link": "https://courier.example/?p=42"}`,
			dated(gone("wordpress:site:42", "https://courier.example/?p=42"), at), ""},
		{"wordpress without a status", "wordpress", `{"id": 42, "type": "post", "link": "https://courier.example/2026/bridge", "title": "Bridge"}`, ingest.Hook{}, "does not tell the status of post 42"},
		{"wordpress behind a password", "wordpress", `{"id": 42, "status": "publish", "link": "https://courier.example/2026/bridge", "title": "Bridge", "content": {"rendered": "", "protected": true}}`,
			gone("wordpress:site:42", "https://courier.example/2026/bridge"), ""},
		{"wordpress page", "wordpress", `{"id": 1, "type": "page", "status": "publish", "title": "About", "link": "https://courier.example/about"}`, ingest.Hook{Ignored: "it is a page, not a post"}, ""},
		{"wordpress nothing", "wordpress", `{}`, ingest.Hook{}, "no post with an id or a link"},
		{"wordpress list", "wordpress", `[]`, ingest.Hook{}, "not JSON"},
	} {
		got, err := ingest.ReadHook(c.kind, "site", []byte(c.body), base)
		if c.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%s: error %v, want one about %q", c.name, err, c.wrong)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: error %v, got\n%+v\nwant\n%+v", c.name, err, got, c.want)
		}
	}
}

func FuzzReadHook(f *testing.F) {
	f.Add("ghost", `{"post": {"current": {"id": "1", "status": "published", "title": "x", "slug": "x"}, "previous": {}}}`)
	f.Add("wordpress", `{"id": 1, "status": "publish", "title": {"rendered": "x"}, "link": "https://courier.example/x"}`)
	f.Fuzz(func(t *testing.T, kind, body string) {
		got, err := ingest.ReadHook(kind, "site", []byte(body), "https://courier.example")
		if err == nil && got.Ignored == "" && got.Story.URL == "" && got.Story.GUID == "" {
			t.Errorf("%s %q gives a story without identity", kind, body)
		}
	})
}
