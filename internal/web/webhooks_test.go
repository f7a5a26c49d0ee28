package web_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
)

const hookSecret = "open sesame, a secret of both sides"

// hook sends what WordPress tells.
func (s *site) hook(name, body, secret string) reply {
	s.t.Helper()
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return s.ask(http.MethodPost, "/api/v1/webhooks/"+name, body, "Content-Type", "application/json", "X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
}

func TestPostWebhook(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		const post = `{"id": 7, "type": "post", "status": "publish", "link": "https://courier.example/ferry?utm_source=x", "title": {"rendered": "The ferry is back"}}`
		const refused = `{"errors":[{"error":"there is no such webhook, or the signature is missing, wrong or old"}]}`
		s.hook("site", post, hookSecret).wantJSON(t, 200, `{"result":"new"}`)
		if len(s.told) != 1 || s.told[0].Story.URL != "https://courier.example/ferry" || s.told[0].Story.GUID != "wordpress:site:7" || strings.Join(s.told[0].Story.Topics, ",") != "world" {
			t.Errorf("got %+v", s.told)
		}
		s.hook("site", strings.Replace(post, "publish", "trash", 1), hookSecret).wantJSON(t, 200, `{"result":"new"}`)
		if !s.told[1].Gone {
			t.Errorf("got %+v, want it gone", s.told[1])
		}
		s.hook("site", post, "another secret").wantJSON(t, 401, refused)
		s.hook("other", post, hookSecret).wantJSON(t, 401, refused)
		s.hook("other", post, "").wantJSON(t, 401, refused)
		s.hook("site", `{"id": 7, "type": "page", "status": "publish"}`, hookSecret).wantJSON(t, 200, `{"result":"ignored","reason":"it is a page, not a post"}`)
		s.hook("site", `{"id": 7, "status": "publish", "link": "https://courier.example/ferry"}`, hookSecret).wantJSON(t, 422, `{"errors":[{"index":0,"field":"title","error":"missing"}]}`)
		s.hook("site", `{`, hookSecret).wantJSON(t, 422, `{"errors":[{"index":0,"error":"not JSON after \"\": unexpected end of JSON input"}]}`)
		if r := s.hook("site", strings.Repeat(" ", 6<<20), hookSecret); r.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("6 MB: status %d", r.StatusCode)
		}
		if len(s.told) != 2 {
			t.Errorf("%d told, want 2", len(s.told))
		}
		if log := s.log.String(); strings.Contains(log, hookSecret) || strings.Count(log, "webhook received") != 2 {
			t.Errorf("log %s", log)
		}
	})
}
